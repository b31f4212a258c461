import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { routes } from '@slipway/contract';
import { afterEach, expect, test } from 'vitest';
import { createClient, ServerUnreachable, SlipwayProblem, type StreamItem } from '../src/index.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function server(handle: Handler): Promise<string> {
  const http = createServer((request, response) => {
    request.setEncoding('utf8');
    request.toArray().then((chunks) => handle(request, response, chunks.join('')));
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  ends.push(() => {
    http.closeAllConnections();
    http.close();
  });
  const address = http.address();
  return address === null || typeof address === 'string' ? '' : `http://127.0.0.1:${address.port}`;
}

/** What was asked, and the answer to give. */
async function recording(status: number, answer: unknown, type = 'application/json') {
  const asked: { method: string; url: string; body: string; headers: IncomingMessage['headers'] }[] = [];
  const url = await server((request, response, body) => {
    asked.push({ method: request.method ?? '', url: request.url ?? '', body, headers: request.headers });
    response.writeHead(status, { 'content-type': type }).end(answer === undefined ? '' : JSON.stringify(answer));
  });
  const client = createClient({ server: url, token: 'secret' });
  ends.push(() => client.close());
  return { client, asked };
}

test('there is a method for every route', async () => {
  const { client } = await recording(200, {});
  for (const { id } of routes) expect(client, id).toHaveProperty(id, expect.any(Function));
});

test('parameters go into path and query, labels into label.*, and the token into its header', async () => {
  const { client, asked } = await recording(200, { items: [] });
  await client.getRun({ run: 'a/b ü' });
  await client.listRuns({ project: 'p', state: 'running', since: 5, labels: { team: 'a&b' } });
  await client.listServices();
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET /v1/runs/a%2Fb%20%C3%BC',
    'GET /v1/runs?project=p&state=running&since=5&label.team=a%26b',
    'GET /v1/services',
  ]);
  expect(asked[0]?.headers.authorization).toBe('Bearer secret');
  await expect(client.getRun({ run: '' })).rejects.toThrow('getRun needs run');
});

test('bodies go out as their route wants them', async () => {
  const { client, asked } = await recording(200, {});
  await client.putShipyard({ project: 'p', dryRun: 'true', body: 'a: 1\n' });
  await client.commandRun({ run: 'r', command: 'abort', body: { reason: 'why not' } });
  await client.sendEvents({ body: [{ id: '1' }] });
  expect(asked.map(({ method, url, body, headers }) => [method, url, headers['content-type'], body])).toEqual([
    ['PUT', '/v1/projects/p/shipyard?dryRun=true', 'application/yaml', 'a: 1\n'],
    ['POST', '/v1/runs/r/abort', 'application/json', '{"reason":"why not"}'],
    ['POST', '/v1/events', 'application/cloudevents-batch+json', '[{"id":"1"}]'],
  ]);
});

test('an answer without a body is undefined, and text stays text', async () => {
  const empty = await recording(204, undefined);
  expect(await empty.client.deleteProject({ project: 'p' })).toBe(undefined);
  const text = await recording(200, 'up 1', 'text/plain');
  expect(await text.client.metrics()).toBe('"up 1"');
});

test('a refusal is thrown with its code, status and places', async () => {
  const problem = {
    ...{
      type: '/v1/docs#problem-invalid-shipyard',
      title: 'Bad',
      status: 422,
      code: 'invalid-shipyard',
      detail: 'see errors',
    },
    errors: [{ code: 'unknown-key', detail: 'task', line: 3, column: 7, nearest: 'tasks' }],
  };
  const { client } = await recording(422, problem, 'application/problem+json');
  const error = await client.putShipyard({ project: 'p', body: 'x' }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SlipwayProblem);
  expect(error).toMatchObject({
    status: 422,
    code: 'invalid-shipyard',
    problem: { errors: [{ line: 3, nearest: 'tasks' }] },
  });
});

test('a proxy that answers HTML, and a server that answers nonsense, are problems too', async () => {
  const proxy = await recording(502, '<html>');
  await expect(proxy.client.getRun({ run: 'r' })).rejects.toMatchObject({ status: 502, code: 'http-502' });
  const url = await server((_, response) => void response.writeHead(200).end('nonsense'));
  await expect(createClient({ server: url }).getRun({ run: 'r' })).rejects.toThrow('not JSON: nonsense');
});

test('no server there, or none that answers in time, is ServerUnreachable and says what to do', async () => {
  const gone = createClient({ server: 'http://127.0.0.1:1' });
  await expect(gone.livez()).rejects.toThrow(/no answer from http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\).*slipway serve/);
  const url = await server(() => {});
  const silent = createClient({ server: url }).livez({}, { timeoutMs: 50 });
  await expect(silent).rejects.toBeInstanceOf(ServerUnreachable);
  expect(() => createClient({ server: 'localhost:8484' })).toThrow('write for example http://127.0.0.1:8484');
});

test('trigger sends an event, and with waitS gives the result', async () => {
  const waited = await recording(200, {
    run: 'r',
    correlationid: 'c',
    state: 'finished',
    result: 'pass',
    output: { a: 1 },
  });
  const request = {
    project: 'p',
    stage: 'dev',
    sequence: 'build',
    service: 's',
    data: { x: 1 },
    labels: { l: 'v' },
    waitS: 3,
  };
  expect(await waited.client.trigger(request)).toMatchObject({
    run: 'r',
    state: 'finished',
    result: 'pass',
    output: { a: 1 },
  });
  expect(waited.asked[0]?.headers.prefer).toBe('wait=3');
  expect(JSON.parse(waited.asked[0]?.body ?? '')).toMatchObject({
    type: 'dev.build.triggered',
    source: '/slipway-client',
    data: { x: 1, project: 'p', stage: 'dev', service: 's', labels: { l: 'v' } },
  });
  const accepted = await recording(202, { items: [{ id: 'i', run: 'r', correlationid: 'c', outcome: 'duplicate' }] });
  expect(await accepted.client.trigger({ stage: 'dev', sequence: 'build', id: 'i' })).toEqual({
    ...{ run: 'r', correlationid: 'c', isNew: false },
  });
});

test('the stream goes on behind the last item after a break, and ends with its signal', async () => {
  const lastIds: (string | undefined)[] = [];
  let breakOff = (): void => {};
  const url = await server((request, response) => {
    lastIds.push(request.headers['last-event-id'] as string | undefined);
    const connection = lastIds.length;
    if (connection === 2) {
      response.writeHead(503, { 'content-type': 'application/problem+json' }).end('{}');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`: hello\r\nid: ${connection}1\r\nevent: run\r\ndata: {"id":\r\ndata: "r${connection}"}\r\n\r`);
    response.write(`\nid: ${connection}2\nevent: event\ndata: {"position":"p"}\n\nevent: gap\ndata: 7\n\n`);
    if (connection === 1) breakOff = () => response.destroy();
  });
  const stop = new AbortController();
  const retries: string[] = [];
  const items: StreamItem[] = [];
  const stream = createClient({ server: url }).stream(
    { project: 'p' },
    { signal: stop.signal, lastEventId: '7', onRetry: (why) => retries.push(why) },
  );
  for await (const item of stream) {
    items.push(item);
    if (items.length === 3) breakOff();
    if (items.length === 6) stop.abort();
  }
  expect(items).toEqual([
    { kind: 'run', id: '11', run: { id: 'r1' } },
    { kind: 'event', id: '12', event: { position: 'p' } },
    { kind: 'other', id: '12', name: 'gap', data: 7 },
    { kind: 'run', id: '31', run: { id: 'r3' } },
    { kind: 'event', id: '32', event: { position: 'p' } },
    { kind: 'other', id: '32', name: 'gap', data: 7 },
  ]);
  expect(lastIds).toEqual(['7', '12', '12']);
  expect(retries.length).toBe(2);
});

test('a stream that is refused for good throws', async () => {
  const { client } = await recording(403, { type: '/x', title: 'No', status: 403, code: 'forbidden', detail: 'no' });
  await expect(client.stream().next()).rejects.toMatchObject({ code: 'forbidden' });
});
