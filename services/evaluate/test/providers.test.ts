import { describe, expect, test } from 'vitest';
import { type Indicators, queriesFor } from '../src/providers/indicators.ts';
import { type MeasureOptions, measureAll } from '../src/providers/measure.ts';
import { fillIn, type QueryContext } from '../src/providers/placeholders.ts';
import { readSources } from '../src/providers/sources.ts';
import {
  drip,
  type FakeServer,
  fakeServer,
  flood,
  type Handler,
  hang,
  inTurn,
  json,
  reset,
  text,
} from './fake-server.ts';
import { END, ENV, KINDS, type Kind, promVector, START } from './provider-kinds.ts';

const context: QueryContext = {
  project: 'shop',
  stage: 'staging',
  service: 'carts',
  deployment: 'canary',
  labels: { build: '1.37' },
  filters: { svc_id: '"a14b"' },
  startMs: START,
  endMs: END,
};

async function measured(kind: Kind, handler: Handler, options: Partial<MeasureOptions> = {}) {
  await using server = await fakeServer(handler);
  const sources = readSources(kind.config(server), ENV);
  const [value] = await measureAll({
    queries: queriesFor(['rt'], { rt: kind.indicator(server) }, sources),
    context,
    deadlineMs: 40_000,
    timeoutMs: 20_000,
    lateData: null,
    signal: new AbortController().signal,
    random: () => 0.1234,
    ...options,
  });
  return { value, seen: [...server.seen], host: server.host };
}

describe.each(KINDS)('$name', (kind) => {
  test('a good answer is a value', async () => {
    const { value } = await measured(kind, json(kind.answer(41.5)));
    expect(value).toMatchObject({ metric: 'rt', value: 41.5, success: true, message: '' });
  });

  test.each<[string, Handler]>([
    ['hangs', hang],
    ['drips bytes for ever', drip],
  ])('%s: asked again until the deadline', async (_, handler) => {
    const { value, host } = await measured(kind, handler, { deadlineMs: 250, timeoutMs: 100 });
    expect(value).toMatchObject({ metric: 'rt', value: 0, success: false });
    expect(value?.message).toContain(`SLI 'rt': ${kind.name} (${host}) `);
    expect(value?.message).toMatch(/is it up and fast enough\? \(asked (once|\d+ times) within the deadline of 250 ms/);
  });

  test.concurrent.each<[string, Handler, string, 'once' | 'again']>([
    ['closes the connection', reset, 'is it up, and is the address right?', 'again'],
    [
      'answers garbage',
      text('}{ what?'),
      'answered 200 with no JSON ("}{ what?"): is the address that of the API',
      'again',
    ],
    [
      'answers JSON twice',
      (_, response) => void response.end(JSON.stringify(kind.answer(1)).repeat(2)),
      'with no JSON',
      'again',
    ],
    ['answers nothing', text(''), 'answered 200 with nothing', 'again'],
    [
      'answers HTML with 200',
      text('<!doctype html><h1>Log in</h1>', 200, 'text/html'),
      'with an HTML page: is the address that of the API, and not of a login page or proxy?',
      'again',
    ],
    ['is overloaded', text('<html>502</html>', 502), 'answered 502: an HTML page', 'again'],
    ['answers without an end', flood, 'larger than 5 MB: ask for fewer series or a longer step', 'once'],
    ['answers NaN', json(kind.answer('NaN')), 'which is not a finite number', 'once'],
    ['answers infinity', json(kind.answer('+Inf')), 'which is not a finite number', 'once'],
    ['answers a word', json(kind.answer('fast')), '"fast", which is not a finite number', 'once'],
    ['has no data', json(kind.nothing), '', 'once'],
    ['has two values', json(kind.two), '', 'once'],
    ['refuses the query', json({ error: 'bad' }, 400), 'answered 400', 'once'],
    ['refuses the credentials', json({}, 403), 'check the credentials of this source', 'once'],
    [
      'sends elsewhere',
      (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      'redirects are not followed',
      'once',
    ],
    [
      'compresses unasked',
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      'gzip-encoded although that was not asked for',
      'again',
    ],
  ])('%s: the message names SLI, source and way out', async (_, handler, words, tries) => {
    // The first try must be whole however busy the machine is; the deadline then ends the tries after it.
    const limits = tries === 'once' ? {} : { deadlineMs: 2000, random: () => 1 };
    const { value, seen, host } = await measured(kind, handler, limits);
    expect(value).toMatchObject({ metric: 'rt', value: 0, success: false });
    expect(value?.message).toMatch(new RegExp(`^SLI 'rt': ${kind.name} \\(${host.replaceAll('.', '\\.')}\\) `));
    expect(value?.message).toContain(words);
    if (tries === 'once') expect(seen).toHaveLength(1);
    else
      expect(value?.message).toMatch(
        /\(asked (once|\d+ times) within the deadline of 2000 ms; a longer deadline may help\)$/,
      );
  });

  test('one that was away for a moment is asked again', async () => {
    const { value, seen } = await measured(kind, inTurn(json({}, 503), text('<html>'), json(kind.answer(7))));
    expect(value).toMatchObject({ value: 7, success: true });
    expect(seen).toHaveLength(3);
  });

  test('an answer that comes too late is asked for again, and the late one changes nothing', async () => {
    const late: Handler = (request, response, count) =>
      void setTimeout(() => json(kind.answer(1))(request, response, count), 3000);
    const { value } = await measured(kind, inTurn(late, json(kind.answer(2))), { timeoutMs: 1000 });
    expect(value).toMatchObject({ value: 2, success: true });
  });

  test('a 429 is waited for as long as it says, and not beyond the deadline', async () => {
    const slow = await measured(kind, json({}, 429, { 'retry-after': '60' }));
    expect(slow.seen).toHaveLength(1);
    expect(slow.value?.message).toContain('answered 429; ask less often or raise its limit (asked once');
    const quick = await measured(kind, inTurn(json({}, 429, { 'retry-after': '0' }), json(kind.answer(3))));
    expect(quick.value).toMatchObject({ value: 3, success: true });
  });

  test('late data is waited for only where the file says so', async () => {
    const late = inTurn(json(kind.nothing), json(kind.nothing), json(kind.answer(9)));
    expect((await measured(kind, late)).value).toMatchObject({ success: false });
    const { value } = await measured(kind, late, { lateData: { attempts: 3, delayMs: 10 } });
    expect(value).toMatchObject({ value: 9, success: true });
  });
});

describe('many SLIs', () => {
  const prometheus = KINDS[0];

  test('one that fails does not stop the others', async () => {
    const bad: Handler = (request, response, count) =>
      request.body.includes('broken')
        ? hang(request, response, count)
        : json(promVector('1'))(request, response, count);
    await using server = await fakeServer(bad);
    const indicators: Indicators = { a: 'x', b: 'broken', c: 'y' };
    const sources = readSources(prometheus?.config(server), {});
    const values = await measureAll({
      queries: queriesFor(['a', 'b', 'c', 'd'], indicators, sources),
      context,
      deadlineMs: 300,
      timeoutMs: 100,
      lateData: null,
      signal: new AbortController().signal,
      random: () => 0,
    });
    expect(values.map(({ metric, success }) => [metric, success])).toEqual([
      ['a', true],
      ['b', false],
      ['c', true],
      ['d', false],
    ]);
    expect(values[3]?.message).toBe("SLI 'd': indicators has no query of that name; did you mean 'a'?");
  });

  test('refused credentials are asked once, and fail all SLIs of the source', async () => {
    await using server = await fakeServer(json({ status: 'error', errorType: 'auth', error: 'bad token' }, 401));
    const slis = Array.from({ length: 40 }, (_, i) => `s${i}`);
    const values = await measureAll({
      queries: queriesFor(
        slis,
        Object.fromEntries(slis.map((sli) => [sli, 'x'])),
        readSources(prometheus?.config(server), {}),
      ),
      context,
      deadlineMs: 2000,
      timeoutMs: 500,
      lateData: null,
      signal: new AbortController().signal,
    });
    expect(new Set(values.map(({ message }) => message?.replace(/'s\d+'/, "'s'"))).size).toBe(1);
    // As many as were under way at once.
    expect(server.seen.length).toBeLessThanOrEqual(8);
  });

  test('a cancelled attempt stops asking', async () => {
    await using server = await fakeServer(hang);
    const controller = new AbortController();
    const running = measureAll({
      queries: queriesFor(['a'], { a: 'x' }, readSources(prometheus?.config(server), {})),
      context,
      deadlineMs: 60_000,
      timeoutMs: 30_000,
      lateData: null,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(new Error('no longer wanted')), 30);
    await expect(running).rejects.toThrow('no longer wanted');
  });
});

describe('what is asked', () => {
  test('Prometheus: an instant query at the end of the window, placeholders filled in', async () => {
    const { seen } = await measured(
      { ...KIND(0), indicator: () => 'x{s="$SERVICE-$svc_id",b="$LABEL.build"}[$DURATION_SECONDS]' },
      json(promVector('1')),
    );
    const form = new URLSearchParams(seen[0]?.body);
    expect(seen[0]?.url.pathname).toBe('/api/v1/query');
    expect(form.get('query')).toBe('x{s="carts-a14b",b="1.37"}[300s]');
    expect(form.get('time')).toBe(String(END / 1000));
  });

  test('Prometheus: a range with a reducer keeps the samples', async () => {
    const matrix = {
      status: 'success',
      warnings: ['partial'],
      data: {
        resultType: 'matrix',
        result: [
          {
            metric: {},
            values: [
              [1, '1'],
              [2, '2'],
              [3, '9'],
            ],
          },
        ],
      },
    };
    const { value, seen } = await measured(
      { ...KIND(0), indicator: () => ({ query: 'x', range: true, step: '30s', reduce: 'max' }) },
      json(matrix),
    );
    expect(value).toMatchObject({ value: 9, samples: [1, 2, 9], message: 'partial' });
    const form = new URLSearchParams(seen[0]?.body);
    expect([form.get('start'), form.get('end'), form.get('step')]).toEqual([
      String(START / 1000),
      String(END / 1000),
      '30',
    ]);
  });

  test('Prometheus: an error with 200, a histogram and a matrix for an instant query say what to do', async () => {
    const say = async (body: unknown) => (await measured(KIND(0), json(body))).value?.message;
    expect(await say({ status: 'error', errorType: 'bad_data', error: 'parse error' })).toContain(
      'could not run the query: bad_data: parse error',
    );
    expect(
      await say({ status: 'success', data: { resultType: 'vector', result: [{ metric: {}, histogram: [] }] } }),
    ).toContain('histogram_quantile');
    expect(await say({ status: 'success', data: { resultType: 'matrix', result: [] } })).toContain(
      'must give one number',
    );
  });

  test('Datadog: keys as headers, seconds as time, nulls and points outside of the window left out', async () => {
    const body = {
      status: 'ok',
      series: [
        {
          pointlist: [
            [START - 1, 100],
            [START, 1],
            [START + 1000, null],
            [END, 3],
            [END + 60_000, 100],
          ],
        },
      ],
    };
    const { value, seen } = await measured(KIND(1), json(body));
    expect(value).toMatchObject({ value: 2, samples: [1, 3] });
    expect(seen[0]?.headers).toMatchObject({ 'dd-api-key': 'dd-api-key', 'dd-application-key': 'dd-app-key' });
    expect(seen[0]?.url.searchParams.get('from')).toBe(String(START / 1000));
    const failed = await measured(KIND(1), json({ status: 'error', error: 'Rule 1' }));
    expect(failed.value?.message).toContain('could not run the query: Rule 1');
  });

  test('Dynatrace: each deviation has its own message', async () => {
    const say = async (body: unknown) => (await measured(KIND(2), json(body))).value?.message;
    expect(await say({ result: [{ metricId: 'm', warnings: ['unresolvable'], data: [] }] })).toContain(
      'returned zero metric series (unresolvable)',
    );
    expect(await say({ result: [{ metricId: 'm', data: [{ values: [1, 2] }] }] })).toContain(
      'returned 2 values but only one is supported',
    );
    expect(await say({ result: [{ metricId: 'm', data: [{ values: [null] }] }] })).toContain(
      "returned 'null' as value",
    );
    expect(await say({ result: [] })).toContain('0 metric series collections');
    const refused = await measured(
      KIND(2),
      json(
        { error: { code: 400, message: 'Constraints violated.', constraintViolations: [{ message: 'bad selector' }] } },
        400,
      ),
    );
    expect(refused.value?.message).toContain('Constraints violated.; bad selector');
    expect(refused.seen[0]?.headers.authorization).toBe('Api-Token dt-secret');
    expect(refused.value?.message).not.toContain('dt-secret');
  });

  test('JSON: several matches need a reducer and become samples', async () => {
    const indicator = (path: string, reduce?: 'avg') => (server: FakeServer) => ({
      url: server.url,
      path,
      ...(reduce && { reduce }),
    });
    const body = json({ rows: [{ ms: 1 }, { ms: '2' }, { ms: 6 }] });
    expect((await measured({ ...KIND(3), indicator: indicator('$.rows[*].ms', 'avg') }, body)).value).toMatchObject({
      value: 3,
      samples: [1, 2, 6],
    });
    expect((await measured({ ...KIND(3), indicator: indicator('$.rows[*].ms') }, body)).value?.message).toContain(
      'matches 3 values',
    );
    expect((await measured({ ...KIND(3), indicator: indicator('rows') }, body)).value?.message).toContain(
      'is not a JSONPath',
    );
    expect(
      (await measured({ ...KIND(3), indicator: indicator('$[?search(@.x,"(a+)+$")]') }, body)).value?.message,
    ).toContain('can block');
  });

  test('JSON: a body goes with POST, its texts filled in, and a label cannot leave its place', async () => {
    const indicator = (server: FakeServer) => ({
      url: `${server.url}/q?b=$LABEL.build`,
      method: 'POST' as const,
      body: { q: 1, terms: [{ service: '$SERVICE' }], build: 'x:"$LABEL.build"', $SERVICE: null },
      path: '$.value',
    });
    const { seen } = await measured({ ...KIND(3), indicator }, json({ value: 1 }), {
      context: { ...context, labels: { build: '1&admin=1#@evil"' } },
    });
    expect(seen[0]?.method).toBe('POST');
    const body = { q: 1, terms: [{ service: 'carts' }], build: 'x:"1&admin=1#@evil\\""', $SERVICE: null };
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual(body);
    expect(seen[0]?.url.search).toBe('?b=1%26admin%3D1%23%40evil%22');
  });
});

function KIND(index: number): Kind {
  const kind = KINDS[index];
  if (kind === undefined) throw new Error('no such kind');
  return kind;
}

describe('addresses that authors write', () => {
  test.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
    'http://0.0.0.0/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://127.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://192.0.2.1/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[fec0::1]/',
    'http://[4000::1]/',
    'http://[fd00::1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
  ])('%s is refused', async (url) => {
    const [value] = await ask(url);
    expect(value?.message).toContain('refused-address');
  });

  test.each([
    ['file:///etc/passwd', 'use an http or https address'],
    ['gopher://x/', 'use an http or https address'],
    ['http://user:pass@example.com/', 'use a header instead'],
    ['not an address', 'is not an address'],
  ])('%s is refused', async (url, words) => {
    const [value] = await ask(url);
    expect(value).toMatchObject({ success: false });
    expect(value?.message).toContain(words);
    expect(value?.message).not.toContain('pass@');
  });

  test('allowing a host opens one of its ports', async () => {
    await using server = await fakeServer(json({ value: 1 }));
    const [refused] = await ask(`${server.url}/x`, { allow: ['127.0.0.1:1'] });
    expect(refused?.message).toContain('refused-address');
    expect(server.seen).toHaveLength(0);
    const [taken] = await ask(`${server.url}/x`, { allow: [server.host] });
    expect(taken).toMatchObject({ success: true, value: 1 });
  });

  const ask = (url: string, config: unknown = {}) =>
    measureAll({
      queries: queriesFor(['rt'], { rt: { url, path: '$.value' } }, readSources(config, {})),
      context,
      deadlineMs: 1000,
      timeoutMs: 500,
      lateData: null,
      signal: new AbortController().signal,
    });
});

describe('an http source of the operator', () => {
  const asked = async (query: unknown, handler: Handler = json({ value: 7 }), labels: Record<string, string> = {}) => {
    await using server = await fakeServer(handler);
    const config = {
      sources: {
        stats: { type: 'http', url: `${server.url}/api`, headers: { 'x-key': { env: 'STATS_KEY', prefix: 'Key ' } } },
      },
    };
    const [value] = await measureAll({
      queries: queriesFor(['rt'], { rt: query as Indicators[string] }, readSources(config, { STATS_KEY: 's3cret' })),
      context: { ...context, labels },
      deadlineMs: 1000,
      timeoutMs: 500,
      lateData: null,
      signal: new AbortController().signal,
    });
    return { value, seen: [...server.seen] };
  };

  test('is asked below its address, private as it may be, with the secret that only its name stands for', async () => {
    const { value, seen } = await asked({ query: 'p95?s=$SERVICE', path: '$.value' });
    expect(value).toMatchObject({ success: true, value: 7 });
    expect(seen[0]?.url).toMatchObject({ pathname: '/api/p95', search: '?s=carts' });
    expect(seen[0]?.headers['x-key']).toBe('Key s3cret');
  });

  test.each([
    ['another host', 'http://example.com/x', {}],
    ['another host without a scheme', '//example.com/x', {}],
    ['a path beside it', '/admin', {}],
    ['a way up', 'a/../../admin', {}],
    ['a way up that a label opens', '$LABEL.a/admin', { a: '..' }],
  ])('%s is refused, and the secret stays at home', async (_, query, labels) => {
    const { value, seen } = await asked({ query, path: '$.value' }, json({ value: 7 }), labels);
    expect(value).toMatchObject({ success: false });
    expect(value?.message).toContain('leads away from');
    expect(value?.message).not.toContain('s3cret');
    expect(seen).toHaveLength(0);
  });

  test('an author cannot replace its secret', async () => {
    const { seen } = await asked({ query: 'x', headers: { 'x-key': 'mine', 'x-other': 'o' }, path: '$.value' });
    expect(seen[0]?.headers).toMatchObject({ 'x-key': 'Key s3cret', 'x-other': 'o' });
  });
});

describe('sources', () => {
  test('one address in the environment is enough for Prometheus', () => {
    expect(readSources(undefined, { SLIPWAY_PROMETHEUS: 'http://prom:9090/base' })).toMatchObject({
      default: 'prometheus',
    });
  });

  test.each<[unknown, Record<string, string>, string]>([
    [{ sources: { a: { type: 'graphite', url: 'http://x' } } }, {}, 'sources.a'],
    [
      { default: 'b', sources: { a: { type: 'prometheus', url: 'http://x' } } },
      {},
      "default is 'b', which is none of the sources: a",
    ],
    [
      { sources: { a: { type: 'dynatrace', url: 'http://x', token: { env: 'NOPE' } } } },
      {},
      "the source 'a' needs the environment variable NOPE",
    ],
    [{}, { SLIPWAY_PROMETHEUS: 'prom:9090' }, 'write an address such as'],
  ])('a mistake is named', (config, env, words) => {
    expect(() => readSources(config, env)).toThrow(words);
  });

  test('an SLI without a source says how to get one', async () => {
    const [query] = queriesFor(['a'], { a: 'x' }, readSources({}, {}));
    await expect(query?.ask({ context, timeoutMs: 1, signal: new AbortController().signal })).rejects.toThrow(
      'set SLIPWAY_PROMETHEUS or a sources file',
    );
  });
});

test('values from events cannot end a string of the query, and longer names go first', () => {
  const evil = { ...context, service: 'x"} or {a="', labels: { a: '1', ab: '2' } };
  expect(fillIn('up{s="$SERVICE"} $LABEL.ab $LABEL.a $NOPE', evil)).toBe('up{s="x\\"} or {a=\\""} 2 1 $NOPE');
});
