import { createPaint, type Paint, wantsColour } from './paint.ts';

export type OutputFormat = 'text' | 'json';

/** Where a command writes. Results go to standard output, everything about them to standard error. */
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
  /** Lines on standard output. */
  print: (...lines: readonly string[]) => void;
  printJson: (value: unknown) => void;
  /** Without a line end, for what redraws itself. */
  write: (text: string) => void;
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
    print: (...lines) => stdout.write(lines.map((line) => `${line}\n`).join('')),
    printJson: (value) => stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    write: (text) => stdout.write(text),
    note: (...lines) => stderr.write(lines.map((line) => `${line}\n`).join('')),
  };
}
