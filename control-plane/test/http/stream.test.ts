import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventViewSchema, runSummarySchema } from '@slipway/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { field, openDoor, putShipyard, startRun, type TestDoor, trigger } from './door.ts';

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor({ limits: { heartbeatMs: 100, streamsPerCaller: 3 } });
  await putShipyard(door, 'shop');
});
afterAll(() => door[Symbol.asyncDispose]());

type Message = { id: string | undefined; event: string | undefined; data: unknown };
type Listening = AsyncDisposable & {
  res: IncomingMessage;
  text(): string;
  messages(): Message[];
  /** Waits for a message that fits. */
  find(fits: (message: Message) => boolean): Promise<Message>;
  ended: Promise<void>;
};

function listen(path = '/v1/stream', headers: Record<string, string> = {}): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const req = get(`${door.url}${path}`, { headers, agent: false }, (res) => {
      let text = '';
      res.on('data', (chunk) => {
        text += String(chunk);
      });
      const ended = new Promise<void>((done) => res.on('close', done));
      const messages = (): Message[] => parse(text);
      resolve({
        res,
        text: () => text,
        messages,
        ended,
        async find(fits) {
          await expect.poll(() => messages().some(fits)).toBe(true);
          return messages().find(fits) ?? { id: undefined, event: undefined, data: undefined };
        },
        async [Symbol.asyncDispose]() {
          req.destroy();
          await ended;
        },
      });
    });
    req.on('error', (error) => reject(error));
  });
}

/** As the HTML standard reads them; a message without data is none. */
function parse(text: string): Message[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((block) => {
      const fields = new Map(
        block
          .split('\n')
          .filter((line) => !line.startsWith(':'))
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      const data = fields.get('data');
      return {
        id: fields.get('id'),
        event: fields.get('event'),
        data: data === undefined ? undefined : JSON.parse(data),
      };
    })
    .filter((message) => message.data !== undefined);
}

const ofRun = (run: string) => (message: Message) => message.event === 'run' && field(message.data, 'id') === run;

test('events and changed runs arrive as they happen, each with its id', async () => {
  await using stream = await listen();
  expect(stream.res.statusCode).toBe(200);
  expect(stream.res.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  await sleep(100);
  const event = trigger();
  const run = await startRun(door, event);
  const message = await stream.find(ofRun(run));
  expect(message.id).toEqual(expect.any(String));
  runSummarySchema.parse(message.data);
  const told = await stream.find(({ data }) => field(field(data, 'event'), 'id') === event.id);
  expect(told.event).toBe('event');
  expect(told.id).toBe(eventViewSchema.parse(told.data).position);
});

test('Last-Event-ID replays everything after it, by header and by parameter', async () => {
  let seen: Message;
  {
    await using stream = await listen();
    await sleep(100);
    const run = await startRun(door);
    seen = await stream.find(ofRun(run));
  }
  const missed = await startRun(door);
  const id = seen.id ?? '';
  for (const [path, headers] of [
    ['/v1/stream', { 'last-event-id': id }],
    [`/v1/stream?lastEventId=${encodeURIComponent(id)}`, {}],
    ['/v1/stream?lastEventId=nonsense', { 'last-event-id': id }],
  ] as const) {
    await using stream = await listen(path, headers);
    await stream.find(ofRun(missed));
    expect(stream.messages().filter((message) => ofRun(String(field(seen.data, 'id')))(message))).toEqual([]);
  }
});

test('a Last-Event-ID that this server never gave is refused, and not answered with a gap that brings it back', async () => {
  for (const [path, headers] of [
    ['/v1/stream', { 'last-event-id': 'nonsense' }],
    ['/v1/stream?lastEventId=999', {}],
  ] as const) {
    const { status, json } = await door.ask('GET', path, { headers });
    expect([status, field(json, 'code')]).toEqual([400, 'invalid-cursor']);
  }
});

test('who has seen more than there is, as after a backup was brought back, is told what comes from now on', async () => {
  await startRun(door);
  const { json } = await door.ask('GET', '/v1/events?limit=1');
  const position = String(field((field(json, 'items') as unknown[])[0], 'position'));
  const ahead = position.replace(/^0/, '9');
  expect([ahead.length, ahead > position]).toEqual([position.length, true]);
  await using stream = await listen('/v1/stream', { 'last-event-id': ahead });
  await sleep(100);
  const run = await startRun(door);
  const told = await stream.find(ofRun(run));
  expect(told.id?.startsWith('0')).toBe(true);
});

test('filters leave out what was not asked for', async () => {
  await using events = await listen('/v1/stream?kind=event&type=dev.quick.triggered&service=wanted');
  await using runs = await listen('/v1/stream?kind=run&service=wanted');
  await sleep(100);
  await startRun(door, trigger({ data: { project: 'shop', service: 'other' } }));
  const run = await startRun(door, trigger({ data: { project: 'shop', service: 'wanted' } }));
  await runs.find(ofRun(run));
  await events.find(() => true);
  expect(new Set(runs.messages().map(({ data }) => field(data, 'service')))).toEqual(new Set(['wanted']));
  expect(events.messages().map(({ data }) => field(field(data, 'event'), 'type'))).toEqual(['dev.quick.triggered']);
});

test('a silent stream is kept alive by comments', async () => {
  await using stream = await listen('/v1/stream?service=nobody');
  await expect.poll(() => stream.text()).toMatch(/^retry: \d+\n\n(:\n\n)+$/);
});

test('HEAD of a stream gives its headers at once, and a stream needs a connection of its own', async () => {
  const { status, headers, text } = await door.ask('HEAD', '/v1/stream');
  expect([status, headers['content-type'], text]).toEqual([200, 'text/event-stream; charset=utf-8', '']);
  const two = 'GET /v1/stream HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'.repeat(2);
  const socket = connect(door.port, '127.0.0.1');
  socket.write(two);
  await expect.poll(() => field(door.log.lines().at(-1), 'code')).toBe('invalid-request');
  socket.destroy();
});

test('more streams than the bound are refused with 429 until one is closed', async () => {
  // Those of the tests before are closed on this side: the other may not have noticed yet.
  await expect.poll(async () => (await door.ask('GET', '/metrics')).text).toMatch(/^slipway_http_streams 0$/m);
  const three = await Promise.all([listen(), listen(), listen()]);
  const refused = await door.ask('GET', '/v1/stream');
  expect([refused.status, field(refused.json, 'code'), refused.headers['retry-after']]).toEqual([
    429,
    'rate-limited',
    '10',
  ]);
  for (const stream of three) await stream[Symbol.asyncDispose]();
  await expect.poll(async () => (await door.ask('GET', '/metrics')).text).toMatch(/^slipway_http_streams 0$/m);
  await using again = await listen();
  expect(again.res.statusCode).toBe(200);
});

test('the control plane’s end is told to those who listen', async () => {
  await using ending = await openDoor();
  const stream = ending.ask('GET', '/v1/stream');
  await expect.poll(async () => (await ending.ask('GET', '/metrics')).text).toMatch(/^slipway_http_streams 1$/m);
  await ending.plane.close();
  expect((await stream).text).toMatch(/event: gap\ndata: \{"reason":"[^"]+"\}\n\n$/);
});
