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
    if (page.items.length === 0) terminal.note('no services, and no task that waits for one');
    else terminal.print(...formatTable(page.items, serviceColumns(terminal), terminal.paint));
    for (const { task: name, source, hint } of page.items) {
      if (source === undefined && hint !== undefined) terminal.print(`nobody serves '${name}': ${hint}`);
    }
    return exitCode.done;
  });
}

function serviceColumns({ paint }: Terminal): Column<ServiceView>[] {
  const now = Date.now();
  const seen = (at: number | undefined): string => (at === undefined ? '' : relativeTime(at, now));
  return [
    { title: 'TASK', value: (service) => service.task },
    { title: 'SERVICE', value: (service) => (service.source === undefined ? paint.red('nobody') : service.source) },
    { title: 'WAY', value: (service) => service.way ?? '' },
    { title: 'VERSION', value: (service) => service.version ?? '' },
    { title: 'CONNECTED', value: (service) => (service.connected ? paint.green('yes') : paint.dim('no')) },
    { title: 'SEEN', value: (service) => seen(service.lastSeenAt) },
    { title: 'WORKS ON', value: (service) => String(service.openAttempts), align: 'right' },
    { title: 'WAITING', value: (service) => String(service.waitingAttempts), align: 'right' },
    { title: 'OLDEST', value: (service) => seen(service.oldestWaitingAt) },
  ];
}
