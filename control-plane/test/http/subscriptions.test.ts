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

test('a subscription that only observes takes no work: the worker gets each attempt', async () => {
  await using door = await openDoor({ pushPrivate: true });
  await using sink = await new Sink().start();
  await putShipyard(door, 'shop');
  expect((await put(door, 'audit', { sink: sink.url, project: 'shop' })).json).toMatchObject({
    mode: 'observe',
    encoding: 'structured',
    types: [],
  });
  const run = await startRun(door);
  await expect.poll(() => sink.taken.map(({ type }) => type)).toContain('build.triggered');
  const attempt = await claimOne(door, 'build');
  expect((await post(door, finished(attempt))).status).toBe(202);
  const state = async (): Promise<unknown> => field((await door.ask('GET', `/v1/runs/${run}`)).json, 'state');
  await expect.poll(state).toBe('finished');
  const { json } = await door.ask('GET', '/v1/services');
  expect(JSON.stringify(json)).not.toContain(sink.url);
});

test('the end of a subscription gives back what its sink had begun, and its sink is listed no more', async () => {
  await using door = await openDoor({ pushPrivate: true });
  await using sink = await new Sink().start();
  await putShipyard(door, 'shop');
  const worker = { sink: sink.url, types: ['build.triggered'], mode: 'execute' };
  await put(door, 'worker', worker);
  const run = await startRun(door);
  const started = async (): Promise<string> => (await door.ask('GET', `/v1/runs/${run}/events`)).text;
  await expect.poll(started).toContain('build.started');
  const nothing = await door.ask('POST', '/v1/tasks/build/claim', { headers: JSON_TYPE, body: '{"source":"/w"}' });
  expect(nothing.status).toBe(204);
  expect((await door.ask('GET', '/v1/services')).text).toContain(sink.url);
  // Another subscription of the same sink serves on.
  await put(door, 'second', worker);
  expect((await door.ask('DELETE', '/v1/subscriptions/second')).status).toBe(204);
  expect((await door.ask('DELETE', '/v1/subscriptions/worker')).status).toBe(204);
  const attempt = await claimOne(door, 'build');
  expect(attempt.id).toBe(`${run}.build.2`);
  expect((await post(door, finished(attempt))).status).toBe(202);
  expect((await door.ask('GET', '/v1/services')).text).not.toContain(sink.url);
  expect((await door.ask('DELETE', '/v1/subscriptions/worker')).status).toBe(404);
});

test('the encoding said by mode, as before, is still taken; such a subscription works where it names a task', async () => {
  await using door = await openDoor({ pushPrivate: true });
  const sink = 'http://127.0.0.1:9/';
  const said = async (body: Record<string, unknown>): Promise<unknown> =>
    (await put(door, 'old', { sink, ...body })).json;
  expect(await said({ mode: 'binary', types: ['*.finished'] })).toMatchObject({ mode: 'observe', encoding: 'binary' });
  expect(await said({ mode: 'structured', types: ['build.triggered'] })).toMatchObject({
    mode: 'execute',
    encoding: 'structured',
  });
  expect(await said({ mode: 'execute', encoding: 'binary' })).toMatchObject({ mode: 'execute', encoding: 'binary' });
});
