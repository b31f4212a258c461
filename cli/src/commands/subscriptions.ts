import type { Subscription } from '@slipway/contract';
import { connected } from '../connection.ts';
import { exitCode } from '../exit-code.ts';
import type { ServerOptions } from '../options.ts';
import { nextPageNote } from '../output/next-page.ts';
import { firstLine } from '../output/paint.ts';
import { type Column, formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime } from '../output/time.ts';

export type SubscribeOptions = {
  types?: string[];
  project?: string;
  stage?: string;
  service?: string;
  binary?: boolean;
};

/** `slipway get subscriptions`. */
export function getSubscriptions(
  command: ServerOptions & { limit: number; cursor?: string; terminal: Terminal },
): Promise<number> {
  const { limit, cursor, terminal } = command;
  return connected(command, async (client) => {
    const page = await client.listSubscriptions({ limit, cursor });
    if (terminal.format === 'json') terminal.printJson(page);
    else if (page.items.length === 0) terminal.note('no subscriptions: slipway subscribe NAME URL makes one');
    else {
      terminal.print(...formatTable(page.items, columnsOf(terminal), terminal.paint));
      nextPageNote(page.next, terminal);
    }
    return exitCode.done;
  });
}

/** `slipway subscribe NAME SINK`. */
export function subscribe(
  command: ServerOptions & SubscribeOptions & { id: string; sink: string; terminal: Terminal },
): Promise<number> {
  const { id, sink, types, project, stage, service, binary, terminal } = command;
  const body = { sink, types, project, stage, service, ...(binary === true ? { mode: 'binary' as const } : {}) };
  return connected(command, async (client) => {
    const subscription = await client.putSubscription({ id, body });
    if (terminal.format === 'json') terminal.printJson(subscription);
    else terminal.print(`subscription ${id} sends ${typesOf(subscription)} to ${subscription.sink}`);
    return exitCode.done;
  });
}

/** `slipway unsubscribe NAME`. */
export function unsubscribe(command: ServerOptions & { id: string; terminal: Terminal }): Promise<number> {
  const { id, terminal } = command;
  return connected(command, async (client) => {
    await client.deleteSubscription({ id });
    if (terminal.format === 'json') terminal.printJson({ id, deleted: true });
    else terminal.print(`subscription ${id} is deleted`);
    return exitCode.done;
  });
}

function columnsOf({ paint }: Terminal): Column<Subscription>[] {
  const now = Date.now();
  const scope = ({ project, stage, service }: Subscription): string =>
    [project, stage, service].map((part) => part ?? '*').join('/');
  return [
    { title: 'SUBSCRIPTION', value: ({ id }) => id },
    { title: 'SINK', value: ({ sink }) => sink },
    { title: 'TYPES', value: typesOf },
    { title: 'PROJECT/STAGE/SERVICE', value: (one) => scope(one).replace(/^\*\/\*\/\*$/, '') },
    { title: 'MATCHED', value: ({ matched }) => String(matched ?? ''), align: 'right' },
    {
      title: 'DELIVERED',
      value: ({ lastDeliveredAt }) => (lastDeliveredAt === undefined ? '' : relativeTime(lastDeliveredAt, now)),
    },
    { title: 'FAILURES', value: ({ failures }) => (failures === 0 ? '' : paint.red(String(failures))), align: 'right' },
    { title: 'LAST ERROR', value: ({ lastError }) => firstLine(lastError ?? '') },
  ];
}

function typesOf({ types }: Subscription): string {
  return types.length === 0 ? 'all events' : types.join(', ');
}
