import type { EnvironmentCell, RunCounts, RunSummary } from '@slipway/contract';
import type { RunQuery, Store } from '../store/store.ts';

/** Cells of an environment; of more, those with the newest runs are shown. */
const CELLS_MAX = 2_000;
/** Open runs that are read to be shown in their cells, for each state. */
const OPEN_READ_MAX = 1_000;
const OPEN_SHOWN_MAX = 4;
/** States times results. */
const STATE_GROUPS_MAX = 100;
const openStates = ['waiting', 'running', 'paused', 'parked'] as const;

/** What a filter matches, counted by the store and not by reading page after page. */
export async function countRuns(store: Store, query: Omit<RunQuery, 'limit' | 'cursor'>): Promise<RunCounts> {
  const groups = await store.groupRuns({ ...query, limit: STATE_GROUPS_MAX }, 'state');
  const items = groups.map(({ count, newest: { state, result } }) => ({
    state,
    ...(result === undefined ? {} : { result }),
    count,
  }));
  return { total: items.reduce((sum, { count }) => sum + count, 0), items };
}

/** What ran last and what is open, for each service in each stage, in a handful of questions whatever their number. */
export async function readEnvironment(store: Store, project: string | undefined): Promise<EnvironmentCell[]> {
  const where = project === undefined ? {} : { project };
  const [groups, ...open] = await Promise.all([
    // Open runs and finished ones of a place are two groups.
    store.groupRuns({ ...where, limit: 2 * CELLS_MAX }, 'place'),
    ...openStates.map((state) => store.listRuns({ ...where, state, limit: OPEN_READ_MAX })),
  ]);
  const cells = new Map<string, EnvironmentCell>();
  for (const { count, newest } of groups) {
    const cell = cells.get(placeOf(newest)) ?? emptyCell(newest);
    cells.set(placeOf(newest), cell);
    if (newest.state !== 'finished') cell.open = count;
    else {
      cell.finished = count;
      cell.last = newest;
    }
  }
  const newestFirst = open.flatMap(({ items }) => items).toSorted((a, b) => b.acceptedAt - a.acceptedAt);
  for (const run of newestFirst) {
    const shown = cells.get(placeOf(run))?.openRuns;
    if (shown !== undefined && shown.length < OPEN_SHOWN_MAX) shown.push(run);
  }
  return [...cells.values()].slice(0, CELLS_MAX);
}

function emptyCell({ project, stage, service }: RunSummary): EnvironmentCell {
  return { project, stage, ...(service === undefined ? {} : { service }), finished: 0, open: 0, openRuns: [] };
}

function placeOf({ project, stage, service }: RunSummary): string {
  return JSON.stringify([project, stage, service]);
}
