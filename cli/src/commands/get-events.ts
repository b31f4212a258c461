import type { EventView } from '@slipway/contract';
import { ownValue } from '@slipway/contract';
import type { Client } from '@slipway/sdk';
import { connected } from '../connection.ts';
import { badUsage, exitCode } from '../exit-code.ts';
import type { EventsOptions, ServerOptions } from '../options.ts';
import { nextPageNote } from '../output/next-page.ts';
import { type Column, formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime } from '../output/time.ts';

/** `slipway get events`. */
export function getEvents(command: ServerOptions & EventsOptions & { terminal: Terminal }): Promise<number> {
  const { terminal } = command;
  return connected(command, async (client) => {
    const page = await readEvents(client, command);
    if (terminal.format === 'json') terminal.printJson(page);
    else if (page.items.length === 0) terminal.note('no events');
    else {
      terminal.print(...formatTable(page.items, eventColumns(terminal), terminal.paint));
      nextPageNote(page.next, terminal);
    }
    return exitCode.done;
  });
}

/** `slipway get event ID`: the CloudEvent in the JSON format, and with -o json also when and whether it was taken. */
export function getEvent(
  command: ServerOptions & { id: string; source?: string; terminal: Terminal },
): Promise<number> {
  const { id, source, terminal } = command;
  return connected(command, async (client) => {
    const view = await client.getEvent({ id, source });
    if (terminal.format === 'json') terminal.printJson(view);
    else {
      terminal.print(...JSON.stringify(view.event, null, 2).split('\n'));
      if (view.ignored !== undefined) terminal.note(terminal.errorPaint.yellow(`it changed nothing: ${view.ignored}`));
    }
    return exitCode.done;
  });
}

async function readEvents(client: Client, options: EventsOptions) {
  const { run, project, type, source, stage, service, context, limit, cursor } = options;
  const filter = { project, type, source, stage, service, correlationid: context };
  if (run === undefined) return client.listEvents({ ...filter, limit, cursor });
  const also = Object.entries(filter).find(([, value]) => value !== undefined);
  if (also !== undefined) throw badUsage('--run shows every event of a run, and goes with no other filter');
  return client.listRunEvents({ run, limit, cursor });
}

function eventColumns({ paint }: Terminal): Column<EventView>[] {
  const now = Date.now();
  const text = (view: EventView, name: string): string => {
    const value = ownValue(view.event, name);
    return typeof value === 'string' ? value : '';
  };
  return [
    { title: 'WHEN', value: (view) => relativeTime(view.at, now) },
    { title: '', value: (view) => paint.dim(view.direction) },
    { title: 'TYPE', value: (view) => text(view, 'type') },
    { title: 'SOURCE', value: (view) => text(view, 'source') },
    { title: 'RUN', value: (view) => view.run ?? '' },
    { title: 'ID', value: (view) => text(view, 'id') },
    { title: 'IGNORED', value: (view) => paint.yellow(view.ignored ?? '') },
  ];
}
