import { formatDuration, type Project, type ProjectPut } from '@slipway/contract';
import type { Client } from '@slipway/sdk';
import { connected } from '../connection.ts';
import { CommandFailure, exitCode } from '../exit-code.ts';
import { parseJsonInput, parseYamlInput, readInput } from '../input.ts';
import type { ServerOptions } from '../options.ts';
import { agree } from '../output/agree.ts';
import { count } from '../output/count.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime } from '../output/time.ts';

const VERSIONS_MAX = 1000;

/** `slipway get project NAME`: with what is set for it. */
export function getProject(command: ServerOptions & { project: string; terminal: Terminal }): Promise<number> {
  const { project: name, terminal } = command;
  return connected(command, async (client) => {
    const project = await client.getProject({ project: name });
    if (terminal.format === 'json') terminal.printJson(project);
    else terminal.print(...shown(project, terminal));
    return exitCode.done;
  });
}

/** `slipway apply settings FILE --project P`: what is left out keeps its value. */
export async function applySettings(
  command: ServerOptions & { project: string; file: string; terminal: Terminal },
): Promise<number> {
  const { project, file, terminal } = command;
  const settings = parseSettings(await readInput(file), file === '-' ? 'standard input' : file);
  return connected(command, async (client) => {
    // The server says what of it is no setting, and where.
    const stored = await client.putProject({ project, body: settings as ProjectPut });
    if (terminal.format === 'json') terminal.printJson(stored);
    else terminal.print(...shown(stored, terminal));
    return exitCode.done;
  });
}

/** JSON, or YAML, as the settings of a project are often kept beside its shipyard. */
function parseSettings(text: string, where: string): unknown {
  return text.trimStart().startsWith('{') ? parseJsonInput(text, where) : parseYamlInput(text, where);
}

/** `slipway delete project NAME`: what goes with it is counted first. */
export function deleteProject(
  command: ServerOptions & { project: string; dryRun?: boolean; yes?: boolean; terminal: Terminal },
): Promise<number> {
  const { project, dryRun = false, yes = false, terminal } = command;
  return connected(command, async (client) => {
    const found = await countOf(client, project);
    const what = wordsOf(project, found);
    if (found.openRuns > 0) throw stillOpen(project, found.openRuns);
    if (!dryRun) {
      await agree({ would: `${what} would be deleted`, yes, terminal });
      await client.deleteProject({ project });
    }
    if (terminal.format === 'json') terminal.printJson({ project, ...found, deleted: !dryRun });
    else terminal.print(`${what} ${dryRun ? 'would be' : 'is'} deleted`);
    return exitCode.done;
  });
}

type Found = { runs: number; openRuns: number; shipyards: number; moreShipyards: boolean };

async function countOf(client: Client, project: string): Promise<Found> {
  // A name that is mistyped is told before anything is counted.
  await client.getProject({ project });
  const counts = await client.countRuns({ project });
  const versions = await client.listShipyards({ project, limit: VERSIONS_MAX });
  const openRuns = counts.items.reduce((sum, one) => sum + (one.state === 'finished' ? 0 : one.count), 0);
  const moreShipyards = versions.next !== undefined;
  return { runs: counts.total, openRuns, shipyards: versions.items.length, moreShipyards };
}

function wordsOf(project: string, { runs, shipyards, moreShipyards }: Found): string {
  const versions = `${moreShipyards ? 'more than ' : ''}${count(shipyards, 'version')} of its shipyard`;
  return `project ${project} with ${count(runs, 'run')} and ${versions}`;
}

function stillOpen(project: string, open: number): CommandFailure {
  const detail = `project ${project} has ${count(open, 'open run')}, and is not deleted before they end`;
  return new CommandFailure(detail, {
    exitCode: exitCode.refused,
    details: [`slipway abort --project ${project}`],
    problem: { code: 'not-allowed-now', detail, openRuns: open },
  });
}

function shown(project: Project, { paint }: Terminal): string[] {
  const { name, dialect, shipyardVersion, limits, retention, config, updatedAt } = project;
  const bounds = [
    limits.openRunsMax == null ? undefined : `${limits.openRunsMax} open`,
    limits.waitingRunsMax == null ? undefined : `${limits.waitingRunsMax} waiting`,
    limits.runsPerSecond == null ? undefined : `${limits.runsPerSecond} new in a second`,
  ].filter((part) => part !== undefined);
  const kept = [
    retention.finishedRunsForMs === null ? undefined : `for ${formatDuration(retention.finishedRunsForMs)}`,
    retention.finishedRunsMax === null ? undefined : `at most ${retention.finishedRunsMax}`,
  ].filter((part) => part !== undefined);
  const rows = {
    Dialect: dialect,
    Shipyard: shipyardVersion ?? 'none yet',
    'Runs at most': bounds.length === 0 ? 'no limit' : bounds.join(', '),
    'Finished runs are kept': kept.length === 0 ? 'for ever' : kept.join(', '),
    Configuration: JSON.stringify(config),
    Changed: relativeTime(updatedAt, Date.now()),
  };
  return [paint.bold(name), ...Object.entries(rows).map(([what, is]) => `${paint.bold(`${what}:`)} ${is}`)];
}
