import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { type ReceivedEvent, Refusal } from '../../src/runtime/control-plane.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

/** The machine's clock is set while runs are under way. Order comes from the journal and never from a time. */
const DAY_MS = 86_400_000;
const SHIPYARD =
  'apiVersion: slipway.dev/v1\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}, {name: b}]}, {name: short, tasks: [{name: c, timeout: 1s}]}]}]}';

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
  // One was claimed before the step; if its lease is over by the new time, its answer may come too late and it is claimed again.
  await plane.submit([answer(first)]);
  for (const task of ['a', 'b', 'a', 'b', 'b']) {
    for (let id = await claim(task, 300); id !== undefined; id = await claim(task, 300))
      await plane.submit([answer(id)]);
  }
  for (const run of [before, after]) {
    expect(await plane.getRun(run)).toMatchObject({ state: 'finished', result: 'pass' });
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
  const run = await trigger('short');
  await claim('c');
  expect(await plane.waitForRun(run, 20_000)).toMatchObject({ state: 'finished', result: 'fail' });
  const [task] = (await plane.getRun(run)).tasks;
  expect(task?.attempts).toMatchObject([{ state: 'timed-out', error: { code: 'TIMEOUT' } }]);
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

/** As a sender does: what is refused with 503 is sent again. Set forth, the clock makes all that waits look late for a moment. */
async function trigger(sequence: string): Promise<string> {
  const event = triggerOf(sequence);
  for (let tries = 0; ; tries++) {
    try {
      return (await plane.submit([event])).items[0]?.run ?? '';
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'overloaded' || tries > 20) throw error;
      await sleep(500);
    }
  }
}

/** The id of an attempt. */
async function claim(task: string, waitMs = 5000): Promise<string | undefined> {
  const [json] = await plane.claim(task, { source: '/w' }, { waitMs, max: 1 });
  return json === undefined ? undefined : String(JSON.parse(json).id);
}

function answer(causationid = ''): ReceivedEvent {
  const type = `${causationid.split('.')[1]}.finished`;
  return { event: { specversion: '1.0', id: `f${++count}`, source: '/w', type, causationid, data: {} } };
}
