import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import type { Run } from '../../src/engine/index.ts';
import type { Committed } from '../../src/runtime/advance.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { Refusal } from '../../src/runtime/control-plane.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { Quota } from '../../src/runtime/quota.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { CommitItem, Store } from '../../src/store/store.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: free, tasks: [{name: build}]}]}]}
`;
const MINUTE_MS = 60_000;
const SOON_MS = 2_000;
const PATIENT: [number, number, number] = [1e9, 1e9, 1e9];
type Plane = Awaited<ReturnType<typeof startPlane>>;

let dir: string;
let store: Store;
let plane: Plane | undefined;
let skippedMs = 0;
let ids = 0;
const clock: Clock = { ...systemClock, elapsed: () => systemClock.elapsed() + skippedMs };
beforeEach(async () => {
  skippedMs = 0;
  dir = mkdtempSync(join(tmpdir(), 'slipway-quota-'));
  store = await openSqliteStore({ dir });
});
afterEach(async () => {
  await plane?.close();
  plane = undefined;
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a count that fails is the error of whoever asked, and limits nothing less from then on', async () => {
  let failures = 2;
  const away = { ...store, countRuns: async () => Promise.reject(new Error('the store is away')) };
  const on = await start({ ...store, countRuns: (filter) => (failures-- > 0 ? away : store).countRuns(filter) });
  await runs(on, 2);
  await limit(on, 2);
  expect(await Promise.all([begin(on), begin(on)])).toEqual(['the store is away', 'the store is away']);
  expect(await begin(on)).toBe('the store is away');
  expect(await begin(on)).toBe('rate-limited');
  await end(on);
  expect(await begin(on)).toBe('in');
  expect(await begin(on)).toBe('rate-limited');
});

test('nobody is let in while it is not known how many there are', async () => {
  const count = gate();
  const on = await start({ ...store, countRuns: (filter) => count.pass(store.countRuns(filter)) });
  await runs(on, 2);
  await limit(on, 2);
  const all = Promise.all([begin(on), begin(on), begin(on)]);
  await count.arrived;
  const late = begin(on);
  count.open();
  expect([...(await all), await late]).toEqual(Array.from({ length: 4 }, () => 'rate-limited'));
});

test('an end that is told while the first count is under way makes room when it is counted again', async () => {
  const count = gate();
  const on = await start({ ...store, countRuns: (filter) => count.pass(store.countRuns(filter)) });
  await runs(on, 1);
  await limit(on, 1);
  const next = begin(on);
  await count.arrived;
  await end(on);
  count.open();
  // The store may have counted before or after it.
  expect(await next).toBe('rate-limited');
  skippedMs += SOON_MS;
  expect(await begin(on)).toBe('in');
  expect(await begin(on)).toBe('rate-limited');
});

test('an end that was counted and is told after the count makes room once', async () => {
  const told = gate();
  const on = await start({
    ...store,
    commit: (items) => (items.some(isEnd) ? told.pass(store.commit(items)) : store.commit(items)),
  });
  await runs(on, 1);
  await limit(on, 1);
  const ended = end(on);
  await told.arrived;
  expect(await begin(on)).toBe('in');
  told.open();
  await ended;
  expect(await begin(on)).toBe('rate-limited');
});

test('a start that was counted and is told after the count takes a place twice until it is counted again', async () => {
  const told = gate();
  let isHeld = true;
  const on = await start({
    ...store,
    commit: (items) => (isHeld ? told.pass(store.commit(items)) : store.commit(items)),
  });
  await on.putShipyard('shop', SHIPYARD, { dryRun: false });
  const first = begin(on);
  await told.arrived;
  isHeld = false;
  await limit(on, 3);
  expect(await begin(on)).toBe('in');
  told.open();
  expect(await first).toBe('in');
  skippedMs += SOON_MS;
  expect([await begin(on), await begin(on)]).toEqual(['in', 'rate-limited']);
});

test('what nobody told is found by the count of the next minute, with one replica, too', async () => {
  let isLost = false;
  const on = await start({
    ...store,
    commit: async (items) => {
      const results = await store.commit(items);
      if (isLost) throw new Error('the answer was lost');
      return results;
    },
  });
  await runs(on, 1);
  await limit(on, 3);
  expect(await begin(on)).toBe('in');
  isLost = true;
  expect(await begin(on)).toBe('the answer was lost');
  isLost = false;
  expect(await store.countRuns({ project: 'shop', open: true })).toBe(3);
  skippedMs += MINUTE_MS;
  expect(await begin(on)).toBe('rate-limited');
});

test('a later count takes nothing from what is known, whatever is told while it is under way', async () => {
  const count = gate();
  let isHeld = false;
  let counts = 0;
  const on = await start({
    ...store,
    countRuns: (filter) => {
      counts++;
      return isHeld ? count.pass(store.countRuns(filter)) : store.countRuns(filter);
    },
  });
  await runs(on, 1);
  await limit(on, 2);
  expect([await begin(on), await begin(on)]).toEqual(['in', 'rate-limited']);
  expect(counts).toBe(1);
  isHeld = true;
  skippedMs += MINUTE_MS;
  const next = begin(on);
  await count.arrived;
  await end(on);
  count.open();
  expect(await next).toBe('in');
  expect(await begin(on)).toBe('rate-limited');
  expect(counts).toBe(2);
});

/** One replica whose messages come late, whose counts take their time, and fail. */
test('whatever crosses whatever, there are never more than may be, and no fewer once all is told and counted', async () => {
  for (let seed = 1; seed <= 300; seed++) await cross(seed);
});

async function cross(seed: number): Promise<void> {
  const random = randomOf(seed);
  const later: { at: number; deed: () => void }[] = [];
  let now = 0;
  const after = (ms: number, deed: () => void): void => void later.push({ at: now + Math.ceil(random() * ms), deed });
  const timed: Clock = { ...systemClock, now: () => now, elapsed: () => now, random };
  // So late that other counts have begun since, too.
  const slowMs = [300, 20_000, 400_000][seed % 3] ?? 0;
  let open = 0;
  const counting = {
    countRuns: () =>
      new Promise<number>((resolve, reject) => {
        const fails = random() < 0.4;
        after(50, () => {
          const found = open;
          after(50, () => (fails ? reject(new Error('the store is away')) : resolve(found)));
        });
      }),
    tallyRuns: async () => [],
  } as Partial<Store> as Store;
  const defaults = { openRunsMax: null, waitingRunsMax: null, runsPerSecond: null };
  const quota = new Quota({ store: counting, clock: timed, shared: false, defaults });
  const openRunsMax = 1 + Math.floor(random() * 5);
  const ask = (): Promise<() => void> => quota.admit(projectOf(openRunsMax), 1);

  /** Durable at some time, told at a later one. */
  const write = (before: Run | undefined, run: Run, told: () => void): void => {
    const item = { at: now } as CommitItem;
    after(20, () => {
      open += before === undefined ? 1 : -1;
      expect(open, `seed ${seed}`).toBeLessThanOrEqual(openRunsMax);
      after(slowMs, () => {
        quota.committed([{ stream: 'r', run, before, item } as Committed]);
        told();
      });
    });
  };
  const going = runOf('open');
  const over = (): void => write(going, runOf('finished'), () => undefined);
  const arrive = (): void => {
    ask().then(
      (release) =>
        write(undefined, going, () => {
          release();
          after(30_000, over);
        }),
      () => undefined,
    );
  };
  // As after a start: some are there already.
  open = Math.floor(random() * (openRunsMax + 1));
  for (let run = 0; run < open; run++) after(3_000, over);
  for (let run = 0; run < 300; run++) later.push({ at: Math.ceil(random() * 1_000_000), deed: arrive });
  for (let run = 0; run < 20; run++) later.push({ at: 1 + Math.ceil(random() * 100), deed: arrive });
  const turn = async (): Promise<void> => {
    for (;;) {
      later.sort((a, b) => a.at - b.at);
      const next = later.shift();
      if (!next) return;
      now = next.at;
      next.deed();
      for (let tick = 0; tick < 12; tick++) await Promise.resolve();
    }
  };
  await turn();
  expect(open).toBe(0);
  let asked = 0;
  let left = 0;
  while (left === 0 && asked++ < 20) {
    now += MINUTE_MS;
    const last = ask().then(
      () => left++,
      () => undefined,
    );
    await turn();
    await last;
  }
  for (let run = 1; run < openRunsMax; run++) await ask();
  await expect(ask(), `seed ${seed}`).rejects.toThrow(Refusal);
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function projectOf(openRunsMax: number): Parameters<Quota['admit']>[0] {
  return { name: 'shop', limits: { openRunsMax } } as Parameters<Quota['admit']>[0];
}

function runOf(kind: 'open' | 'finished'): Run {
  return { kind, project: 'shop' } as Run;
}

function isEnd({ summary }: CommitItem): boolean {
  return summary?.state === 'finished';
}

/** Holds up what passes, when it is there, until it is opened. */
function gate(): { arrived: Promise<void>; open(): void; pass<T>(ready: Promise<T>): Promise<T> } {
  const arrived = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    arrived: arrived.promise,
    open: opened.resolve,
    async pass(ready) {
      const value = await ready;
      arrived.resolve();
      await opened.promise;
      return value;
    },
  };
}

async function start(on: Store): Promise<Plane> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  // The time that is skipped looks like a machine that is too slow.
  const limits = { waitMaxMs: PATIENT, lagMaxMs: PATIENT };
  plane = await startPlane({ store: on, bus: new LocalBus(), clock, shared: false, log, limits });
  return plane;
}

/** Runs that are there before anybody limits them, so that nobody has counted. */
async function runs(on: Plane, count: number): Promise<void> {
  await on.putShipyard('shop', SHIPYARD, { dryRun: false });
  for (let run = 0; run < count; run++) expect(await begin(on)).toBe('in');
}

async function limit(on: Plane, openRunsMax: number): Promise<void> {
  await on.putProject('shop', { limits: { openRunsMax } });
}

/** 'in', or why not. */
async function begin(on: Plane): Promise<string> {
  const event = {
    specversion: '1.0',
    id: `t${ids++}`,
    source: '/t',
    type: 'dev.free.triggered',
    data: { project: 'shop' },
  };
  return on.submit([{ event: event as never }]).then(
    () => 'in',
    (error: Error) => (error instanceof Refusal ? error.code : error.message),
  );
}

/** Ends one of the runs. */
async function end(on: Plane): Promise<void> {
  const [json] = await on.claim('build', { source: '/w' }, { waitMs: 30_000, max: 1 });
  const { id } = JSON.parse(json ?? '{}') as { id?: string };
  const done = { specversion: '1.0', id: `f${ids++}`, source: '/w', type: 'build.finished', causationid: id };
  await on.submit([{ event: done as never }]);
}
