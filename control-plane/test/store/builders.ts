import { phaseOfRow, type RunSummary } from '@slipway/contract';
import type { CommitItem, CommitResult, EventRow, Store, StoredEvent } from '../../src/store/store.ts';

/** 2026-11-21T08:00:00Z, so that times in failures can be read. */
export const NOON = 1_795_248_000_000;

export function summaryOf(run: string, overrides: Partial<RunSummary> = {}): RunSummary {
  const { state = 'running', result, status } = overrides;
  return {
    id: run,
    project: 'shop',
    stage: 'dev',
    sequence: 'delivery',
    state,
    phase: phaseOfRow({ state, result, status }),
    correlationid: `context-${run}`,
    shipyardVersion: 'v1',
    tasksTotal: 3,
    tasksDone: 0,
    openTasks: ['build'],
    acceptedAt: NOON,
    updatedAt: NOON,
    ...overrides,
  };
}

type EventParts = Partial<EventRow> & { data?: string };

/** An entry with one event that came in and one that was sent, unless told otherwise. */
export function itemOf(
  stream: string,
  seq: number,
  overrides: Partial<Omit<CommitItem, 'events' | 'rows'>> & { told?: readonly EventParts[] } = {},
): CommitItem {
  const { told, ...rest } = overrides;
  const parts = told ?? [
    { id: `${stream}-answer-${seq}`, source: 'builder', type: 'build.finished', direction: 'in' },
    { id: `${stream}.build.${seq}`, source: 'slipway', type: 'build.triggered', direction: 'out' },
  ];
  const rows = parts.map(
    ({ id = `${stream}-${seq}`, source = 'test', type = 'build.finished', direction = 'in', ignored }) => ({
      id,
      source,
      type,
      direction,
      ...(ignored === undefined ? {} : { ignored }),
    }),
  );
  return {
    stream,
    seq,
    at: NOON + seq,
    header: JSON.stringify({ seq, text: 'Grüße 🚀' }),
    events: rows.map((row, index) =>
      JSON.stringify({ specversion: '1.0', id: row.id, source: row.source, type: row.type, data: parts[index]?.data }),
    ),
    rows,
    open: true,
    timersPut: [],
    timersDelete: [],
    ...rest,
  };
}

/** The first entry of a run: it alone must carry the summary. */
export function firstOf(
  run: string,
  summary: Partial<RunSummary> = {},
  overrides: Parameters<typeof itemOf>[2] = {},
): CommitItem {
  return itemOf(run, 1, { summary: summaryOf(run, summary), ...overrides });
}

/** Commits one item that must go in. */
export async function put(store: Store, item: CommitItem): Promise<readonly string[]> {
  const [result] = await store.commit([item]);
  if (result?.outcome !== 'committed') throw new Error(`${item.stream}/${item.seq} was not committed`);
  return result.positions;
}

export function outcomes(results: readonly CommitResult[]): string {
  return results.map((result) => result.outcome).join(' ');
}

/** Walks a list to its end. */
export async function everyPage<T>(
  list: (page: { limit: number; cursor?: string }) => Promise<{ items: T[]; next?: string }>,
  limit: number,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 1_000; pages += 1) {
    const page = await list(cursor === undefined ? { limit } : { limit, cursor });
    if (page.items.length > limit) throw new Error(`a page of ${page.items.length} for a limit of ${limit}`);
    all.push(...page.items);
    if (page.next === undefined) return all;
    cursor = page.next;
  }
  throw new Error('the list has no end');
}

export function idsOf(events: readonly StoredEvent[]): unknown[] {
  return events.map((event) => {
    const parsed: unknown = JSON.parse(event.json);
    return typeof parsed === 'object' && parsed !== null && 'id' in parsed ? parsed.id : undefined;
  });
}
