import { expect, test } from 'vitest';
import { firstOf, itemOf, NOON, put } from './builders.ts';
import type { Fixture } from './fixture.ts';

export function timerClaims(fixture: Fixture): void {
  const timer = (name: string, dueAt: number, stream = 'run1') => ({ stream, name, dueAt });

  test('timers come with their entry, are given in the order they are due, and go with a later one', async () => {
    const store = await fixture.store();
    const [soon, later, latest] = [timer('b', NOON + 50), timer('c', NOON + 60_000), timer('a', NOON + 9_000_000_000)];
    await put(store, firstOf('run1', {}, { timersPut: [latest, soon, later] }));
    await put(store, firstOf('run2', {}, { timersPut: [timer('b', NOON + 10, 'run2')] }));
    expect(await store.dueTimers({ before: NOON + 10, limit: 10 })).toEqual([]);
    expect(await store.dueTimers({ before: NOON + 10_000_000_000, limit: 10 })).toEqual([
      timer('b', NOON + 10, 'run2'),
      soon,
      later,
      latest,
    ]);
    expect(await store.dueTimers({ before: NOON + 60_001, limit: 2 })).toEqual([timer('b', NOON + 10, 'run2'), soon]);
    await put(store, itemOf('run1', 2, { timersDelete: [soon, latest] }));
    await expect
      .poll(() => store.dueTimers({ before: NOON + 10_000_000_000, limit: 10 }))
      .toEqual([timer('b', NOON + 10, 'run2'), later]);
    await store.deleteTimers([later, timer('unknown', NOON)]);
    await store.deleteTimers([]);
    expect(await store.dueTimers({ before: NOON + 10_000_000_000, limit: 10 })).toEqual([
      timer('b', NOON + 10, 'run2'),
    ]);
  });

  test('a timer that is put again is there for its new time', async () => {
    const store = await fixture.store();
    await put(store, firstOf('run1', {}, { timersPut: [timer('retry', NOON + 1_000)] }));
    await put(store, itemOf('run1', 2, { timersPut: [timer('retry', NOON + 1_000)] }));
    await put(
      store,
      itemOf('run1', 3, { timersDelete: [timer('retry', NOON + 1_000)], timersPut: [timer('retry', NOON + 2_000)] }),
    );
    await expect
      .poll(() => store.dueTimers({ before: NOON + 5_000, limit: 10 }))
      .toEqual([timer('retry', NOON + 2_000)]);
    // Somebody fires the old one late: the new one stays.
    await store.deleteTimers([timer('retry', NOON + 1_000)]);
    expect(await store.dueTimers({ before: NOON + 5_000, limit: 10 })).toEqual([timer('retry', NOON + 2_000)]);
  });

  test('what loses the race for its seq leaves the timer of the winner alone', async () => {
    const store = await fixture.store();
    await put(store, firstOf('run1', {}, { timersPut: [timer('timeout', NOON + 1_000)] }));
    await store.commit([
      firstOf(
        'run1',
        {},
        { timersPut: [timer('timeout', NOON + 500)], timersDelete: [timer('timeout', NOON + 1_000)] },
      ),
    ]);
    const due = await store.dueTimers({ before: NOON + 5_000, limit: 10 });
    expect(due).toContainEqual(timer('timeout', NOON + 1_000));
  });

  test('odd names are names', async () => {
    const store = await fixture.store();
    const odd = timer('task:build/1|x y%é🚀', NOON + 1);
    await put(store, firstOf('run1', {}, { timersPut: [odd] }));
    expect(await store.dueTimers({ before: NOON + 10, limit: 10 })).toEqual([odd]);
    await store.deleteTimers([odd]);
    expect(await store.dueTimers({ before: NOON + 10, limit: 10 })).toEqual([]);
  });
}
