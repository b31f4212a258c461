import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  type Answer,
  BATCH_TYPE,
  claimOne,
  field,
  finished,
  JSON_TYPE,
  openDoor,
  post,
  putShipyard,
  SHIPYARD,
  startRun,
  type TestDoor,
  trigger,
} from './door.ts';
import { SLO } from './evaluation-world.ts';

const told = (answer: Answer): unknown[] => [answer.status, field(answer.json, 'code')];
const putLimits = (door: TestDoor, limits: Record<string, unknown>): Promise<Answer> =>
  door.ask('PUT', '/v1/projects/shop', { headers: JSON_TYPE, body: JSON.stringify({ limits }) });

test('a project has no more open runs than it may, and one that ends makes room', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  await startRun(door);
  await putLimits(door, { openRunsMax: 2 });
  const second = trigger();
  const run = await startRun(door, second);
  const refused = await post(door, trigger());
  expect(told(refused)).toEqual([429, 'rate-limited']);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  // A repeat of what was taken is no new run, nor is the answer that ends one.
  expect([
    (await post(door, second)).status,
    field(field(field((await post(door, second)).json, 'items'), 0), 'run'),
  ]).toEqual([200, run]);
  const attempt = await claimOne(door, 'build');
  expect((await post(door, finished(attempt))).status).toBe(202);
  expect((await post(door, trigger())).status).toBe(202);
  expect(told(await post(door, trigger()))).toEqual([429, 'rate-limited']);
  // Another project is another matter.
  await putShipyard(door, 'other');
  expect((await post(door, trigger({ data: { project: 'other' } }))).status).toBe(202);
});

test('many that come at the same moment are counted before they are durable, and all of a batch or none is taken', async () => {
  await using door = await openDoor({
    planeLimits: { perProject: { openRunsMax: 5, waitingRunsMax: null, runsPerSecond: null } },
  });
  await putShipyard(door, 'shop');
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(door, trigger())));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
  await putLimits(door, { openRunsMax: 7 });
  const batch = (count: number): Promise<Answer> =>
    door.ask('POST', '/v1/events', {
      headers: BATCH_TYPE,
      body: JSON.stringify(Array.from({ length: count }, () => trigger())),
    });
  expect(told(await batch(3))).toEqual([429, 'rate-limited']);
  expect((await batch(2)).status).toBe(202);
});

test('runs of a concurrency group that wait are bounded, too', async () => {
  await using door = await openDoor();
  const grouped = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec: {stages: [{name: dev, sequences: [{name: quick, concurrency: {group: one, limit: 1, policy: queue}, tasks: [{name: build}]}]}]}
`;
  await door.ask('PUT', '/v1/projects/shop/shipyard', { body: grouped });
  await putLimits(door, { waitingRunsMax: 2 });
  const holder = await startRun(door);
  const state = async (): Promise<unknown> => field((await door.ask('GET', `/v1/runs/${holder}`)).json, 'state');
  await expect.poll(state).toBe('running');
  for (let run = 0; run < 2; run++) expect((await post(door, trigger())).status).toBe(202);
  expect(told(await post(door, trigger()))).toEqual([429, 'rate-limited']);
});

test('a project that starts runs too fast is slowed down, and told for how long', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  await putLimits(door, { runsPerSecond: 2 });
  const first = [await post(door, trigger()), await post(door, trigger())];
  expect(first.map(({ status }) => status)).toEqual([202, 202]);
  // So many that some are too fast however slow the machine is.
  const many = await Promise.all(Array.from({ length: 60 }, () => post(door, trigger())));
  expect(many.map(({ status }) => status)).toContain(429);
  await expect.poll(async () => (await post(door, trigger())).status, { interval: 200 }).toBe(202);
});

test('a store that is too slow sheds reads first, then new runs, then commands; never answers, abort and health', async () => {
  await using door = await openDoor({ planeLimits: { waitMaxMs: [50, 400, 1_000] } });
  await putShipyard(door, 'shop');
  const run = await startRun(door);
  const attempt = await claimOne(door, 'build');
  // A write of somebody else holds up the store's own, as a slow disk would.
  const { commit } = door.store;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  door.store.commit = async (items) => {
    await held;
    return commit(items);
  };
  const waiting = post(door, trigger());
  await expect.poll(async () => told(await door.ask('GET', '/v1/runs'))).toEqual([503, 'overloaded']);
  await sleep(500);
  const late = await post(door, trigger());
  expect(told(late)).toEqual([503, 'overloaded']);
  expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
  await sleep(700);
  expect(told(await door.ask('POST', `/v1/runs/${run}/resume`))).toEqual([503, 'overloaded']);
  const aborting = door.ask('POST', `/v1/runs/${run}/pause`);
  const answering = post(door, finished(attempt));
  expect((await door.ask('GET', '/livez')).status).toBe(200);
  expect((await door.ask('GET', '/metrics')).status).toBe(200);
  release();
  expect([(await waiting).status, (await aborting).status, (await answering).status]).toEqual([202, 200, 202]);
  await expect.poll(async () => (await door.ask('GET', '/v1/runs')).status).toBe(200);
});

test('a disk that is nearly full takes no new runs, and what is open goes on', async () => {
  let problem: string | undefined;
  await using door = await openDoor({ intakeProblem: () => problem });
  await putShipyard(door, 'shop');
  await startRun(door);
  problem = '3 % of the disk is free';
  const refused = await post(door, trigger());
  expect([...told(refused), refused.headers['retry-after']]).toEqual([503, 'store-unavailable', '10']);
  const data = await door.ask('POST', '/v1/data', { headers: JSON_TYPE, body: '{"text":"large"}' });
  expect([...told(data), data.headers['retry-after']]).toEqual([503, 'store-unavailable', '10']);
  const yaml = { 'content-type': 'application/yaml' };
  const put = (path: string, body: string) => door.ask('PUT', `/v1/projects/shop/${path}`, { headers: yaml, body });
  const changed = await put('shipyard', `${SHIPYARD}\n# changed`);
  expect([...told(changed), changed.headers['retry-after']]).toEqual([503, 'store-unavailable', '10']);
  expect((await put('shipyard', SHIPYARD)).status).toBe(200);
  expect((await put('shipyard?dryRun=true', `${SHIPYARD}\n# changed`)).status).toBe(200);
  for (const [path, body] of [
    ['slo', SLO],
    ['sli', 'indicators: {latency: up}'],
  ] as const) {
    expect(told(await put(`stages/dev/services/carts/${path}`, body))).toEqual([503, 'store-unavailable']);
  }
  expect((await post(door, finished(await claimOne(door, 'build')))).status).toBe(202);
  problem = undefined;
  expect((await post(door, trigger())).status).toBe(202);
});
