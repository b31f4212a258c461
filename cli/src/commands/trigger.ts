import { isObject } from '@slipway/contract';
import type { Client } from '@slipway/sdk';
import { connected } from '../connection.ts';
import { badUsage, exitCode } from '../exit-code.ts';
import { readJsonArgument } from '../input.ts';
import type { ServerOptions } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';
import { watchRun } from './watch.ts';

/** `slipway trigger STAGE.SEQUENCE`. */
export async function trigger(
  command: ServerOptions & {
    sequence: string;
    project: string;
    service?: string;
    data?: string;
    label: Record<string, string>;
    wait?: number;
    terminal: Terminal;
  },
): Promise<number> {
  const { stage, sequence } = parseSequence(command.sequence);
  const data = command.data === undefined ? undefined : await readData(command.data);
  const { project, service, terminal, wait } = command;
  const labels = Object.keys(command.label).length > 0 ? command.label : undefined;
  const request = { stage, sequence, project, service, data, labels };
  return connected(command, async (client: Client) => {
    const triggered = await client.trigger(request);
    if (wait !== undefined) return watchRun({ client, run: triggered.run, terminal, timeoutMs: wait * 1000 });
    if (terminal.format === 'json') terminal.printJson(triggered);
    else {
      terminal.print(`run ${triggered.run}, context ${triggered.correlationid}`);
      terminal.note(terminal.errorPaint.dim(`slipway watch ${triggered.run}`));
    }
    return exitCode.done;
  });
}

function parseSequence(text: string): { stage: string; sequence: string } {
  const [stage = '', sequence = '', ...more] = text.replace(/\.triggered$/, '').split('.');
  if (stage === '' || sequence === '' || more.length > 0) {
    throw badUsage(`${JSON.stringify(text)} names no sequence: write STAGE.SEQUENCE, such as dev.sequence-one`);
  }
  return { stage, sequence };
}

async function readData(argument: string): Promise<Record<string, unknown>> {
  const data = await readJsonArgument(argument, '--data');
  if (!isObject(data)) throw badUsage('--data must be a JSON object: {"key": "value"}');
  return data;
}
