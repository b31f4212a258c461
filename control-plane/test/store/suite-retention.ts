import { expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { firstOf, itemOf, NOON, put, summaryOf } from './builders.ts';
import type { Fixture } from './fixture.ts';

export function retentionClaims(fixture: Fixture): void {
  const finished = (run: string, finishedAt: number, project = 'shop') =>
    summaryOf(run, { project, state: 'finished', result: 'pass', acceptedAt: finishedAt - 5, finishedAt });

  async function fill(store: Store): Promise<void> {
    for (const [index, run] of ['f1', 'f2', 'f3', 'f4'].entries()) {
      const label = { labels: { run } };
      const timersPut = [{ stream: run, name: 'orphan', dueAt: NOON }];
      await put(
        store,
        firstOf(run, { acceptedAt: NOON + index, ...label }, { timersPut, told: [{ id: `in-${run}` }] }),
      );
      const summary = { ...finished(run, NOON + 100 + index), ...label, acceptedAt: NOON + index };
      await put(store, itemOf(run, 2, { summary, open: index === 3 }));
    }
    await put(store, firstOf('running'));
    await put(store, firstOf('bank', finished('bank', NOON + 100, 'bank'), { open: false }));
  }
  const left = async (store: Store) => (await store.listRuns({ limit: 50 })).items.map((run) => run.id).toSorted();

  test('finished runs go by age, with all that is theirs', async () => {
    const store = await fixture.store();
    await fill(store);
    expect(await store.deleteFinishedRuns({ project: 'shop', finishedBefore: NOON + 102, limit: 10 })).toBe(2);
    expect(await left(store)).toEqual(['bank', 'f3', 'f4', 'running']);
    expect(await store.read('f1')).toEqual([]);
    expect(await store.read('f3')).toHaveLength(2);
    expect(await store.getRun('f1')).toBeUndefined();
    expect(await store.findEvent('in-f1')).toBeUndefined();
    expect(await store.findEvent('in-f3')).toBeDefined();
    expect((await store.listEvents({ run: 'f1', limit: 10 })).items).toEqual([]);
    expect((await store.listRuns({ labels: { run: 'f1' }, limit: 10 })).items).toEqual([]);
    expect((await store.dueTimers({ before: NOON + 1, limit: 10 })).map((timer) => timer.stream).toSorted()).toEqual([
      'f3',
      'f4',
    ]);
    expect(await store.deleteFinishedRuns({ project: 'shop', finishedBefore: NOON + 102, limit: 10 })).toBe(0);
  });

  test('what still has something to tell, or runs, stays', async () => {
    const store = await fixture.store();
    await fill(store);
    expect(await store.deleteFinishedRuns({ project: 'shop', finishedBefore: NOON + 9_999, limit: 10 })).toBe(3);
    expect(await left(store)).toEqual(['bank', 'f4', 'running']);
    await store.settle(['f4']);
    expect(await store.deleteFinishedRuns({ project: 'shop', finishedBefore: NOON + 9_999, limit: 10 })).toBe(1);
    expect(await left(store)).toEqual(['bank', 'running']);
  });

  test('a position is given out once: what comes after the newest events are gone comes after them', async () => {
    const store = await fixture.store();
    await put(store, firstOf('old', finished('old', NOON), { open: false, told: [{ id: 'a' }, { id: 'b' }] }));
    await expect.poll(async () => (await store.eventsAfter({ limit: 10 })).length).toBeGreaterThan(1);
    const [before] = (await store.eventsAfter({ limit: 10 })).slice(-1);
    expect(await store.deleteFinishedRuns({ project: 'shop', finishedBefore: NOON + 1, limit: 10 })).toBe(1);
    const position = before?.position ?? '';
    expect(position).not.toBe('');
    await put(store, firstOf('next'));
    const after = async () => (await store.eventsAfter({ position, limit: 10 })).map((event) => event.stream);
    await expect.poll(after).toContain('next');
    const last = await store.lastPosition();
    expect(last !== undefined && last > position).toBe(true);
  });

  test('all but the newest go, at most so many at once', async () => {
    const store = await fixture.store();
    await fill(store);
    await store.settle(['f4']);
    expect(await store.deleteFinishedRuns({ project: 'shop', keep: 4, limit: 10 })).toBe(0);
    expect(await store.deleteFinishedRuns({ project: 'shop', keep: 1, limit: 2 })).toBe(2);
    expect(await store.deleteFinishedRuns({ project: 'shop', keep: 1, limit: 2 })).toBe(1);
    expect(await left(store)).toEqual(['bank', 'f4', 'running']);
    expect(await store.deleteFinishedRuns({ project: 'shop', keep: 0, finishedBefore: NOON, limit: 5 })).toBe(1);
    expect(await store.deleteFinishedRuns({ project: 'nobody', keep: 0, limit: 5 })).toBe(0);
    expect(await store.deleteFinishedRuns({ project: 'bank', limit: 5 })).toBe(0);
  });

  test('a run that was deleted may be taken again', async () => {
    const store = await fixture.store();
    await fill(store);
    await store.deleteFinishedRuns({ project: 'shop', keep: 0, limit: 10 });
    await put(store, firstOf('f1', { message: 'again' }));
    await put(store, itemOf('f1', 2));
    expect((await store.getRun('f1'))?.message).toBe('again');
    expect(await store.read('f1')).toHaveLength(2);
    expect(await store.openStreams({ limit: 10 })).toContain('f1');
  });
}
