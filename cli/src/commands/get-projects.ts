import type { Project } from '@slipway/contract';
import { connected } from '../connection.ts';
import { exitCode } from '../exit-code.ts';
import type { ServerOptions } from '../options.ts';
import { nextPageNote } from '../output/next-page.ts';
import { type Column, formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime } from '../output/time.ts';

/** `slipway get projects`. */
export function getProjects(
  command: ServerOptions & { limit: number; cursor?: string; terminal: Terminal },
): Promise<number> {
  const { limit, cursor, terminal } = command;
  return connected(command, async (client) => {
    const page = await client.listProjects({ limit, cursor });
    if (terminal.format === 'json') terminal.printJson(page);
    else if (page.items.length === 0) terminal.note('no projects: slipway apply FILE --project NAME makes one');
    else {
      terminal.print(...formatTable(page.items, projectColumns(), terminal.paint));
      nextPageNote(page.next, terminal);
    }
    return exitCode.done;
  });
}

/** `slipway get shipyard`: the text as it was sent, so that it can go into a file. */
export function getShipyard(
  command: ServerOptions & { project: string; version?: string; versions?: boolean; terminal: Terminal },
): Promise<number> {
  const { project, version, versions = false, terminal } = command;
  return connected(command, async (client) => {
    if (versions) {
      const page = await client.listShipyards({ project });
      const columns = [
        { title: 'VERSION', value: (row: Row) => row.version },
        { title: 'CREATED', value: (row: Row) => relativeTime(row.createdAt, Date.now()) },
        { title: '', value: (row: Row) => (row.current ? 'in use' : '') },
      ];
      if (terminal.format === 'json') terminal.printJson(page);
      else terminal.print(...formatTable<Row>(page.items, columns, terminal.paint));
      return exitCode.done;
    }
    const found =
      version === undefined
        ? await client.getShipyard({ project })
        : await client.getShipyardVersion({ project, version });
    if (terminal.format === 'json') terminal.printJson(found);
    else terminal.printFile(found.text);
    return exitCode.done;
  });
}

type Row = { version: string; createdAt: number; current: boolean };

function projectColumns(): Column<Project>[] {
  const now = Date.now();
  return [
    { title: 'PROJECT', value: (project) => project.name },
    { title: 'DIALECT', value: (project) => project.dialect },
    { title: 'SHIPYARD', value: (project) => project.shipyardVersion ?? '' },
    { title: 'UPDATED', value: (project) => relativeTime(project.updatedAt, now) },
  ];
}
