import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { ReceivedEvent } from '../../src/runtime/control-plane.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

/** The machine's clock is set while runs are under way. Order comes from the journal and never from a time. */
const DAY_MS = 86_400_000;
const RUNS = 60;
const SHIPYARD =
  'apiVersion: slipway.dev/v1\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}, {name: b}]}, {name: short, tasks: [{name: c, timeout: 3s}]}, {name: turn, concurrency: {group: one, limit: 1, policy: queue}, tasks: [{name: d}]}]}]}';

let dir: string;
let store: Store;
let plane: Awaited<ReturnType<typeof startPlane>>;
let offsetMs: number;
let count = 0;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-clock-'));
  offsetMs = 0;
  store = await openSqliteStore({ dir });
  const clock = { ...systemClock, now: () => Date.now() + offsetMs };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  plane = await startPlane({ store, bus: new LocalBus(), clock, shared: false, log });
  await plane.putShipyard('clock', SHIPYARD, { dryRun: false });
});
afterEach(async () => {
  await plane.close();
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test.each([
  ['back', -DAY_MS],
  ['forth', DAY_MS],
])('set %s by a day, everything under way goes on, and everything new', async (_way, stepMs) => {
  const before = await trigger('seq');
  const first = await claim('a');
  offsetMs = stepMs;
  const after = await trigger('seq');
  // Its lease is a time that nobody can set: who was at work before the step still is.
  await plane.submit([answer(first)]);
  for (const task of ['a', 'b', 'b']) await plane.submit([answer(await claim(task))]);
  for (const run of [before, after]) {
    const tasks = [{ attempts: [{ number: 1 }] }, { attempts: [{ number: 1 }] }];
    expect(await plane.getRun(run)).toMatchObject({ state: 'finished', result: 'pass', tasks });
    const { items } = await plane.listRunEvents(run, { limit: 100 });
    const types = items.filter((one) => one.direction === 'out').map((one) => String(one.event.type));
    expect(types.filter((type) => !type.endsWith('.cancelled'))).toEqual(
      expect.arrayContaining(['dev.seq.started', 'a.triggered', 'b.triggered', 'dev.seq.finished']),
    );
    expect(types.at(-1)).toBe('dev.seq.finished');
  }
});

test('set back by a day, a timeout that begins afterwards is kept by the new time', async () => {
  offsetMs = -DAY_MS;
  const before = performance.now();
  const run = await trigger('short');
  await claim('c');
  expect(await plane.waitForRun(run, 60_000)).toMatchObject({ state: 'finished', result: 'fail' });
  expect(performance.now() - before).toBeGreaterThan(2_900);
  const [task] = (await plane.getRun(run)).tasks;
  expect(task?.attempts).toMatchObject([{ state: 'timed-out', error: { code: 'TIMEOUT' } }]);
});

test('set back by a day, an attempt whose service has died is given to another when its lease is over', async () => {
  const run = await trigger('seq');
  const first = await claim('a', 30_000, 1000);
  offsetMs = -DAY_MS;
  const second = await claim('a');
  expect(second).not.toBe(first);
  await plane.submit([answer(second)]);
  await plane.submit([answer(await claim('b'))]);
  expect(await plane.waitForRun(run, 60_000)).toMatchObject({ state: 'finished', result: 'pass' });
});

test('set back by a day, who waits for a concurrency group keeps the place that it has', async () => {
  const runs = [await trigger('turn'), await trigger('turn'), await trigger('turn')];
  const first = await claim('d');
  offsetMs = -DAY_MS;
  runs.push(await trigger('turn'), await trigger('turn'));
  const order: (string | undefined)[] = [];
  while (order.length < runs.length) {
    const id = order.length === 0 ? first : await claim('d');
    order.push(id?.split('.')[0]);
    await plane.submit([answer(id)]);
  }
  expect(order).toEqual(runs);
});

test('set back by a day in the middle of work, nothing that was accepted is lost or done twice', async () => {
  const accepted: string[] = [];
  const triggering = (async () => {
    for (let run = 0; run < RUNS; run++) {
      accepted.push(await trigger('seq'));
      if (run === RUNS / 2) offsetMs = -DAY_MS;
    }
  })();
  const worked: string[] = [];
  const working = ['a', 'b'].map(async (task) => {
    for (let done = 0; done < RUNS; done++) {
      const id = await claim(task);
      worked.push(String(id));
      await plane.submit([answer(id)]);
    }
  });
  await Promise.all([triggering, ...working]);
  for (const run of accepted) {
    expect(await plane.waitForRun(run, 60_000)).toMatchObject({ state: 'finished', result: 'pass' });
    const { items } = await plane.listRunEvents(run, { limit: 100 });
    const places = [
      'dev.seq.triggered',
      'a.triggered',
      'a.finished',
      'b.triggered',
      'b.finished',
      'dev.seq.finished',
    ].map((type) => items.findIndex((one) => one.event.type === type));
    expect(places).toEqual(places.toSorted((left, right) => left - right));
    expect(places[0]).toBe(0);
  }
  expect(new Set(worked).size).toBe(2 * RUNS);
});

test('set back by a day, a repeat is still a repeat', async () => {
  const event = triggerOf('seq');
  const first = await plane.submit([event]);
  offsetMs = -DAY_MS;
  const again = await plane.submit([event]);
  expect(again.items).toMatchObject([{ run: first.items[0]?.run, outcome: 'duplicate' }]);
});

function triggerOf(sequence: string): ReceivedEvent {
  const type = `dev.${sequence}.triggered`;
  return { event: { specversion: '1.0', id: `t${++count}`, source: '/c', type, data: { project: 'clock' } } };
}

async function trigger(sequence: string): Promise<string> {
  return (await plane.submit([triggerOf(sequence)])).items[0]?.run ?? '';
}

/** The id of an attempt. */
async function claim(task: string, waitMs = 30_000, leaseMs?: number): Promise<string | undefined> {
  const [json] = await plane.claim(task, { source: '/w' }, { waitMs, max: 1, leaseMs });
  return json === undefined ? undefined : String(JSON.parse(json).id);
}

function answer(causationid = ''): ReceivedEvent {
  const type = `${causationid.split('.')[1]}.finished`;
  return { event: { specversion: '1.0', id: `f${++count}`, source: '/w', type, causationid, data: {} } };
}
