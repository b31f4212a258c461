import { describe, expect, test } from 'vitest';
import { indexPlan } from '../../src/engine/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { decodeRunEntry } from '../../src/runtime/entry.ts';
import { foldRun } from '../../src/runtime/run-folds.ts';
import { createEvaluator, parseShipyard } from '../../src/shipyard/index.ts';
import { claimOne, finished, openDoor, post, startRun, type TestDoor, trigger } from '../http/door.ts';

/** A shipyard whose sequence `dev.quick` has these tasks; JSON is YAML. */
function shipyard(tasks: readonly object[], more: object = {}): string {
  return JSON.stringify({
    apiVersion: 'slipway.dev/v1',
    spec: { stages: [{ name: 'dev', sequences: [{ name: 'quick', tasks, ...more }] }] },
  });
}

async function begin(door: TestDoor, text: string, data: object = {}): Promise<string> {
  const put = await door.ask('PUT', '/v1/projects/shop/shipyard', { body: text });
  expect([put.status, put.text]).toEqual([put.status < 300 ? put.status : 200, put.text]);
  return startRun(door, trigger({ data: { project: 'shop', ...data } }));
}

async function answer(door: TestDoor, task: string, data: object = {}): Promise<unknown> {
  const attempt = await claimOne(door, task);
  await post(door, finished(attempt, { data: { result: 'pass', ...data } }));
  return attempt.data;
}

const viewOf = async (door: TestDoor, run: string) => (await door.ask('GET', `/v1/runs/${run}`)).json;
const whyOf = async (door: TestDoor, run: string) => (await door.ask('GET', `/v1/runs/${run}/why`)).json;

describe('a graph', () => {
  test('fails when one of two branches fails, also where the other one ends later and passes', async () => {
    await using door = await openDoor();
    const run = await begin(door, shipyard([{ name: 'a', needs: [] }, { name: 'b' }]));
    await answer(door, 'a', { result: 'fail', message: 'broken' });
    await answer(door, 'b');
    expect(await viewOf(door, run)).toMatchObject({
      result: 'fail',
      status: 'succeeded',
      message: "'a' failed: broken",
    });
  });

  test.each([
    ['a', 'b'],
    ['b', 'a'],
  ])('gives a join the same data whether %s or %s ends first', async (first, second) => {
    await using door = await openDoor();
    const tasks = [{ name: 'a' }, { name: 'b' }, { name: 'c', needs: ['a', 'b'], with: { n: '${{ data.n }}' } }];
    const run = await begin(door, shipyard(tasks));
    for (const task of [first, second]) await answer(door, task, { n: task, [task]: { from: task } });
    const data = await answer(door, 'c');
    expect(data).toMatchObject({ n: 'b', a: { from: 'a' }, b: { from: 'b' }, c: { n: 'b' } });
    expect(await viewOf(door, run)).toMatchObject({ state: 'finished', result: 'pass' });
  });

  test('starts a join of 2 with the second answer, cancels the rest, and refuses the late answer', async () => {
    await using door = await openDoor();
    const tasks = [
      { name: 'a' },
      { name: 'b' },
      { name: 'c' },
      { name: 'd', needs: ['a', 'b', 'c'], join: 2, rest: 'cancel' },
    ];
    const run = await begin(door, shipyard(tasks));
    const late = await claimOne(door, 'c');
    await answer(door, 'a');
    expect(await whyOf(door, run)).toMatchObject({
      reasons: expect.arrayContaining([
        { code: 'waiting-for-task', task: 'd', sentence: "'d' waits for 1 more of [a, b, c]; b, c are still open." },
      ]),
    });
    await answer(door, 'b');
    expect((await post(door, finished(late))).json).toMatchObject({ status: 409, code: 'attempt-over' });
    await answer(door, 'd');
    expect(await viewOf(door, run)).toMatchObject({
      ...{ state: 'finished', result: 'pass' },
      tasks: [{ state: 'finished' }, { state: 'finished' }, { state: 'cancelled' }, { state: 'finished' }],
    });
  });

  test('says of each skipped task why, with the values that its condition saw', async () => {
    await using door = await openDoor();
    const tasks = [
      { name: 'a', needs: [], when: "${{ data.env == 'prod' }}" },
      { name: 'b', next: { failure: 'c' } },
      { name: 'c', uses: 'end', with: { result: 'fail' } },
      { name: 'd', needs: ['a'] },
    ];
    const run = await begin(door, shipyard(tasks), { env: 'dev' });
    await answer(door, 'b');
    expect(await viewOf(door, run)).toMatchObject({
      result: 'pass',
      tasks: [
        { state: 'skipped', reason: "Skipped: `data.env == 'prod'` was false, because data.env was 'dev'" },
        { state: 'finished' },
        { state: 'skipped', reason: 'Skipped: the edge from b was not taken' },
        { state: 'skipped', sources: [{ task: 'a', on: ['success'], state: 'dead' }] },
      ],
    });
  });

  test('goes the way of a handled failure, runs finally, and ends as its end says', async () => {
    await using door = await openDoor();
    const tasks = [
      { name: 'a', next: { failure: 'b', success: 'd' } },
      { name: 'b' },
      { name: 'c', uses: 'end', needs: ['b'], with: { result: 'warning', message: '${{ tasks.b.output.said }}' } },
      { name: 'd' },
    ];
    const run = await begin(
      door,
      shipyard(tasks, { finally: [{ name: 'clean', with: { was: '${{ run.result }}' } }] }),
    );
    await answer(door, 'a', { result: 'fail' });
    await answer(door, 'b', { b: { said: 'rolled back' } });
    expect(await answer(door, 'clean')).toMatchObject({ clean: { was: 'warning' } });
    expect(await viewOf(door, run)).toMatchObject({ result: 'warning', status: 'succeeded', message: 'rolled back' });
  });

  test('waits for a time without any service', async () => {
    await using door = await openDoor();
    const tasks = [
      { name: 'a', uses: 'wait', with: { for: '20ms' } },
      { name: 'b', uses: 'noop' },
    ];
    const run = await begin(door, shipyard(tasks));
    await expect
      .poll(async () => viewOf(door, run), { timeout: 20_000 })
      .toMatchObject({ state: 'finished', result: 'pass' });
  });

  test('fails an attempt whose output does not meet its schema, and tries again', async () => {
    await using door = await openDoor();
    const schema = { type: 'object', required: ['n'], properties: { n: { type: 'number' } } };
    const task = {
      name: 'a',
      needs: [],
      outputSchema: schema,
      retry: { attempts: 2, delay: '0s' },
      publish: { n: '${{ output.n }}' },
    };
    const run = await begin(door, shipyard([task, { name: 'b', needs: ['a'], with: { n: '${{ vars.n }}' } }]));
    await answer(door, 'a', { a: { n: 'one' } });
    await answer(door, 'a', { a: { n: 1 } });
    expect(await answer(door, 'b')).toMatchObject({ b: { n: 1 } });
    expect(await viewOf(door, run)).toMatchObject({
      result: 'pass',
      tasks: [
        {
          attempts: [{ error: { code: 'OUTPUT_INVALID', message: 'output/n: must be number' } }, { state: 'finished' }],
        },
        {},
      ],
    });
  });

  test('begins 250 tasks in steps of at most 100, each an entry of its own, and ends when all have answered', async () => {
    await using door = await openDoor();
    const tasks = Array.from({ length: 250 }, (_, index) => ({ name: `t${index}`, uses: 'work', needs: [] }));
    const run = await begin(door, shipyard([...tasks, { name: 'last', needs: tasks.map(({ name }) => name) }]));
    for (let index = 0; index < 250; index++) await answer(door, 'work');
    await answer(door, 'last');
    expect(await viewOf(door, run)).toMatchObject({ state: 'finished', result: 'pass', tasksDone: 251 });
    const entries = await door.store.read(run);
    const triggered = entries.map((entry) => entry.events.filter((event) => event.includes('"work.triggered"')).length);
    expect(triggered[0]).toBe(100);
    expect(triggered.reduce((sum, count) => sum + count, 0)).toBe(250);
    // An answer that arrives in between begins more as well.
    const inputs = entries.flatMap(decodeRunEntry).filter((input) => input.kind === 'continue');
    expect(inputs[0]?.begun).toBe(100);
  }, 60_000);

  test('begins tasks whose expressions together cost more than one step may, and folds to the same', async () => {
    await using door = await openDoor();
    // About 100,000 units each; a step has 2,000,000.
    const heavy = '${{ size(data.list.map(a, data.list.map(b, a + b))) }}';
    const tasks = Array.from({ length: 40 }, (_, index) => ({
      name: `t${index}`,
      uses: 'work',
      needs: [],
      with: { heavy },
    }));
    const list = Array.from({ length: 150 }, (_, index) => index);
    const run = await begin(door, shipyard(tasks), { list });
    for (let index = 0; index < 40; index++)
      expect(await answer(door, 'work', index === 7 ? { result: 'warning' } : {})).toMatchObject({
        work: { heavy: 150 },
      });
    const view = await viewOf(door, run);
    expect(view).toMatchObject({ state: 'finished', result: 'warning', tasksDone: 40 });
    const entries = await door.store.read(run);
    expect(entries.flatMap(decodeRunEntry).filter((input) => input.kind === 'continue').length).toBeGreaterThan(0);
    const { plan } = parseShipyard(shipyard(tasks));
    if (plan === undefined) throw new Error('it has a plan');
    const env = indexPlan(plan, createEvaluator())('dev', 'quick');
    const { run: folded } = await foldRun(entries, { envOf: () => env, clock: systemClock });
    expect(folded).toMatchObject({ kind: 'finished', result: 'warning', nodes: { t7: { result: 'warning' } } });
  }, 60_000);
});
