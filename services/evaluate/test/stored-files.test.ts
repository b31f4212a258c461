import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeServer, fakeServer, json } from './fake-server.ts';
import { dataOf, World } from './world.ts';

/** Objectives and queries that live with the project, through a real control plane and the service in its own process. */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: stored}
spec: {stages: [{name: dev, sequences: [{name: gate, tasks: [{name: evaluate, properties: {timeframe: 5m}}]}]}]}
`;
const PLACE = { project: 'stored', stage: 'dev', service: 'carts' };
const sli = (level: string, names: string): string =>
  `indicators: {${[...names].map((name) => `${name}: ${level}-${name}`).join(', ')}}\n`;
const slo = (limit: number): string =>
  `comparison: {compare_with: single_result, include_result_with_score: pass}
objectives:
- {sli: a, pass: [{criteria: ["<${limit}", "<=+10%"]}]}
- {sli: b}
- {sli: c}
total_score: {pass: "90%"}
`;

let prometheus: FakeServer;
let world: World;
let value = 100;

beforeAll(async () => {
  prometheus = await fakeServer((...given) => {
    const result = [{ metric: {}, value: [1, String(value)] }];
    json({ status: 'success', data: { resultType: 'vector', result } })(...given);
  });
  world = await World.start({ env: { SLIPWAY_PROMETHEUS: prometheus.url } });
  await world.client.putShipyard({ project: PLACE.project, body: SHIPYARD });
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await prometheus?.[Symbol.asyncDispose]();
});

async function gate(data: Record<string, unknown> = {}) {
  const { run } = await world.client.trigger({ ...PLACE, sequence: 'gate', data, waitS: 60 });
  const finished = await world.finished(run, 'evaluate');
  return { run, id: finished.id, output: dataOf({ data: dataOf(finished).evaluate }) };
}

const asked = (): string[] => prometheus.seen.map(({ body }) => new URLSearchParams(body).get('query') ?? '').sort();

test('queries of the service go over those of the stage over those of the project, and the result says each version', async () => {
  const { client } = world;
  const { project, stage } = PLACE;
  const versions = {
    project: (await client.putProjectSli({ project, body: sli('project', 'abc') })).version,
    stage: (await client.putStageSli({ project, stage, body: sli('stage', 'bc') })).version,
    service: (await client.putSli({ ...PLACE, body: sli('service', 'c') })).version,
  };
  const first = (await client.putSlo({ ...PLACE, body: slo(200) })).version;
  const before = await gate();
  expect(asked()).toEqual(['project-a', 'service-c', 'stage-b']);
  expect(before.output).toMatchObject({ result: 'pass', versions: { slo: first, sli: versions } });

  const second = (await client.putSlo({ ...PLACE, body: slo(50) })).version;
  expect(second).not.toBe(first);
  const after = await gate();
  expect(after.output).toMatchObject({ result: 'fail', versions: { slo: second, sli: versions } });
  const { items } = await client.listServiceEvaluations({ ...PLACE });
  expect(items.map((row) => row.versions)).toEqual([
    { slo: second, sli: versions },
    { slo: first, sli: versions },
  ]);

  // What the event carries wins.
  const carried = await gate({ evaluate: { slo: slo(200), values: { a: 1 } } });
  expect(carried.output).toMatchObject({ result: 'pass', indicatorResults: [{ value: { value: 1 } }, {}, {}] });
});

test('an evaluation that is started by request compares with what passed before, and not with what was invalidated', async () => {
  const { client } = world;
  const place = { ...PLACE, service: 'orders' };
  await client.putSlo({ ...place, body: slo(1000) });
  const judged = async () => {
    const { run } = await client.startEvaluation({ ...place, body: { timeframe: '10m', labels: { build: '7' } } });
    const event = await world.finished(run, 'evaluation');
    return { id: event.id, data: dataOf(event), output: dataOf({ data: dataOf(event).evaluation }) };
  };
  value = 100;
  const good = await judged();
  expect(good.data).toMatchObject({ status: 'succeeded', result: 'pass' });
  value = 300;
  const slow = await judged();
  expect(slow.output).toMatchObject({ result: 'fail', comparedEvents: [good.id] });

  await client.invalidateEvaluation({ id: good.id, body: { reason: 'the load was wrong' } });
  const again = await judged();
  expect(again.output).toMatchObject({ result: 'pass' });
  expect(again.output.comparedEvents).toBeUndefined();
  await client.reinstateEvaluation({ id: good.id });
  await client.invalidateEvaluation({ id: again.id });
  expect((await judged()).output).toMatchObject({ result: 'fail', comparedEvents: [good.id] });
});

test('a pinned evaluation, named by its own id, is the baseline now, in a replay and in a what-if', async () => {
  const { client } = world;
  const place = { ...PLACE, service: 'golden' };
  const judged = async (rt: number) => {
    const given = { evaluate: { values: { a: rt, b: 1, c: 1 } } };
    const { run } = await client.trigger({ ...place, sequence: 'gate', data: given, waitS: 25 });
    const event = await world.finished(run, 'evaluate');
    return { evaluation: `${run}.evaluate.1`, id: event.id, output: dataOf({ data: dataOf(event).evaluate }) };
  };
  await client.putSlo({ ...place, body: slo(1000) });
  const golden = await judged(100);
  await judged(105);
  const pinned = `comparison: {baseline: {pinned: "${golden.evaluation}"}}`;
  await client.putSlo({ ...place, body: slo(1000).replace(/^comparison.*$/m, pinned) });
  const slow = await judged(120);
  expect(slow.output).toMatchObject({ result: 'fail', comparedEvents: [golden.id] });

  expect(await client.replayEvaluation({ id: slow.evaluation })).toMatchObject({ same: true, differences: [] });
  for (const baseline of [golden.evaluation, golden.id]) {
    const body = { baseline: [baseline] };
    expect(await client.whatIfEvaluation({ id: slow.evaluation, body })).toMatchObject({ differences: [] });
  }
});
