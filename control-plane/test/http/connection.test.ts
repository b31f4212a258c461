import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EVENT_TYPE, JSON_TYPE, openDoor, post, putShipyard, rawExchange, type TestDoor, trigger } from './door.ts';

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
  await putShipyard(door, 'shop');
});
afterAll(() => door[Symbol.asyncDispose]());

const IMPATIENT = { headersTimeoutMs: 400, requestTimeoutMs: 800, timeoutCheckMs: 50 };
const head = 'POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\n';
const type = 'content-type: application/cloudevents+json\r\n';

test('headers that come a byte at a time are ended with 408', async () => {
  await using impatient = await openDoor({ limits: IMPATIENT });
  const socket = connect(impatient.port, '127.0.0.1');
  let read = '';
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.on('data', (chunk) => {
    read += chunk.toString();
  });
  socket.on('error', () => undefined);
  socket.write(`${head}x-slow: `);
  const drip = setInterval(() => socket.write('x'), 50);
  await closed;
  clearInterval(drip);
  expect(read).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  expect(read).toContain('"code":"request-timeout"');
});

test('a body that stalls is ended with 408, and the connection with it', async () => {
  await using impatient = await openDoor({ limits: IMPATIENT });
  const { text, closed } = await rawExchange(impatient.port, `${head}${type}content-length: 100\r\n\r\n{"id"`);
  expect(text).toMatch(/^HTTP\/1\.1 408 /);
  expect(closed).toBe(true);
});

test('a body longer than its Content-Length is no second request', async () => {
  const { text, closed } = await rawExchange(door.port, `${head}${type}content-length: 2\r\n\r\n{}{"more":1}`);
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(closed).toBe(true);
});

const smuggled = `GET /v1/projects HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
test.each([
  ['two Content-Lengths', `content-length: 2\r\ncontent-length: ${2 + smuggled.length}\r\n\r\n{}${smuggled}`],
  [
    'Content-Length and Transfer-Encoding',
    `content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'Transfer-Encoding and Content-Length',
    `transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  ['chunked spelled oddly', `transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['a space before the colon', `content-length : 2\r\n\r\n{}${smuggled}`],
  ['a Content-Length that is no number', `content-length: two\r\n\r\n{}${smuggled}`],
  ['a chunk size that is none', `transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${smuggled}`],
  ['a line break in a header', `x-a: b\rx: c\r\ncontent-length: 2\r\n\r\n{}${smuggled}`],
])('%s: 400, the connection is closed, and what was hidden behind is not answered', async (_, rest) => {
  const { text, closed } = await rawExchange(door.port, head + type + rest);
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(text).toContain('"code":"invalid-request"');
  expect(text).not.toContain('"items"');
  expect(closed).toBe(true);
});

test('what is no HTTP at all is answered 400 and closed', async () => {
  const { text, closed } = await rawExchange(door.port, '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n');
  expect([text.slice(0, 12), closed]).toEqual(['HTTP/1.1 400', true]);
});

test('headers of 20 KB are answered 431', async () => {
  const { text, closed } = await rawExchange(door.port, `${head}x-big: ${'x'.repeat(20_000)}\r\n\r\n`);
  expect([text.slice(0, 12), closed]).toEqual(['HTTP/1.1 431', true]);
});

test('HTTP/1.1 without Host is answered 400', async () => {
  const { text } = await rawExchange(door.port, 'GET /v1/runs HTTP/1.1\r\n\r\n', { until: /^HTTP/ });
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
});

test('requests sent one behind the other are answered in order', async () => {
  const one = 'GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';
  const two = 'GET /v1/nothing HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n';
  const { text } = await rawExchange(door.port, one + two);
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404']);
});

test('a body over the limit is refused before it is sent, when the client asks first', async () => {
  const big = `${head}${type}content-length: 99000000\r\nexpect: 100-continue\r\n\r\n`;
  const { text } = await rawExchange(door.port, big, { until: /^HTTP/ });
  expect(text).toMatch(/^HTTP\/1\.1 413 /);
  const small = JSON.stringify(trigger());
  const asked = await rawExchange(
    door.port,
    `${head}${type}content-length: ${small.length}\r\nexpect: 100-continue\r\n\r\n`,
    {
      until: /HTTP\/1\.1 [2-5]\d\d /,
      reply: small,
    },
  );
  expect(asked.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /);
});

test('a body in chunks over the limit is refused, and the connection is closed behind the answer', async () => {
  const chunk = `${(64 * 1024).toString(16)}\r\n${'x'.repeat(64 * 1024)}\r\n`;
  const request = `${head}${type}transfer-encoding: chunked\r\n\r\n${chunk.repeat(20)}0\r\n\r\n`;
  const { text } = await rawExchange(
    door.port,
    `${request}GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`,
  );
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413']);
});

test('a client that goes away while it waits for a claim takes no task with it', async () => {
  const body = '{"source":"/gone","service":"left-alone"}';
  const socket = connect(door.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `POST /v1/tasks/build/claim?wait=30s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await expect.poll(() => metric(door, 'slipway_http_waits')).toBe(1);
  socket.destroy();
  await expect.poll(() => metric(door, 'slipway_http_waits')).toBe(0);
  await post(door, trigger({ data: { project: 'shop', service: 'left-alone' } }));
  const claim = await door.ask('POST', '/v1/tasks/build/claim?wait=30s', {
    headers: JSON_TYPE,
    body: '{"source":"/here","service":"left-alone"}',
  });
  expect(claim.status).toBe(200);
});

test('a client that goes away in the middle of its body leaves nothing behind', async () => {
  const socket = connect(door.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`${head}${type}content-length: 1000\r\n\r\n{"specversion":"1.0"`);
  await sleep(100);
  socket.destroy();
  await sleep(100);
  expect((await door.ask('GET', '/livez')).status).toBe(200);
  expect(door.log.lines().filter((line) => Number(line.level) >= 50)).toEqual([]);
});

test('more waits than the bound are refused with the way out', async () => {
  await using small = await openDoor({ limits: { waitsMax: 1 } });
  const claim = (): ReturnType<TestDoor['ask']> =>
    small.ask('POST', '/v1/tasks/build/claim?wait=60s', { headers: JSON_TYPE, body: '{"source":"/w"}' });
  const first = claim();
  await expect.poll(() => metric(small, 'slipway_http_waits')).toBe(1);
  const second = await claim();
  expect([second.status, second.headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  await small.close();
  expect((await first).status).toBe(204);
});

test('closing ends waits and streams at once, and answers what was under way', async () => {
  await using closing = await openDoor();
  await putShipyard(closing, 'shop');
  const claim = closing.ask('POST', '/v1/tasks/build/claim?wait=60s', { headers: JSON_TYPE, body: '{"source":"/w"}' });
  const wait = closing.ask('POST', '/v1/events', {
    headers: { ...EVENT_TYPE, prefer: 'wait=60' },
    body: JSON.stringify(trigger({ type: 'dev.delivery.triggered', data: { project: 'shop', service: 'other' } })),
  });
  const claimed = await claim;
  const stream = closing.ask('GET', '/v1/stream');
  const idle = closing.ask('POST', '/v1/tasks/nothing/claim?wait=60s', { headers: JSON_TYPE, body: '{"source":"/w"}' });
  await expect.poll(() => metric(closing, 'slipway_http_waits')).toBe(2);
  await expect.poll(() => metric(closing, 'slipway_http_streams')).toBe(1);
  // Long before the minute that they may wait.
  const startedMs = performance.now();
  await closing.close();
  expect(performance.now() - startedMs).toBeLessThan(30_000);
  expect([claimed.status, (await idle).status, (await wait).status, (await stream).status]).toEqual([
    200, 204, 202, 200,
  ]);
});

test('when the store is gone the answer is 503 with Retry-After, and readiness says why', async () => {
  await using lost = await openDoor();
  await putShipyard(lost, 'shop');
  await lost.store.close();
  const answer = await lost.ask('GET', '/v1/runs');
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  expect(answer.json).toMatchObject({ code: 'store-unavailable', retryAfterMs: expect.any(Number) });
  const ready = await lost.ask('GET', '/readyz');
  expect([ready.status, ready.json]).toMatchObject([503, { ready: false, store: { ok: false } }]);
  expect((await lost.ask('GET', '/livez')).status).toBe(200);
});

test('a port that is taken is said so, with the way out', async () => {
  const { startHttp } = await import('../../src/http/index.ts');
  const { pino } = await import('pino');
  const { Registry } = await import('prom-client');
  const second = startHttp({
    plane: door.plane,
    listen: { host: '127.0.0.1', port: door.port },
    tokens: [],
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
  });
  await expect(second).rejects.toThrow(/another process listens there/);
});

async function metric(of: TestDoor, name: string): Promise<number | undefined> {
  const { text } = await of.ask('GET', '/metrics');
  const line = new RegExp(`^${name} (\\d+)$`, 'm').exec(text);
  return line === null ? undefined : Number(line[1]);
}
