import type { ServiceView } from '@slipway/contract';
import { connected } from '../connection.ts';
import { exitCode } from '../exit-code.ts';
import type { ServerOptions } from '../options.ts';
import { type Column, formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime } from '../output/time.ts';

/** `slipway get services`. */
export function getServices(
  command: ServerOptions & { project?: string; task?: string; terminal: Terminal },
): Promise<number> {
  const { project, task, terminal } = command;
  return connected(command, async (client) => {
    const page = await client.listServices({ project, task });
    if (terminal.format === 'json') {
      terminal.printJson(page);
      return exitCode.done;
    }
    if (page.items.length === 0) terminal.note('no services are connected, and no task waits for one');
    else terminal.print(...formatTable(rowsOf(page.items), serviceColumns(terminal), terminal.paint));
    for (const { task: name, source, hint } of page.items) {
      if (source === undefined && hint !== undefined)
        terminal.print(`No service is connected for task '${name}': ${hint}`);
    }
    return exitCode.done;
  });
}

type Row = ServiceView & { isFirst: boolean };

/** Attempts that wait belong to a task, not to one of its services: they stand in its first row alone. */
function rowsOf(services: readonly ServiceView[]): Row[] {
  return services.map((service, index) => ({ ...service, isFirst: services[index - 1]?.task !== service.task }));
}

function serviceColumns({ paint }: Terminal): Column<Row>[] {
  const now = Date.now();
  const seen = (at: number | undefined): string => (at === undefined ? '' : relativeTime(at, now));
  return [
    { title: 'TASK', value: ({ task }) => task },
    { title: 'SERVICE', value: (service) => (service.source === undefined ? paint.red('none') : service.source) },
    { title: 'TRANSPORT', value: (service) => service.way ?? '' },
    { title: 'VERSION', value: (service) => service.version ?? '' },
    { title: 'CONNECTED', value: (service) => (service.connected ? paint.green('yes') : paint.dim('no')) },
    { title: 'SEEN', value: (service) => seen(service.lastSeenAt) },
    { title: 'IN PROGRESS', value: (service) => String(service.openAttempts), align: 'right' },
    { title: 'QUEUED', value: (one) => (one.isFirst ? String(one.waitingAttempts) : ''), align: 'right' },
    { title: 'OLDEST', value: (one) => (one.isFirst ? seen(one.oldestWaitingAt) : '') },
  ];
}
