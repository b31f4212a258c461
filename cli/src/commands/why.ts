import { connected } from '../connection.ts';
import { exitCode } from '../exit-code.ts';
import type { ServerOptions } from '../options.ts';
import { linesOf } from '../output/paint.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime } from '../output/time.ts';
import { hintOf } from '../progress/unserved.ts';
import { wholeRunId } from '../short-id.ts';

/** `slipway why RUN`. */
export function why(command: ServerOptions & { run: string; terminal: Terminal }): Promise<number> {
  const { run, terminal } = command;
  return connected(command, async (client) => {
    const answer = await client.whyRun({ run: await wholeRunId(client, run) });
    if (terminal.format === 'json') {
      terminal.printJson(answer);
      return exitCode.done;
    }
    const { bold, dim } = terminal.paint;
    terminal.print(`${bold(`run ${answer.run}`)} is ${answer.state}`);
    for (const reason of answer.reasons) {
      const until = reason.until === undefined ? '' : dim(` (${relativeTime(reason.until, Date.now())})`);
      const [sentence, ...more] = linesOf(reason.sentence, 2);
      terminal.print(`- ${sentence}${until} ${dim(`[${reason.code}]`)}`, ...more);
      const hint = hintOf(reason, client);
      if (hint !== undefined) terminal.print(`    ${hint}`);
    }
    return exitCode.done;
  });
}
