import type { EnvironmentCell, RunCounts, RunSummary } from '@slipway/contract';
import { asShown } from '../projection/index.ts';
import type { RunQuery, RunTally, Store } from '../store/store.ts';

/** Cells of an environment; of more, those with the newest runs are shown. */
const CELLS_MAX = 2_000;
/** Open runs that are read to be shown in their cells, for each state. */
const OPEN_READ_MAX = 1_000;
const OPEN_SHOWN_MAX = 4;
const openStates = ['waiting', 'running', 'paused', 'parked'] as const;

/** What a filter matches, counted by the store and not by reading page after page. */
export async function countRuns(store: Store, query: Omit<RunQuery, 'limit' | 'cursor'>): Promise<RunCounts> {
  const counts = new Map<string, RunCounts['items'][number]>();
  for (const tally of await store.tallyRuns(query)) {
    const item: RunTally = tally.phase === 'aborted' ? { ...tally, result: 'fail' } : tally;
    const key = `${item.phase} ${item.result}`;
    counts.set(key, { ...item, count: item.count + (counts.get(key)?.count ?? 0) });
  }
  const items = [...counts.values()];
  return { total: items.reduce((sum, { count }) => sum + count, 0), items };
}

/** What ran last and what is open, for each service in each stage, in a handful of questions whatever their number. */
export async function readEnvironment(store: Store, project: string | undefined): Promise<EnvironmentCell[]> {
  const where = project === undefined ? {} : { project };
  const [places, ...open] = await Promise.all([
    store.listPlaces({ ...where, limit: CELLS_MAX }),
    ...openStates.map((state) => store.listRuns({ ...where, state, limit: OPEN_READ_MAX })),
  ]);
  const cells = new Map<string, EnvironmentCell>();
  for (const place of places) {
    const last = place.last === undefined ? {} : { last: asShown(place.last) };
    cells.set(keyOf(place), { ...place, ...last, openRuns: [] });
  }
  const newestFirst = open.flatMap(({ items }) => items).toSorted((a, b) => b.acceptedAt - a.acceptedAt);
  for (const run of newestFirst) {
    const shown = cells.get(keyOf(run))?.openRuns;
    if (shown !== undefined && shown.length < OPEN_SHOWN_MAX) shown.push(run);
  }
  return [...cells.values()];
}

function keyOf({ project, stage, service }: Pick<RunSummary, 'project' | 'stage' | 'service'>): string {
  return JSON.stringify([project, stage, service]);
}
