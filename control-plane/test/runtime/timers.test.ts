import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../src/runtime/clock.ts';
import { TimerHeap } from '../../src/runtime/heap.ts';
import { Timers } from '../../src/runtime/timers.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store, Timer } from '../../src/store/store.ts';

const DAY_MS = 86_400_000;
const GRACE_MS = 60_000;
const begin = { stream: 'run', name: 'begin/build/2' };

let dir: string;
let store: Store;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-timers-'));
  store = await openSqliteStore({ dir });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

// Seed 300006910 of the simulation: the run would have waited for ever.
test('where its entry may come later, a timer that was due long ago gets its second chance, too', async () => {
  const { timers, clock, fired } = start({ shared: true, now: DAY_MS });
  const timer = { ...begin, dueAt: 1 };
  await put([timer]);
  await timers.refill();
  clock.advance(0);
  expect(fired).toEqual([timer]);
  await timers.forget(fired[0] ?? timer);
  expect(await left()).toEqual([timer]);
  clock.advance(GRACE_MS - 1);
  expect(fired).toHaveLength(1);
  clock.advance(1);
  expect(fired).toEqual([timer, timer]);
  await timers.forget(fired[1] ?? timer);
  expect(await left()).toEqual([]);
});

test('where nobody else writes, what applied to nothing is deleted at once', async () => {
  const { timers, clock, fired } = start({ shared: false, now: DAY_MS });
  const timer = { ...begin, dueAt: 1 };
  await put([timer]);
  await timers.refill();
  clock.advance(0);
  await timers.forget(fired[0] ?? timer);
  expect(await left()).toEqual([]);
});

// Seed 300020805: what replicas had decided that came second was looked at one by one, five minutes apart.
test('of several timers of one name, each fires', async () => {
  // MongoDB keeps them all, SQLite, where nobody else writes, the last.
  store.dueTimers = async () => [110, 120, 130].map((dueAt) => ({ ...begin, dueAt }));
  const { timers, clock, fired } = start({ shared: true, now: 100 });
  await timers.refill();
  clock.advance(15);
  expect(fired.map(({ dueAt }) => dueAt)).toEqual([110]);
  clock.advance(20);
  expect(fired.map(({ dueAt }) => dueAt)).toEqual([110, 120, 130]);
  expect(timers.size).toBe(0);
});

test('what an entry says of a name counts, and what was known of it before does not', async () => {
  store.dueTimers = async () => [110, 120].map((dueAt) => ({ ...begin, dueAt }));
  const { timers, clock, fired } = start({ shared: true, now: 100 });
  await timers.refill();
  timers.add({ ...begin, dueAt: 140 });
  clock.advance(50);
  expect(fired.map(({ dueAt }) => dueAt)).toEqual([140]);
  timers.add({ ...begin, dueAt: 160 });
  timers.cancel(begin);
  clock.advance(50);
  expect(fired).toHaveLength(1);
});

test('a clock that is set forward by a day makes nothing wait: what was far away is looked for, and what comes next is kept', async () => {
  const { timers, clock, fired } = start({ shared: false, now: 0 });
  await put([{ stream: 'run', name: 'far', dueAt: DAY_MS - 1 }]);
  await timers.start();
  timers.add({ stream: 'run', name: 'near', dueAt: 300_000 });
  clock.set(DAY_MS);
  timers.add({ stream: 'run', name: 'next', dueAt: DAY_MS + 1000 });
  await put([{ stream: 'run', name: 'next', dueAt: DAY_MS + 1000 }], 2);
  for (let ms = 0; ms < 3000; ms += 500) {
    clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(fired.map(({ name }) => name).toSorted()).toEqual(['far', 'near', 'next']);
  timers.stop();
});

test('a heap gives back what was put into it and not cancelled, in order, once', () => {
  const heap = new TimerHeap();
  const dues = [5, 3, 9, 3, 1, 7];
  for (const dueAt of dues) heap.add({ ...begin, dueAt });
  for (const dueAt of dues) heap.add({ stream: 'other', name: begin.name, dueAt });
  expect(heap.size).toBe(10);
  heap.cancel({ stream: 'other', name: begin.name });
  heap.add({ stream: 'other', name: begin.name, dueAt: 3 });
  expect(heap.size).toBe(6);
  const taken: number[] = [];
  for (let timer = heap.takeDue(8); timer; timer = heap.takeDue(8)) taken.push(timer.dueAt);
  expect(taken).toEqual([1, 3, 3, 5, 7]);
  expect([heap.size, heap.nextDueAt()]).toEqual([1, 9]);
});

function start({ shared, now }: { shared: boolean; now: number }): {
  timers: Timers;
  clock: ReturnType<typeof handClock>;
  fired: Timer[];
} {
  const clock = handClock(now);
  const fired: Timer[] = [];
  const onError = (message: string): void => expect.unreachable(message);
  return { timers: new Timers({ store, clock, shared, onDue: (timer) => fired.push(timer), onError }), clock, fired };
}

/** A clock whose time goes on when it is told to. */
function handClock(start: number): Clock & { advance(ms: number): void; set(ahead: number): void } {
  let now = start;
  let ahead = 0;
  let waiting: { at: number; run: () => void }[] = [];
  return {
    now: () => now + ahead,
    elapsed: () => now,
    random: () => 0.5,
    soon: (run) => queueMicrotask(run),
    after(ms, run) {
      const one = { at: now + Math.max(0, ms), run };
      waiting.push(one);
      return () => {
        waiting = waiting.filter((other) => other !== one);
      };
    },
    set(by) {
      ahead = by;
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const [next] = waiting.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (!next) break;
        waiting = waiting.filter((other) => other !== next);
        now = next.at;
        next.run();
      }
      now = until;
    },
  };
}

async function put(timersPut: Timer[], seq = 1): Promise<void> {
  const item = { stream: 'run', seq, at: 1, header: '{}', events: [], rows: [], open: true };
  await store.commit([{ ...item, timersPut, timersDelete: [] }]);
}

function left(): Promise<Timer[]> {
  return store.dueTimers({ before: 2 * DAY_MS, limit: 10 });
}
