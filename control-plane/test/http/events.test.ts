import { acceptedSchema, waitedSchema } from '@slipway/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
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

test('a trigger is answered 202 with its run and context once it is durable', async () => {
  const answer = await post(door, trigger());
  expect(answer.status).toBe(202);
  const { items } = acceptedSchema.parse(answer.json);
  expect(items).toMatchObject([{ outcome: 'accepted', run: expect.any(String), correlationid: expect.any(String) }]);
  expect(answer.headers.location).toBe(`/v1/runs/${items[0]?.run}`);
  expect((await door.ask('GET', `/v1/runs/${items[0]?.run}`)).json).toMatchObject({
    state: 'running',
    sequence: 'quick',
  });
});

test('the same event again is answered 200 with the same run; with another body it is refused', async () => {
  const event = trigger();
  const first = await post(door, event);
  const again = await post(door, event);
  expect([again.status, field(field(again.json, 'items'), 0)]).toMatchObject([200, { outcome: 'duplicate' }]);
  expect(field(field(field(again.json, 'items'), 0), 'run')).toBe(field(field(field(first.json, 'items'), 0), 'run'));
  const other = await post(door, { ...event, data: { project: 'shop', service: 'other' } });
  expect([other.status, field(other.json, 'code')]).toEqual([409, 'id-reused']);
});

test('a repeat whose data are written in another order is a repeat', async () => {
  const event = trigger({ data: { project: 'shop', a: [1, { b: 2, c: null }], d: 'x' } });
  const first = await post(door, event);
  const again = await post(door, { ...event, data: { d: 'x', a: [1, { c: null, b: 2 }], project: 'shop' } });
  expect([first.status, again.status]).toEqual([202, 200]);
  const other = await post(door, { ...event, data: { d: 'x', a: [{ c: null, b: 2 }, 1], project: 'shop' } });
  expect([other.status, field(other.json, 'code')]).toEqual([409, 'id-reused']);
});

test('an Idempotency-Key makes two events with different ids one run', async () => {
  const key = { 'idempotency-key': 'deploy-17' };
  const first = await post(door, trigger(), key);
  const again = await post(door, trigger(), key);
  expect([first.status, again.status]).toEqual([202, 200]);
  expect(field(field(field(again.json, 'items'), 0), 'run')).toBe(field(field(field(first.json, 'items'), 0), 'run'));
});

test('binary mode and application/json are read as well', async () => {
  const binary = await door.ask('POST', '/v1/events', {
    headers: {
      ...JSON_TYPE,
      'ce-specversion': '1.0',
      'ce-id': 'binary-1',
      'ce-source': '/test',
      'ce-type': 'dev.quick.triggered',
    },
    body: '{"project":"shop"}',
  });
  expect(binary.status).toBe(202);
  expect((await post(door, trigger(), JSON_TYPE)).status).toBe(202);
});

test('a batch is answered item by item, and an empty one with none', async () => {
  const batch = [trigger(), trigger(), trigger()];
  const answer = await door.ask('POST', '/v1/events', { headers: BATCH_TYPE, body: JSON.stringify(batch) });
  expect(answer.status).toBe(202);
  expect(acceptedSchema.parse(answer.json).items.map((item) => item.id)).toEqual(batch.map((event) => event.id));
  const empty = await door.ask('POST', '/v1/events', { headers: BATCH_TYPE, body: '[]' });
  expect([empty.status, empty.json]).toEqual([200, { items: [] }]);
});

test('a batch with one bad event of ten is refused whole, and none of it is stored', async () => {
  const batch = Array.from({ length: 10 }, () => trigger());
  const spoiled = batch.map((event, index) => (index === 7 ? { ...event, type: undefined } : event));
  const answer = await door.ask('POST', '/v1/events', { headers: BATCH_TYPE, body: JSON.stringify(spoiled) });
  expect([answer.status, field(answer.json, 'code')]).toEqual([400, 'missing-attribute']);
  const found = await door.ask('GET', `/v1/events/${batch[0]?.id}`);
  expect(found.status).toBe(404);
  const misnamed = batch.map((event, index) => (index === 7 ? { ...event, type: 'dev.qick.triggered' } : event));
  const unknown = await door.ask('POST', '/v1/events', { headers: BATCH_TYPE, body: JSON.stringify(misnamed) });
  expect([
    unknown.status,
    field(unknown.json, 'code'),
    field(field(field(unknown.json, 'errors'), 0), 'nearest'),
  ]).toEqual([422, 'unknown-sequence', 'quick']);
  expect((await door.ask('GET', `/v1/events/${batch[0]?.id}`)).status).toBe(404);
});

test('Prefer: wait answers 200 with the result when the run ends in time, and 202 when it does not', async () => {
  const mine = trigger({ type: 'dev.delivery.triggered', data: { project: 'shop', service: 'waited' } });
  const waiting = post(door, mine, { prefer: 'wait=60' });
  for (const task of ['build', 'test']) {
    for (;;) {
      const attempt = await claimOne(door, task);
      await post(door, finished(attempt));
      if (field(attempt.data, 'service') === 'waited') break;
    }
  }
  const answer = await waiting;
  expect(answer.status).toBe(200);
  expect(answer.headers['preference-applied']).toBe('wait=60');
  expect(waitedSchema.parse(answer.json)).toMatchObject({ state: 'finished', result: 'pass' });

  const late = await post(door, trigger(), { prefer: 'respond-async, wait=0' });
  expect([late.status, late.headers['preference-applied']]).toEqual([202, 'wait=0']);
  acceptedSchema.parse(late.json);
});

test('a preference that is none is no preference', async () => {
  const answer = await post(door, trigger(), { prefer: 'wait=soon' });
  expect([answer.status, answer.headers['preference-applied']]).toEqual([202, undefined]);
});

test('an answer to an attempt that is over gets 409, in a batch an item that says so', async () => {
  const run = await startRun(door, trigger({ data: { project: 'shop', service: 'over' } }));
  await door.ask('POST', `/v1/runs/${run}/abort`);
  const view = (await door.ask('GET', `/v1/runs/${run}`)).json;
  const attempt = field(field(field(field(view, 'tasks'), 0), 'attempts'), 0);
  const late = finished({ id: field(attempt, 'id'), type: 'build.triggered' });
  const answer = await post(door, late);
  expect([answer.status, field(answer.json, 'code')]).toEqual([409, 'attempt-over']);
  const batch = await door.ask('POST', '/v1/events', {
    headers: BATCH_TYPE,
    body: JSON.stringify([{ ...late, id: 'x' }]),
  });
  expect([batch.status, field(field(batch.json, 'items'), 0)]).toMatchObject([202, { outcome: 'ignored' }]);
});

test('a claim hands out attempts as CloudEvents, at most `max`, and 204 when there are none', async () => {
  const names = ['one', 'two', 'three'];
  for (const service of names) await startRun(door, trigger({ data: { project: 'shop', service } }));
  const claim = (query: string): ReturnType<TestDoor['ask']> =>
    door.ask('POST', `/v1/tasks/build/claim${query}`, { headers: JSON_TYPE, body: '{"source":"/w","project":"shop"}' });
  const two = await claim('?max=2');
  expect([two.status, two.headers['content-type']]).toEqual([200, 'application/cloudevents-batch+json; charset=utf-8']);
  expect(two.json).toMatchObject([{ type: 'build.triggered' }, { type: 'build.triggered' }]);
  while ((await claim('?max=256')).status === 200);
  const empty = await claim('?wait=0s');
  expect([empty.status, empty.text]).toEqual([204, '']);
});

test('a claim waits for work, and gets it as soon as it is there', async () => {
  const waiting = door.ask('POST', '/v1/tasks/build/claim?wait=60s', {
    headers: JSON_TYPE,
    body: '{"source":"/waits","service":"awaited"}',
  });
  await startRun(door, trigger({ data: { project: 'shop', service: 'awaited' } }));
  const startedMs = performance.now();
  expect((await waiting).json).toMatchObject([{ type: 'build.triggered' }]);
  expect(performance.now() - startedMs).toBeLessThan(30_000);
});
