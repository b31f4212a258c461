import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import type { Effect, Run } from '../../src/engine/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { runIdOf } from '../../src/runtime/ids.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { Relay } from '../../src/runtime/relay.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

/** What a start finds open may be over before it has read it: seeds 77007439 and 77026084 of the simulation. */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: turn, concurrency: {group: one, limit: 1, policy: queue}, tasks: [{name: build}]}, {name: free, tasks: [{name: build}]}]}]}
`;
type Plane = Awaited<ReturnType<typeof startPlane>>;

let dir: string;
let store: Store;
const planes: Plane[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-take-up-'));
  store = await openSqliteStore({ dir });
});
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.close();
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test('what ends while a start reads it is not offered to anybody', async () => {
  const before = await start(store);
  const run = await begin(before, 'free');
  await before.close();

  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let reads = 0;
  const plane = await start({
    ...store,
    read: async (...args) => {
      const isHeld = args[0] === run && reads++ === 0;
      const entries = await store.read(...args);
      if (isHeld) {
        arrived.resolve();
        await released.promise;
      }
      return entries;
    },
  });
  await arrived.promise;
  const done = { specversion: '1.0', id: 'f', source: '/w', type: 'build.finished', causationid: `${run}.build.1` };
  await plane.submit([{ event: done as never }]);
  released.resolve();
  await expect.poll(() => plane.counters().walk_done, { timeout: 20_000 }).toBe(1);
  expect(plane.counters().offers).toBe(0);
  expect(await plane.claim('build', { source: '/w' }, { waitMs: 0, max: 1 })).toEqual([]);
});

test('an end that was written after the start had looked is told and settled when the answer comes again', async () => {
  const asked = Promise.withResolvers<() => Promise<void>>();
  const lost = Promise.withResolvers<never>();
  const dying = await start({
    ...store,
    commit: (items) => {
      if (!items.some((item) => item.summary?.state === 'finished')) return store.commit(items);
      asked.resolve(async () => void (await store.commit(items)));
      return lost.promise;
    },
  });
  const run = await begin(dying, 'turn');
  const [json] = await dying.claim('build', { source: '/w' }, { waitMs: 30_000, max: 1 });
  const attempt = (JSON.parse(json ?? '{}') as { id?: string }).id;
  const done = { specversion: '1.0', id: 'f', source: '/w', type: 'build.finished', causationid: attempt };
  const told = dying.submit([{ event: done as never }]).catch(() => undefined);
  const write = await asked.promise;

  const plane = await start(store);
  await expect.poll(() => plane.counters().walk_done, { timeout: 20_000 }).toBe(1);
  await write();
  expect(await store.openStreams({ limit: 10 })).toContain(run);
  await plane.submit([{ event: done as never }]);
  await expect.poll(() => store.openStreams({ limit: 10 }), { timeout: 20_000 }).toEqual([]);
  lost.reject(new Error('it was killed'));
  await told;
});

test('a graph whose tasks begin in several steps goes on after a restart between two of them', async () => {
  const tasks = Array.from({ length: 250 }, (_, index) => ({ name: `t${index}`, uses: 'build', needs: [] }));
  const shipyard = JSON.stringify({ spec: { stages: [{ name: 'dev', sequences: [{ name: 'wide', tasks }] }] } });
  const lost = Promise.withResolvers<never>();
  let commits = 0;
  const dying = await start({
    ...store,
    commit: (items) => (commits++ === 0 ? store.commit(items) : lost.promise),
  });
  await dying.putShipyard('shop', shipyard, { dryRun: false });
  const trigger = { specversion: '1.0', id: 't', source: '/t', type: 'dev.wide.triggered', data: { project: 'shop' } };
  await dying.submit([{ event: trigger as never }]);
  await expect.poll(() => commits, { timeout: 20_000 }).toBe(2);

  const plane = await start(store);
  await expect.poll(() => plane.counters().offers, { timeout: 20_000 }).toBe(250);
  lost.reject(new Error('it was killed'));
});

// Seed 1943 of the worlds whose shipyards are graphs: the process ended with "the plan of this run is not known".
test('an answer that arrives together with the trigger of its run, and before it, changes nothing', async () => {
  const plane = await start(store);
  await plane.putShipyard('shop', SHIPYARD, { dryRun: false });
  const run = runIdOf('/t', 't');
  const early = { specversion: '1.0', id: 'f', source: '/w', type: 'build.finished', causationid: `${run}.build.1` };
  const trigger = { specversion: '1.0', id: 't', source: '/t', type: 'dev.free.triggered', data: { project: 'shop' } };
  const answered = plane.submit([{ event: early as never }]).catch((error: unknown) => error);
  const accepted = await plane.submit([{ event: trigger as never }]);
  expect(accepted.items).toMatchObject([{ run, outcome: 'accepted' }]);
  await answered;
  await expect.poll(() => plane.counters().offers, { timeout: 20_000 }).toBe(1);
});

// Seed 300010135: a grant that comes to a run that is over lets go of its group, and tells nobody of the end.
test('an end is settled when all of it has been told once more, not when some of it has', async () => {
  const settled: string[] = [];
  const relay = new Relay({
    bus: new LocalBus(),
    clock: systemClock,
    onError: (message) => expect.unreachable(message),
    redispatch: () => undefined,
    refused: () => undefined,
    settle: async (runs) => void settled.push(...runs),
  });
  const told: string[] = [];
  const tell = (id: string, effects: Effect[]): void => {
    const run = { kind: 'finished', id, project: 'shop', dialect: 'plain' } as Run;
    const of = { effects, item: undefined, positions: [], done: () => undefined };
    const committed = { stream: id, run, before: run, env: undefined, ...of };
    relay.tell([committed], (to, _input, done) => {
      told.push(`${id} ${to}`);
      done(undefined);
    });
  };
  const release: Effect = { kind: 'send', to: 'group:one', input: { kind: 'release', at: 1, run: 'r' } };
  const end: Effect = { kind: 'publish', again: true, event: { id: 'e', type: 'dev.turn.finished', json: '{}' } };
  tell('some', [release]);
  tell('nothing', []);
  tell('all', [end, release]);
  await relay.flush();
  expect(told).toEqual(['some group:one', 'all group:one']);
  expect(settled).toEqual(['all']);
  relay.stop();
});

async function start(on: Store): Promise<Plane> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const plane = await startPlane({ store: on, bus: new LocalBus(), clock: systemClock, shared: false, log });
  planes.push(plane);
  return plane;
}

/** A run whose task waits for somebody. */
async function begin(plane: Plane, sequence: string): Promise<string> {
  await plane.putShipyard('shop', SHIPYARD, { dryRun: false });
  const trigger = {
    specversion: '1.0',
    id: 't',
    source: '/t',
    type: `dev.${sequence}.triggered`,
    data: { project: 'shop' },
  };
  const { items } = await plane.submit([{ event: trigger as never }]);
  await expect.poll(() => plane.counters().offers, { timeout: 20_000 }).toBe(1);
  return items[0]?.run ?? '';
}
