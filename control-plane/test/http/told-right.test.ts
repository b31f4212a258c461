import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { EVENT_TYPE, field, JSON_TYPE, openDoor, post, putShipyard, rawExchange, startRun, trigger } from './door.ts';

/** Requests whose first answer said something else than what was wrong. */
test('a compressed body is 415, and says which encoding is read', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  for (const [method, path] of [
    ['POST', '/v1/events'],
    ['PUT', '/v1/projects/shop'],
    ['PUT', '/v1/projects/shop/shipyard'],
    ['POST', '/v1/tasks/build/claim'],
  ] as const) {
    const type = path.endsWith('shipyard') ? { 'content-type': 'application/yaml' } : JSON_TYPE;
    const headers = { ...type, 'content-encoding': 'gzip' };
    const { status, headers: answered, json } = await door.ask(method, path, { headers, body: gzipSync('{}') });
    expect([status, answered['accept-encoding'], field(json, 'code')]).toEqual([
      415,
      'identity',
      'unsupported-media-type',
    ]);
    expect(field(json, 'detail')).toContain('gzip');
  }
  const plain = { ...EVENT_TYPE, 'content-encoding': 'identity' };
  expect((await post(door, trigger(), plain)).status).toBe(202);
});

test('a form in binary mode is 415 and not data_base64, and UTF-16 is called by its name', async () => {
  await using door = await openDoor();
  const headers = {
    ...{ 'ce-specversion': '1.0', 'ce-id': 'b1', 'ce-source': '/me', 'ce-type': 'dev.quick.triggered' },
    'content-type': 'application/x-www-form-urlencoded',
  };
  const form = await door.ask('POST', '/v1/events', { headers, body: '{}' });
  expect([form.status, field(form.json, 'code')]).toEqual([415, 'unsupported-media-type']);
  expect(field(form.json, 'detail')).toContain('application/x-www-form-urlencoded');
  expect(form.text).not.toContain('data_base64');
  const utf16 = Buffer.from('\ufeffa: 1', 'utf16le');
  for (const [method, path] of [
    ['PUT', '/v1/projects/shop/shipyard'],
    ['POST', '/v1/events'],
  ] as const)
    expect(field((await door.ask(method, path, { body: utf16 })).json, 'detail')).toContain('UTF-16');
});

test('after 413 the connection is closed, and the answer came through', async () => {
  await using door = await openDoor();
  const socket = connect(door.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write('POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let sent = 0;
  const flow = (): void => {
    // 64 MB at the most, should nobody close it.
    while (!socket.destroyed && sent < 1024) {
      sent++;
      socket.write('10000\r\n');
      socket.write(chunk);
      if (!socket.write('\r\n')) {
        socket.once('drain', flow);
        return;
      }
    }
  };
  flow();
  await closed;
  expect(text).toMatch(/^HTTP\/1\.1 413 /);
  expect(text.toLowerCase()).toContain('connection: close');
  expect(text).toContain('"code":"too-large"');
});

test('HEAD and a query are as good as GET for the health check, and strangers learn no address from readiness', async () => {
  const why = 'the bus is not connected: connect ECONNREFUSED 10.1.2.3:4222';
  const status = {
    ...{ ready: false, backlog: 0, draining: false, reasons: [why] },
    store: { ok: false, error: 'mongo-7.internal is away' },
    bus: { kind: 'nats', connected: false, error: 'connect ECONNREFUSED 10.1.2.3:4222' },
  };
  const token = 'someone-0123456789abcdef';
  await using door = await openDoor({ tokens: `one * ${token}`, instead: { status: async () => status } });
  for (const path of ['/livez', '/livez?x=1', '/livez?'])
    for (const method of ['GET', 'HEAD']) {
      const answer = await door.ask(method, path);
      expect([answer.status, answer.text]).toEqual([200, method === 'HEAD' ? '' : '{"status":"ok"}']);
    }
  for (const headers of [{}, { authorization: 'Bearer another-0123456789abcdef' }]) {
    const stranger = await door.ask('GET', '/readyz', { headers });
    expect(stranger.status).toBe(503);
    expect(stranger.text).not.toMatch(/10\.1\.2\.3|internal/);
    expect(field(stranger.json, 'reasons')).toEqual(['the bus is not connected']);
  }
  const known = await door.ask('GET', '/readyz', { headers: { authorization: `Bearer ${token}` } });
  expect(field(known.json, 'reasons')).toEqual([why]);
});

test('the text of a cursor is in no log', async () => {
  await using door = await openDoor();
  const secret = 'e5ecret-text-of-a-cursor';
  for (const path of [`/v1/events?cursor=${secret}`, `/v1/runs?cursor=${secret}`, `/v1/stream?lastEventId=${secret}`])
    expect((await door.ask('GET', path)).status).toBe(400);
  expect(door.log.raw()).not.toContain(secret);
});

test('the same source and id in two projects are two runs, and a repeat of each is its own', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  await putShipyard(door, 'depot');
  const of = (project: string): Record<string, unknown> => trigger({ id: 'nightly', data: { project } });
  const [one, other] = [await startRun(door, of('shop')), await startRun(door, of('depot'))];
  expect(other).not.toBe(one);
  expect([await startRun(door, of('shop')), await startRun(door, of('depot'))]).toEqual([one, other]);
  const project = async (run: string): Promise<unknown> =>
    field((await door.ask('GET', `/v1/runs/${run}`)).json, 'project');
  expect([await project(one), await project(other)]).toEqual(['shop', 'depot']);
  const changed = await post(door, trigger({ id: 'nightly', data: { project: 'depot', other: true } }));
  expect([changed.status, field(changed.json, 'code')]).toEqual([409, 'id-reused']);
});

test('every resource with an ETag is 304 to a client that has it, in each form of If-None-Match', async () => {
  await using door = await openDoor();
  await putShipyard(door, 'shop');
  for (const path of ['/v1/projects/shop', '/v1/projects/shop/shipyard', `/v1/runs/${await startRun(door)}`]) {
    const { etag } = (await door.ask('GET', path)).headers;
    expect(etag).toMatch(/^".+"$/);
    for (const known of [String(etag), `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await door.ask('GET', path, { headers: { 'if-none-match': known } });
      expect([path, known, answer.status, answer.text, answer.headers.etag]).toEqual([path, known, 304, '', etag]);
    }
    expect((await door.ask('GET', path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  }
});

test('an Expect header that is not known is passed over, and the request gets its answer', async () => {
  await using door = await openDoor();
  const request = 'GET /v1/runs HTTP/1.1\r\nhost: localhost\r\nexpect: a-miracle\r\nconnection: close\r\n\r\n';
  expect((await rawExchange(door.port, request)).text).toMatch(/^HTTP\/1\.1 200 /);
});
