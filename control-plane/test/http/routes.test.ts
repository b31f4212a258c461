import { openApiDocument, type RouteId, routes, waitedSchema } from '@slipway/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import {
  type Answer,
  type AskOptions,
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
import { CARTS, evaluateOnce, SLO } from './evaluation-world.ts';

let door: TestDoor;
let run: string;
let correlationid: string;
let version: string;
let evaluation: string;
beforeAll(async () => {
  door = await openDoor();
  await putShipyard(door, 'shop');
  const shipyard = await door.ask('GET', '/v1/projects/shop/shipyard');
  version = String(field(shipyard.json, 'version'));
  run = await startRun(
    door,
    trigger({ id: 'first', data: { project: 'shop', service: 'carts', labels: { team: 'a' } } }),
  );
  await post(door, finished(await claimOne(door, 'build'), { data: { result: 'warning', build: { image: 'a:1' } } }));
  evaluation = (await evaluateOnce(door, { response_time: 300, error_rate: 0 })).id;
  correlationid = String(field((await door.ask('GET', `/v1/runs/${run}`)).json, 'correlationid'));
});
afterAll(() => door[Symbol.asyncDispose]());

const allowed = new Map<string, string[]>();
for (const route of routes) {
  const path = route.path.replace('{command}', 'pause').replace(/\{\w+\}/g, 'x');
  allowed.set(path, [...(allowed.get(path) ?? []), route.method, ...(route.method === 'GET' ? ['HEAD'] : [])]);
}

describe.each([...allowed])('%s', (path, methods) => {
  test(`takes ${methods.join(', ')} and says so to every other method`, async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND']) {
      if (methods.includes(method)) continue;
      const answer = await door.ask(method, path);
      expect([method, answer.status, String(answer.headers.allow).split(', ').toSorted()]).toEqual([
        method,
        405,
        methods.toSorted(),
      ]);
      if (method !== 'HEAD') expect(field(answer.json, 'code')).toBe('method-not-allowed');
    }
    const options = await door.ask('OPTIONS', path);
    expect([options.status, String(options.headers.allow).split(', ').toSorted()]).toEqual([204, methods.toSorted()]);
  });
});

test('HEAD is GET without its body', async () => {
  const head = await door.ask('HEAD', '/v1/runs');
  const get = await door.ask('GET', '/v1/runs');
  expect([head.status, head.text, head.headers['content-length']]).toEqual([
    200,
    '',
    String(Buffer.byteLength(get.text)),
  ]);
});

type Case = { id: RouteId; status: number; path: () => string; ask?: () => AskOptions };
const yaml = (text: string) => () => ({ headers: { 'content-type': 'application/yaml' }, body: text });
const json = (value: unknown) => () => ({ headers: JSON_TYPE, body: JSON.stringify(value) });
const structured =
  (event: unknown, headers = {}) =>
  () => ({ headers: { ...EVENT_TYPE, ...headers }, body: JSON.stringify(event) });

/** What can be done with one file of a project. */
function fileCases(name: 'Slo' | 'Sli' | 'StageSli' | 'ProjectSli', path: string): Case[] {
  const text = name === 'Slo' ? SLO : 'indicators: {response_time: up}\n';
  return [
    { id: `put${name}`, status: 201, path: () => path, ask: yaml(text) },
    { id: `put${name}`, status: 200, path: () => `${path}?dryRun=true`, ask: yaml(`# other\n${text}`) },
    { id: `get${name}`, status: 200, path: () => path },
    { id: `list${name}Versions`, status: 200, path: () => `${path}/versions` },
    { id: `delete${name}`, status: 204, path: () => path },
  ];
}
const ofEvaluation = (deed: string) => () => `/v1/evaluations/${evaluation}/${deed}`;

/** In this order, because later ones stand on earlier ones. */
const cases: Case[] = [
  { id: 'sendEvents', status: 202, path: () => '/v1/events', ask: structured(trigger({ id: 'second' })) },
  { id: 'sendEvents', status: 200, path: () => '/v1/events', ask: structured(trigger({ id: 'second' })) },
  { id: 'claimTasks', status: 200, path: () => '/v1/tasks/build/claim', ask: json({ source: '/worker' }) },
  { id: 'claimTasks', status: 204, path: () => '/v1/tasks/nothing/claim', ask: json({ source: '/worker' }) },
  { id: 'listEvents', status: 200, path: () => `/v1/events?project=shop&correlationid=${correlationid}&limit=2` },
  { id: 'getEvent', status: 200, path: () => '/v1/events/first?source=%2Ftest' },
  { id: 'listProjects', status: 200, path: () => '/v1/projects' },
  { id: 'getProject', status: 200, path: () => '/v1/projects/shop' },
  { id: 'putProject', status: 201, path: () => '/v1/projects/second', ask: json({ dialect: 'keptn', name: 'second' }) },
  { id: 'putProject', status: 200, path: () => '/v1/projects/second', ask: json({ config: { a: { b: 1 } } }) },
  { id: 'putShipyard', status: 201, path: () => '/v1/projects/second/shipyard', ask: yaml(SHIPYARD) },
  { id: 'putShipyard', status: 200, path: () => '/v1/projects/second/shipyard', ask: yaml(`# said\n${SHIPYARD}`) },
  { id: 'putShipyard', status: 200, path: () => '/v1/projects/third/shipyard?dryRun=true', ask: yaml(SHIPYARD) },
  { id: 'getShipyard', status: 200, path: () => '/v1/projects/shop/shipyard' },
  { id: 'listShipyards', status: 200, path: () => '/v1/projects/shop/shipyards' },
  { id: 'getShipyardVersion', status: 200, path: () => `/v1/projects/shop/shipyards/${version}` },
  { id: 'deleteProject', status: 204, path: () => '/v1/projects/second' },
  { id: 'listRuns', status: 200, path: () => '/v1/runs?state=finished&result=warning&label.team=a' },
  { id: 'countRuns', status: 200, path: () => '/v1/run-counts?project=shop&label.team=a' },
  { id: 'getEnvironment', status: 200, path: () => '/v1/environment?project=shop' },
  { id: 'getRun', status: 200, path: () => `/v1/runs/${run}` },
  { id: 'listRunEvents', status: 200, path: () => `/v1/runs/${run}/events` },
  { id: 'whyRun', status: 200, path: () => `/v1/runs/${run}/why` },
  { id: 'getContext', status: 200, path: () => `/v1/contexts/${correlationid}` },
  { id: 'putSli', status: 201, path: () => `${CARTS}/sli`, ask: yaml('indicators: {error_rate: up}') },
  { id: 'getMergedSli', status: 200, path: () => `${CARTS}/sli/merged` },
  { id: 'listResources', status: 200, path: () => '/v1/projects/shop/resources' },
  ...fileCases('Slo', `${CARTS}/slo`),
  ...fileCases('Sli', `${CARTS}/sli`),
  ...fileCases('StageSli', '/v1/projects/shop/stages/dev/sli'),
  ...fileCases('ProjectSli', '/v1/projects/shop/sli'),
  { id: 'startEvaluation', status: 202, path: () => `${CARTS}/evaluations`, ask: json({ timeframe: '5m' }) },
  { id: 'listServiceEvaluations', status: 200, path: () => `${CARTS}/evaluations?samples=true` },
  { id: 'listEvaluations', status: 200, path: () => '/v1/projects/shop/evaluations?stage=dev&result=pass' },
  { id: 'getEvaluation', status: 200, path: () => `/v1/evaluations/${evaluation}` },
  { id: 'getEvaluationReport', status: 200, path: ofEvaluation('report') },
  { id: 'invalidateEvaluation', status: 200, path: ofEvaluation('invalidate'), ask: json({ reason: 'a test' }) },
  { id: 'reinstateEvaluation', status: 200, path: ofEvaluation('reinstate'), ask: json({ author: 'me' }) },
  { id: 'replayEvaluation', status: 200, path: ofEvaluation('replay') },
  { id: 'whatIfEvaluation', status: 200, path: ofEvaluation('what-if'), ask: json({ values: { error_rate: 2 } }) },
  { id: 'putData', status: 201, path: () => '/v1/data', ask: json({ project: 'shop' }) },
  { id: 'getData', status: 200, path: () => '/v1/data/first' },
  { id: 'listServices', status: 200, path: () => '/v1/services' },
  {
    id: 'putSubscription',
    status: 201,
    path: () => '/v1/subscriptions/hook',
    ask: json({ sink: 'http://example.com/hook' }),
  },
  {
    id: 'putSubscription',
    status: 200,
    path: () => '/v1/subscriptions/hook',
    ask: json({ sink: 'http://example.com/h', id: 'hook' }),
  },
  { id: 'getSubscription', status: 200, path: () => '/v1/subscriptions/hook' },
  { id: 'listSubscriptions', status: 200, path: () => '/v1/subscriptions' },
  { id: 'deleteSubscription', status: 204, path: () => '/v1/subscriptions/hook' },
  { id: 'getSession', status: 200, path: () => '/v1/session' },
  { id: 'createSession', status: 200, path: () => '/v1/session', ask: json({ token: 'any' }) },
  { id: 'deleteSession', status: 204, path: () => '/v1/session' },
  { id: 'getOpenApi', status: 200, path: () => '/v1/openapi.json' },
  { id: 'getDocs', status: 200, path: () => '/v1/docs' },
  { id: 'livez', status: 200, path: () => '/livez' },
  { id: 'readyz', status: 200, path: () => '/readyz' },
  { id: 'metrics', status: 200, path: () => '/metrics' },
];

test.each(cases)('$id answers $status as its schema says', async ({ id, status, path, ask }) => {
  const route = routes.find((one) => one.id === id);
  const answer = await door.ask(route?.method ?? '', path(), ask?.());
  expect(answer.status, answer.text).toBe(status);
  expectSchema(answer, route?.answers as { [status: number]: z.ZodType | undefined });
});

test('a command answers as its schema says, and so does the wait for a run', async () => {
  const other = await startRun(door);
  const route = routes.find((one) => one.id === 'commandRun');
  for (const command of ['pause', 'resume', 'abort']) {
    const answer = await door.ask('POST', `/v1/runs/${other}/${command}`, {
      headers: JSON_TYPE,
      body: '{"reason":"a test"}',
    });
    expect(answer.status).toBe(200);
    expectSchema(answer, route?.answers as { [status: number]: z.ZodType | undefined });
  }
  const waited = await post(
    door,
    trigger({ id: 'first', data: { project: 'shop', service: 'carts', labels: { team: 'a' } } }),
    {
      prefer: 'wait=30',
    },
  );
  expect(waitedSchema.parse(waited.json)).toMatchObject({ run, state: 'finished', result: 'warning' });
});

test('every route of the table was asked', () => {
  const asked = new Set<string>([...cases.map((one) => one.id), 'commandRun', 'stream']);
  expect(routes.map((route) => route.id).filter((id) => !asked.has(id))).toEqual([]);
});

/** Strictly: a key that the schema does not name is a key that no client can rely on. */
function expectSchema(answer: Answer, answers: { [status: number]: z.ZodType | undefined }): void {
  expect(Object.keys(answers)).toContain(String(answer.status));
  const schema = answers[answer.status];
  if (schema === undefined) return;
  expect(schema.parse(answer.json)).toEqual(answer.json);
}

test('pages follow one another by cursor, and end', async () => {
  for (let index = 0; index < 5; index++)
    await startRun(door, trigger({ data: { project: 'shop', service: 'paged' } }));
  const seen: unknown[] = [];
  let next: unknown;
  do {
    const cursor = next === undefined ? '' : `&cursor=${encodeURIComponent(String(next))}`;
    const page = await door.ask('GET', `/v1/runs?service=paged&limit=2${cursor}`);
    expect(page.status).toBe(200);
    const items = field(page.json, 'items');
    if (Array.isArray(items)) seen.push(...items.map((item) => field(item, 'id')));
    next = field(page.json, 'next');
  } while (next !== undefined);
  expect([seen.length, new Set(seen).size]).toEqual([5, 5]);
  const forged = await door.ask('GET', '/v1/runs?cursor=eyJhIjoxfQ');
  expect([forged.status, field(forged.json, 'code')]).toEqual([400, 'invalid-cursor']);
});

test('runs are counted by a filter, and the environment says what ran last and what is open in each place', async () => {
  await startRun(door, trigger({ data: { project: 'shop', service: 'counted' } }));
  const counts = async (query: string) => (await door.ask('GET', `/v1/run-counts?project=shop&${query}`)).json;
  expect(await counts('service=counted')).toEqual({
    total: 1,
    items: [{ phase: 'waiting-worker', state: 'running', count: 1 }],
  });
  expect(await counts('service=carts&result=warning')).toEqual({
    total: 1,
    items: [{ phase: 'warning', state: 'finished', result: 'warning', count: 1 }],
  });
  expect(await counts('service=nobody')).toEqual({ total: 0, items: [] });
  const { json } = await door.ask('GET', '/v1/environment?project=shop');
  expect(field(json, 'items')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        ...{ project: 'shop', stage: 'dev', service: 'counted', open: 1 },
        openRuns: [expect.objectContaining({ state: 'running', service: 'counted' })],
      }),
      expect.objectContaining({ service: 'carts', last: expect.objectContaining({ state: 'finished' }) }),
    ]),
  );
});

test('a shipyard comes back exactly as it was sent, and If-Match protects it', async () => {
  const text = `# Straße ☃\r\n${SHIPYARD}`;
  const put = (body: string, headers: Record<string, string>): Promise<Answer> =>
    door.ask('PUT', '/v1/projects/exact/shipyard', { headers, body });
  const first = await put(text, { 'content-type': 'application/x-www-form-urlencoded' });
  expect([first.status, first.headers.etag]).toEqual([201, `"${field(first.json, 'version')}"`]);
  const got = await door.ask('GET', '/v1/projects/exact/shipyard');
  expect([field(got.json, 'text'), got.headers.etag]).toEqual([text, first.headers.etag]);
  const changed = SHIPYARD.replace('quick', 'slow');
  expect((await put(changed, { 'if-match': String(first.headers.etag) })).status).toBe(201);
  expect((await put(text, { 'if-match': String(first.headers.etag) })).status).toBe(412);
});

test('the settings of a project have a version, which If-Match protects and a shipyard does not change', async () => {
  const put = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
    door.ask('PUT', '/v1/projects/set', {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const first = await put({ limits: { openRunsMax: 5 } });
  await door.ask('PUT', '/v1/projects/set/shipyard', { body: SHIPYARD });
  const got = await door.ask('GET', '/v1/projects/set');
  expect(got.headers.etag).toBe(first.headers.etag);
  const match = { 'if-match': String(first.headers.etag) };
  expect((await put({ limits: { openRunsMax: 6 } }, match)).status).toBe(200);
  const late = await put({ limits: { openRunsMax: 7 } }, match);
  expect([late.status, field(late.json, 'code')]).toEqual([412, 'precondition-failed']);
  expect(field((await door.ask('GET', '/v1/projects/set')).json, 'limits')).toMatchObject({ openRunsMax: 6 });
  const absent = await door.ask('PUT', '/v1/projects/not-there', {
    headers: { 'content-type': 'application/json', 'if-match': '*' },
    body: '{}',
  });
  expect(absent.status).toBe(412);
});

test('a refused shipyard names every problem by line and column', async () => {
  const answer = await door.ask('PUT', '/v1/projects/wrong/shipyard', {
    body: SHIPYARD.replace('sequences', 'sequenzes').replace('name: dev', 'name: Dev'),
  });
  expect([answer.status, field(answer.json, 'code')]).toEqual([422, 'invalid-shipyard']);
  expect(field(answer.json, 'errors')).toMatchObject(
    [{ line: 6 }, { line: 7, nearest: 'sequences' }].map((one) => expect.objectContaining(one)),
  );
});

test('curl’s own content type is taken for JSON bodies, so that a newcomer’s line works', async () => {
  const answer = await door.ask('POST', '/v1/tasks/nothing/claim', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: '{"source":"/me"}',
  });
  expect(answer.status).toBe(204);
});

test('the served description is the contract’s', async () => {
  expect((await door.ask('GET', '/v1/openapi.json')).json).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

test('the page of the description names every route and every problem, and allows itself nothing else', async () => {
  const { headers, text } = await door.ask('GET', '/v1/docs');
  for (const route of routes) expect(text).toContain(`<article id="${route.id}">`);
  for (const code of ['attempt-over', 'duplicate-key', 'invalid-shipyard'])
    expect(text).toContain(`id="problem-${code}"`);
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[^' ]+'; /);
  expect(text).not.toMatch(/<script|<img|<link|@import|url\(|https?:\/\/(?!slipway)/);
});

test('metrics name routes and not paths, and count refusals by code', async () => {
  await door.ask('GET', '/v1/runs/made-up-name');
  await door.ask('GET', '/v1/made-up-path');
  const { text, headers } = await door.ask('GET', '/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain/);
  expect(text).toMatch(/^slipway_http_request_duration_seconds_count\{route="getRun",status="404"\} \d+$/m);
  expect(text).toMatch(/^slipway_http_request_duration_seconds_count\{route="sendEvents",status="202"\} \d+$/m);
  expect(text).toMatch(/^slipway_http_refused_total\{code="not-found"\} \d+$/m);
  expect(text).toMatch(/^slipway_http_tasks_claimed_total [1-9]/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  expect(text).not.toContain('made-up');
});

test('nothing that was answered well is in the log', () => {
  expect(door.log.lines().filter((line) => line.route === 'getProject' || Number(line.level) >= 50)).toEqual([]);
});
