import { expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { claimOne, field, finished, openDoor, post, startRun, type TestDoor, trigger } from '../http/door.ts';

const TASKS = 25;
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - name: quick
          tasks: [${Array.from({ length: TASKS }, (_, index) => `{name: t${index + 1}, uses: build}`).join(', ')}]
`;

/** Counts the entries that are read from the journal from here on. */
function readsOf(store: Store): { taken(): number } {
  let entries = 0;
  const { read } = store;
  store.read = async (...args) => {
    const found = await read(...args);
    entries += found.length;
    return found;
  };
  return {
    taken: () => {
      const now = entries;
      entries = 0;
      return now;
    },
  };
}

async function finishSome(door: TestDoor, count: number): Promise<void> {
  for (let task = 0; task < count; task++) {
    expect((await post(door, finished(await claimOne(door, 'build')))).status).toBe(202);
  }
}

const view = async (door: TestDoor, run: string): Promise<unknown> => (await door.ask('GET', `/v1/runs/${run}`)).json;

test('a run that has finished is folded once, however often it is looked at', async () => {
  await using door = await openDoor();
  await door.ask('PUT', '/v1/projects/shop/shipyard', { body: SHIPYARD });
  const run = await startRun(door);
  await finishSome(door, TASKS);
  const reads = readsOf(door.store);
  const first = await view(door, run);
  expect(reads.taken()).toBeGreaterThan(TASKS);
  expect(await view(door, run)).toEqual(first);
  expect(field((await door.ask('GET', `/v1/runs/${run}/why`)).json, 'state')).toBe('finished');
  // Two questions of the view, for its tag and for itself, and one of why, for what came after its last entry.
  expect(reads.taken()).toBe(3);
  await post(door, {
    ...finished({ id: `${run}.t1.1`, type: 'build.triggered' }),
    id: 'late',
    source: '/somebody-else',
  });
  const ignored = field(await view(door, run), 'ignored');
  expect(ignored).toEqual([expect.objectContaining({ eventId: 'late', code: 'attempt-over' })]);
});

test('a run has a tag, which holds until something happens to the run', async () => {
  await using door = await openDoor();
  await door.ask('PUT', '/v1/projects/shop/shipyard', { body: SHIPYARD });
  const run = await startRun(door);
  const ask = (tag: string) => door.ask('GET', `/v1/runs/${run}`, { headers: { 'if-none-match': tag } });
  const tag = String((await door.ask('GET', `/v1/runs/${run}`)).headers.etag);
  expect(tag).toMatch(/^"\d{13}-1-[0-9a-f]{8}"$/);
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
    const { status, text, headers } = await ask(known);
    expect([status, text, headers.etag], known).toEqual([304, '', tag]);
  }
  expect((await ask('"other"')).status).toBe(200);
  await finishSome(door, 1);
  const changed = await ask(tag);
  expect([changed.status, field(changed.json, 'tasksDone')]).toEqual([200, 1]);
  await finishSome(door, TASKS - 1);
  const end = String((await ask(tag)).headers.etag);
  expect([(await ask(end)).status, (await ask(tag)).status]).toEqual([304, 200]);
});

test('of two replicas each shows what the other did, and reads no more than that', async () => {
  await using one = await openDoor();
  await using other = await openDoor({ shared: () => Promise.resolve(one.store) });
  await one.ask('PUT', '/v1/projects/shop/shipyard', { body: SHIPYARD });
  const run = await startRun(one);
  await finishSome(one, TASKS - 3);
  const before = await view(other, run);
  expect(before).toEqual(await view(one, run));
  const reads = readsOf(one.store);
  await finishSome(one, 1);
  reads.taken();
  const after = await view(other, run);
  expect(reads.taken()).toBeLessThan(6);
  expect(field(after, 'tasksDone')).toBe(TASKS - 2);
  expect(after).toEqual(await view(one, run));
});

test('a run that retention took, and that began again, is shown as it is now', async () => {
  await using door = await openDoor();
  await door.ask('PUT', '/v1/projects/shop/shipyard', { body: SHIPYARD });
  const event = trigger({ id: 'the-same' });
  const run = await startRun(door, event);
  await finishSome(door, TASKS);
  const first = await view(door, run);
  expect(await door.store.deleteFinishedRuns({ project: 'shop', keep: 0, limit: 10 })).toBe(1);
  expect(await startRun(door, event)).toBe(run);
  await finishSome(door, TASKS);
  const again = await view(door, run);
  expect(field(again, 'tasksDone')).toBe(TASKS);
  expect(Number(field(again, 'acceptedAt'))).toBeGreaterThan(Number(field(first, 'acceptedAt')));
});

test('what is kept of runs that are looked at is bounded', async () => {
  await using door = await openDoor({ planeLimits: { cachedBytesMax: 10_000 } });
  await door.ask('PUT', '/v1/projects/shop/shipyard', { body: SHIPYARD });
  const run = await startRun(door);
  await finishSome(door, TASKS);
  const reads = readsOf(door.store);
  await view(door, run);
  const first = reads.taken();
  await view(door, run);
  expect(reads.taken()).toBe(first);
});
