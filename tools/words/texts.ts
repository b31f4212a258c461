/** Reads what users read: the string literals of source files, and the prose of Markdown and text files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface Text {
  readonly path: string;
  /** The line in the file at which the text begins. */
  readonly line: number;
  readonly value: string;
}

/** Stands for an inserted value, and for code in prose: no rule matches it. */
const VALUE = '\u25a1';

export function textsOf(root: string, path: string): Text[] {
  const source = readFileSync(join(root, path), 'utf8');
  return /\.tsx?$/.test(path) ? literalsOf(path, source) : paragraphsOf(path, source);
}

/** The literals that hold a message: text of JSX, and strings and templates that are not names of modules. */
function literalsOf(path: string, source: string): Text[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const texts: Text[] = [];
  const add = (node: ts.Node, value: string): void => {
    if (!/[a-z]/i.test(value)) return;
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    texts.push({ path, line: line + 1 + leadingLines(value), value: value.trim() });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isLiteralTypeNode(node)) return;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, joined(node, node.text));
    else if (ts.isJsxText(node)) add(node, node.text);
    else if (ts.isTemplateExpression(node)) {
      add(node, [node.head.text, ...node.templateSpans.map((span) => VALUE + span.literal.text)].join(''));
      for (const span of node.templateSpans) visit(span.expression);
    } else ts.forEachChild(node, visit);
  };
  visit(file);
  return texts;
}

/** A message that is longer than a line is a sum of literals: each sees the word before it, so that phrases are whole. */
function joined(node: ts.Node, text: string): string {
  const { parent } = node;
  if (!parent || !ts.isBinaryExpression(parent) || parent.right !== node) return text;
  const { left } = parent;
  const before = ts.isBinaryExpression(left) ? left.right : left;
  return ts.isStringLiteralLike(before) ? `${/\S*\s*$/.exec(before.text)?.[0] ?? ''}${text}` : text;
}

function leadingLines(value: string): number {
  return (/^\s*/.exec(value)?.[0].match(/\n/g) ?? []).length;
}

/** Paragraphs, items of lists, titles and rows of tables, without code. */
function paragraphsOf(path: string, source: string): Text[] {
  const texts: Text[] = [];
  let lines: string[] = [];
  let begin = 0;
  const flush = (): void => {
    if (lines.length > 0) texts.push({ path, line: begin, value: withoutCode(lines.join('\n')) });
    lines = [];
  };
  let fence: string | undefined;
  for (const [index, line] of source.split('\n').entries()) {
    const mark = /^\s*(```|~~~)/.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || fence === mark)) {
      flush();
      fence = fence === undefined ? mark : undefined;
      continue;
    }
    if (fence !== undefined) continue;
    if (line.trim() === '' || /^\s*(?:[-*|#]|\d+\.)/.test(line)) flush();
    if (line.trim() === '') continue;
    if (lines.length === 0) begin = index + 1;
    if (/^\s*\|/.test(line)) {
      for (const cell of line.split('|')) texts.push({ path, line: begin, value: withoutCode(cell.trim()) });
    } else lines.push(line);
  }
  flush();
  return texts.filter(({ value }) => /[a-z]/i.test(value));
}

function withoutCode(text: string): string {
  const blank = (code: string): string => code.replaceAll(/[^\n]/g, VALUE);
  return text.replaceAll(/(`+)[^`]+?\1/g, blank).replaceAll(/\]\([^)]*\)/g, blank);
}
