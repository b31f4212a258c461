import { expect, test } from 'vitest';
import type { EntryRange } from '../../src/store/store.ts';
import { firstOf, itemOf, outcomes, put } from './builders.ts';
import type { Fixture } from './fixture.ts';

export function journalClaims(fixture: Fixture): void {
  test('an entry is read back as it was written', async () => {
    const store = await fixture.store();
    const first = firstOf('run1');
    const second = itemOf('run1', 2, { told: [] });
    await put(store, first);
    await put(store, second);
    const { stream, seq, at, header, events } = first;
    expect(await store.read('run1')).toEqual([
      { stream, seq, at, header, events },
      { stream, seq: 2, at: second.at, header: second.header, events: [] },
    ]);
    expect(await store.read('run')).toEqual([]);
    expect(await store.read('run1/')).toEqual([]);
    expect(await store.read('')).toEqual([]);
  });

  test('who comes second for the same seq gets a conflict, and changes nothing', async () => {
    const store = await fixture.store();
    await put(store, firstOf('run1', { message: 'first' }));
    const late = firstOf('run1', { message: 'late' }, { header: '{"late":true}', told: [{ id: 'late-event' }] });
    expect(outcomes(await store.commit([late]))).toBe('conflict');
    expect(await store.read('run1')).toHaveLength(1);
    expect((await store.getRun('run1'))?.message).toBe('first');
    expect(await store.findEvent('late-event')).toBeUndefined();
  });

  test('the items of a batch fail one by one, and are answered in the order given', async () => {
    const store = await fixture.store();
    await put(store, firstOf('m'));
    const results = await store.commit([firstOf('z'), firstOf('m'), firstOf('a'), itemOf('m2', 1)]);
    expect(outcomes(results)).toBe('committed conflict committed committed');
    expect(outcomes(await store.commit([itemOf('z', 2), itemOf('m', 2), itemOf('a', 1)]))).toBe(
      'committed committed conflict',
    );
    expect(await store.commit([])).toEqual([]);
  });

  test('a batch larger than one round trip keeps its order of answers', async () => {
    const store = await fixture.store();
    const runs = Array.from({ length: 300 }, (_, index) => `run${(index * 7919) % 300}`);
    const taken = new Set(runs.filter((_, index) => index % 3 === 0));
    await store.commit([...taken].map((run) => firstOf(run)));
    const results = await store.commit(runs.map((run) => firstOf(run)));
    expect(results.map((result) => result.outcome)).toEqual(
      runs.map((run) => (taken.has(run) ? 'conflict' : 'committed')),
    );
  });

  test('of writers who race for the same seq, exactly one wins each', async () => {
    const { store, another } = await fixture.opened();
    const stores = [store, (await another?.()) ?? store];
    await put(store, firstOf('run1'));
    for (let seq = 2; seq <= 6; seq += 1) {
      const attempts = Array.from({ length: 8 }, (_, writer) =>
        (stores[writer % 2] ?? store).commit([itemOf('run1', seq, { header: JSON.stringify({ writer }) })]),
      );
      const answers = (await Promise.all(attempts)).map(outcomes);
      expect(answers.filter((answer) => answer === 'committed')).toHaveLength(1);
      const entry = (await store.read('run1')).at(-1);
      expect(entry?.header).toBe(JSON.stringify({ writer: answers.indexOf('committed') }));
    }
    expect((await store.read('run1')).map((entry) => entry.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    if (stores[1] !== store) await stores[1]?.close();
  });

  test('events have ascending positions, one each, in the order of the entry', async () => {
    const store = await fixture.store();
    const all: string[] = [];
    for (let seq = 1; seq <= 20; seq += 1) all.push(...(await put(store, itemOf('group:g', seq, {}))));
    for (let seq = 1; seq <= 20; seq += 1) {
      all.push(...(await put(store, seq === 1 ? firstOf('run1') : itemOf('run1', seq))));
    }
    expect(all).toHaveLength(80);
    expect(new Set(all).size).toBe(80);
    expect(all.toSorted()).toEqual(all);
  });

  test('a stream is open from its first entry until it is settled or says that it has nothing to tell', async () => {
    const store = await fixture.store();
    await store.commit([firstOf('a'), firstOf('b'), firstOf('c', {}, { open: false }), itemOf('group:g', 1)]);
    expect(await store.openStreams({ limit: 10 })).toEqual(['a', 'b', 'group:g']);
    await store.settle(['b', 'unknown']);
    expect(await store.openStreams({ limit: 10 })).toEqual(['a', 'group:g']);
    await put(store, itemOf('b', 2));
    await put(store, itemOf('a', 2, { open: false }));
    await put(store, itemOf('group:g', 2, { open: false }));
    expect(await store.openStreams({ limit: 10 })).toEqual(['b']);
    await put(store, itemOf('group:g', 3));
    await store.settle([]);
    expect(await store.openStreams({ limit: 10 })).toEqual(['b', 'group:g']);
  });

  test('open streams are paged by name', async () => {
    const store = await fixture.store();
    const names = Array.from({ length: 25 }, (_, index) => `run${String(index).padStart(2, '0')}`);
    await store.commit(names.toReversed().map((run) => firstOf(run)));
    const seen: string[] = [];
    for (let after: string | undefined; ; after = seen.at(-1)) {
      const page = await store.openStreams(after === undefined ? { limit: 10 } : { after, limit: 10 });
      if (page.length === 0) break;
      seen.push(...page);
    }
    expect(seen).toEqual(names);
  });

  test('a long stream is read whole and in order', async () => {
    const store = await fixture.store();
    await put(store, firstOf('long'));
    for (let seq = 2; seq <= 270; seq += 1) {
      // Neighbours by name must not be read along.
      await store.commit([
        itemOf('long', seq, { told: [] }),
        ...(seq % 90 === 0 ? [itemOf('long2', seq / 90, {})] : []),
      ]);
    }
    const entries = await store.read('long');
    expect(entries.map((entry) => entry.seq)).toEqual(Array.from({ length: 270 }, (_, index) => index + 1));
    const seqs = async (range: EntryRange) => (await store.read('long', range)).map(({ seq }) => seq);
    expect(await seqs({ from: 269 })).toEqual([269, 270]);
    expect(await seqs({ to: 2 })).toEqual([1, 2]);
    expect(await seqs({ from: 100, to: 101 })).toEqual([100, 101]);
    expect(await seqs({ from: 271 })).toEqual([]);
    // Reading a part has told it nothing that is wrong of the whole.
    expect((await store.commit([itemOf('long', 271)]))[0]?.outcome).toBe('committed');
  });
}
