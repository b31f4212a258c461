import type { RunCommand } from '@slipway/contract';
import { connected } from '../connection.ts';
import { exitCode } from '../exit-code.ts';
import type { ServerOptions } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';
import { wholeRunId } from '../short-id.ts';
import { userName } from '../user-name.ts';

/** `slipway pause|resume|abort RUN`. */
export function control(
  command: ServerOptions & { run: string; command: RunCommand; reason?: string; terminal: Terminal },
): Promise<number> {
  const { run, reason, terminal } = command;
  const body = { by: userName(), ...(reason === undefined ? {} : { reason }) };
  return connected(command, async (client) => {
    const answer = await client.commandRun({ run: await wholeRunId(client, run), command: command.command, body });
    if (terminal.format === 'json') terminal.printJson(answer);
    else terminal.print(`run ${answer.run} is ${answer.state}${answer.changed ? '' : ', as it was'}`);
    return exitCode.done;
  });
}
