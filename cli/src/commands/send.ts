import { randomUUID } from 'node:crypto';
import { isObject } from '@slipway/contract';
import { CLI_SOURCE, connected } from '../connection.ts';
import { badUsage, exitCode } from '../exit-code.ts';
import { parseJsonInput, readInput } from '../input.ts';
import type { ServerOptions } from '../options.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';

/** `slipway send FILE`: an event, or an array of them. What nobody types by hand is filled in where it is missing. */
export async function send(command: ServerOptions & { file: string; terminal: Terminal }): Promise<number> {
  const { file, terminal } = command;
  const input = parseJsonInput(await readInput(file), file === '-' ? 'standard input' : file);
  const events = (Array.isArray(input) ? input : [input]).map(completed);
  return connected(command, async (client) => {
    const answer = await client.sendEvents({ body: Array.isArray(input) ? events : events[0] });
    if (terminal.format === 'json') terminal.printJson(answer);
    else if ('items' in answer) {
      const columns = [
        { title: 'OUTCOME', value: (item: Item) => item.outcome + (item.code === undefined ? '' : ` (${item.code})`) },
        { title: 'EVENT', value: (item: Item) => item.id },
        { title: 'RUN', value: (item: Item) => item.run ?? '' },
        { title: 'CONTEXT', value: (item: Item) => item.correlationid ?? '' },
      ];
      terminal.print(...formatTable<Item>(answer.items, columns, terminal.paint));
    }
    return exitCode.done;
  });
}

type Item = {
  id: string;
  outcome: string;
  run?: string | undefined;
  correlationid?: string | undefined;
  code?: string | undefined;
};

function completed(event: unknown): Record<string, unknown> {
  if (!isObject(event)) throw badUsage('an event is a JSON object with at least a type');
  return { specversion: '1.0', id: randomUUID(), source: CLI_SOURCE, time: new Date().toISOString(), ...event };
}
