import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseShipyard } from '../../src/shipyard/index.ts';
import { claimOne, finished, openDoor, post, startRun, type TestDoor, trigger } from '../http/door.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../../shipyard-examples/${name}.yaml`, import.meta.url), 'utf8');

async function begin(door: TestDoor, name: string, type: string, data: object): Promise<string> {
  await door.ask('PUT', '/v1/projects/shop/shipyard', { body: read(name) });
  return startRun(door, trigger({ type, data: { project: 'shop', service: 'carts', ...data } }));
}

/** Answers the next attempt of a task; gives its data. */
async function answer(door: TestDoor, task: string, data: object = {}): Promise<unknown> {
  const attempt = await claimOne(door, task);
  await post(door, finished(attempt, { data: { result: 'pass', ...data } }));
  return attempt.data;
}

const viewOf = async (door: TestDoor, run: string) => (await door.ask('GET', `/v1/runs/${run}`)).json;

test.each(['rollout', 'offers'])('%s.yaml has no problem and no warning', (name) => {
  expect(parseShipyard(read(name)).problems).toEqual([]);
});

describe('rollout.yaml', () => {
  const begun = (door: TestDoor) => begin(door, 'rollout', 'prod.rollout.triggered', { image: 'carts:1.4' });

  test('passes when the check is healthy, and rolls nothing back', async () => {
    await using door = await openDoor();
    const run = await begun(door);
    await answer(door, 'deploy', { deploy: { previous: 'carts:1.3' } });
    await answer(door, 'health-check', { 'health-check': { healthy: true } });
    expect(await answer(door, 'notify')).toMatchObject({ notify: { text: 'carts: pass' } });
    const view = await viewOf(door, run);
    expect(view).toMatchObject({ result: 'pass' });
    expect(view).toMatchObject({
      tasks: expect.arrayContaining([expect.objectContaining({ key: 'rollback', state: 'skipped' })]),
    });
  });

  test('rolls back to the image before when the check is not healthy, and fails', async () => {
    await using door = await openDoor();
    const run = await begun(door);
    await answer(door, 'deploy', { deploy: { previous: 'carts:1.3' } });
    await answer(door, 'health-check', { 'health-check': { healthy: false } });
    expect(await answer(door, 'rollback')).toMatchObject({ rollback: { image: 'carts:1.3' } });
    expect(await answer(door, 'notify', { result: 'fail' })).toMatchObject({ notify: { text: 'carts: fail' } });
    expect(await viewOf(door, run)).toMatchObject({
      result: 'fail',
      status: 'succeeded',
      message: 'rolled back carts',
    });
  });

  test('rolls back when the deployment fails', async () => {
    await using door = await openDoor();
    const run = await begun(door);
    await answer(door, 'deploy', { result: 'fail' });
    expect(await answer(door, 'rollback')).toMatchObject({ rollback: { image: 'none' } });
    await answer(door, 'notify');
    expect(await viewOf(door, run)).toMatchObject({ result: 'fail', message: 'rolled back carts' });
  });
});

test('offers.yaml goes on with two offers, cancels the third question, and books without the insurance', async () => {
  await using door = await openDoor();
  const run = await begin(door, 'offers', 'dev.ship.triggered', { kg: 12 });
  await answer(door, 'ask-carrier', { 'ask-carrier': { price: 10 } });
  await answer(door, 'ask-carrier', { 'ask-carrier': { price: 12 } });
  expect(await answer(door, 'choose', { choose: { carrier: 'north' } })).toMatchObject({
    choose: { north: 10, south: 12, east: null },
  });
  expect(await answer(door, 'book')).toMatchObject({ book: { carrier: 'north', insured: false } });
  expect(await viewOf(door, run)).toMatchObject({
    ...{ result: 'pass', output: { carrier: 'north' } },
    tasks: [{}, {}, { state: 'cancelled' }, {}, { state: 'skipped' }, {}],
  });
});
