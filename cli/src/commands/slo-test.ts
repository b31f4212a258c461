import { dirname, resolve } from 'node:path';
import { OfflineProblem, sloTest } from '@slipway/service-evaluate';
import { badUsage, CommandFailure, exitCode } from '../exit-code.ts';
import { readInput, readTextFile, shownName } from '../input.ts';
import type { Terminal } from '../output/terminal.ts';

/** `slipway slo test FILE`: the tests of a team's SLOs; docs/evaluate/slo-tests.md has the format. */
export async function sloTestFile(command: { file: string; terminal: Terminal }): Promise<number> {
  const { file, terminal } = command;
  const text = await readInput(file);
  const folder = file === '-' ? '.' : dirname(file);
  const { passed, failed, lines } = tested(text, shownName(file), folder);
  if (terminal.format === 'json') {
    terminal.printJson({ file: shownName(file), passed, failed, differences: lines.slice(0, -1) });
  } else {
    const { red, green } = terminal.paint;
    terminal.print(...lines.slice(0, -1).map((line) => painted(line, terminal)));
    terminal.print((failed === 0 ? green : red)(`${passed} passed, ${failed} failed`));
  }
  return failed === 0 ? exitCode.done : exitCode.runFailed;
}

function tested(text: string, shown: string, folder: string): ReturnType<typeof sloTest> {
  try {
    return sloTest(text, { read: (path) => readSlo(resolve(folder, path)) });
  } catch (error) {
    if (error instanceof OfflineProblem) throw badUsage(`${shown}: ${error.message}`);
    throw error;
  }
}

/** A file that is not there fails its case; the others still run. */
function readSlo(path: string): string {
  try {
    return readTextFile(path);
  } catch (error) {
    if (error instanceof CommandFailure) throw new OfflineProblem(error.message, { cause: error });
    throw error;
  }
}

function painted(line: string, { paint }: Terminal): string {
  if (line.startsWith('✕')) return paint.bold(line);
  if (/^ +- expected /.test(line)) return paint.green(line);
  return /^ +\+ but got /.test(line) ? paint.red(line) : line;
}
