import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { firstOf, idsOf, NOON } from './builders.ts';

const RUNS = 1_200;

test('of runs that retention took nothing is left, also not the names that only they had', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-leftovers-'));
  const store = await openSqliteStore({ dir });
  const run = (name: string, project: string, finishedAt = NOON) =>
    firstOf(
      name,
      { project, service: `service-${name}`, state: 'finished', result: 'pass', finishedAt, labels: { name } },
      {
        open: false,
        told: [{ id: `e-${name}`, source: `/ci/${name}`, type: 'build.finished', ignored: 'service-run8' }],
      },
    );
  const evaluation = {
    id: 'v',
    source: '/ci/kept',
    run: 'kept',
    task: 'service-run7',
    project: 'bank',
    stage: 'dev',
    correlationid: 'c',
  };
  const kept = {
    ...run('kept', 'bank'),
    evaluations: [{ ...evaluation, at: NOON, result: 'pass' as const, value: '{}' }],
  };
  await store.commit([kept, ...Array.from({ length: RUNS }, (_, index) => run(`run${index}`, 'shop'))]);
  const rows = (table: string): number => {
    const db = new DatabaseSync(join(dir, 'slipway.db'), { readOnly: true });
    const found = db.prepare(`SELECT count(*) AS n FROM ${table}`).get();
    db.close();
    return Number(found?.n);
  };
  expect(rows('names')).toBeGreaterThan(2 * RUNS);
  expect(rows('event_kinds')).toBe(RUNS + 1);
  while ((await store.deleteFinishedRuns({ project: 'shop', keep: 0, limit: 200 })) > 0);
  // What is kept, and what shares a block of events with it.
  expect(rows('tallies')).toBe(1);
  expect(rows('labels')).toBe(1);
  expect(rows('event_kinds')).toBeLessThan(1_030);
  expect(rows('names')).toBeLessThan(2 * RUNS - 150);
  expect((await store.listEvaluations({ project: 'bank', limit: 10 })).items).toMatchObject([{ task: 'service-run7' }]);
  expect((await store.findEvent('e-kept'))?.ignored).toBe('service-run8');
  // Their names may come again, under other numbers.
  await store.commit([run('run1', 'shop'), run('run1199', 'shop')]);
  expect(idsOf((await store.listEvents({ service: 'service-run1199', limit: 10 })).items)).toEqual(['e-run1199']);
  expect((await store.listRuns({ service: 'service-run1', limit: 10 })).items.map(({ id }) => id)).toEqual(['run1']);
  await store.close();
  rmSync(dir, { recursive: true });
});
