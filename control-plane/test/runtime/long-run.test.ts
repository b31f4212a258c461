import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

/** In Keptn's dialect every trigger carries all that the tasks before have said: a journal grows with the square of them. */
const TASKS = 24;
const SAID_BYTES = 40_000;
/** What the tasks say, and their newest trigger, at three bytes for each character, fit; the journal would be 36 MB. */
const CACHED_BYTES_MAX = 10_000_000;
const SHIPYARD = `apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: long, tasks: [${Array.from({ length: TASKS }, (_, n) => `{name: t${n}}`).join()}]}]}]}
`;

let dir: string;
let store: Store;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-long-'));
  store = await openSqliteStore({ dir });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a run whose triggers grow with each task stays in memory: no step reads all of its journal again', async () => {
  const reads: string[] = [];
  const counting: Store = {
    ...store,
    read: (stream, range) => {
      reads.push(stream);
      return store.read(stream, range);
    },
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const limits = { cachedBytesMax: CACHED_BYTES_MAX };
  const plane = await startPlane({
    store: counting,
    bus: new LocalBus(),
    clock: systemClock,
    shared: false,
    log,
    limits,
  });
  await plane.putShipyard('shop', SHIPYARD, { dryRun: false });
  const trigger = {
    type: 'sh.keptn.event.dev.long.triggered',
    data: { project: 'shop', stage: 'dev', service: 'cart' },
  };
  const { items } = await plane.submit([{ event: { specversion: '1.0', id: 't', source: '/t', ...trigger } as never }]);
  const run = items[0]?.run ?? '';
  for (let n = 0; n < TASKS; n++) {
    const [json] = await plane.claim(`t${n}`, { source: '/w' }, { waitMs: 30_000, max: 1 });
    const attempt = JSON.parse(json ?? '{}') as { id: string; shkeptncontext: string };
    expect(json?.length).toBeGreaterThan(n * SAID_BYTES);
    const data = { status: 'succeeded', result: 'pass', [`t${n}`]: { said: 'x'.repeat(SAID_BYTES) } };
    const type = `sh.keptn.event.t${n}.finished`;
    const ids = { shkeptncontext: attempt.shkeptncontext, triggeredid: attempt.id };
    await plane.submit([{ event: { specversion: '1.0', id: `f${n}`, source: '/w', type, ...ids, data } as never }]);
  }
  expect(await plane.waitForRun(run, 30_000)).toMatchObject({ state: 'finished', result: 'pass' });
  const journal = await store.read(run);
  const chars = journal.flatMap(({ events }) => events).reduce((sum, event) => sum + event.length, 0);
  expect(3 * chars).toBeGreaterThan(3 * CACHED_BYTES_MAX);
  // The end is read once, by who waits for it.
  expect(reads.filter((stream) => stream === run).length).toBeLessThanOrEqual(2);
  // Its group stays.
  expect(plane.counters().cached_bytes).toBeLessThan(1000);
  await plane.close();
});
