import type { Resource, SourceProblem } from '@slipway/contract';
import { renderProblems } from '@slipway/control-plane/shipyard';
import { type Client, SlipwayProblem } from '@slipway/sdk';
import { connected } from '../connection.ts';
import { badUsage, exitCode } from '../exit-code.ts';
import { readInput, shownName } from '../input.ts';
import type { ServerOptions } from '../options.ts';
import { failureOf } from '../output/failure.ts';
import { linesOf } from '../output/paint.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { relativeTime } from '../output/time.ts';

type Kind = 'slo' | 'sli';
type Place = { project: string; stage?: string; service?: string };
export type FileOptions = ServerOptions & Place & { dryRun?: boolean; replaces?: string };
export type GetFileOptions = ServerOptions & Place & { version?: string; versions?: boolean; merged?: boolean };

/** `slipway apply slo|sli FILE`. */
export async function applyFile(
  command: FileOptions & { kind: Kind; file: string; terminal: Terminal },
): Promise<number> {
  const { kind, file, dryRun = false, replaces, terminal } = command;
  const body = await readInput(file);
  const shownFile = shownName(file);
  const headers = replaces === undefined ? {} : { headers: { 'if-match': `"${replaces}"` } };
  return connected(command, async (client) => {
    try {
      const check = dryRun ? ({ dryRun: 'true' } as const) : {};
      const answer = await filesOf(client, kind, command).put({ body, ...check }, headers);
      if (terminal.format === 'json') {
        terminal.printJson(answer);
        return exitCode.done;
      }
      if (answer.warnings.length > 0)
        terminal.note(...linesOf(renderProblems(body, shownFile, answer.warnings.map(rendered))));
      const is = dryRun ? 'would be' : 'is';
      const what = answer.changed ? `${is} now at version` : `${is} unchanged, at version`;
      terminal.print(`${nameOf(kind, command)} ${what} ${answer.version}`);
      return exitCode.done;
    } catch (error) {
      if (error instanceof SlipwayProblem) throw failureOf(error, shownFile);
      throw error;
    }
  });
}

/** `slipway get slo|sli`: the text as it was sent, so that it can go into a file. */
export function getFile(command: GetFileOptions & { kind: Kind; terminal: Terminal }): Promise<number> {
  const { kind, version, versions = false, merged = false, terminal } = command;
  return connected(command, async (client) => {
    if (merged) return showMerged(client, command, terminal);
    const files = filesOf(client, kind, command);
    if (versions) {
      const page = await files.versions();
      const columns = [
        { title: 'VERSION', value: (row: Resource) => row.version },
        { title: 'CREATED', value: (row: Resource) => relativeTime(row.createdAt, Date.now()) },
        { title: '', value: (row: Resource) => (row.current ? 'in use' : '') },
      ];
      if (terminal.format === 'json') terminal.printJson(page);
      else terminal.print(...formatTable(page.items, columns, terminal.paint));
      return exitCode.done;
    }
    const found = await files.get(version === undefined ? {} : { version });
    if (terminal.format === 'json') terminal.printJson(found);
    else terminal.printFile(found.text);
    return exitCode.done;
  });
}

async function showMerged(client: Client, { project, stage, service }: Place, terminal: Terminal): Promise<number> {
  if (stage === undefined || service === undefined)
    throw badUsage('--merged is about a service: name --stage and --service');
  const merged = await client.getMergedSli({ project, stage, service });
  if (terminal.format === 'json') {
    terminal.printJson(merged);
    return exitCode.done;
  }
  const rows = Object.entries(merged.indicators).map(([sli, indicator]) => ({ sli, ...indicator }));
  const textOf = (query: unknown): string => (typeof query === 'string' ? query : JSON.stringify(query));
  const columns = [
    { title: 'SLI', value: (row: (typeof rows)[number]) => row.sli },
    { title: 'OF', value: (row: (typeof rows)[number]) => row.level },
    { title: 'VERSION', value: (row: (typeof rows)[number]) => row.version },
    { title: 'QUERY', value: (row: (typeof rows)[number]) => textOf(row.query) },
  ];
  if (rows.length === 0) terminal.note('no SLIs');
  else terminal.print(...formatTable(rows, columns, terminal.paint));
  return exitCode.done;
}

/** The four kinds of file as one. */
function filesOf(client: Client, kind: Kind, { project, stage, service }: Place) {
  if (stage === undefined) {
    if (service !== undefined) throw badUsage('--service goes with --stage');
    const at = { project };
    return {
      put: (args: PutArguments, options: Headers) => client.putProjectSli({ ...at, ...args }, options),
      get: (args: { version?: string }) => client.getProjectSli({ ...at, ...args }),
      versions: () => client.listProjectSliVersions({ ...at, limit: 1000 }),
    };
  }
  if (service === undefined) {
    const at = { project, stage };
    return {
      put: (args: PutArguments, options: Headers) => client.putStageSli({ ...at, ...args }, options),
      get: (args: { version?: string }) => client.getStageSli({ ...at, ...args }),
      versions: () => client.listStageSliVersions({ ...at, limit: 1000 }),
    };
  }
  const at = { project, stage, service };
  const [put, get, list] =
    kind === 'slo'
      ? ([client.putSlo, client.getSlo, client.listSloVersions] as const)
      : ([client.putSli, client.getSli, client.listSliVersions] as const);
  return {
    put: (args: PutArguments, options: Headers) => put({ ...at, ...args }, options),
    get: (args: { version?: string }) => get({ ...at, ...args }),
    versions: () => list({ ...at, limit: 1000 }),
  };
}

type PutArguments = { body: string; dryRun?: 'true' };
type Headers = { headers?: Record<string, string> };

/** As the problems of a shipyard are shown, which has no mere remarks: they say so in front of their code. */
function rendered(problem: {
  severity: 'error' | 'warning' | 'info';
  code: string;
  message: string;
  pointer: string;
  line?: number | undefined;
  column?: number | undefined;
}): SourceProblem {
  const { severity, code, message, pointer, line = 1, column = 1 } = problem;
  const isRemark = severity === 'info';
  return {
    severity: severity === 'warning' ? 'warning' : 'error',
    code: isRemark ? `remark ${code}` : code,
    message,
    pointer,
    line,
    column,
  };
}

function nameOf(kind: Kind, { project, stage, service }: Place): string {
  return `${kind}.yaml of ${[project, stage, service].filter((part) => part !== undefined).join('/')}`;
}
