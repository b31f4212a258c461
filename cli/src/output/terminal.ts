import { printableJson } from '@slipway/contract';
import { createPaint, type Paint, shown, wantsColour } from './paint.ts';

export type OutputFormat = 'text' | 'json';

/**
 * Where a command writes. Results go to standard output, everything about them to standard error. All that it prints may
 * come over the wire: control characters other than our own colours are made visible here, and only here.
 */
export type Terminal = {
  format: OutputFormat;
  /** For standard output. */
  paint: Paint;
  /** For standard error. */
  errorPaint: Paint;
  /** Standard output is a terminal that understands cursor movements. */
  live: boolean;
  columns: () => number;
  rows: () => number;
  /** Lines on standard output. A line end inside of one is not a line end: split the text first. */
  print: (...lines: readonly string[]) => void;
  printJson: (value: unknown) => void;
  /** A file as it was stored. A terminal gets its control characters in visible form, a pipe or a file every byte. */
  printFile: (text: string) => void;
  /** Commands to the terminal, for lines that are drawn again. */
  command: (sequence: string) => void;
  /** Lines on standard error. */
  note: (...lines: readonly string[]) => void;
};

export function openTerminal(format: OutputFormat): Terminal {
  const { stdout, stderr, env } = process;
  return {
    format,
    paint: createPaint(format === 'text' && wantsColour(stdout, env)),
    errorPaint: createPaint(wantsColour(stderr, env)),
    live: format === 'text' && stdout.isTTY === true && env.TERM !== 'dumb',
    // A terminal that nobody gave a size, as in many CIs, says 0.
    columns: () => stdout.columns || 80,
    rows: () => stdout.rows || 24,
    print: (...lines) => stdout.write(textOf(lines)),
    printJson: (value) => stdout.write(`${printableJson(JSON.stringify(value, null, 2))}\n`),
    printFile: (text) => {
      const whole = text.endsWith('\n') ? text : `${text}\n`;
      stdout.write(stdout.isTTY === true ? textOf(whole.slice(0, -1).split(/\r?\n/)) : whole);
    },
    command: (sequence) => stdout.write(sequence),
    note: (...lines) => stderr.write(textOf(lines)),
  };
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${shown(line)}\n`).join('');
}
