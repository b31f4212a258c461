import { expect, test } from 'vitest';
import { field, finished, JSON_TYPE, openDoor, post, putShipyard, startRun, type TestDoor, trigger } from './door.ts';

const MB = 1024 * 1024;
const putData = (door: TestDoor, data: unknown): ReturnType<TestDoor['ask']> =>
  door.ask('POST', '/v1/data', { headers: JSON_TYPE, body: JSON.stringify(data) });

test('data that were put come back as they were, and an event that names them has them', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  const data = { project: 'shop', service: 'carts', text: 'ä'.repeat(2 * MB), 'a.b': { $where: 1 } };
  const put = await putData(door, data);
  expect(put.status).toBe(201);
  // A repeat names the same.
  expect((await putData(door, data)).json).toEqual(put.json);
  const dataref = String(field(put.json, 'dataref'));
  expect((await door.ask('GET', dataref)).json).toEqual(data);
  const run = await startRun(door, trigger({ data: undefined, dataref }));
  const [attempt] = await door.plane.claim('build', { source: '/w' }, { waitMs: 30_000, max: 1 });
  expect(JSON.parse(attempt ?? '')).toMatchObject({ subject: run, data: { text: data.text, service: 'carts' } });
  // What is sent by reference is found under its event's own id.
  const id = String(JSON.parse(attempt ?? '').id);
  expect(field((await door.ask('GET', `/v1/data/${id}`)).json, 'text')).toBe(data.text);
});

test('a dataref to nothing is refused by its place, one to elsewhere is carried along', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  const nothing = await post(door, trigger({ data: undefined, dataref: `/v1/data/d00000000-${'0'.repeat(64)}` }));
  expect([nothing.status, field(nothing.json, 'code')]).toEqual([400, 'invalid-data']);
  expect((await door.ask('GET', `/v1/data/d00000000-${'0'.repeat(64)}`)).status).toBe(404);
  await startRun(door, trigger({ dataref: 'https://example.com/photo.jpg' }));
});

test('data of more than 8 MB are refused', async () => {
  await using door = await openDoor();
  expect((await putData(door, { text: 'x'.repeat(9 * MB) })).status).toBe(413);
});

test('a run whose tasks hand on more than one step may hold stands still and says why; the others go on', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  const big = (id: string) => ({ project: 'shop', [id]: { text: id.repeat(7 * MB) } });
  const run = await startRun(door, { ...trigger({ type: 'dev.delivery.triggered' }), data: { project: 'shop' } });
  const answer = async (task: string, data: unknown): Promise<void> => {
    const [json] = await door.plane.claim(task, { source: '/worker' }, { waitMs: 30_000, max: 1 });
    const event = finished(JSON.parse(json ?? ''), { data });
    await door.plane.submit([{ event: event as never }]);
  };
  await answer('build', { ...big('a'), build: { text: 'b'.repeat(7 * MB) } });
  const view = (await door.ask('GET', `/v1/runs/${run}`)).json;
  expect(field(view, 'state')).toBe('parked');
  const why = (await door.ask('GET', `/v1/runs/${run}/why`)).json;
  expect(JSON.stringify(why)).toContain('15 MB');
  expect((await door.ask('POST', `/v1/runs/${run}/abort`)).status).toBe(200);
  await startRun(door);
});
