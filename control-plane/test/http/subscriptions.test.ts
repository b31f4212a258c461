import { expect, test } from 'vitest';
import { claimOne, field, finished, JSON_TYPE, openDoor, post, putShipyard, startRun, type TestDoor } from './door.ts';
import { Sink } from './sink.ts';

async function put(door: TestDoor, id: string, body: Record<string, unknown>): ReturnType<TestDoor['ask']> {
  return await door.ask('PUT', `/v1/subscriptions/${id}`, { headers: JSON_TYPE, body: JSON.stringify(body) });
}

test('a star stands for anything wherever it is, in either spelling, and a subscription counts what it matched', async () => {
  await using door = await openDoor({ pushPrivate: true });
  await using sink = await new Sink().start();
  await putShipyard(door, 'shop');
  const subscriptions = {
    ends: [['*.finished'], ['build.finished', 'dev.quick.finished']],
    inside: [['bu*d.finish*'], ['build.finished']],
    keptn: [['sh.keptn.event.*.started'], ['build.started', 'dev.quick.started']],
    exact: [['build.finished'], ['build.finished']],
  } as const;
  for (const [id, [types]] of Object.entries(subscriptions))
    expect((await put(door, id, { sink: `${sink.url}/${id}`, types })).status).toBe(201);
  expect((await put(door, 'all', { sink: `${sink.url}/all`, types: ['sh.keptn.>'] })).status).toBe(201);
  await startRun(door);
  await post(door, finished(await claimOne(door, 'build')));
  for (const [id, [, expected]] of Object.entries(subscriptions)) {
    const types = (): string[] => sink.taken.filter(({ path }) => path.endsWith(`/${id}`)).map(({ type }) => type);
    await expect.poll(() => types().toSorted(), { timeout: 10_000, message: id }).toEqual(expected);
    const view = await door.ask('GET', `/v1/subscriptions/${id}`);
    expect(field(view.json, 'matched')).toBe(expected.length);
  }
  // dev.quick.triggered, .started, build.triggered, .started, .finished, dev.quick.finished
  await expect.poll(async () => field((await door.ask('GET', '/v1/subscriptions/all')).json, 'matched')).toBe(6);
});

test('the same patterns filter the list of events', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  await startRun(door);
  const listed = async (type: string): Promise<unknown> => {
    const { json } = await door.ask('GET', `/v1/events?type=${encodeURIComponent(type)}`);
    return (field(json, 'items') as unknown[]).map((item) => field(field(item, 'event'), 'type')).toSorted();
  };
  expect(await listed('*.triggered')).toEqual(['build.triggered', 'dev.quick.triggered']);
  expect(await listed('sh.keptn.event.dev.*')).toEqual(['dev.quick.started', 'dev.quick.triggered']);
  expect(await listed('build.triggered')).toEqual(['build.triggered']);
  const { status, json } = await door.ask('GET', '/v1/events?type=*.finishd');
  expect([status, field(json, 'code')]).toEqual([400, 'invalid-parameter']);
});

test.each([
  ['work.finishd', 6, 'finished'],
  ['*.finishd', 3, 'finished'],
  ['dev.>.finished', 5, undefined],
  ['Work.finished', 1, undefined],
])('the pattern %s is refused with its place', async (type, column, nearest) => {
  await using door = await openDoor({ pushPrivate: true });
  const { status, json } = await put(door, 'hook', { sink: 'http://127.0.0.1:9/', types: ['*.finished', type] });
  expect(status).toBe(422);
  expect(json).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/types/1', column }] });
  expect(field(field(field(json, 'errors'), 0), 'nearest')).toBe(nearest);
  expect((await door.ask('GET', '/v1/subscriptions/hook')).status).toBe(404);
});
