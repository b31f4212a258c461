import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimOne, field, finished, JSON_TYPE, openDoor, post, startRun, type TestDoor, trigger } from './door.ts';

/** Names that every object of JavaScript has, or takes for its prototype. */
const NAMES = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'];
/** Of these, what may name a project, a sequence or a task. */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: constructor}
spec:
  stages:
    - name: constructor
      sequences:
        - {name: constructor, tasks: [{name: constructor}, {name: build}]}
        - {name: grouped, concurrency: {group: "\${{ data.group }}"}, tasks: [{name: build}]}
`;

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
  const put = await door.ask('PUT', '/v1/projects/constructor/shipyard', { body: SHIPYARD });
  expect(put.status).toBe(201);
});
afterAll(() => door[Symbol.asyncDispose]());

const start = (sequence: string, data: Record<string, unknown> = {}): Promise<string> =>
  startRun(door, trigger({ type: `constructor.${sequence}.triggered`, data: { project: 'constructor', ...data } }));
const viewOf = async (run: string): Promise<unknown> => (await door.ask('GET', `/v1/runs/${run}`)).json;

describe.each(NAMES)('%s', (name) => {
  test('claims like any other, loses its lease like any other, and its answer counts', async () => {
    const run = await start('constructor');
    const claim = await door.ask('POST', '/v1/tasks/constructor/claim?lease=1s', {
      headers: JSON_TYPE,
      body: JSON.stringify({ source: name }),
    });
    expect(claim.status).toBe(200);
    const executors = async (): Promise<unknown> => field(field(await viewOf(run), 'tasks'), 0);
    await expect
      .poll(executors, { timeout: 30_000 })
      .toMatchObject({ attempts: [{ state: 'lost', executors: [{ source: name }] }, { state: 'open' }] });
    const again = await claimOne(door, 'constructor', name);
    const answer = finished(again, { source: name, data: { constructor: { [name]: 1 } } });
    expect((await post(door, answer)).status).toBe(202);
    await expect.poll(executors).toMatchObject({ state: 'finished', result: 'pass' });
    await post(door, finished(await claimOne(door, 'build')));
    await expect.poll(() => viewOf(run)).toMatchObject({ state: 'finished', result: 'pass' });
  });

  test('names a concurrency group in which runs wait for each other', async () => {
    const [first, second] = [await start('grouped', { group: name }), await start('grouped', { group: name })];
    await expect.poll(() => viewOf(second)).toMatchObject({ state: 'waiting' });
    await post(door, finished(await claimOne(door, 'build')));
    await expect.poll(() => viewOf(first)).toMatchObject({ state: 'finished' });
    await post(door, finished(await claimOne(door, 'build')));
    await expect.poll(() => viewOf(second)).toMatchObject({ state: 'finished' });
  });

  test('answers an attempt of a task that is not there, and nothing happens', async () => {
    const run = await start('grouped', { group: `none-${name}` });
    const answer = await post(door, finished({ id: `${run}.constructor.1`, type: 'constructor.triggered' }));
    expect([answer.status, field(answer.json, 'code')]).not.toContain(500);
    await expect.poll(() => viewOf(run)).toMatchObject({ state: 'running' });
    await post(door, finished(await claimOne(door, 'build')));
  });
});

test('lists by a label of that name find the runs that have it, and no others', async () => {
  const labels = { toString: 'a', valueOf: 'b' };
  const run = await start('grouped', { group: 'labels', labels });
  await start('grouped', { group: 'other' });
  const { json } = await door.ask('GET', '/v1/runs?label.toString=a&label.valueOf=b');
  expect((field(json, 'items') as { id: string }[]).map(({ id }) => id)).toEqual([run]);
  expect(field((await door.ask('GET', '/v1/runs?label.hasOwnProperty=x')).json, 'items')).toEqual([]);
  await post(door, finished(await claimOne(door, 'build')));
  await post(door, finished(await claimOne(door, 'build')));
});
