/**
 * Text with expressions in it. `${{ expression }}` is replaced by its value; where it is the whole text, the value keeps its
 * type. `$${{` stands for `${{` itself. Nothing else has a meaning: `{{ }}`, `$x` and `${x}` are text.
 */
export type TemplatePart =
  | { kind: 'text'; text: string }
  /** `start` is where the expression begins in the template. */
  | { kind: 'expression'; expression: string; start: number };

export type ParsedTemplate =
  | { ok: true; parts: TemplatePart[] }
  /** An expression that is opened and never closed. */
  | { ok: false; start: number };

const OPEN = '${{';

/** Whether a text has to be looked at at all. */
export function mentionsExpression(text: string): boolean {
  return text.includes(OPEN);
}

export function parseTemplate(text: string): ParsedTemplate {
  const parts: TemplatePart[] = [];
  let literal = '';
  let at = 0;
  for (;;) {
    const open = text.indexOf(OPEN, at);
    if (open === -1) break;
    if (text[open - 1] === '$' && open > at) {
      literal += text.slice(at, open - 1) + OPEN;
      at = open + OPEN.length;
      continue;
    }
    const start = open + OPEN.length;
    const end = endOfExpression(text, start);
    if (end === -1) return { ok: false, start: open };
    literal += text.slice(at, open);
    if (literal !== '') parts.push({ kind: 'text', text: literal });
    literal = '';
    parts.push({ kind: 'expression', expression: text.slice(start, end), start });
    at = end + 2;
  }
  literal += text.slice(at);
  if (literal !== '' || parts.length === 0) parts.push({ kind: 'text', text: literal });
  return { ok: true, parts };
}

/** The expression, when the text is one `${{ }}` and nothing else but blanks around it. */
export function isWholeExpression(text: string): { expression: string; start: number } | undefined {
  if (!mentionsExpression(text)) return undefined;
  const blanks = text.length - text.trimStart().length;
  const parsed = parseTemplate(text.trim());
  const only = parsed.ok && parsed.parts.length === 1 ? parsed.parts[0] : undefined;
  return only?.kind === 'expression' ? { expression: only.expression, start: only.start + blanks } : undefined;
}

/** Where `}}` closes the expression: not inside a string, and not as the end of two nested maps. */
function endOfExpression(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '"' || character === "'") {
      at = endOfString(text, at);
    } else if (character === '{') {
      depth++;
    } else if (character === '}') {
      if (depth > 0) depth--;
      else if (text[at + 1] === '}') return at;
    }
  }
  return -1;
}

/** The last character of a CEL string that begins at `at`; the end of the text when it is never closed. */
function endOfString(text: string, at: number): number {
  const quote = text.charAt(at);
  const delimiter = text.startsWith(quote.repeat(3), at) ? quote.repeat(3) : quote;
  const isRaw = /[rR]/.test(text[at - 1] ?? '');
  let next = at + delimiter.length;
  while (next < text.length) {
    if (text.startsWith(delimiter, next)) return next + delimiter.length - 1;
    next += text[next] === '\\' && !isRaw ? 2 : 1;
  }
  return text.length;
}
