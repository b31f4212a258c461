import { expect, test } from 'vitest';
import type { EvaluationQuery, EvaluationRow, Store } from '../../src/store/store.ts';
import { everyPage, firstOf, itemOf, NOON, put, summaryOf } from './builders.ts';
import type { Fixture } from './fixture.ts';

const rowOf = (id: string, overrides: Partial<EvaluationRow> = {}): EvaluationRow => ({
  id,
  source: 'evaluate',
  run: `run-${id}`,
  task: 'evaluation',
  project: 'shop',
  stage: 'dev',
  service: 'carts',
  correlationid: `context-run-${id}`,
  at: NOON,
  result: 'pass',
  value: JSON.stringify({ event: { id: `answer-${id}` }, note: 'Grüße 🚀 \u0001' }),
  ...overrides,
});

/** One run with one evaluation. */
async function evaluated(store: Store, id: string, overrides: Partial<EvaluationRow> = {}): Promise<EvaluationRow> {
  const row = rowOf(id, overrides);
  const { project, stage, service } = row;
  const place = { project, stage, ...(service === undefined ? {} : { service }) };
  const summary = summaryOf(row.run, { ...place, correlationid: row.correlationid });
  await put(store, firstOf(row.run, summary));
  const told = [{ id: `answer-${id}`, type: `${row.task}.finished`, source: row.source }];
  await put(store, itemOf(row.run, 2, { told, evaluations: [row], at: row.at }));
  return row;
}

export function evaluationClaims(fixture: Fixture): void {
  const ids = async (store: Store, query: Partial<EvaluationQuery>): Promise<string[]> =>
    (await store.listEvaluations({ project: 'shop', limit: 50, ...query })).items.map(({ id }) => id);

  test('an evaluation is there with its entry, as it was given', async () => {
    const store = await fixture.store();
    const row = await evaluated(store, 'a', { source: 'urn:evaluate/1', result: 'warning', task: 'evaluate' });
    expect(await store.findEvaluation('a')).toEqual(row);
    const [listed] = (await store.listEvaluations({ project: 'shop', limit: 1 })).items;
    expect(listed).toEqual({ ...row, cursor: expect.any(String) });
    expect(await store.findEvaluation('b')).toBeUndefined();
    const bare = await evaluated(store, 'c', { project: 'bank' });
    expect(await store.findEvaluation('c')).toEqual(bare);
  });

  test('the loser of a race leaves no evaluation', async () => {
    const store = await fixture.store();
    await evaluated(store, 'a');
    const [result] = await store.commit([itemOf('run-a', 2, { evaluations: [rowOf('late', { run: 'run-a' })] })]);
    expect(result).toEqual({ outcome: 'conflict' });
    expect(await ids(store, {})).toEqual(['a']);
  });

  test('every field of a query filters, alone and together', async () => {
    const store = await fixture.store();
    await evaluated(store, 'a', { at: NOON + 1 });
    await evaluated(store, 'b', { at: NOON + 2, stage: 'prod', result: 'fail' });
    await evaluated(store, 'c', { at: NOON + 3, service: 'orders', result: 'warning' });
    await evaluated(store, 'd', { at: NOON + 4, task: 'evaluate', correlationid: 'shared' });
    await evaluated(store, 'e', { at: NOON + 5, project: 'bank', correlationid: 'shared' });
    const { service: _, ...whole } = rowOf('f', { at: NOON + 6 });
    await put(store, firstOf('run-f', summaryOf('run-f', { correlationid: whole.correlationid })));
    await put(store, itemOf('run-f', 2, { evaluations: [whole], at: NOON + 6 }));
    expect(await ids(store, {})).toEqual(['f', 'd', 'c', 'b', 'a']);
    expect((await store.findEvaluation('f'))?.service).toBeUndefined();
    expect(await ids(store, { stage: 'dev' })).toEqual(['f', 'd', 'c', 'a']);
    expect(await ids(store, { stage: 'dev', service: 'carts' })).toEqual(['d', 'a']);
    expect(await ids(store, { service: 'orders' })).toEqual(['c']);
    expect(await ids(store, { task: 'evaluate' })).toEqual(['d']);
    expect(await ids(store, { results: ['fail', 'warning'] })).toEqual(['c', 'b']);
    expect(await ids(store, { stage: 'dev', service: 'carts', results: ['pass', 'warning'] })).toEqual(['d', 'a']);
    expect(await ids(store, { results: [] })).toEqual([]);
    expect(await ids(store, { correlationid: 'shared' })).toEqual(['d']);
    expect(await ids(store, { since: NOON + 2, until: NOON + 4 })).toEqual(['c', 'b']);
    expect(await ids(store, { ids: ['a', 'e', 'nobody'] })).toEqual(['a']);
    expect(await ids(store, { ids: [] })).toEqual([]);
    expect(await ids(store, { except: ['f', 'd', 'nobody'] })).toEqual(['c', 'b', 'a']);
    expect(await ids(store, { stage: 'dev', service: 'carts', results: ['pass'], except: ['d'] })).toEqual(['a']);
    expect(await ids(store, { project: 'nobody' })).toEqual([]);
    expect(await ids(store, { stage: 'nowhere' })).toEqual([]);
  });

  test('pages join without gap or repeat, for several results too, and a row is a place to go on from', async () => {
    const store = await fixture.store();
    const all = Array.from({ length: 13 }, (_, index) => `e${String(index).padStart(2, '0')}`);
    const results = ['pass', 'fail', 'warning'] as const;
    for (const [index, id] of all.entries()) await evaluated(store, id, { result: results[index % 3] ?? 'pass' });
    const every = await everyPage((page) => store.listEvaluations({ project: 'shop', ...page }), 4);
    expect(every.map(({ id }) => id)).toEqual(all.toReversed());
    const where = { project: 'shop', stage: 'dev', service: 'carts', results: ['pass', 'warning'] as const };
    const some = await everyPage((page) => store.listEvaluations({ ...where, ...page }), 2);
    expect(some.map(({ id }) => id)).toEqual(all.filter((_, index) => index % 3 !== 1).toReversed());
    const third = every[2]?.cursor ?? '';
    expect(await ids(store, { cursor: third, limit: 2 })).toEqual(['e09', 'e08']);
  });

  test('two evaluations of one entry are two, newest first, each a place of its own', async () => {
    const store = await fixture.store();
    await put(store, firstOf('run1', { service: 'carts' }));
    const two = [rowOf('one', { run: 'run1' }), rowOf('two', { run: 'run1', result: 'fail' })];
    await put(store, itemOf('run1', 2, { evaluations: two }));
    expect(await ids(store, {})).toEqual(['two', 'one']);
    expect(await ids(store, { results: ['pass'] })).toEqual(['one']);
    expect(await ids(store, { except: ['two'] })).toEqual(['one']);
    expect(
      (await everyPage((page) => store.listEvaluations({ project: 'shop', ...page }), 1)).map(({ id }) => id),
    ).toEqual(['two', 'one']);
  });

  test('executors of one attempt have one id and are told apart by their source', async () => {
    const store = await fixture.store();
    await put(store, firstOf('run1', { service: 'carts' }));
    const rows = ['a', 'b'].map((source) => rowOf('same', { run: 'run1', source }));
    await put(store, itemOf('run1', 2, { evaluations: rows }));
    expect((await store.findEvaluation('same'))?.source).toBe('a');
    expect((await store.findEvaluation('same', 'b'))?.source).toBe('b');
    expect(await store.findEvaluation('same', 'c')).toBeUndefined();
  });

  test('rows of entries that have none are added, once', async () => {
    const store = await fixture.store();
    await put(store, firstOf('run-old', { service: 'carts' }));
    await put(store, itemOf('run-old', 2, { told: [{ id: 'answer-old', type: 'evaluation.finished' }] }));
    const row = rowOf('old', { at: NOON + 2 });
    await store.addEvaluations([row]);
    await store.addEvaluations([row]);
    expect(await ids(store, {})).toEqual(['old']);
    expect(await store.findEvaluation('old')).toEqual(row);
  });

  test('an evaluation goes with its run', async () => {
    const store = await fixture.store();
    await evaluated(store, 'a');
    const summary = summaryOf('run-a', { state: 'finished', result: 'pass', finishedAt: NOON + 9 });
    await put(store, itemOf('run-a', 3, { summary, open: false }));
    await evaluated(store, 'b');
    expect(await store.deleteFinishedRuns({ project: 'shop', finishedBefore: NOON + 10, limit: 10 })).toBe(1);
    expect(await ids(store, {})).toEqual(['b']);
    expect(await store.findEvaluation('a')).toBeUndefined();
  });

  test('they are there after a restart', async () => {
    const opened = await fixture.opened();
    const row = await evaluated(opened.store, 'a');
    const again = await opened.reopen();
    expect(await again.findEvaluation('a')).toEqual(row);
  });
}
