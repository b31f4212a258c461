import { matchesGlob, phasesOf, type RunSummary } from '@slipway/contract';
import type {
  CommitItem,
  CommitResult,
  DocumentKind,
  EventQuery,
  Page,
  RunPlace,
  RunQuery,
  RunTally,
  Store,
  StoredEvent,
  Timer,
} from '../../src/store/store.ts';
import { InvalidCursor, StoreUnavailable } from '../../src/store/store.ts';
import type { Database } from './database.ts';
import { compare } from './database.ts';
import type { Faults } from './faults.ts';
import type { Life } from './life.ts';
import { memoryEvaluations } from './memory-evaluations.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

const TIMEOUT_MS = 5000;
const TYPICAL_MS = 1.5;

/** The way to the database as all replicas share it: when it is away, it is away for everybody. */
export type StoreWay = {
  awayUntil: number;
  faults: Faults['store'];
  /** Commits of which somebody who lives has not heard what became of them. */
  unanswered: Set<object>;
};

/** The store as one life of a replica has it: a connection to the database that delays, loses and cuts. */
export function openMemoryStore(options: {
  database: Database;
  timeline: Timeline;
  life: Life;
  random: Random;
  way: StoreWay;
}): Store {
  const { database, timeline, life, random, way } = options;
  /** What the process has sent and the server has not read: a crash may cut it anywhere. */
  const unsent = new Set<{ cut: boolean }>();
  const committing = new Set<object>();
  life.onEnd(() => {
    for (const one of unsent) if (random.chance(0.5)) one.cut = true;
    for (const one of committing) way.unanswered.delete(one);
  });

  /** One round trip. `apply` runs at the server, whatever has become of the caller meanwhile. */
  function call<T>(what: string, apply: () => T): Promise<T> {
    const { faults } = way;
    const there = random.latency(TYPICAL_MS, faults.slowMs);
    const back = random.latency(TYPICAL_MS, faults.slowMs);
    const fate = random.next();
    const refused = fate < faults.refused;
    const replyLost = !refused && fate < faults.refused + faults.replyLost;
    // A database in the same process does not act on what it has given up.
    const late =
      !database.whole && !refused && !replyLost && fate < faults.refused + faults.replyLost + faults.appliedLate;
    return new Promise((resolve, reject) => {
      let over = false;
      const fail = (why: string): void => {
        if (over) return;
        over = true;
        reject(new StoreUnavailable(`${what}: ${why}`));
      };
      const sent = { cut: false };
      unsent.add(sent);
      const arrive = (): void => {
        unsent.delete(sent);
        if (sent.cut) return;
        if (refused || timeline.now < way.awayUntil) {
          life.later(back, () => fail('the connection was refused'));
          return;
        }
        const value = apply();
        if (replyLost) return;
        life.later(back, () => {
          if (over) return;
          over = true;
          resolve(value);
        });
      };
      timeline.after(late ? there + TIMEOUT_MS * (0.5 + random.next()) : there, arrive);
      life.later(replyLost ? there + back + random.next() * TIMEOUT_MS : TIMEOUT_MS, () => fail('no answer in time'));
    });
  }

  const deliverCommit = (items: readonly CommitItem[]): Promise<CommitResult[]> =>
    database.whole
      ? call('commit', () => items.map((item) => insertWhole(database, item)))
      : commitInParts({ items, database, call, random, life });

  const store: Store = {
    async commit(items) {
      if (new Set(items.map((item) => item.stream)).size !== items.length)
        throw new Error('a batch holds at most one item per stream');
      if (items.length === 0) return [];
      const one = {};
      committing.add(one);
      way.unanswered.add(one);
      try {
        return await deliverCommit(items);
      } finally {
        committing.delete(one);
        way.unanswered.delete(one);
      }
    },
    settle: (streams) =>
      call('settle', () => {
        for (const id of streams) {
          const stream = database.streams.get(id);
          if (stream) stream.open = false;
        }
      }),
    read: (stream, { from = 1, to = Number.POSITIVE_INFINITY } = {}) =>
      call('read', () => {
        const entries = database.streams.get(stream)?.entries ?? [];
        return entries.filter(({ seq }) => seq >= from && seq <= to).sort(bySeq);
      }),
    openStreams: ({ after, limit }) =>
      call('openStreams', () =>
        [...database.streams.values()]
          .filter((stream) => stream.open && (after === undefined || stream.id > after))
          .map((stream) => stream.id)
          .sort(compare)
          .slice(0, limit),
      ),
    dueTimers: ({ before, limit }) =>
      call('dueTimers', () =>
        database
          .timers()
          .filter((timer) => timer.dueAt < before)
          .slice(0, limit),
      ),
    deleteTimers: (timers: readonly Timer[]) => call('deleteTimers', () => database.deleteTimers(timers)),
    listRuns: (query) => call('listRuns', () => listRuns(database, query)),
    getRun: (id) => call('getRun', () => database.streams.get(id)?.summary),
    listEvents: (query) => call('listEvents', () => listEvents(database, query)),
    findEvent: (id, source) => call('findEvent', () => findEvent(database, id, source)),
    eventsAfter: ({ position, limit }) =>
      call('eventsAfter', () =>
        database.events.filter((event) => position === undefined || event.position > position).slice(0, limit),
      ),
    lastPosition: () => call('lastPosition', () => database.events.at(-1)?.position),
    ...memoryEvaluations(database, call),
    getDocument: (kind, id) => call('getDocument', () => database.getDocument(kind, id)),
    putDocument: (kind, id, value, expect) => call('putDocument', () => database.putDocument(kind, id, value, expect)),
    listDocuments: (kind: DocumentKind, page) => call('listDocuments', () => database.listDocuments(kind, page)),
    deleteDocument: (kind, id) => call('deleteDocument', () => database.deleteDocument(kind, id)),
    deleteFinishedRuns: (rule) => call('deleteFinishedRuns', () => deleteFinishedRuns(database, rule)),
    countRuns: ({ project, open }) =>
      call('countRuns', () => {
        let count = 0;
        for (const { summary } of database.streams.values())
          if (summary?.project === project && (summary.state !== 'finished') === open) count++;
        return count;
      }),
    tallyRuns: (query) => call('tallyRuns', () => tallyRuns(database, query)),
    listPlaces: (page) => call('listPlaces', () => listPlaces(database, page)),
    async probe() {
      const before = timeline.now;
      await call('probe', () => undefined);
      return Math.round(timeline.now - before);
    },
    async close() {},
  };
  return store;
}

function bySeq(a: { seq: number }, b: { seq: number }): number {
  return a.seq - b.seq;
}

function insertWhole(database: Database, item: CommitItem): CommitResult {
  const result = database.insert(item);
  if (result.outcome === 'committed') {
    database.deleteTimers(item.timersDelete);
    database.putTimers(item.timersPut);
  }
  return result;
}

/**
 * Three steps, each a round trip of its own: the timers that will be needed, the entries in whatever order the server
 * takes them, the timers that are done with. A crash or an error leaves what was done until then.
 */
async function commitInParts(options: {
  items: readonly CommitItem[];
  database: Database;
  call<T>(what: string, apply: () => T): Promise<T>;
  random: Random;
  life: Life;
}): Promise<CommitResult[]> {
  const { items, database, call, random } = options;
  const put = items.flatMap((item) => item.timersPut);
  if (put.length > 0) await call('commit: timers', () => database.putTimers(put));
  const results: CommitResult[] = items.map(() => ({ outcome: 'conflict' }));
  let stopped = false;
  // The server may take the documents of one insert in any order, and die in the middle of it.
  await Promise.all(
    random.shuffled(items.map((item, index) => ({ item, index }))).map(({ item, index }) =>
      call('commit: entry', () => {
        if (!stopped) results[index] = database.insert(item);
      }).catch((error: unknown) => {
        if (random.chance(0.3)) stopped = true;
        throw error;
      }),
    ),
  );
  const gone = items.flatMap((item, index) => (results[index]?.outcome === 'committed' ? item.timersDelete : []));
  // What is left of them fires once more, and into nothing.
  if (gone.length > 0) call('commit: old timers', () => database.deleteTimers(gone)).catch(() => undefined);
  return results;
}

function listRuns(database: Database, query: RunQuery): Page<RunSummary> {
  const found: RunSummary[] = [];
  for (const { summary } of database.streams.values()) if (summary && matches(summary, query)) found.push(summary);
  return pageOf(found.reverse(), query);
}

function allRuns(database: Database, query: Omit<RunQuery, 'limit' | 'cursor'>): RunSummary[] {
  return listRuns(database, { ...query, limit: Number.POSITIVE_INFINITY }).items;
}

function tallyRuns(database: Database, query: Omit<RunQuery, 'limit' | 'cursor'>): RunTally[] {
  const groups = Map.groupBy(allRuns(database, query), ({ phase, result }) => JSON.stringify([phase, result]));
  return [...groups.values()].flatMap((runs) => {
    const [{ state, phase, result } = {}] = runs;
    if (state === undefined || phase === undefined) return [];
    return [{ state, phase, ...(result === undefined ? {} : { result }), count: runs.length }];
  });
}

function listPlaces(database: Database, { limit, ...query }: { project?: string; limit: number }): RunPlace[] {
  const places = new Map<string, RunPlace>();
  for (const run of allRuns(database, query)) {
    const { project, stage, service } = run;
    const key = JSON.stringify([project, stage, service]);
    const place = places.get(key) ?? { project, stage, ...(service === undefined ? {} : { service }), open: 0 };
    places.set(key, place);
    if (run.state !== 'finished') place.open += 1;
    else place.last ??= run;
  }
  return [...places.values()].slice(0, limit);
}

function matches(summary: RunSummary, query: RunQuery): boolean {
  for (const key of ['project', 'stage', 'sequence', 'service', 'correlationid'] as const)
    if (query[key] !== undefined && query[key] !== summary[key]) return false;
  if (query.result !== undefined && query.result !== (summary.status === 'aborted' ? 'fail' : summary.result))
    return false;
  if (query.state !== undefined && !phasesOf(query.state).includes(summary.phase)) return false;
  if (query.since !== undefined && summary.acceptedAt < query.since) return false;
  if (query.until !== undefined && summary.acceptedAt >= query.until) return false;
  return Object.entries(query.labels ?? {}).every(([key, value]) => summary.labels?.[key] === value);
}

function listEvents(database: Database, query: EventQuery): Page<StoredEvent> {
  const found = database.events.filter((event) => {
    if (query.run !== undefined && query.run !== event.stream) return false;
    if (query.type !== undefined && !matchesGlob(query.type, event.type)) return false;
    for (const key of ['correlationid', 'source', 'project', 'stage', 'service'] as const)
      if (query[key] !== undefined && query[key] !== event[key]) return false;
    return (
      (query.since === undefined || event.at >= query.since) && (query.until === undefined || event.at < query.until)
    );
  });
  return pageOf(query.order === 'oldest' ? found : found.reverse(), query);
}

function pageOf<T>(all: T[], { limit, cursor }: { limit: number; cursor?: string }): Page<T> {
  const from = cursor === undefined ? 0 : Number(cursor);
  if (!Number.isSafeInteger(from) || from < 0) throw new InvalidCursor(`'${cursor}' is not a cursor of this list`);
  const items = all.slice(from, from + limit);
  return from + limit < all.length ? { items, next: String(from + limit) } : { items };
}

function findEvent(database: Database, id: string, source: string | undefined): StoredEvent | undefined {
  return database.events.find((event) => {
    const parsed = JSON.parse(event.json) as { id?: unknown };
    return parsed.id === id && (source === undefined || event.source === source);
  });
}

function deleteFinishedRuns(database: Database, rule: Parameters<Store['deleteFinishedRuns']>[0]): number {
  const finished = [...database.streams.values()].filter(
    ({ open, summary }) => !open && summary?.project === rule.project && summary.state === 'finished',
  );
  const newestFirst = finished.reverse();
  const gone = newestFirst.filter(
    ({ summary }, index) =>
      (rule.finishedBefore !== undefined && (summary?.finishedAt ?? 0) < rule.finishedBefore) ||
      (rule.keep !== undefined && index >= rule.keep),
  );
  for (const { id } of gone.slice(0, rule.limit)) database.deleteStream(id);
  return Math.min(gone.length, rule.limit);
}
