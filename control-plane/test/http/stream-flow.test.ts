import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BATCH_TYPE, field, openDoor, post, putShipyard, startRun, type TestDoor, trigger } from './door.ts';

/** Streams of clients that read slowly, late or not at all, seen on the wire. */
let door: TestDoor;
beforeAll(async () => {
  door = await openDoor({ limits: { streamBufferBytes: 64 * 1024, streamStallMs: 1_000, heartbeatMs: 100 } });
  await putShipyard(door, 'shop');
});
afterAll(() => door[Symbol.asyncDispose]());

type Raw = { socket: Socket; text(): string; ids(): string[] };

/** A request by hand, so that the chunks are seen and reading can wait. */
function open(port: number, { after, paused }: { after?: string; paused?: boolean } = {}): Raw {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  if (paused) socket.pause();
  const last = after === undefined ? '' : `last-event-id: ${after}\r\n`;
  socket.write(`GET /v1/stream?kind=event HTTP/1.1\r\nhost: 127.0.0.1\r\n${last}\r\n`);
  return { socket, text: () => text, ids: () => [...text.matchAll(/\nid: (\S+)\n/g)].map(([, id]) => id ?? '') };
}

async function newest(): Promise<string> {
  const { json } = await door.ask('GET', '/v1/events?limit=1');
  return String(field(field(field(json, 'items'), 0), 'position'));
}

const streams = async (): Promise<string> =>
  /^slipway_http_streams (\d+)$/m.exec((await door.ask('GET', '/metrics')).text)?.[1] ?? '';

test('a client that comes back after 500 events of more than 2 kB gets each of them, once and in order', async () => {
  await startRun(door);
  const after = await newest();
  const text = 'x'.repeat(2_500);
  for (let batch = 0; batch < 5; batch++) {
    const events = Array.from({ length: 100 }, () => trigger({ data: { project: 'shop', text } }));
    const body = JSON.stringify(events);
    expect((await door.ask('POST', '/v1/events', { headers: BATCH_TYPE, body })).status).toBe(202);
  }
  const last = await newest();
  const stream = open(door.port, { after });
  await expect.poll(() => stream.ids().at(-1), { timeout: 30_000 }).toBe(last);
  const ids = stream.ids();
  expect(ids).toEqual([...new Set(ids)].toSorted());
  // Each run has its trigger, its started and the trigger of its task.
  expect(ids.length).toBe(1_500);
  stream.socket.destroy();
}, 60_000);

test('one event of nearly 1 MB comes through, missed or live', async () => {
  const after = await newest();
  const big = (): unknown => trigger({ data: { project: 'shop', text: 'x'.repeat(1_000_000) } });
  await post(door, big());
  const missed = open(door.port, { after });
  await expect.poll(async () => missed.ids().at(-1) === (await newest()), { timeout: 30_000 }).toBe(true);
  await post(door, big());
  await expect.poll(async () => missed.ids().at(-1) === (await newest()), { timeout: 30_000 }).toBe(true);
  missed.socket.destroy();
}, 90_000);

test('a client that does not read is ended after a time, at a bounded cost, and comes back where it was', async () => {
  await expect.poll(streams).toBe('0');
  const after = await newest();
  const stream = open(door.port, { after, paused: true });
  await expect.poll(streams).toBe('1');
  const text = 'x'.repeat(500_000);
  for (let sent = 0; sent < 24; sent++) await post(door, trigger({ data: { project: 'shop', text } }));
  const last = await newest();
  await expect.poll(streams, { timeout: 30_000 }).toBe('0');
  stream.socket.resume();
  await expect.poll(() => stream.text().slice(-400), { timeout: 30_000 }).toMatch(/"reason":"slow-client"/);
  // Nothing is behind the terminating chunk.
  expect(stream.text()).toMatch(/event: gap\ndata: \{"reason":"slow-client"\}\n\n\r\n0\r\n\r\n$/);
  const seen = stream.ids();
  expect(seen.at(-1) === last).toBe(false);
  const back = open(door.port, { after: seen.at(-1) ?? after });
  await expect.poll(() => back.ids().at(-1), { timeout: 30_000 }).toBe(last);
  const all = [...seen, ...back.ids()];
  expect(all).toEqual([...new Set(all)].toSorted());
  back.socket.destroy();
}, 120_000);

test('what happens in the turn in which the control plane ends is not written behind the end', async () => {
  await using ending = await openDoor();
  await putShipyard(ending, 'shop');
  const stream = open(ending.port);
  await expect.poll(() => stream.text()).toMatch(/retry: /);
  const taken = Promise.all(Array.from({ length: 20 }, () => post(ending, trigger())));
  await Promise.all([taken, ending.plane.close()]);
  await expect.poll(() => stream.text()).toMatch(/event: gap/);
  await ending.close();
  expect(stream.text()).toMatch(/event: gap\ndata: [^\n]+\n\n\r\n0\r\n\r\n$/);
});
