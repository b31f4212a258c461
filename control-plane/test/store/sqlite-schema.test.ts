import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';
import { firstOf, itemOf, NOON, put, summaryOf } from './builders.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-schema-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function edit(sql: string): void {
  const db = new DatabaseSync(join(dir, 'slipway.db'));
  db.exec(sql);
  db.close();
}

async function open(): Promise<void> {
  await (await openSqliteStore({ dir })).close();
}

function indexes(): string[] {
  const db = new DatabaseSync(join(dir, 'slipway.db'), { readOnly: true });
  const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all();
  db.close();
  return rows.map((row) => String(row.name)).sort();
}

/** What the fourth version did not have, and what it had in its place. */
const TO_FOURTH = `
DROP TRIGGER tally_inserted; DROP TRIGGER tally_updated; DROP TRIGGER tally_deleted; DROP TABLE tallies; DROP TABLE hours;
DROP TABLE event_kinds; DROP TABLE event_blocks; DROP INDEX streams_place; DROP INDEX streams_finished; DROP INDEX events_ignored;
CREATE INDEX streams_unfinished ON streams (sid) WHERE project IS NOT NULL AND finished IS NULL;
CREATE INDEX streams_service ON streams (service, sid) WHERE project IS NOT NULL AND service IS NOT NULL;
CREATE INDEX streams_result ON streams (result, sid) WHERE project IS NOT NULL AND result IS NOT NULL;
PRAGMA user_version = 4;`;
const TO_FIRST = `${TO_FOURTH} DROP INDEX streams_unfinished; DROP INDEX streams_result; DROP INDEX streams_service; DROP TABLE evaluations; PRAGMA user_version = 1;`;

test.each([
  ['first', TO_FIRST],
  ['fourth', TO_FOURTH],
])('a file of the %s version is brought up to date when it is opened, and opened again as it is', async (_, back) => {
  await open();
  const today = indexes();
  edit(back);
  expect(indexes()).not.toEqual(today);
  await open();
  expect(indexes()).toEqual(today);
  await open();
  expect(indexes()).toEqual(today);
});

test('what an older program wrote is counted and found as if this one had', async () => {
  const look = async (store: Store): Promise<unknown[]> => [
    await store.tallyRuns({ project: 'shop' }),
    await store.listPlaces({ limit: 10 }),
    await store.listRuns({ stage: 'prod', since: NOON, limit: 10 }),
    await store.listEvents({ type: 'build.finished', until: NOON + 100, limit: 10 }),
  ];
  const written = await openSqliteStore({ dir });
  const end = { state: 'finished', result: 'fail', finishedAt: NOON + 9 } as const;
  await put(written, firstOf('a', end, { open: false }));
  await put(written, firstOf('b', { stage: 'prod', service: 'cart' }));
  await put(written, itemOf('b', 2));
  const before = await look(written);
  await written.close();
  edit(TO_FOURTH);
  const store = await openSqliteStore({ dir });
  expect(await look(store)).toEqual(before);
  await put(store, itemOf('b', 3, { summary: summaryOf('b', { ...end, stage: 'prod', service: 'cart' }) }));
  expect(await store.tallyRuns({ project: 'shop' })).toEqual([
    { state: 'finished', phase: 'failed', result: 'fail', count: 2 },
  ]);
  expect(await store.deleteFinishedRuns({ project: 'shop', keep: 0, limit: 10 })).toBe(1);
  expect((await store.listPlaces({ limit: 10 })).map(({ stage, last }) => [stage, last?.id])).toEqual([['prod', 'b']]);
  await store.close();
});

/** What the sixth version wrote for states. */
const TO_SIXTH = `
INSERT OR IGNORE INTO names (text) VALUES ('running'), ('waiting'), ('finished');
UPDATE streams SET state = (SELECT n FROM names WHERE text = 'running') WHERE id = 'open';
UPDATE streams SET state = (SELECT n FROM names WHERE text = 'waiting') WHERE id = 'queued';
UPDATE streams SET state = (SELECT n FROM names WHERE text = 'finished') WHERE finished IS NOT NULL;
PRAGMA user_version = 6;`;

test('runs that an older program wrote get the phase that their row can say, and an aborted one is not passed', async () => {
  const written = await openSqliteStore({ dir });
  const ends = { passed: 'pass', warning: 'warning', failed: 'fail' } as const;
  const over = { state: 'finished', finishedAt: NOON + 9 } as const;
  for (const [id, result] of Object.entries(ends))
    await put(written, firstOf(id, { ...over, result, status: 'succeeded' }, { open: false }));
  await put(written, firstOf('aborted', { ...over, result: 'pass', status: 'aborted' }, { open: false }));
  await put(written, firstOf('open'));
  await put(written, firstOf('queued', { state: 'waiting' }));
  await put(written, firstOf('paused', { state: 'paused' }));
  const before = (await written.listRuns({ limit: 10 })).items;
  await written.close();
  edit(TO_SIXTH);
  const store = await openSqliteStore({ dir });
  expect((await store.listRuns({ limit: 10 })).items).toEqual(before);
  expect((await store.listRuns({ result: 'pass', limit: 10 })).items.map(({ id }) => id)).toEqual(['passed']);
  const counts = (await store.tallyRuns({})).map(({ phase, count }) => `${phase} ${count}`);
  expect(counts.toSorted()).toEqual([
    'aborted 1',
    'failed 1',
    'passed 1',
    'paused 1',
    'waiting-turn 1',
    'warning 1',
    'working 1',
  ]);
  await store.close();
});

test('a file that a newer program wrote is refused with the way out', async () => {
  await open();
  edit('PRAGMA user_version = 1000');
  await expect(openSqliteStore({ dir })).rejects.toThrow(/newer Slipway \(schema 1000/);
});
