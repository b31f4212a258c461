import { expect, test } from 'vitest';
import type { Fixture } from './fixture.ts';

export function documentClaims(fixture: Fixture): void {
  test('a document is written, replaced by revision, and deleted', async () => {
    const store = await fixture.store();
    expect(await store.getDocument('project', 'shop')).toBeUndefined();
    const value = { name: 'shop', limits: { $max: 3, 'a.b': [1, null, 'ü🚀'] }, empty: {} };
    expect(await store.putDocument('project', 'shop', value, 'absent')).toBe(1);
    expect(await store.getDocument('project', 'shop')).toEqual({ id: 'shop', revision: 1, value });
    expect(await store.putDocument('project', 'shop', { n: 2 }, 'absent')).toBeUndefined();
    expect(await store.putDocument('project', 'shop', { n: 2 }, 7)).toBeUndefined();
    expect(await store.putDocument('project', 'shop', { n: 2 }, 1)).toBe(2);
    expect(await store.putDocument('project', 'shop', { n: 3 }, 1)).toBeUndefined();
    expect(await store.putDocument('project', 'shop', { n: 3 })).toBe(3);
    expect((await store.getDocument('project', 'shop'))?.value).toEqual({ n: 3 });
    expect(await store.deleteDocument('project', 'shop')).toBe(true);
    expect(await store.deleteDocument('project', 'shop')).toBe(false);
    expect(await store.getDocument('project', 'shop')).toBeUndefined();
    expect(await store.putDocument('project', 'shop', null, 4)).toBeUndefined();
    expect(await store.putDocument('project', 'new', null)).toBe(1);
    expect(await store.getDocument('project', 'new')).toEqual({ id: 'new', revision: 1, value: null });
  });

  test('kinds do not see each other', async () => {
    const store = await fixture.store();
    await store.putDocument('project', 'same', 1);
    await store.putDocument('shipyard', 'same', 2);
    expect((await store.getDocument('project', 'same'))?.value).toBe(1);
    expect(await store.listDocuments('shipyard', { limit: 10 })).toEqual([{ id: 'same', revision: 1, value: 2 }]);
    expect(await store.deleteDocument('project', 'same')).toBe(true);
    expect((await store.getDocument('shipyard', 'same'))?.value).toBe(2);
  });

  test('documents are listed by id, by prefix and in pages', async () => {
    const store = await fixture.store();
    const ids = ['bank/1', 'shop/1', 'shop/10', 'shop/2', 'shop/é', 'shopping/1', 'sho', 'shop0'];
    for (const id of ids) await store.putDocument('shipyard', id, id);
    const list = async (page: { prefix?: string; after?: string; limit: number }) =>
      (await store.listDocuments('shipyard', page)).map((document) => document.id);
    expect(await list({ limit: 100 })).toEqual(ids.toSorted());
    expect(await list({ prefix: 'shop/', limit: 100 })).toEqual(['shop/1', 'shop/10', 'shop/2', 'shop/é']);
    expect(await list({ prefix: 'shop/', limit: 2 })).toEqual(['shop/1', 'shop/10']);
    expect(await list({ prefix: 'shop/', after: 'shop/10', limit: 2 })).toEqual(['shop/2', 'shop/é']);
    expect(await list({ after: 'shop/é', limit: 10 })).toEqual(['shop0', 'shopping/1']);
    expect(await list({ prefix: 'nobody', limit: 10 })).toEqual([]);
  });

  test('of writers who expect the same revision, one wins; of writers who expect nothing, all', async () => {
    const { store, another } = await fixture.opened();
    const second = (await another?.()) ?? store;
    const racing = (expected?: 'absent' | number) =>
      Promise.all(
        Array.from({ length: 8 }, (_, writer) =>
          (writer % 2 ? store : second).putDocument('cursor', 'c', writer, expected),
        ),
      );
    expect((await racing('absent')).filter((revision) => revision !== undefined)).toEqual([1]);
    expect((await racing(1)).filter((revision) => revision !== undefined)).toEqual([2]);
    expect((await racing()).toSorted()).toEqual([10, 3, 4, 5, 6, 7, 8, 9]);
    if (second !== store) await second.close();
  });
}
