import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';
import { firstOf, itemOf } from './builders.ts';

const RUNS = ['a', 'b', 'c'];
const GROUPS = 6;
/** Cuts besides those at the ends of the groups. */
const CUTS = 24;

test('a write-ahead log that is cut anywhere reopens to whole groups, and to all that were acknowledged before the cut', async () => {
  const root = mkdtempSync(join(tmpdir(), 'slipway-torn-'));
  const dir = join(root, 'data');
  const copy = join(root, 'copy');
  const log = (folder: string) => join(folder, 'slipway.db-wal');
  let store = await openSqliteStore({ dir });
  await store.close();

  store = await openSqliteStore({ dir });
  const ends: number[] = [];
  for (let group = 1; group <= GROUPS; group += 1) {
    await store.commit(RUNS.map((run) => (group === 1 ? firstOf(run) : itemOf(run, group))));
    ends.push(statSync(log(dir)).size);
  }
  // As the disk was in the moment of the crash, before anything could tidy it.
  mkdirSync(copy);
  copyFileSync(join(dir, 'slipway.db'), join(copy, 'slipway.db'));
  copyFileSync(log(dir), log(copy));
  await store.close();

  const size = statSync(log(copy)).size;
  expect(size).toBe(ends.at(-1));
  const cuts = new Set<number>([0, 1, 31, 32]);
  for (const end of ends) for (const offset of [-1, 0, 1]) cuts.add(Math.min(size, end + offset));
  for (let index = 1; index < CUTS; index += 1) cuts.add(Math.floor((size * index) / CUTS));
  for (const [index, cut] of [...cuts].entries()) {
    const torn = join(root, `torn${index}`);
    mkdirSync(torn);
    copyFileSync(join(copy, 'slipway.db'), join(torn, 'slipway.db'));
    copyFileSync(log(copy), log(torn));
    truncateSync(log(torn), cut);
    // A disk may also have put something else behind what it had written.
    if (index % 2) writeFileSync(log(torn), Buffer.alloc(3_000, 0xa5), { flag: 'a' });
    const acknowledged = ends.filter((end) => end <= cut).length;
    const reopened = await openSqliteStore({ dir: torn });
    await expectPrefix(reopened, acknowledged, cut);
    await reopened.close();
    rmSync(torn, { recursive: true });
  }
  rmSync(root, { recursive: true });
}, 120_000);

async function expectPrefix(store: Store, acknowledged: number, cut: number): Promise<void> {
  const lengths = await Promise.all(RUNS.map(async (run) => (await store.read(run)).length));
  // A group is one transaction: all of it or nothing.
  expect(new Set(lengths).size, `cut at ${cut}: ${lengths}`).toBe(1);
  expect(lengths[0], `cut at ${cut}`).toBe(acknowledged);
  const { items } = await store.listEvents({ limit: 1_000 });
  expect(items).toHaveLength(acknowledged * RUNS.length * 2);
  // And it goes on from there.
  const next = acknowledged + 1;
  const results = await store.commit(RUNS.map((run) => (next === 1 ? firstOf(run) : itemOf(run, next))));
  expect(results.map((result) => result.outcome)).toEqual(RUNS.map(() => 'committed'));
}
