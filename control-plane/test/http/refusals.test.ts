import { afterAll, beforeAll, expect, test } from 'vitest';
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
  startRun,
  type TestDoor,
  trigger,
} from './door.ts';

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
  await putShipyard(door, 'shop');
});
afterAll(() => door[Symbol.asyncDispose]());

/** Its code, its sentence, and the place of its first error. */
function told({ status, json }: Answer): unknown[] {
  return [status, field(json, 'code'), field(json, 'detail'), field(field(field(json, 'errors'), 0), 'pointer')];
}

test('of a batch the event that is refused is named, and none is taken', async () => {
  const unknown = { ...trigger(), type: 'dev.quik.triggered' };
  const good = trigger();
  const asked = await door.ask('POST', '/v1/events', { headers: BATCH_TYPE, body: JSON.stringify([good, unknown]) });
  expect(told(asked)).toEqual([
    422,
    'unknown-sequence',
    "event 1 of the batch (the first is 0): stage 'dev' has no sequence 'quik': did you mean 'quick'?",
    '/1/type',
  ]);
  expect((await door.ask('GET', `/v1/events/${String(good.id)}?source=/test`)).status).toBe(404);
  const noProject = { ...trigger(), data: { project: 'nowhere' } };
  expect(
    told(await door.ask('POST', '/v1/events', { headers: BATCH_TYPE, body: JSON.stringify([noProject]) })),
  ).toMatchObject([404, 'unknown-project', expect.stringMatching(/^event 0 of the batch/), '/0']);
});

test('data as base64 are refused, because nobody would read them', async () => {
  const { data, ...bare } = trigger();
  const asBytes = { ...bare, data_base64: Buffer.from(JSON.stringify(data)).toString('base64') };
  const place = [400, 'invalid-data', 'data_base64 is not read: send a JSON object as data', '/data_base64'];
  expect(told(await post(door, asBytes))).toEqual(place);
  await startRun(door);
  const { data: _, ...answer } = finished(await claimOne(door, 'build'));
  expect(told(await post(door, { ...answer, data_base64: 'e30=' }))).toEqual(place);
  expect((await post(door, answer)).status).toBe(202);
});

test('an id that is used for another event is refused with the way out', async () => {
  const event = trigger();
  await post(door, event);
  expect(told(await post(door, { ...event, data: { project: 'shop' } }))).toMatchObject([
    409,
    'id-reused',
    expect.stringMatching(/send a new event under an id of its own$/),
    undefined,
  ]);
});

test('what a value must be is said in words, at any depth', async () => {
  const claim = await door.ask('POST', '/v1/tasks/build/claim?wait=5', {
    headers: JSON_TYPE,
    body: '{"source":"/me"}',
  });
  expect(field(claim.json, 'detail')).toBe(
    'the parameter "wait" must be a length of time, such as 500ms, 25s, 5m or 1h',
  );
  const put = (body: unknown): Promise<Answer> =>
    door.ask('PUT', '/v1/projects/shop', { headers: JSON_TYPE, body: JSON.stringify(body) });
  expect(told(await put({ limits: { openRunMax: 1 } }))).toEqual([
    400,
    'invalid-request',
    '/limits/openRunMax is not a known key: did you mean openRunsMax?',
    '/limits/openRunMax',
  ]);
  expect(told(await put({ limits: { openRunsMax: 0 } }))).toMatchObject([
    400,
    'invalid-request',
    expect.stringMatching(/must be more than 0$/),
    '/limits/openRunsMax',
  ]);
});

test('a chain that is too long is refused where its sender can be told', async () => {
  expect(told(await post(door, trigger({ triggerdepth: 33 })))).toEqual([
    422,
    'trigger-depth',
    'runs have triggered each other 33 times, and 32 is the limit',
    '/triggerdepth',
  ]);
  expect((await post(door, trigger({ triggerdepth: 32 }))).status).toBe(202);
});
