import type { Client } from '@slipway/sdk';
import { connected } from '../connection.ts';
import { CommandFailure, exitCode } from '../exit-code.ts';
import type { ServerOptions } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';
import { followRun } from '../progress/follow-run.ts';
import { exitCodeOf, resultLines } from '../progress/run-result.ts';
import { wholeRunId } from '../short-id.ts';

/** `slipway watch RUN`. */
export function watch(command: ServerOptions & { run: string; timeout: number; terminal: Terminal }): Promise<number> {
  const { run, terminal, timeout } = command;
  return connected(command, async (client) =>
    watchRun({ client, run: await wholeRunId(client, run), terminal, timeoutMs: timeout * 1000 }),
  );
}

/** Follows a run to its end, prints how it ended, and answers the exit code. Ctrl-C ends the watching, not the run. */
export async function watchRun(options: {
  client: Client;
  run: string;
  terminal: Terminal;
  timeoutMs: number;
}): Promise<number> {
  const { client, run: id, terminal, timeoutMs } = options;
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  process.once('SIGINT', stop);
  try {
    const followed = await followRun({ client, id, terminal, timeoutMs, signal: interrupt.signal });
    if (followed.end === 'finished') {
      if (terminal.format === 'json') terminal.printJson(followed.run);
      else terminal.print('', ...resultLines(followed.run, terminal.paint));
      return exitCodeOf(followed.run);
    }
    const interrupted = followed.end === 'interrupted';
    throw new CommandFailure(interrupted ? `interrupted; run ${id} goes on` : notYet(id, timeoutMs), {
      exitCode: interrupted ? exitCode.interrupted : exitCode.timedOut,
      details: [`slipway watch ${id}`, `slipway why ${id}`],
      problem: { code: followed.end, detail: notYet(id, timeoutMs), run: id },
    });
  } finally {
    process.off('SIGINT', stop);
  }
}

function notYet(id: string, timeoutMs: number): string {
  return `run ${id} has not ended within ${timeoutMs / 1000} s, and goes on`;
}
