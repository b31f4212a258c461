import { randomBytes } from 'node:crypto';
import { printable } from '@slipway/contract';

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
const RESET = 0;

const ESCAPE = '\u001b';
/**
 * Marks a colour of ours until the text is shown. The key is new in each process, so no text from outside can contain a
 * colour: its escapes are made visible like every other control character.
 */
const KEY = randomBytes(8).toString('hex');
const MARK = new RegExp(`${ESCAPE}${KEY}\\[(\\d+)m`, 'g');
const markOf = (code: number): string => `${ESCAPE}${KEY}[${code}m`;

export function createPaint(enabled: boolean): Paint {
  const style =
    ([on, off]: readonly [number, number]): Style =>
    (text) =>
      enabled && text !== '' ? markOf(on) + text + markOf(off) : text;
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

/** A line for the terminal: colours of ours work, and every other control character is visible. */
export function shown(line: string): string {
  return byMarks(line)
    .map(({ code, text }) => (code === undefined ? '' : `${ESCAPE}[${code}m`) + text)
    .join('');
}

/** Columns that a text takes on a terminal. */
export function visibleWidth(text: string): number {
  return byMarks(text).reduce((sum, part) => sum + [...part.text].length, 0);
}

/** Cuts to a width without cutting a colour in two, and ends colours that are still on. */
export function cutToWidth(line: string, width: number): string {
  if (visibleWidth(line) <= width) return line;
  let left = Math.max(0, width - 1);
  let cut = '';
  let styled = false;
  for (const { code, text } of byMarks(line)) {
    if (code !== undefined) {
      styled = true;
      cut += markOf(code);
    }
    const characters = [...text];
    cut += characters.slice(0, left).join('');
    left -= characters.length;
    if (left < 0) break;
  }
  return `${cut}…${styled ? markOf(RESET) : ''}`;
}

/** Each colour with the printable text behind it. */
function byMarks(line: string): { code: number | undefined; text: string }[] {
  const [first = '', ...rest] = line.split(MARK);
  const parts: { code: number | undefined; text: string }[] = [{ code: undefined, text: printable(first) }];
  for (let index = 0; index < rest.length; index += 2) {
    parts.push({ code: Number(rest[index]), text: printable(rest[index + 1] ?? '') });
  }
  return parts;
}

/**
 * The lines of a text, as an error with a caret below what it means. Those below the first are indented by so many
 * columns, so that none of them passes for a line of ours.
 */
export function linesOf(text: string, indent = 0): string[] {
  const [first = '', ...rest] = text.trimEnd().split(/\r?\n/);
  return [first, ...rest.map((line) => `${' '.repeat(indent)}${line}`.trimEnd())];
}

/** As much of a text as there is room for in a table, or in a line of progress. */
export function firstLine(text: string): string {
  return text.trim().split(/\r?\n/, 1)[0] ?? '';
}
