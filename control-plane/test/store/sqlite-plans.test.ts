import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { Reader } from '../../src/store/sqlite/reader.ts';
import { Writer } from '../../src/store/sqlite/writer.ts';
import { firstOf, NOON, put } from './builders.ts';

/** What grows with all that has ever run. The rest has a row for each kind of thing. */
const GROWING = /^SCAN (streams|journal|events|labels|timers|evaluations|[serjvlog])\b/;
/** Read under the name of the runs: their tallies, and a bounded number of the newest. */
const SMALL = /FROM tallies s|LIMIT 2000\) s/;

test('no question of a list, and no sweep of retention, reads all runs or all events', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-plans-'));
  const store = await openSqliteStore({ dir });
  const ended = {
    state: 'finished',
    result: 'pass',
    finishedAt: NOON,
    service: 'cart',
    labels: { team: 'a' },
  } as const;
  await put(store, firstOf('a', ended, { open: false }));
  await put(store, firstOf('b', { service: 'cart', labels: { team: 'a' } }));
  await store.close();
  const db = new DatabaseSync(join(dir, 'slipway.db'));
  const asked = new Set<string>();
  const watched = new Proxy(db, {
    get(target, name) {
      if (name === 'prepare') {
        return (sql: string) => {
          asked.add(sql);
          return target.prepare(sql);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  askAll(new Reader(watched));
  const writer = new Writer(watched);
  writer.deleteFinishedRuns({ project: 'shop', keep: 0, limit: 10 });
  writer.deleteFinishedRuns({ project: 'shop', finishedBefore: NOON + 1, limit: 10 });
  writer.settle(['b']);
  const scans = [...asked]
    .filter((sql) => !SMALL.test(sql))
    .flatMap((sql) =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .filter(({ detail }) => GROWING.test(String(detail)))
        .map(({ detail }) => `${String(detail)}: ${sql}`),
    );
  expect(asked.size).toBeGreaterThan(30);
  expect(scans).toEqual([]);
  db.close();
  rmSync(dir, { recursive: true });
});

function askAll(reader: Reader): void {
  const runFilters = [
    {},
    { project: 'shop' },
    { stage: 'dev', sequence: 'delivery' },
    { service: 'cart' },
    { state: 'running' },
    { result: 'pass', state: 'finished' },
    { correlationid: 'context-a' },
    { labels: { team: 'a', tier: 'gold' } },
    { labels: { team: 'a' }, project: 'shop' },
    { since: NOON, until: NOON + 1 },
    { since: NOON, labels: { team: 'a' } },
    { since: NOON, stage: 'dev' },
  ] as const;
  for (const filter of runFilters) {
    const first = reader.listRuns({ ...filter, limit: 1 });
    if (first.next !== undefined) reader.listRuns({ ...filter, limit: 1, cursor: first.next });
    reader.tallyRuns(filter);
  }
  const eventFilters = [
    {},
    { project: 'shop' },
    { stage: 'dev' },
    { service: 'cart' },
    { type: 'build.finished', source: 'builder' },
    { run: 'a' },
    { correlationid: 'context-a', type: 'build.finished' },
    { since: NOON },
    { until: NOON + 9, type: 'build.finished' },
  ];
  for (const filter of eventFilters)
    for (const order of ['newest', 'oldest'] as const) reader.listEvents({ ...filter, order, limit: 1 });
  reader.listPlaces({ limit: 10 });
  reader.listPlaces({ project: 'shop', limit: 10 });
  reader.countRuns({ project: 'shop', open: true });
  reader.getRun('a');
  reader.read({ stream: 'a', range: {} });
  reader.findEvent({ id: 'a-answer-1', source: undefined });
  reader.findEvent({ id: 'a.nothing', source: undefined });
  reader.eventsAfter({ limit: 10 });
  reader.lastPosition();
  reader.openStreams({ limit: 10 });
  reader.dueTimers({ before: NOON, limit: 10 });
  reader.listDocuments({ kind: 'project', page: { limit: 10 } });
  reader.findEvaluation({ id: 'x', source: undefined });
  reader.listEvaluations({ project: 'shop', limit: 10 });
}
