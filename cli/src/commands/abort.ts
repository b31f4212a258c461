import { phasesOf, type RunState, type RunStateFilter, type RunSummary, stateOfPhase } from '@slipway/contract';
import { type Client, SlipwayProblem } from '@slipway/sdk';
import { connected } from '../connection.ts';
import { badUsage, CommandFailure, exitCode } from '../exit-code.ts';
import type { RunFilter, ServerOptions } from '../options.ts';
import { agree } from '../output/agree.ts';
import { count } from '../output/count.ts';
import { failureOf } from '../output/failure.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { wholeRunId } from '../short-id.ts';
import { userName } from '../user-name.ts';
import { control } from './control.ts';
import { runColumns, runQueryOf } from './get-runs.ts';

const OPEN_STATES = ['waiting', 'running', 'paused', 'parked'] as const satisfies readonly RunState[];
/** So many in one go; the rest by the same command again. */
const RUNS_MAX = 10_000;
const PAGE = 1000;
const AT_ONCE = 8;

export type AbortOptions = RunFilter & { all?: boolean; reason?: string; dryRun?: boolean; yes?: boolean };

/** `slipway abort RUN...`, or every open run of a filter, which are counted first. */
export async function abort(
  command: ServerOptions & AbortOptions & { runs: readonly string[]; terminal: Terminal },
): Promise<number> {
  const { runs, all = false, reason, dryRun = false, yes = false, terminal } = command;
  const filter = filterWords(command);
  const byName = runs.length > 0;
  if (byName && (all || filter !== '')) throw badUsage('name runs, or filter them: not both');
  if (!byName && !all && filter === '') {
    throw badUsage(
      'which run? name one, or filter them: --project, --stage, --label and so on; --all for every open run',
    );
  }
  const [only] = runs;
  if (only !== undefined && runs.length === 1 && !dryRun) {
    return control({ ...command, run: only, command: 'abort', terminal });
  }
  return connected(command, async (client) => {
    const open = byName ? await stillOpen(client, runs) : await openRuns(client, command);
    const what = `${count(open.length, 'open run')}${filter}`;
    if (open.length === RUNS_MAX) terminal.note(`these are the first ${RUNS_MAX}: say it again for the rest`);
    if (dryRun) return showOnly(open, what, terminal);
    if (!byName && open.length > 0) await agree({ would: `${what} would be aborted`, yes, terminal });
    return showDone(await abortAll(client, open, reason), open, terminal);
  });
}

function showOnly(open: readonly RunSummary[], what: string, terminal: Terminal): number {
  if (terminal.format === 'json') terminal.printJson({ ...outcomeOf(open), dryRun: true });
  else {
    if (open.length > 0) terminal.print(...formatTable(open, runColumns(terminal), terminal.paint));
    terminal.note(`${what} would be aborted`);
  }
  return exitCode.done;
}

type Done = { aborted: number; endedBefore: number };

function showDone(done: Done, open: readonly RunSummary[], terminal: Terminal): number {
  const { aborted, endedBefore } = done;
  if (terminal.format === 'json') terminal.printJson({ ...outcomeOf(open), ...done });
  else if (open.length === 0) terminal.print('no open run: nothing to abort');
  else {
    const rest =
      endedBefore === 0 ? '' : `; ${endedBefore} had ended by ${endedBefore === 1 ? 'itself' : 'themselves'}`;
    terminal.print(`${count(aborted, 'run')} aborted${rest}`);
  }
  return exitCode.done;
}

function outcomeOf(open: readonly RunSummary[]): Done & { open: number; runs: string[] } {
  return { open: open.length, aborted: 0, endedBefore: 0, runs: open.map(({ id }) => id) };
}

/** ` of project shop, stage dev`, as it stands behind the count; empty without a filter. */
function filterWords({ project, stage, sequence, service, state, context, label, since }: RunFilter): string {
  const named = Object.entries({ project, stage, sequence, service, state, context }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  );
  const labels = Object.entries(label).map(([key, value]) => `label ${key}=${value}`);
  const time = since === undefined ? [] : [`accepted since ${new Date(since).toISOString()}`];
  const words = [...named, ...labels, ...time];
  return words.length === 0 ? '' : ` of ${words.join(', ')}`;
}

async function openRuns(client: Client, filter: RunFilter): Promise<RunSummary[]> {
  const { state: wanted, ...query } = runQueryOf(filter);
  const found: RunSummary[] = [];
  for (const state of wanted === undefined ? OPEN_STATES : openStatesIn(wanted)) {
    let cursor: string | undefined;
    do {
      const page = await client.listRuns({ ...query, state, limit: PAGE, cursor });
      found.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined && found.length < RUNS_MAX);
  }
  return found.slice(0, RUNS_MAX);
}

/** The open states that a filter by state stands for. */
function openStatesIn(filter: RunStateFilter): RunStateFilter[] {
  return phasesOf(filter).filter((phase) => stateOfPhase(phase) !== 'finished');
}

async function stillOpen(client: Client, ids: readonly string[]): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  for (const run of new Set(ids)) runs.push(await client.getRun({ run: await wholeRunId(client, run) }));
  return runs.filter(({ state }) => state !== 'finished');
}

async function abortAll(client: Client, open: readonly RunSummary[], reason: string | undefined): Promise<Done> {
  const done: Done = { aborted: 0, endedBefore: 0 };
  const waiting = [...open].reverse();
  const body = { by: userName(), ...(reason === undefined ? {} : { reason }) };
  const work = async (): Promise<void> => {
    for (let run = waiting.pop(); run; run = waiting.pop()) {
      try {
        await client.commandRun({ run: run.id, command: 'abort', body });
        done.aborted += 1;
      } catch (error) {
        if (!hasEnded(error)) {
          waiting.length = 0;
          throw error;
        }
        done.endedBefore += 1;
      }
    }
  };
  const [failed] = (await Promise.allSettled(Array.from({ length: AT_ONCE }, work))).filter(
    (end) => end.status === 'rejected',
  );
  if (failed === undefined) return done;
  const { message, exitCode: code, details, problem } = failureOf(failed.reason);
  throw new CommandFailure(message, {
    exitCode: code,
    details: [`${done.aborted} of ${open.length} were aborted before that`, ...details],
    problem,
    cause: failed.reason,
  });
}

/** Between the count and the command it came to its own end, or retention has deleted it since. */
function hasEnded(error: unknown): boolean {
  return error instanceof SlipwayProblem && ['not-allowed-now', 'unknown-run'].includes(error.problem.code);
}
