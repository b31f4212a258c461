type Style = (text: string) => string;

/** Colours by meaning's neighbour: green went well, yellow look, red did not, dim can be skipped. */
export type Paint = { bold: Style; dim: Style; red: Style; green: Style; yellow: Style; cyan: Style };

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

const ESCAPE = '\u001b';

export function createPaint(enabled: boolean): Paint {
  const style =
    ([on, off]: readonly [number, number]): Style =>
    (text) =>
      enabled && text !== '' ? `${ESCAPE}[${on}m${text}${ESCAPE}[${off}m` : text;
  return {
    bold: style(CODES.bold),
    dim: style(CODES.dim),
    red: style(CODES.red),
    green: style(CODES.green),
    yellow: style(CODES.yellow),
    cyan: style(CODES.cyan),
  };
}

/** https://no-color.org: any value but the empty one turns colours off, also on a terminal. */
export function wantsColour(
  stream: { isTTY?: boolean },
  env: { readonly [name: string]: string | undefined },
): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

const SEQUENCE = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g');

/** Columns that a text takes on a terminal. */
export function visibleWidth(text: string): number {
  return [...text.replace(SEQUENCE, '')].length;
}

/** Cuts to a width without cutting a colour in two, and ends colours that are still on. */
export function cutToWidth(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text;
  let left = Math.max(0, width - 1);
  let cut = '';
  let styled = false;
  for (const part of text.split(new RegExp(`(${SEQUENCE.source})`))) {
    if (part.startsWith(ESCAPE)) {
      styled = true;
      cut += part;
      continue;
    }
    const characters = [...part];
    cut += characters.slice(0, left).join('');
    left -= characters.length;
    if (left < 0) break;
  }
  return `${cut}…${styled ? `${ESCAPE}[0m` : ''}`;
}

/**
 * Text that came over the wire, safe to print: a control character, such as the escape that starts a terminal's command,
 * becomes visible.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === '\t' ? ' ' : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * A text of several lines, as an error with a caret below what it means: each safe to print, and all below the first
 * indented by so many columns, so that none of them passes for a line of ours.
 */
export function printableLines(text: string, indent = 0): string[] {
  const [first = '', ...rest] = text.trimEnd().split(/\r?\n/);
  return [printable(first), ...rest.map((line) => `${' '.repeat(indent)}${printable(line)}`.trimEnd())];
}

/** As much of a text as there is room for in a table, or in a line of progress. */
export function firstLine(text: string): string {
  const [first = ''] = text.trim().split(/\r?\n/, 1);
  return printable(first);
}
