import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { type Store, StoreUnavailable } from '../../src/store/store.ts';

/** A sink says its answer once, in the response. The store fails, or the process ends, just when it comes. */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: turn, tasks: [{name: build}]}]}]}
`;
type Plane = Awaited<ReturnType<typeof startPlane>>;

let dir: string;
let store: Store;
let plane: Plane;
let isStoreAway: boolean;
/** The data of the finished event that the sink answers with. */
let data: Record<string, unknown>;
/** What happens while the sink works. */
let whileWorking: () => Promise<void>;
let deliveries: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-push-answers-'));
  store = await openSqliteStore({ dir });
  isStoreAway = false;
  data = {};
  deliveries = 0;
  whileWorking = async () => undefined;
  plane = await start();
  await plane.putShipyard('shop', SHIPYARD, { dryRun: false });
  await plane.putSubscription('hook', {
    sink: 'http://example.org/',
    types: ['build.triggered'],
    mode: 'execute',
    encoding: 'structured',
  });
});
afterEach(async () => {
  await plane.close();
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test('an answer that comes while the store fails is taken when the store is back', async () => {
  whileWorking = async () => {
    isStoreAway = true;
  };
  const run = await trigger();
  await expect.poll(() => deliveries).toBe(1);
  const subscription = async (): Promise<unknown> => (await plane.getRun(run)).state;
  await expect.poll(subscription).toBe('running');
  isStoreAway = false;
  await ended(run, 'pass');
  expect(deliveries).toBe(1);
});

test('an answer that comes while the process shuts down is taken before it ends', async () => {
  let closing: Promise<void> | undefined;
  whileWorking = async () => {
    closing = plane.close();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const run = await trigger();
  await expect.poll(() => closing !== undefined).toBe(true);
  await closing;
  plane = await start();
  await ended(run, 'pass');
  expect(deliveries).toBe(1);
});

test('an answer with a result that there is not ends the task as errored, with the reason', async () => {
  data = { result: 'splendid' };
  const run = await trigger();
  await ended(run, 'fail');
  expect(JSON.stringify(await plane.getRun(run))).toContain('result must be pass, warning or fail');
});

async function ended(run: string, result: string): Promise<void> {
  const summary = async (): Promise<unknown> => {
    const { state, result } = await plane.getRun(run);
    return [state, result];
  };
  await expect.poll(summary, { timeout: 30_000 }).toEqual(['finished', result]);
}

async function start(): Promise<Plane> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const commit: Store['commit'] = async (items) => {
    if (isStoreAway) throw new StoreUnavailable('it is away');
    return await store.commit(items);
  };
  const post = {
    refuses: () => undefined,
    send: async ({ json }: { json: string }) => {
      deliveries++;
      await whileWorking();
      whileWorking = async () => undefined;
      const { id } = JSON.parse(json) as { id: string };
      const answer = { specversion: '1.0', id: `f-${id}`, source: '/sink', type: 'build.finished', data };
      const headers = { 'content-type': 'application/cloudevents+json' };
      return { status: 200, body: { headers, text: JSON.stringify(answer) } };
    },
  };
  return await startPlane({
    ...{ store: { ...store, commit }, bus: new LocalBus(), clock: systemClock, shared: false, log, post },
  });
}

async function trigger(): Promise<string> {
  const event = { specversion: '1.0', id: 't', source: '/t', type: 'dev.turn.triggered', data: { project: 'shop' } };
  const { items } = await plane.submit([{ event: event as never }]);
  return items[0]?.run ?? '';
}
