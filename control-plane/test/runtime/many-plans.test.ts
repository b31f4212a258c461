import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalBus } from '../../src/bus/local/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startPlane } from '../../src/runtime/plane.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

/** More than are kept in memory. */
const PLANS = 520;

let dir: string;
let store: Store;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-plans-'));
  store = await openSqliteStore({ dir });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a run whose shipyard has gone from memory, as so many others came, goes on', async () => {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const plane = await startPlane({ store, bus: new LocalBus(), clock: systemClock, shared: false, log });
  const shipyard = (name: string): string =>
    `apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: ${name}}\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: build}, {name: test}]}]}]}`;
  await plane.putShipyard('first', shipyard('first'), { dryRun: false });
  const trigger = { specversion: '1.0', id: 't', source: '/t', type: 'dev.seq.triggered', data: { project: 'first' } };
  const { items } = await plane.submit([{ event: trigger as never }]);
  const answer = async (task: string): Promise<void> => {
    const [json] = await plane.claim(task, { source: '/w' }, { waitMs: 10_000, max: 1 });
    const { id } = JSON.parse(json ?? '{}') as { id?: string };
    const done = { specversion: '1.0', id: `f-${task}`, source: '/w', type: `${task}.finished`, causationid: id };
    await plane.submit([{ event: done as never }]);
  };
  for (let index = 0; index < PLANS; index++)
    await plane.putShipyard(`other-${index}`, shipyard(`other-${index}`), { dryRun: false });
  await answer('build');
  await answer('test');
  expect(await plane.waitForRun(items[0]?.run ?? '', 10_000)).toMatchObject({ state: 'finished', result: 'pass' });
  await plane.close();
});
