import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { Hub } from '../../src/runtime/hub.ts';
import { ProjectBook } from '../../src/runtime/project-book.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';
import { firstOf, itemOf } from '../store/builders.ts';

const START = '0'.repeat(16);

let dir: string;
let store: Store;
let hub: Hub | undefined;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-hub-'));
  store = await openSqliteStore({ dir });
});
afterEach(async () => {
  hub?.endAll('over');
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test.each([false, true])(
  'of runs that go on beside each other every event is replayed, in order (replicas: %s)',
  async (shared) => {
    await write('a', 'b', 'b', 'a', 'b');
    const told = listen({ shared, after: START });
    const all = ['event a.1', 'event b.1', 'event b.2', 'event a.2', 'run a', 'event b.3', 'run b'];
    await expect.poll(told, { timeout: 20_000 }).toEqual(all);
  },
);

test('where there are replicas, whoever listens to an empty store hears of the first event', async () => {
  const told = listen({ shared: true, after: undefined });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await write('a');
  await expect.poll(told, { timeout: 20_000 }).toEqual(['event a.1', 'run a']);
});

test('a replica that took a shipyard sees the next one, which another took', async () => {
  let now = 0;
  const clock = { ...systemClock, elapsed: () => now };
  const [one, other] = [1, 2].map(() => new ProjectBook({ store, clock, shared: true }));
  const shipyard = (task: string): string =>
    `apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: shop}\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: ${task}}]}]}]}`;
  const first = await one?.putShipyard('shop', shipyard('build'), { dryRun: false });
  const second = await other?.putShipyard('shop', shipyard('test'), { dryRun: false });
  expect(second?.version).not.toBe(first?.version);
  expect(one?.peek('shop')?.plan.version).toBe(first?.version);
  now += 60_000;
  expect(one?.peek('shop')).toBeUndefined();
  expect((await one?.load('shop'))?.plan.version).toBe(second?.version);
});

function listen({ shared, after }: { shared: boolean; after: string | undefined }): () => string[] {
  const told: string[] = [];
  hub = new Hub({ store, clock: systemClock, shared, onError: (message) => expect.unreachable(message) });
  hub.listen({ kind: 'all' }, after, {
    onItem(item) {
      told.push(`${item.kind} ${item.kind === 'event' ? item.value.event.id : item.value.id}`);
      return true;
    },
    onEnd: () => undefined,
  });
  return () => told;
}

/** One commit for each: the next entry of that run, with one event. */
async function write(...runs: string[]): Promise<void> {
  const seqs = new Map<string, number>();
  for (const run of runs) {
    const seq = (seqs.get(run) ?? 0) + 1;
    seqs.set(run, seq);
    const told = [{ id: `${run}.${seq}` }];
    await store.commit([seq === 1 ? firstOf(run, {}, { told }) : itemOf(run, seq, { told })]);
  }
}
