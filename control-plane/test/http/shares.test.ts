import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { field, JSON_TYPE, openDoor, putShipyard, startRun, type TestDoor, trigger } from './door.ts';

/** One caller, or one connection, takes what others would need. */
const TOKENS = ['greedy', 'modest'].map((name) => `${name} * ${name}-0123456789abcdef0123456789abcdef`).join('\n');
const auth = (name: string): Record<string, string> => ({
  authorization: `Bearer ${name}-0123456789abcdef0123456789abcdef`,
});

function claim(task: string, extra = ''): string {
  const body = '{"source":"/w"}';
  return `POST /v1/tasks/${task}/claim?wait=60s HTTP/1.1\r\nhost: 127.0.0.1\r\n${extra}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

const figure = async (door: TestDoor, name: string, headers = {}): Promise<number> =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await door.ask('GET', '/metrics', { headers })).text)?.[1]);
const waits = (door: TestDoor, headers = {}): Promise<number> => figure(door, 'slipway_http_waits', headers);

function open(door: TestDoor, text: string): Socket {
  const socket = connect(door.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(text);
  return socket;
}

test('a caller that takes all waits makes room for another, and no more than its own share', async () => {
  await using door = await openDoor({ tokens: TOKENS, limits: { waitsMax: 8 } });
  const greedy = `authorization: ${auth('greedy').authorization}\r\n`;
  const sockets = Array.from({ length: 10 }, () => open(door, claim('build', greedy)));
  await expect.poll(() => waits(door, auth('modest'))).toBe(8);
  await putShipyard(door, 'shop', auth('modest'));
  const claimed = door.ask('POST', '/v1/tasks/test/claim?wait=60s', {
    headers: { ...JSON_TYPE, ...auth('modest') },
    body: '{"source":"/modest"}',
  });
  await expect
    .poll(async () => JSON.stringify((await door.ask('GET', '/v1/services', { headers: auth('modest') })).json))
    .toContain('/modest');
  expect(await waits(door, auth('modest'))).toBe(8);
  const more = await door.ask('POST', '/v1/tasks/build/claim?wait=60s', {
    headers: { ...JSON_TYPE, ...auth('greedy') },
    body: '{"source":"/w"}',
  });
  expect([more.status, field(more.json, 'code')]).toEqual([503, 'overloaded']);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => waits(door, auth('modest'))).toBe(1);
  await door.close();
  expect((await claimed).status).toBe(204);
});

test('waits of a connection that is closed are free at once, also those that are queued behind another', async () => {
  await using door = await openDoor();
  const socket = open(door, claim('build').repeat(5));
  await expect.poll(() => waits(door)).toBe(5);
  socket.destroy();
  await expect.poll(() => waits(door)).toBe(0);
  // And nobody waits there any more who would take what comes.
  await putShipyard(door, 'shop');
  await startRun(door, trigger());
  const { status } = await door.ask('POST', '/v1/tasks/build/claim', { headers: JSON_TYPE, body: '{"source":"/w"}' });
  expect(status).toBe(200);
});

test('a connection that sends more requests than it reads answers is closed', async () => {
  await using door = await openDoor({ limits: { pipelinedMax: 20 } });
  const socket = open(door, claim('build').repeat(30));
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await expect.poll(() => waits(door)).toBe(0);
});

test('a caller may have as many subscriptions as it leaves for others', async () => {
  await using door = await openDoor({ tokens: TOKENS, pushPrivate: true });
  const put = async (id: string, name: string): Promise<number> => {
    const options = { headers: { ...JSON_TYPE, ...auth(name) }, body: '{"sink":"http://127.0.0.1:9/"}' };
    return (await door.ask('PUT', `/v1/subscriptions/${id}`, options)).status;
  };
  for (let count = 0; count < 500; count++)
    await door.store.putDocument('subscription', `s${count}`, {
      id: `s${count}`,
      sink: 'x',
      types: [],
      createdBy: 'greedy',
    });
  expect(await put('more', 'greedy')).toBe(400);
  expect(await put('first', 'modest')).toBe(201);
  const view = await door.ask('GET', '/v1/subscriptions/first', { headers: auth('modest') });
  expect(field(view.json, 'createdBy')).toBe('modest');
});
