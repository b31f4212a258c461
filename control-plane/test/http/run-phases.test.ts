import { runPhases } from '@slipway/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimOne, field, finished, openDoor, post, startRun, type TestDoor, trigger } from './door.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - {name: work, tasks: [{name: build}]}
        - {name: release, tasks: [{name: approval}]}
        - {name: later, tasks: [{name: wait, triggeredAfter: 1h}]}
        - {name: alone, concurrency: {group: one}, tasks: [{name: build}]}
`;

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
  const headers = { 'content-type': 'application/yaml' };
  const put = await door.ask('PUT', '/v1/projects/shop/shipyard', { headers, body: SHIPYARD });
  expect(put.status).toBe(201);
});
afterAll(() => door[Symbol.asyncDispose]());

const start = (sequence: string) => startRun(door, trigger({ type: `dev.${sequence}.triggered` }));
const phaseOf = async (run: string) => field((await door.ask('GET', `/v1/runs/${run}`)).json, 'phase');
const idsWith = async (query: string) =>
  ((field((await door.ask('GET', `/v1/runs?${query}`)).json, 'items') ?? []) as unknown[]).map((run) =>
    field(run, 'id'),
  );

/** Claims until the attempt is that of `run`. */
async function answer(run: string, result: string): Promise<void> {
  const attempt = await claimOne(door, 'build');
  expect(attempt.subject).toBe(run);
  // A claim is written a moment after it is given out.
  await expect.poll(() => phaseOf(run)).toBe('working');
  await post(door, finished(attempt, { data: { result } }));
}

test('each run has one phase, by which lists, counts and its page show it, and an aborted one is never passed', async () => {
  const runs = new Map<string, string>();
  for (const [phase, result] of [
    ['passed', 'pass'],
    ['warning', 'warning'],
    ['failed', 'fail'],
  ] as const) {
    const run = await start('work');
    await answer(run, result);
    runs.set(phase, run);
  }
  const worker = await start('work');
  const aborted = await start('later');
  await door.ask('POST', `/v1/runs/${aborted}/abort`);
  const told = await door.ask('GET', '/v1/events?type=dev.later.finished');
  expect(field(field(field(field(told.json, 'items'), 0), 'event'), 'data')).toMatchObject({
    ...{ status: 'aborted', result: 'fail' },
  });
  const holder = await start('alone');
  runs.set('aborted', aborted).set('waiting-worker', worker);
  runs.set('waiting-person', await start('release')).set('sleeping', await start('later'));
  runs.set('waiting-turn', await start('alone')).set('paused', await start('work'));
  await door.ask('POST', `/v1/runs/${runs.get('paused')}/pause`);
  await door.ask('POST', `/v1/runs/${holder}/abort`, { headers: {}, body: '' });
  await expect.poll(() => phaseOf(runs.get('waiting-turn') ?? '')).toBe('waiting-worker');
  runs.set('waiting-turn', await start('alone'));

  for (const [phase, run] of runs) {
    expect([phase, await phaseOf(run)]).toEqual([phase, phase]);
    expect(await idsWith(`state=${phase}`)).toContain(run);
    const counts = await door.ask('GET', `/v1/run-counts?state=${phase}`);
    expect(field(field(field(counts.json, 'items'), 0), 'phase')).toBe(phase);
    const why = await door.ask('GET', `/v1/runs/${run}/why`);
    expect(field(why.json, 'phase')).toBe(phase);
  }
  expect(await idsWith('result=pass')).toEqual([runs.get('passed')]);
  expect(await idsWith('state=waiting')).toEqual([runs.get('waiting-turn')]);
  expect((await idsWith('state=finished')).toSorted()).toEqual(
    [holder, ...['passed', 'warning', 'failed', 'aborted'].map((phase) => runs.get(phase))].toSorted(),
  );
});

test('a state that is none is refused with the list', async () => {
  const refused = await door.ask('GET', '/v1/runs?state=done');
  expect(refused.status).toBe(400);
  for (const phase of runPhases) expect(refused.text).toContain(phase);
});
