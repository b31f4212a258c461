import { problemSchema } from '@slipway/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AskOptions,
  BATCH_TYPE,
  claimOne,
  EVENT_TYPE,
  field,
  finished,
  JSON_TYPE,
  openDoor,
  post,
  putShipyard,
  SHIPYARD,
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

type Row = { what: string; method?: string; path?: string; ask: () => AskOptions; status: number; code: string };

/** One row: what is sent, and the answer that it must get. */
function row(
  what: string,
  status: number,
  code: string,
  ask: () => AskOptions,
  method = 'POST',
  path = '/v1/events',
): Row {
  return { what, status, code, ask, method, path };
}
const body =
  (text: string | Uint8Array, headers: Record<string, string | string[]> = EVENT_TYPE) =>
  () => ({
    headers,
    body: text,
  });
const event = (more: Record<string, unknown>) => () => ({ headers: EVENT_TYPE, body: JSON.stringify(trigger(more)) });
const text = (source: string) => body(source);
const BINARY = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/a', 'ce-type': 'dev.quick.triggered' };
const without = (name: string): Record<string, string> => {
  const { [name as keyof typeof BINARY]: _, ...rest } = BINARY;
  return { ...JSON_TYPE, ...rest };
};
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const events: Row[] = [
  row('an empty body', 400, 'empty-body', text('')),
  row('the body {', 400, 'malformed-json', text('{')),
  ...['specversion', 'id', 'source', 'type'].map((name) =>
    row(`no ${name}`, 400, 'missing-attribute', event({ [name]: undefined })),
  ),
  row('specversion 0.3', 400, 'unsupported-specversion', event({ specversion: '0.3' })),
  row('specversion 2.0', 400, 'unsupported-specversion', event({ specversion: '2.0' })),
  row('specversion as a number', 400, 'unsupported-specversion', event({ specversion: 1.0 })),
  row('an id of 10 KB', 400, 'attribute-too-long', event({ id: 'x'.repeat(10_240) })),
  row('a source that is no URI reference', 400, 'invalid-attribute', event({ source: 'http://[::bad' })),
  row('an extension Bad-Name', 400, 'invalid-attribute', event({ 'Bad-Name': 'x' })),
  row('an extension without a name', 400, 'invalid-attribute', event({ '': 'x' })),
  row('an extension beyond ASCII', 400, 'invalid-attribute', event({ prénom: 'x' })),
  row('an extension that is an object', 400, 'invalid-attribute', event({ extra: {} })),
  row('an extension that is an array', 400, 'invalid-attribute', event({ extra: [] })),
  row('data_base64 that is none', 400, 'invalid-data', event({ data: undefined, data_base64: '%%%' })),
  row('a key twice', 400, 'duplicate-key', text('{"id":"a","id":"b","specversion":"1.0","source":"/a","type":"t"}')),
  row('a batch of 101', 413, 'batch-too-large', () => ({
    headers: BATCH_TYPE,
    body: JSON.stringify(Array.from({ length: 101 }, () => trigger())),
  })),
  row('a batch that is no array', 400, 'not-an-event', body('{}', BATCH_TYPE)),
  row('binary mode without ce-id', 400, 'missing-attribute', body('{}', without('ce-id'))),
  row(
    'ce-datacontenttype in binary mode',
    400,
    'invalid-attribute',
    body('{}', { ...without(''), 'ce-datacontenttype': 'a/b' }),
  ),
  row('ce-id twice', 400, 'invalid-attribute', body('{}', { ...without('ce-id'), 'ce-id': ['1', '2'] })),
  row(
    'charset utf-16',
    415,
    'unsupported-charset',
    body('{}', { 'content-type': 'application/cloudevents+json; charset=utf-16' }),
  ),
  row(
    'charset iso-8859-1',
    415,
    'unsupported-charset',
    body('{}', { 'content-type': 'application/json; charset=iso-8859-1' }),
  ),
  row('another content type', 415, 'unsupported-media-type', body('<a/>', { 'content-type': 'text/xml' })),
  row('bytes that are not UTF-8', 400, 'malformed-json', body(new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]))),
  row('NUL in the id', 400, 'invalid-attribute', event({ id: 'a\0b' })),
  row('NUL in the type', 400, 'invalid-attribute', event({ type: 'dev.quick\0.triggered' })),
  row('NUL in the project', 422, 'invalid-name', event({ data: { project: 'sh\0p' } })),
  row('100,000 levels of arrays in data', 400, 'too-deep', () => ({
    headers: EVENT_TYPE,
    body: JSON.stringify(trigger()).replace('"shop"', nested(100_000)),
  })),
  row('a million keys', 413, 'too-large', () => ({
    headers: EVENT_TYPE,
    body: `{"data":{${Array.from({ length: 1_000_000 }, (_, index) => `"k${index}":1`).join(',')}}}`,
  })),
  row('20,000 keys', 400, 'too-many-keys', () => ({
    headers: EVENT_TYPE,
    body: `{"data":{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":1`).join(',')}}}`,
  })),
  row('an event of 2 MB', 413, 'too-large', event({ data: { text: 'x'.repeat(2 * 1024 * 1024) } })),
  row('an event of 2 MB in a batch', 413, 'too-large', () => ({
    headers: BATCH_TYPE,
    body: JSON.stringify([trigger(), trigger({ data: { text: 'x'.repeat(2 * 1024 * 1024) } })]),
  })),
  row('a batch of 9 MB', 413, 'too-large', () => ({ headers: BATCH_TYPE, body: Buffer.alloc(9 * 1024 * 1024, ' ') })),
  row('a type that is none of ours', 422, 'unknown-event-type', event({ type: 'com.example.happened' })),
  row('a sequence.finished from outside', 422, 'unknown-event-type', event({ type: 'dev.quick.finished' })),
  row('an unknown project', 404, 'unknown-project', event({ data: { project: 'nowhere' } })),
  row('an unknown stage', 422, 'unknown-stage', event({ type: 'def.quick.triggered' })),
  row('an unknown sequence', 422, 'unknown-sequence', event({ type: 'dev.qick.triggered' })),
  row(
    'another stage in data than in the type',
    422,
    'identity-mismatch',
    event({ data: { project: 'shop', stage: 'prod' } }),
  ),
  ...['../prod', 'a/b', '😀', '\u202eprod', '*', '>', '.', 'x'.repeat(300)].map((project) =>
    row(`the project ${JSON.stringify(project.slice(0, 8))}`, 422, 'invalid-name', event({ data: { project } })),
  ),
  row('a trigger with data that is no object', 400, 'invalid-data', event({ data: ['x'] })),
  row('an answer without causationid', 404, 'unknown-attempt', event({ type: 'build.finished' })),
  row(
    'an answer to an attempt of no run',
    404,
    'unknown-attempt',
    event({ type: 'build.finished', causationid: 'nonsense' }),
  ),
  row('a query where there is none', 400, 'unknown-parameter', event({}), 'POST', '/v1/events?wait=30'),
  row('an Idempotency-Key of 300 characters', 400, 'invalid-parameter', () => ({
    headers: { ...EVENT_TYPE, 'idempotency-key': 'x'.repeat(300) },
    body: JSON.stringify(trigger()),
  })),
];

const claims: Row[] = [
  row('no body', 400, 'invalid-request', () => ({}), 'POST', '/v1/tasks/build/claim'),
  row('no source', 400, 'invalid-request', body('{}', JSON_TYPE), 'POST', '/v1/tasks/build/claim'),
  row(
    'an unknown key',
    400,
    'invalid-request',
    body('{"source":"/a","sourc":"/b"}', JSON_TYPE),
    'POST',
    '/v1/tasks/build/claim',
  ),
  row(
    'a source that is a number',
    400,
    'invalid-request',
    body('{"source":1}', JSON_TYPE),
    'POST',
    '/v1/tasks/build/claim',
  ),
  row('broken JSON', 400, 'malformed-json', body('{"source":', JSON_TYPE), 'POST', '/v1/tasks/build/claim'),
  row(
    'a key twice',
    400,
    'duplicate-key',
    body('{"source":"/a","source":"/b"}', JSON_TYPE),
    'POST',
    '/v1/tasks/build/claim',
  ),
  row(
    'XML',
    415,
    'unsupported-media-type',
    body('<a/>', { 'content-type': 'text/xml' }),
    'POST',
    '/v1/tasks/build/claim',
  ),
  row(
    'a body of 20 KB',
    413,
    'too-large',
    body(JSON.stringify({ source: 'x'.repeat(20_000) }), JSON_TYPE),
    'POST',
    '/v1/tasks/build/claim',
  ),
  ...[
    'wait=soon',
    'wait=61s',
    'wait=-1s',
    'lease=0s',
    'lease=25h',
    'max=0',
    'max=257',
    'max=NaN',
    'wait=',
    'max=1&max=2',
  ].map((query) =>
    row(query, 400, 'invalid-parameter', body('{"source":"/a"}', JSON_TYPE), 'POST', `/v1/tasks/build/claim?${query}`),
  ),
  row(
    'an unknown parameter',
    400,
    'unknown-parameter',
    body('{"source":"/a"}', JSON_TYPE),
    'POST',
    '/v1/tasks/build/claim?wiat=1s',
  ),
  ...['bu%20ild', 'a.b', '%2e%2e', '*', 'b%00', 'x'.repeat(300)].map((task) =>
    row(
      `the task ${task.slice(0, 8)}`,
      422,
      'invalid-name',
      body('{"source":"/a"}', JSON_TYPE),
      'POST',
      `/v1/tasks/${task}/claim`,
    ),
  ),
];

const get = (what: string, status: number, code: string, path: string): Row =>
  row(what, status, code, () => ({}), 'GET', path);
const lists: Row[] = [
  ...['0', '-1', '1e9', 'NaN', '1.5', '', '99999'].map((limit) =>
    get(`limit=${limit}`, 400, 'invalid-parameter', `/v1/runs?limit=${limit}`),
  ),
  ...['/v1/runs', '/v1/events', '/v1/projects', '/v1/subscriptions', '/v1/projects/shop/shipyards'].map((path) =>
    get(`a made-up cursor for ${path}`, 400, 'invalid-cursor', `${path}?cursor=garbage`),
  ),
  get('a cursor of 1 KB', 400, 'invalid-cursor', `/v1/runs?cursor=${'x'.repeat(1000)}`),
  get('an unknown filter', 400, 'unknown-parameter', '/v1/runs?stge=dev'),
  get('sorting by a field', 400, 'unknown-parameter', '/v1/runs?sort=secret'),
  get('a filter twice', 400, 'invalid-parameter', '/v1/runs?stage=dev&stage=prod'),
  get('an unknown state', 400, 'invalid-parameter', '/v1/runs?state=done'),
  get('a label without a key', 400, 'invalid-parameter', '/v1/runs?label.=x'),
  get('a label where there are none', 400, 'unknown-parameter', '/v1/events?label.a=x'),
  get('a time that is none', 400, 'invalid-parameter', '/v1/runs?since=yesterday'),
];

const paths: Row[] = [
  get('an unknown path', 404, 'not-found', '/v1/flows/x/configs'),
  get('two slashes', 404, 'not-found', '/v1//runs'),
  get('a slash too many', 404, 'not-found', '/v1/runs/'),
  get('an encoded step upwards', 404, 'unknown-run', '/v1/runs/..%2fadmin'),
  get('a step upwards', 404, 'unknown-run', '/v1/runs/..'),
  get('a path parameter of its own', 404, 'unknown-run', '/v1/runs/x;a=b'),
  get('an encoded NUL', 404, 'unknown-run', '/v1/runs/x%00'),
  get('an encoded NUL in an event id', 400, 'invalid-request', '/v1/events/x%00'),
  get('broken percent-encoding', 400, 'invalid-request', '/v1/runs/%zz'),
  get('percent-encoding that is not UTF-8', 400, 'invalid-request', '/v1/events/%ff'),
  get('upper case', 404, 'not-found', '/V1/runs'),
  get('a trailing dot', 404, 'not-found', '/v1/runs.'),
  get('a project that cannot be one', 404, 'unknown-project', '/v1/projects/..%2f..%2fetc'),
  get('a project that is not there', 404, 'unknown-project', '/v1/projects/nowhere'),
  get('the shipyard of a project that is not there', 404, 'unknown-project', '/v1/projects/nowhere/shipyard'),
  get('a run that is not there', 404, 'unknown-run', '/v1/runs/00000000-0000-4000-8000-000000000000'),
  get('a context that is not there', 404, 'not-found', '/v1/contexts/nothing'),
  get('a subscription that is not there', 404, 'not-found', '/v1/subscriptions/nothing'),
  row('an unknown command', 404, 'not-found', () => ({}), 'POST', '/v1/runs/x/dance'),
];

const put = (what: string, status: number, code: string, path: string, ask: () => AskOptions): Row =>
  row(what, status, code, ask, 'PUT', path);
const yaml = (source: string) => body(source, { 'content-type': 'application/yaml' });
const bodies: Row[] = [
  ...['../prod', 'a/b', 'Shop', 'a.b', '*', '>', '😀', '\u202ex', 'x'.repeat(64)].map((name) =>
    put(
      `a project called ${JSON.stringify(name.slice(0, 8))}`,
      422,
      'invalid-name',
      `/v1/projects/${encodeURIComponent(name)}`,
      body('{}', JSON_TYPE),
    ),
  ),
  put('a project without a body', 400, 'empty-body', '/v1/projects/a', () => ({})),
  put(
    'a project with an unknown key',
    400,
    'invalid-request',
    '/v1/projects/a',
    body('{"dialcet":"plain"}', JSON_TYPE),
  ),
  put(
    'a project with a wrong word',
    400,
    'invalid-request',
    '/v1/projects/a',
    body('{"dialect":"klingon"}', JSON_TYPE),
  ),
  put('a project that says it is another', 422, 'identity-mismatch', '/v1/projects/a', body('{"name":"b"}', JSON_TYPE)),
  put(
    '__proto__ in a project',
    422,
    'invalid-input',
    '/v1/projects/a',
    body('{"config":{"__proto__":{"admin":true}}}', JSON_TYPE),
  ),
  put(
    'constructor.prototype in a project',
    422,
    'invalid-input',
    '/v1/projects/a',
    body('{"config":{"constructor":{"prototype":{"admin":true}}}}', JSON_TYPE),
  ),
  put(
    '100,000 levels in a project',
    400,
    'too-deep',
    '/v1/projects/a',
    body(`{"config":{"a":${nested(100_000)}}}`, JSON_TYPE),
  ),
  put('a shipyard without a text', 400, 'empty-body', '/v1/projects/a/shipyard', () => ({})),
  put('a shipyard of 300 KB', 413, 'too-large', '/v1/projects/a/shipyard', yaml(`# ${'x'.repeat(300 * 1024)}`)),
  put(
    'a shipyard as JSON type',
    415,
    'unsupported-media-type',
    '/v1/projects/a/shipyard',
    body(SHIPYARD, { 'content-type': 'image/png' }),
  ),
  put(
    'a shipyard in UTF-16',
    415,
    'unsupported-charset',
    '/v1/projects/a/shipyard',
    body(SHIPYARD, { 'content-type': 'text/yaml; charset=utf-16' }),
  ),
  put(
    'a shipyard that is not UTF-8',
    400,
    'invalid-request',
    '/v1/projects/a/shipyard',
    body(new Uint8Array([0xff, 0xfe]), {}),
  ),
  put('[ 10,000 times', 422, 'invalid-shipyard', '/v1/projects/a/shipyard', yaml('['.repeat(10_000))),
  put('a YAML tag', 422, 'invalid-shipyard', '/v1/projects/a/shipyard', yaml('a: !!js/function "x"')),
  put('a YAML key twice', 422, 'invalid-shipyard', '/v1/projects/a/shipyard', yaml(`${SHIPYARD}kind: Shipyard\n`)),
  put('two YAML documents', 422, 'invalid-shipyard', '/v1/projects/a/shipyard', yaml(`${SHIPYARD}---\n${SHIPYARD}`)),
  put(
    'a stage called ../prod',
    422,
    'invalid-shipyard',
    '/v1/projects/a/shipyard',
    yaml(SHIPYARD.replace('name: dev', 'name: ../prod')),
  ),
  put(
    '__proto__ in a shipyard',
    422,
    'invalid-shipyard',
    '/v1/projects/a/shipyard',
    yaml(`${SHIPYARD}__proto__: {admin: true}\n`),
  ),
  put('an unknown shipyard parameter', 400, 'unknown-parameter', '/v1/projects/a/shipyard?dryrun=true', yaml(SHIPYARD)),
  put('If-Match of another version', 412, 'precondition-failed', '/v1/projects/shop/shipyard', () => ({
    headers: { 'content-type': 'application/yaml', 'if-match': '"0000"' },
    body: SHIPYARD,
  })),
  put('a subscription without a sink', 400, 'invalid-request', '/v1/subscriptions/a', body('{}', JSON_TYPE)),
  ...[
    'file:///etc/passwd',
    'gopher://x',
    'javascript:alert(1)',
    'http://user:pass@example.com/',
    'nonsense',
    'http://x/\r\nHost: y',
    'http://127.0.0.1:8484/v1/events',
    'http://0x7f000001/',
    'https://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data',
  ].map((sink) =>
    put(
      `a subscription to ${JSON.stringify(sink)}`,
      422,
      'invalid-sink',
      '/v1/subscriptions/a',
      body(JSON.stringify({ sink }), JSON_TYPE),
    ),
  ),
];

describe.each([
  { room: 'POST /v1/events', rows: events },
  { room: 'POST /v1/tasks/{task}/claim', rows: claims },
  { room: 'lists', rows: lists },
  { room: 'paths', rows: paths },
  { room: 'bodies', rows: bodies },
])('$room', ({ rows }) => {
  test.each(rows)('$what is refused with $status $code', async ({ method = 'GET', path = '', ask, status, code }) => {
    const answer = await door.ask(method, path, ask());
    expect([answer.status, field(answer.json, 'code')], answer.text.slice(0, 500)).toEqual([status, code]);
    expectProblem(answer.text, path);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });
});

/** What every refusal must be, whatever it refuses. */
function expectProblem(text: string, path: string): void {
  const problem = problemSchema.parse(JSON.parse(text));
  expect(problem.type).toBe(`/v1/docs#problem-${problem.code}`);
  const [asked = ''] = path.split('?');
  expect(problem.instance).toBe(asked.length > 200 ? `${asked.slice(0, 200)}...` : asked);
  if (problem.code !== 'invalid-shipyard') expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
  expect(text).not.toMatch(/\.ts:\d|node:internal|\bat [A-Z]\w+\.|\/work\//);
}

test('a refusal that quotes a lot stays under 2 KB, and says how much it left out', async () => {
  const keys = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`${'é'.repeat(100)}${index}`, 1]));
  const answer = await door.ask('PUT', '/v1/projects/a', { headers: JSON_TYPE, body: JSON.stringify(keys) });
  expect(answer.status).toBe(400);
  expectProblem(answer.text, '/v1/projects/a');
  expect(field(answer.json, 'detail')).toMatch(/more are not shown$/);
});

test('data with __proto__, $where, dots and empty keys comes back as it was sent, and changes no object', async () => {
  const odd = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"$where":"1","a.b":1,"":2}';
  const sent = trigger({ id: 'odd-keys' });
  const text = JSON.stringify(sent).replace('"service":"carts"', `"service":"carts","odd":${odd}`);
  expect((await door.ask('POST', '/v1/events', { headers: EVENT_TYPE, body: text })).status).toBe(202);
  const stored = await door.ask('GET', '/v1/events/odd-keys');
  expect(stored.text).toContain(`"odd":${odd}`);
  expect(Reflect.get({}, 'admin')).toBeUndefined();
});

test('an extension name of more than 20 characters is taken, null is a missing attribute', async () => {
  expect((await post(door, trigger({ averyveryverylongextensionname: 'x', subject: null }))).status).toBe(202);
});

test('a byte order mark before JSON is read over', async () => {
  const answer = await door.ask('POST', '/v1/events', {
    headers: EVENT_TYPE,
    body: `\ufeff${JSON.stringify(trigger())}`,
  });
  expect(answer.status).toBe(202);
});

test('labels with keys that databases or languages take for their own are texts like any other', async () => {
  for (const label of ['{"__proto__":"x"}', '{"$where":"x"}', '{"":"x"}', '{"constructor":"x"}', '{"a.b":"x"}']) {
    const text = JSON.stringify(trigger()).replace('"service":"carts"', `"labels":${label}`);
    const answer = await door.ask('POST', '/v1/events', { headers: EVENT_TYPE, body: text });
    expect([label, answer.status]).toEqual([label, 202]);
    const run = await door.ask('GET', `/v1/runs/${field(field(field(answer.json, 'items'), 0), 'run')}`);
    expect(run.text).toContain(`"labels":${label}`);
  }
  expect(Reflect.get({}, 'x')).toBeUndefined();
});

test('answers with unknown words are refused by name, and the attempt stays open', async () => {
  await startRun(door, trigger({ data: { project: 'shop', service: 'words' } }));
  const attempt = await claimOne(door, 'build');
  const maybe = await post(door, finished(attempt, { data: { result: 'maybe' } }));
  expect([maybe.status, field(maybe.json, 'code')]).toEqual([400, 'invalid-result']);
  expect(field(field(field(maybe.json, 'errors'), 0), 'pointer')).toBe('/data/result');
  expect((await post(door, finished(attempt, { data: { status: 1 } }))).status).toBe(400);
  expect((await post(door, finished(attempt))).status).toBe(202);
});

test('commands: aborting what is finished and resuming what runs are 409 with the reason, pausing twice is harmless', async () => {
  const run = await startRun(door);
  const command = (name: string): ReturnType<TestDoor['ask']> => door.ask('POST', `/v1/runs/${run}/${name}`);
  const resumed = await command('resume');
  expect([resumed.status, field(resumed.json, 'code')]).toEqual([409, 'not-allowed-now']);
  expect(field(resumed.json, 'detail')).toMatch(/pause/);
  expect((await command('pause')).json).toMatchObject({ state: 'paused', changed: true });
  const again = await command('pause');
  expect([again.status, again.json]).toMatchObject([200, { state: 'paused', changed: false }]);
  expect((await command('abort')).status).toBe(200);
  expect([(await command('pause')).status, (await command('resume')).status]).toEqual([409, 409]);
});

test('an id with a line break and colours for a terminal is one line of the log', async () => {
  const nasty = 'x\n{"level":"error"}\u001b[31m';
  await post(door, trigger({ id: nasty }));
  await door.ask('GET', `/v1/events/${encodeURIComponent(nasty)}`);
  await door.ask('GET', `/v1/runs/${encodeURIComponent(nasty)}`);
  for (const line of door.log.raw().split('\n')) {
    if (line !== '') expect(() => JSON.parse(line)).not.toThrow();
  }
  expect(door.log.raw()).not.toContain('\u001b');
});

test('headers that would name another method, host or client change nothing', async () => {
  const run = await startRun(door);
  const override = await door.ask('POST', `/v1/runs/${run}`, { headers: { 'x-http-method-override': 'GET' } });
  expect([override.status, override.headers.allow]).toEqual([405, 'GET, HEAD']);
  const forwarded = await door.ask('GET', '/v1/runs', {
    headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-for': '1.2.3.4' },
  });
  // Without tokens there is no proxy: decision 13.
  expect(forwarded.status).toBe(403);
  expect(forwarded.text).not.toContain('evil');
});

test('after all of that the service works', async () => {
  expect((await post(door, trigger())).status).toBe(202);
  expect((await door.ask('GET', '/readyz')).status).toBe(200);
  expect(door.log.lines().filter((line) => Number(line.level) >= 50)).toEqual([]);
});
