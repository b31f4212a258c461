import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

/** What a start must read of a concurrency group does not grow with all the runs that ever were in it. */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: turn, concurrency: {group: one, limit: 1, policy: queue}, tasks: [{name: build}]}]}]}
`;
const EVERY = 10;
const RUNS = 40;

let dir: string;
let store: Store;
let count = 0;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-groups-'));
  store = await openSqliteStore({ dir });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test('after a restart a group is folded from what was kept of it', async () => {
  const all = await fill();
  const read = await entriesReadByNextStart();
  expect(all).toBeGreaterThan(RUNS);
  expect(read).toBeLessThanOrEqual(EVERY + 3);
});

test.each([
  ['is lost', undefined],
  ['was kept of an entry that is not there', { seq: 1_000_000 }],
  ['was kept of another journal', { header: '{"v":1,"i":[]}' }],
  ['was kept by other rules', { v: 0 }],
])('what %s is not believed: the journal is folded from its beginning', async (_what, change) => {
  const all = await fill();
  const id = await groupStream();
  const kept = (await store.getDocument('group', id))?.value as object;
  const wrong = { group: { limit: 1, holders: ['somebody'], queue: [] }, ...change };
  if (change) await store.putDocument('group', id, { ...kept, ...wrong });
  else await store.deleteDocument('group', id);
  expect(await entriesReadByNextStart()).toBeGreaterThanOrEqual(all);
});

/** Runs that were in the group, one after the other; answers how many entries its journal has. */
async function fill(): Promise<number> {
  await using plane = await start();
  await plane.putShipyard('shop', SHIPYARD, { dryRun: false });
  for (let run = 0; run < RUNS; run++) await play(plane);
  const stream = await groupStream();
  // A snapshot is written after its entry, and nobody waits for it.
  const kept = async (): Promise<number> =>
    ((await store.getDocument('group', stream))?.value as { seq?: number } | undefined)?.seq ?? 0;
  const { length } = await store.read(stream);
  await expect.poll(kept).toBeGreaterThan(length - EVERY);
  return length;
}

/** A new control plane on the same store lets one more run in, and it ends. */
async function entriesReadByNextStart(): Promise<number> {
  let entries = 0;
  const { read } = store;
  store.read = async (...args) => {
    const found = await read(...args);
    if (args[0].startsWith('group:')) entries += found.length;
    return found;
  };
  await using plane = await start();
  await play(plane);
  store.read = read;
  return entries;
}

type Plane = Awaited<ReturnType<typeof startPlane>> & AsyncDisposable;

async function start(): Promise<Plane> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const limits = { groupSnapshotEvery: EVERY };
  const plane = await startPlane({ store, bus: new LocalBus(), clock: systemClock, shared: false, log, limits });
  return Object.assign(plane, { [Symbol.asyncDispose]: () => plane.close() });
}

async function play(plane: Plane): Promise<void> {
  const id = String(++count);
  const trigger = { specversion: '1.0', id, source: '/t', type: 'dev.turn.triggered', data: { project: 'shop' } };
  const { items } = await plane.submit([{ event: trigger as never }]);
  const [json] = await plane.claim('build', { source: '/w' }, { waitMs: 30_000, max: 1 });
  const attempt = JSON.parse(json ?? '{}') as { id?: string };
  const done = { specversion: '1.0', id: `f${id}`, source: '/w', type: 'build.finished', causationid: attempt.id };
  await plane.submit([{ event: done as never }]);
  expect(await plane.waitForRun(items[0]?.run ?? '', 30_000)).toMatchObject({ state: 'finished' });
}

/** The journal of the one group. */
async function groupStream(): Promise<string> {
  const found = await store.listDocuments('group', { limit: 1 });
  const [id] = found.map((one) => one.id);
  if (id === undefined) throw new Error('nothing was kept of a group');
  return id;
}
