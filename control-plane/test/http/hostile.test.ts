import { get, type IncomingMessage } from 'node:http';
import { problemSchema } from '@slipway/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  claimOne,
  EVENT_TYPE,
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

/** Rows of the table of bad inputs that need more than one request: ../bad-inputs.test.ts says which test is for which row. */
const TOKEN = 'hostile-token-0123456789';
const OTHER = 'another-token-0123456789';
const mine = { authorization: `Bearer ${TOKEN}` };
const theirs = { authorization: `Bearer ${OTHER}` };

describe('behind tokens', () => {
  let door: TestDoor;
  beforeAll(async () => {
    door = await openDoor({ tokens: `mine * ${TOKEN}\ntheirs * ${OTHER}` });
    await putShipyard(door, 'shop', mine);
  });
  afterAll(() => door[Symbol.asyncDispose]());

  test.each([
    '/v1/flows/x/configs',
    '/v1//runs',
    '//v1/runs',
    '/v1/./runs',
    '/v1/x/../runs',
    '/v1/runs/..%2fadmin',
    '/v1/runs/%2e%2e/projects',
    '/v1/runs/..%2fprojects',
    '/v1/projects/..%2f..%2fetc%2fpasswd',
    '/v1/projects/shop%2fshipyard',
    '/v1/projects/shop;a=b',
    '/v1/runs;a=b',
    '/v1/runs/x;a=b/why',
    '/v1/runs%00',
    '/v1/projects/shop%00',
    '/v1/events/x%00',
    '/v1/runs/%zz',
    '/v1/events/%ff',
    '/V1/runs',
    '/v1/RUNS',
    '/v1/projects/SHOP',
    '/v1/runs.',
    '/v1/runs/',
    '/v1/projects/shop.',
    '/v1/runs%3flimit=1',
    '/livez/../v1/runs',
    '/v1/docs/..%2fruns',
  ])('the path %s is nothing with a token, and tells nothing without one', async (path) => {
    const known = await door.ask('GET', path, { headers: mine });
    expect([400, 404]).toContain(known.status);
    problemSchema.parse(known.json);
    const stranger = await door.ask('GET', path);
    // A path that cannot be decoded is refused before anybody asks whose it is.
    expect([stranger.status, field(stranger.json, 'code')]).toEqual(
      field(known.json, 'detail') === UNDECODABLE ? [400, 'invalid-request'] : [401, 'unauthorized'],
    );
  });

  test('who says that he comes from this machine still needs a token', async () => {
    const claims = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' };
    expect((await door.ask('GET', '/v1/runs', { headers: claims })).status).toBe(401);
    expect((await door.ask('GET', '/v1/runs', { headers: { host: '127.0.0.1' } })).status).toBe(401);
  });

  test('no answer repeats the host that it was asked by', async () => {
    const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher' };
    const event = { headers: { ...mine, ...evil, ...EVENT_TYPE }, body: JSON.stringify(trigger()) };
    const sent = await door.ask('POST', '/v1/events', event);
    expect(sent.status).toBe(202);
    for (const path of ['/v1/openapi.json', '/v1/docs', '/v1/runs', '/v1/nothing', String(sent.headers.location)]) {
      const answer = await door.ask('GET', path, { headers: { ...mine, ...evil } });
      expect([path, `${JSON.stringify(answer.headers)}${answer.text}`.includes('evil')]).toEqual([path, false]);
    }
    expect(sent.headers.location).toMatch(/^\/v1\/runs\//);
  });

  test('one token may have 100 streams open, another one its own 100', async () => {
    const open: IncomingMessage[] = [];
    for (let count = 0; count < 110; count++) open.push(await listen(door, mine));
    const statuses = open.map((res) => res.statusCode);
    expect(statuses).toEqual([...Array(100).fill(200), ...Array(10).fill(429)]);
    expect(open.at(-1)?.headers['retry-after']).toMatch(/^\d+$/);
    open.push(await listen(door, theirs));
    expect(open.at(-1)?.statusCode).toBe(200);
    for (const res of open) res.destroy();
    await expect.poll(async () => (await door.ask('GET', '/metrics', { headers: mine })).text).toMatch(/_streams 0$/m);
    const again = await listen(door, mine);
    expect(again.statusCode).toBe(200);
    again.destroy();
  });
});

const UNDECODABLE = 'the path is not valid percent-encoded UTF-8';

function listen(door: TestDoor, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${door.url}/v1/stream`, { headers, agent: false }, (res) => {
      res.resume().on('error', () => undefined);
      resolve(res);
    }).on('error', reject);
  });
}

describe('what a shipyard may bring about', () => {
  let door: TestDoor;
  beforeAll(async () => {
    door = await openDoor();
  });
  afterAll(() => door[Symbol.asyncDispose]());

  async function upload(project: string, sequences: string): Promise<{ status: number; json: unknown }> {
    return door.ask('PUT', `/v1/projects/${project}/shipyard`, {
      headers: { 'content-type': 'application/yaml' },
      body: `apiVersion: slipway.dev/v1\nspec:\n  stages:\n    - name: dev\n      sequences:\n${sequences}`,
    });
  }
  const start = (project: string, sequence: string, data: Record<string, unknown> = {}): Promise<string> =>
    startRun(door, trigger({ type: `dev.${sequence}.triggered`, data: { project, ...data } }));

  test('a chain without end is cut after 32 runs, with the reason, and triggers nothing more', async () => {
    const follows = (name: string): string =>
      `triggeredOn: [{event: dev.${name}.finished}, {event: dev.${name}.finished, selector: {match: {result: fail}}}]`;
    const { status, json } = await upload(
      'circle',
      `        - {name: a, ${follows('b')}, tasks: [{name: go}]}\n        - {name: b, ${follows('a')}, tasks: [{name: go}]}\n`,
    );
    expect(status).toBe(201);
    expect(field(json, 'warnings')).toMatchObject([{ code: 'trigger-cycle' }]);
    await start('circle', 'a');
    for (let depth = 0; depth <= 32; depth++) await post(door, finished(await claimOne(door, 'go')));

    const all = async (): Promise<unknown> => (await door.ask('GET', '/v1/runs?project=circle&limit=100')).json;
    await expect.poll(async () => field(await all(), 'items')).toHaveLength(34);
    const [last] = field(await all(), 'items') as { id: string }[];
    const view = await door.ask('GET', `/v1/runs/${last?.id}`);
    expect(view.json).toMatchObject({
      state: 'finished',
      result: 'fail',
      depth: 33,
      message: expect.stringMatching(/^trigger-depth: .* 32 is the limit$/),
      triggers: [],
    });
    const events = field((await door.ask('GET', `/v1/runs/${last?.id}/events`)).json, 'items');
    expect(field(events, 1)).toMatchObject({ event: { type: 'dev.b.finished', data: { result: 'fail' } } });
    const next = await door.ask('POST', '/v1/tasks/go/claim', { headers: JSON_TYPE, body: '{"source":"/w"}' });
    expect(next.status).toBe(204);
    expect(field(await all(), 'items')).toHaveLength(34);
  });

  test('a depth that somebody sends buys no longer chain', async () => {
    await upload('deep', '        - {name: a, tasks: [{name: dig}]}\n');
    for (const [said, depth] of [
      [-1_000_000, 0],
      ['-7', 0],
      ['x', 0],
      [1.5, undefined],
      [12, 12],
    ] as const) {
      const answer = await post(
        door,
        trigger({ type: 'dev.a.triggered', data: { project: 'deep' }, triggerdepth: said }),
      );
      // CloudEvents knows whole numbers only.
      if (depth === undefined) expect(answer.status).toBe(400);
      else {
        const run = field(field(field(answer.json, 'items'), 0), 'run');
        expect((await door.ask('GET', `/v1/runs/${run}`)).json).toMatchObject({ depth });
      }
    }
    const beyond = await start('deep', 'a', {});
    expect((await door.ask('GET', `/v1/runs/${beyond}`)).json).toMatchObject({ depth: 0, state: 'running' });
  });

  test('a template that becomes too large fails its task by name, and no other', async () => {
    const tenfold = Array(20).fill('data.text').join(' + ');
    await upload(
      'large',
      [
        `        - name: grow\n          tasks: [{name: make, with: {text: "\${{ ${tenfold} }}"}}]`,
        '        - name: small\n          tasks: [{name: make, with: {text: "${{ data.text }}"}}]\n',
      ].join('\n'),
    );
    const text = 'x'.repeat(500_000);
    const [grown, small] = [await start('large', 'grow', { text }), await start('large', 'small', { text })];
    expect((await door.ask('GET', `/v1/runs/${grown}`)).json).toMatchObject({
      state: 'finished',
      status: 'errored',
      result: 'fail',
      tasks: [{ state: 'finished', result: 'fail', message: expect.stringContaining('1048576 characters') }],
    });
    const attempt = await claimOne(door, 'make');
    expect(field(field(attempt.data, 'make'), 'text')).toBe(text);
    await post(door, finished(attempt));
    expect((await door.ask('GET', `/v1/runs/${small}`)).json).toMatchObject({ state: 'finished', result: 'pass' });
  });

  test('braces of other template languages arrive as they were written', async () => {
    await upload('braces', '        - {name: a, tasks: [{name: say, properties: {text: "{{7*7}} ${1+1}"}}]}\n');
    const said = "{{constructor.constructor('return process')()}} {{__proto__}} {{7*7}}";
    await start('braces', 'a', { note: said });
    const { data } = await claimOne(door, 'say');
    expect([field(data, 'note'), field(field(data, 'say'), 'text')]).toEqual([said, '{{7*7}} ${1+1}']);
  });

  test.each([
    ['a selector of 10 KB', `when: "\${{ result == '${'x'.repeat(10_240)}' }}"`],
    [
      '1,000 alternatives',
      `when: "\${{ re(result, '${Array.from({ length: 1000 }, (_, i) => `a${i}`).join('|')}') }}"`,
    ],
    ['a pattern that could block', `when: "\${{ result.matches('(a+)+$') }}"`],
  ])('%s is refused at the upload', async (_what, rule) => {
    const { status, json } = await upload(
      'regex',
      `        - {name: a, tasks: [{name: t}]}\n        - name: b\n          triggeredOn: [{event: dev.a.finished, ${rule}}]\n          tasks: [{name: t}]\n`,
    );
    expect([status, field(json, 'code')]).toEqual([422, 'invalid-shipyard']);
    expect(field(field(field(json, 'errors'), 0), 'line')).toBe(8);
  });

  test('a pattern that would take for ever elsewhere is answered at once', async () => {
    const { status } = await upload(
      'linear',
      `        - {name: a, tasks: [{name: t}], output: {is: "\${{ re(data.text, '(a+)+$') }}"}}\n`,
    );
    expect(status).toBe(201);
    const run = await start('linear', 'a', { text: `${'a'.repeat(40)}!` });
    await post(door, finished(await claimOne(door, 't')));
    expect((await door.ask('GET', `/v1/runs/${run}`)).json).toMatchObject({ output: { is: false } });
  });
});

describe('what else may be sent', () => {
  let door: TestDoor;
  beforeAll(async () => {
    door = await openDoor();
    await putShipyard(door, 'shop');
  });
  afterAll(() => door[Symbol.asyncDispose]());

  test('an answer for another task than the attempt is of is refused, and the attempt stays open', async () => {
    const run = await startRun(door, trigger({ data: { project: 'shop', service: 'spoofed' } }));
    const attempt = await claimOne(door, 'build');
    const answer = await post(door, finished(attempt, { type: 'test.finished' }));
    expect([answer.status, field(answer.json, 'code')]).toEqual([422, 'identity-mismatch']);
    expect((await door.ask('GET', `/v1/runs/${run}`)).json).toMatchObject({
      state: 'running',
      tasks: [{ state: 'open' }],
      ignored: [{ code: 'spoof' }],
    });
    const { items } = (await door.ask('GET', '/v1/services?task=test')).json as { items: unknown[] };
    expect(items).toEqual([]);
    expect((await post(door, finished(attempt))).status).toBe(202);
  });

  test('a cursor of another list, or one that was changed, is refused', async () => {
    for (let count = 0; count < 3; count++) await startRun(door, trigger({ data: { project: 'shop', service: 'c' } }));
    const cursorOf = async (path: string): Promise<string> =>
      String(field((await door.ask('GET', `${path}?limit=1`)).json, 'next'));
    const [runs, events] = [await cursorOf('/v1/runs'), await cursorOf('/v1/events')];
    expect((await door.ask('GET', `/v1/runs?cursor=${encodeURIComponent(runs)}`)).status).toBe(200);
    const bytes = Buffer.from(runs, 'base64url');
    const forged = [events, runs.slice(1), `${runs}x`, bytes.toString('hex'), '../../etc', '{"$gt":""}', '%27'];
    for (const cursor of forged) {
      const answer = await door.ask('GET', `/v1/runs?cursor=${encodeURIComponent(cursor)}`);
      expect([cursor, answer.status, field(answer.json, 'code')]).toEqual([cursor, 400, 'invalid-cursor']);
    }
  });

  test('a label of 1 MB is refused by its place; one with a page in it is text', async () => {
    const labelled = (labels: Record<string, unknown>) => post(door, trigger({ data: { project: 'shop', labels } }));
    const large = await labelled({ note: 'x'.repeat(1_000_000) });
    expect([large.status, field(field(field(large.json, 'errors'), 0), 'pointer')]).toEqual([422, '/data/labels/note']);
    const page = '</script><img src=x onerror=alert(1)>';
    const run = field(field(field((await labelled({ note: page })).json, 'items'), 0), 'run');
    const view = await door.ask('GET', `/v1/runs/${run}`);
    expect(view.json).toMatchObject({ labels: { note: page } });
    expect(view.headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
    expect(view.headers['content-type']).toMatch(/^application\/json/);
  });

  test('what is logged of names and reasons is one line of JSON each, whatever they hold', async () => {
    const nasty = 'x\n{"level":"error"}\u001b[31m\u2028\u0085';
    const run = await startRun(door, trigger({ data: { project: 'shop', message: nasty } }));
    await post(door, trigger({ data: { project: 'shop', service: nasty } }));
    for (const by of [nasty, 'me']) {
      const body = JSON.stringify({ reason: nasty, by });
      await door.ask('POST', `/v1/runs/${run}/abort`, { headers: JSON_TYPE, body });
    }
    await door.ask('GET', `/v1/runs?service=${encodeURIComponent(nasty)}`);
    await door.ask('GET', `/v1/projects/${encodeURIComponent(nasty)}`);
    await post(door, trigger({ id: nasty, type: `dev.${nasty}.triggered` }));
    await post(door, trigger({ source: `/${nasty}` }));
    await door.ask('POST', '/v1/tasks/build/claim', { headers: JSON_TYPE, body: JSON.stringify({ source: nasty }) });
    const raw = door.log.raw();
    for (const line of raw.split('\n')) if (line !== '') expect(() => JSON.parse(line)).not.toThrow();
    expect(raw).toContain('u001b');
    for (const control of ['\u001b', '\u0085', '\u2028']) expect(raw).not.toContain(control);
  });
});
