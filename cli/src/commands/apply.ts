import { renderProblems } from '@slipway/control-plane/shipyard';
import { SlipwayProblem } from '@slipway/sdk';
import { connected } from '../connection.ts';
import { exitCode } from '../exit-code.ts';
import { readInput, shownName } from '../input.ts';
import type { ServerOptions } from '../options.ts';
import { failureOf } from '../output/failure.ts';
import { linesOf } from '../output/paint.ts';
import type { Terminal } from '../output/terminal.ts';

/** `slipway apply FILE --project P`. */
export async function apply(
  command: ServerOptions & { file: string; project: string; dryRun?: boolean; terminal: Terminal },
): Promise<number> {
  const { file, project, dryRun = false, terminal } = command;
  const text = await readInput(file);
  const shownFile = shownName(file);
  return connected(command, async (client) => {
    try {
      const answer = await client.putShipyard({ project, body: text, ...(dryRun ? { dryRun: 'true' } : {}) });
      if (terminal.format === 'json') {
        terminal.printJson(answer);
        return exitCode.done;
      }
      if (answer.warnings.length > 0) terminal.note(...linesOf(renderProblems(text, shownFile, answer.warnings)));
      const is = dryRun ? 'would be' : 'is';
      const what = answer.changed ? `${is} now at version` : `${is} unchanged, at version`;
      terminal.print(`shipyard of project ${answer.project} ${what} ${answer.version}`);
      return exitCode.done;
    } catch (error) {
      if (error instanceof SlipwayProblem) throw failureOf(error, shownFile);
      throw error;
    }
  });
}
