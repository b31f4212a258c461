import { type Logger, runTask, SlipwayProblem, silentLogger } from '@slipway/sdk';
import { describe, expect, test } from 'vitest';
import { readSources } from '../src/providers/sources.ts';
import { type EvaluateOutput, evaluateOutput } from '../src/shell/output.ts';
import { evaluateTasks } from '../src/shell/tasks.ts';
import { fakeServer, hang, json } from './fake-server.ts';
import { memoryClient, row } from './memory-client.ts';

const NOW = Date.UTC(2026, 10, 21, 10, 0, 0);

function tasks(config: unknown = {}, env: Record<string, string> = {}, { client } = memoryClient()) {
  const [evaluate, evaluation] = evaluateTasks({ sources: readSources(config, env), client, nowMs: () => NOW });
  if (evaluate === undefined || evaluation === undefined) throw new Error('two tasks are served');
  return { evaluate, evaluation };
}

const slo =
  'objectives: [{sli: rt, displayName: Response time, pass: [{criteria: ["<600", "<=+10%"]}]}]\ntotal_score: {pass: "90%", warning: "75%"}\n';

const run = async (input: unknown, options: Parameters<typeof runTask>[2] = {}, served = tasks()) => {
  const ran = await runTask(served.evaluate, input, {
    project: 'shop',
    stage: 'staging',
    service: 'carts',
    ...options,
  });
  const output: EvaluateOutput | undefined = ran.output && evaluateOutput.parse(ran.output);
  return { ...ran, output };
};

describe('values carried in the event', () => {
  test('a number is judged, and the output says why', async () => {
    const { status, result, message, output } = await run({ slo, values: { rt: 500 } });
    expect({ status, result }).toEqual({ status: 'succeeded', result: 'pass' });
    expect(message).toBe('It passes with a score of 100, which reaches 90.');
    expect(output).toMatchObject({
      result: 'pass',
      verdict: 'pass',
      score: 100,
      timeStart: '2026-11-21T10:00:00.000Z',
      indicatorResults: [{ status: 'pass', value: { metric: 'rt', value: 500, comparedValue: 0, success: true } }],
    });
    expect(Buffer.from(output?.sloFileContent ?? '', 'base64').toString()).toBe(slo);
  });

  test('too slow fails with the reason', async () => {
    const { result, output } = await run({ slo, values: { rt: 700 } });
    expect(result).toBe('fail');
    expect(output?.why).toBe('It fails with a score of 0, below 75: Response time (700 violates <600).');
  });

  test.each<[string, unknown, string]>([
    [
      'data',
      {
        slo: { objectives: [{ sli: 'rt', pass: [{ criteria: ['<600'] }] }], total_score: { pass: '90%' } },
        values: { rt: 1 },
      },
      'pass',
    ],
    ['bare objectives', { objectives: [{ sli: 'rt', pass: [{ criteria: ['<600'] }] }], values: { rt: 1 } }, 'pass'],
    ['a list of records', { slo, values: [{ metric: 'rt', value: 1 }] }, 'pass'],
    ['a record', { slo, values: { rt: { value: 1 } } }, 'pass'],
    ['a text with a number', { slo, values: { rt: '1' } }, 'pass'],
    ['a truth', { slo, values: { rt: true } }, 'pass'],
    ['null is a value that is missing', { slo, values: { rt: null } }, 'fail'],
    ['a text without a number', { slo, values: { rt: 'fast' } }, 'fail'],
    ['a record that says it failed', { slo, values: { rt: { value: 1, success: false } } }, 'fail'],
  ])('%s', async (_, input, result) => {
    expect(await run(input)).toMatchObject({ status: 'succeeded', result });
  });

  test('samples and windows come along', async () => {
    const text =
      'objectives: [{sli: a, budget: {target: 0.99, pairs: [{windows: [1h], burn_rate: 2}]}}]\ntotal_score: {pass: 90}\n';
    expect(await run({ slo: text, values: { a: { windows: { '1h': 0.05 } } } })).toMatchObject({ result: 'fail' });
  });

  test('an inconclusive evaluation is a warning that says so', async () => {
    const text = `defaults: {on_missing: inconclusive}\n${slo}`;
    const { result, output } = await run({ slo: text, values: {} });
    expect({ result, verdict: output?.verdict }).toEqual({ result: 'warning', verdict: 'inconclusive' });
  });

  test.each<[string, unknown, string]>([
    ['a key that nobody knows', { slo, vlaues: {} }, 'vlaues'],
    [
      'an SLO that does not parse',
      { slo: 'objectives:\n- sli: a\n  weight: "2"\n', values: { a: 1 } },
      'line 3, column 11: objectives[0].weight must be a whole number',
    ],
    ['no total score', { slo: 'objectives: [{sli: a}]', values: { a: 1 } }, 'no target score defined'],
    [
      'values of another SLI only',
      { slo, values: { response: 1 } },
      'none of the SLIs rt has a value or a query; there are response',
    ],
    ['a value that is a list', { slo, values: { rt: [1] } }, 'values.rt must be a number or {value'],
    ['queries without a window', { slo, indicators: { rt: 'x' } }, 'set timeframe: 5m, or start and end'],
    ['a window that is too short', { slo, indicators: { rt: 'x' }, timeframe: '30s' }, 'at least 1 minute'],
    ['a deadline that is none', { slo, values: { rt: 1 }, deadline: 'soon' }, 'must be a duration such as'],
  ])('%s is an error that no repeat helps', async (_, input, words) => {
    const { status, error, message } = await run(input);
    expect({ status, retryable: error?.retryable }).toEqual({ status: 'errored', retryable: false });
    expect(message).toContain(words);
  });

  test('without any SLO nothing is judged, which is an error and not a pass', async () => {
    expect(await run({ values: { rt: 1 } })).toMatchObject({
      ...{ status: 'errored', result: 'fail', error: { code: 'NOT_EVALUATED', retryable: false } },
      message: expect.stringMatching(/^shop\/staging\/carts has no SLO, so nothing was judged: upload slo\.yaml/),
      output: { result: 'fail', verdict: 'inconclusive' },
    });
  });
});

describe('values of a source', () => {
  const vector = (value: string) => ({
    status: 'success',
    data: { resultType: 'vector', result: [{ metric: {}, value: [1, value] }] },
  });

  test('a query is asked for the window, beside values that came along', async () => {
    await using server = await fakeServer(json(vector('0.2')));
    const served = tasks({}, { SLIPWAY_PROMETHEUS: server.url });
    const text =
      'objectives:\n- {sli: rt, pass: [{criteria: ["<600"]}]}\n- {sli: errors, pass: [{criteria: ["<1"]}]}\ntotal_score: {pass: 90}\n';
    const input = {
      slo: text,
      values: { rt: 500 },
      indicators: { errors: 'rate(x{s="$SERVICE"}[$DURATION_SECONDS])' },
      timeframe: '5m',
    };
    const { result, output, progress } = await run(input, {}, served);
    expect(result).toBe('pass');
    expect(output).toMatchObject({ timeStart: '2026-11-21T09:55:00.000Z', timeEnd: '2026-11-21T10:00:00.000Z' });
    expect(new URLSearchParams(server.seen[0]?.body).get('query')).toBe('rate(x{s="carts"}[300s])');
    expect(progress.at(-1)).toMatchObject({ fraction: 1, message: '1 of 1 values' });
  });

  test('sli.yaml as text, and the times of a test', async () => {
    await using server = await fakeServer(json(vector('500')));
    const served = tasks({}, { SLIPWAY_PROMETHEUS: server.url });
    const data = { test: { start: '2026-11-21T09:00:00.000Z', end: '2026-11-21T09:10:00.000Z' } };
    const { output } = await run({ slo, indicators: 'spec_version: "1.0"\nindicators:\n  rt: x\n' }, { data }, served);
    expect(output).toMatchObject({ result: 'pass', timeStart: data.test.start });
    expect(new URLSearchParams(server.seen[0]?.body).get('time')).toBe(String(Date.parse(data.test.end) / 1000));
  });

  test('a source that hangs does not hang the task: the objective fails and names it', async () => {
    await using server = await fakeServer(hang);
    const served = tasks({}, { SLIPWAY_PROMETHEUS: server.url });
    const { status, result, output } = await run(
      { slo, indicators: { rt: 'x' }, timeframe: '5m', deadline: '3s', timeout: '100ms' },
      {},
      served,
    );
    expect({ status, result }).toEqual({ status: 'succeeded', result: 'fail' });
    expect(output?.why).toContain(`SLI 'rt': prometheus (${server.host}) no whole answer within 100 ms`);
  });

  test('a query by address needs the operator for a private one', async () => {
    await using server = await fakeServer(json({ p95: 500 }));
    const input = { slo, indicators: { rt: { url: `${server.url}/stats`, path: '$.p95' } }, timeframe: '5m' };
    expect((await run(input)).output?.why).toContain('refused-address');
    expect(await run(input, {}, tasks({ allow: [server.host] }))).toMatchObject({ result: 'pass' });
  });

  test('an error budget asks once per window', async () => {
    await using server = await fakeServer((request, response, count) => {
      const isShort = new URLSearchParams(request.body).get('query')?.includes('[5m]');
      json(vector(isShort ? '0.05' : '0.03'))(request, response, count);
    });
    const text =
      'objectives: [{sli: bad, budget: {target: 0.99, pairs: [{windows: [1h, 5m], burn_rate: 2.5}]}}]\ntotal_score: {pass: 90}\n';
    const served = tasks({}, { SLIPWAY_PROMETHEUS: server.url });
    const { result, output } = await run(
      { slo: text, indicators: { bad: 'rate(bad[$WINDOW])' }, timeframe: '5m' },
      {},
      served,
    );
    expect(result).toBe('fail');
    expect(output?.why).toContain('the error budget burns 3 over 1h and 5 over 5m, faster than 2.5');
  });

  test('a repeated measurement stops when nothing can change', async () => {
    await using server = await fakeServer((request, response, count) =>
      json(vector(count === 1 ? '700' : '500'))(request, response, count),
    );
    const text =
      'objectives: [{sli: rt, pass: [{criteria: ["<600"]}], repeat: {interval: 10ms, count: 10, failure_limit: 2, consecutive_success: 2}}]\ntotal_score: {pass: 90}\n';
    const served = tasks({}, { SLIPWAY_PROMETHEUS: server.url });
    expect(await run({ slo: text, indicators: { rt: 'x' }, timeframe: '5m' }, {}, served)).toMatchObject({
      result: 'pass',
    });
    expect(server.seen).toHaveLength(3);
  });

  test('a cancelled attempt stops', async () => {
    await using server = await fakeServer(hang);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const served = tasks({}, { SLIPWAY_PROMETHEUS: server.url });
    const { status } = await run(
      { slo, indicators: { rt: 'x' }, timeframe: '5m' },
      { signal: controller.signal },
      served,
    );
    expect(status).toBe('errored');
  });
});

describe('files that live with the project', () => {
  const stored = { slo, indicators: { rt: 'stored' } };
  const vector = (value: string) => ({
    status: 'success',
    data: { resultType: 'vector', result: [{ value: [1, value] }] },
  });

  test('slo.yaml and sli.yaml are taken from there, and their versions are said', async () => {
    await using server = await fakeServer(json(vector('500')));
    const served = tasks({}, { SLIPWAY_PROMETHEUS: server.url }, memoryClient(stored));
    const { output } = await run({ timeframe: '5m' }, {}, served);
    expect(output).toMatchObject({ result: 'pass', versions: { slo: 'slo-1', sli: { service: 'sli-1' } } });
    expect(Buffer.from(output?.sloFileContent ?? '', 'base64').toString()).toBe(slo);
    expect(new URLSearchParams(server.seen[0]?.body).get('query')).toBe('stored');
  });

  test('what the task is given wins over them', async () => {
    await using server = await fakeServer(json(vector('500')));
    const served = tasks({}, { SLIPWAY_PROMETHEUS: server.url }, memoryClient(stored));
    const other = 'objectives: [{sli: rt, pass: [{criteria: ["<1"]}]}]\ntotal_score: {pass: 90}\n';
    const { output } = await run({ slo: other, indicators: { rt: 'given' }, timeframe: '5m' }, {}, served);
    expect(output).toMatchObject({ result: 'fail' });
    expect(output?.versions).toBeUndefined();
    expect(new URLSearchParams(server.seen[0]?.body).get('query')).toBe('given');
    const { output: valued } = await run({ values: { rt: 1 } }, {}, served);
    expect(valued).toMatchObject({ result: 'pass', versions: { slo: 'slo-1' } });
    expect(server.seen).toHaveLength(1);
  });

  test('a provider of the project that is one of the sources is the source of its plain queries', async () => {
    await using usual = await fakeServer(json(vector('700')));
    await using own = await fakeServer(json(vector('500')));
    const config = {
      default: 'usual',
      sources: { usual: { type: 'prometheus', url: usual.url }, own: { type: 'prometheus', url: own.url } },
    };
    const served = tasks(config, {}, memoryClient({ ...stored, sliProvider: 'own' }));
    expect((await run({ timeframe: '5m' }, {}, served)).output).toMatchObject({ result: 'pass' });
    expect([usual.seen.length, own.seen.length]).toEqual([0, 1]);
  });

  test.each([
    ['unknown-project', 'project shop not found'],
    ['unknown-stage', 'stage staging not found'],
    ['forbidden', 'GET slo: 403 forbidden: no; the token needs resources:read'],
  ])('an slo.yaml that cannot be read (%s) is an error in Keptn’s words', async (code, words) => {
    const { client } = memoryClient();
    const status = code === 'forbidden' ? 403 : 404;
    const problem = new SlipwayProblem({ type: '', title: '', status, code, detail: 'no' }, 'GET slo');
    const served = tasks({}, {}, { client: { ...client, getSlo: () => Promise.reject(problem) }, asked: [] });
    const ours = await run({ values: { rt: 1 } }, {}, served);
    expect(ours).toMatchObject({ status: 'errored', result: 'fail', message: words, output: { score: 0 } });
    const keptn = await runTask(
      served.evaluation,
      { timeframe: '5m' },
      { project: 'shop', stage: 'staging', service: 'carts' },
    );
    expect(keptn).toMatchObject({ status: 'errored', message: `error retrieving SLO file: ${words}` });
  });
});

describe('earlier evaluations', () => {
  const relative =
    'comparison: {compare_with: several_results, include_result_with_score: pass, number_of_comparison_results: 2}\nobjectives: [{sli: rt, pass: [{criteria: ["<=+10%"]}]}]\ntotal_score: {pass: 90}\n';
  const place = { project: 'shop', stage: 'staging', service: 'carts' };

  test('the newest ones that fit are the baseline, asked for in one request', async () => {
    const store = memoryClient({
      rows: [row('5', 'fail', 1000), row('4', 'pass', 400), row('3', 'pass', 420), row('2', 'pass', 1)],
    });
    const { output } = await run({ slo: relative, values: { rt: 450 } }, {}, tasks({}, {}, store));
    expect(output).toMatchObject({
      result: 'pass',
      comparedEvents: ['4', '3'],
      indicatorResults: [{ value: { comparedValue: 410 } }],
    });
    expect(store.asked).toEqual([{ ...place, result: 'pass', invalidated: 'false', limit: 2 }]);
  });

  test('invalidated ones do not count, and take no slot', async () => {
    const rows = [row('4', 'pass', 900, { invalidated: { at: 1 } }), row('3', 'pass', 420), row('2', 'pass', 400)];
    const { output } = await run({ slo: relative, values: { rt: 450 } }, {}, tasks({}, {}, memoryClient({ rows })));
    expect(output).toMatchObject({ comparedEvents: ['3', '2'] });
  });

  test('with 100,000 of them it is still one request for as many rows as are compared', async () => {
    const rows = Array.from({ length: 100_000 }, (_, i) =>
      row(String(100_000 - i), i % 3 === 0 ? 'pass' : 'fail', 400),
    );
    const store = memoryClient({ rows });
    await run({ slo: relative, values: { rt: 450 } }, {}, tasks({}, {}, store));
    expect(store.asked).toHaveLength(1);
  });

  test('a selection narrows the question, and pages are turned until enough fit, at most five', async () => {
    const selecting = relative.replace('comparison: {', 'comparison: {baseline: {labels: [region], commit: c0ffee}, ');
    const own = { correlationid: 'test-context' };
    const rows = [
      ...Array.from({ length: 6 }, (_, i) => row(String(100 - i), 'pass', 9000, own)),
      ...[row('3', 'pass', 420), row('2', 'pass', 400)].map((one) => ({
        ...one,
        labels: { region: 'eu' },
        commit: 'c0ffee',
      })),
    ];
    const store = memoryClient({ rows });
    const { output } = await run(
      { slo: selecting, values: { rt: 450 } },
      { labels: { region: 'eu' } },
      tasks({}, {}, store),
    );
    expect(store.asked).toMatchObject([{ labels: { region: 'eu' }, commit: 'c0ffee', limit: 4 }, { cursor: '4' }]);
    expect(output).toMatchObject({ comparedEvents: ['3', '2'] });
    const foreign = memoryClient({ rows: Array.from({ length: 100 }, (_, i) => row(String(i), 'pass', 1, own)) });
    await run({ slo: selecting, values: { rt: 450 } }, {}, tasks({}, {}, foreign));
    expect(foreign.asked).toHaveLength(5);
  });

  test('a pinned run is asked for by its id', async () => {
    const pinning = relative.replace('comparison: {', 'comparison: {baseline: {pinned: attempt-2}, ');
    const store = memoryClient({ rows: [row('3', 'pass', 1), row('2', 'fail', 400)] });
    const { output } = await run({ slo: pinning, values: { rt: 450 } }, {}, tasks({}, {}, store));
    expect(output).toMatchObject({ result: 'fail', indicatorResults: [{ value: { comparedValue: 400 } }] });
    expect(store.asked).toEqual([]);
  });

  test('a store that cannot be asked errs in Keptn’s words, with the evaluation, and may be asked again', async () => {
    const { client } = memoryClient();
    const broken = { ...client, listServiceEvaluations: () => Promise.reject(new Error('no answer from http://x')) };
    const { status, error, message, output } = await run(
      { slo, values: { rt: 1 } },
      {},
      tasks({}, {}, { client: broken, asked: [] }),
    );
    expect(status).toBe('errored');
    expect(error?.retryable).toBeUndefined();
    expect(message).toBe('could not retrieve previous evaluation.finished events: no answer from http://x');
    expect(output).toMatchObject({ result: 'fail', score: 0, indicatorResults: null });
  });

  test('earlier results may come with the event instead', async () => {
    const history = [{ id: 'h', result: 'pass', time: '2026-11-01T00:00:00Z', indicators: { rt: 400 } }];
    expect((await run({ slo: relative, values: { rt: 450 }, history })).output).toMatchObject({
      result: 'fail',
      comparedEvents: ['h'],
    });
  });
});

describe('the task evaluation, for senders written for Keptn', () => {
  const keptn = async (input: unknown, data = {}, log = silentLogger) => {
    const { evaluation } = tasks();
    const place = { project: 'shop', stage: 'staging', service: 'carts' };
    return runTask(evaluation, input, { ...place, dialect: 'keptn', data, log });
  };

  test('keeps Keptn’s messages, also the empty one, and passes over keys that it does not know', async () => {
    const { message, result } = await keptn({ slo, values: { rt: 1 }, timeframe: '5m', somethingElse: true });
    expect({ message, result }).toEqual({ message: undefined, result: 'pass' });
    const failed = await keptn({ slo, values: { rt: 700 }, timeframe: '5m' });
    expect(failed.message).toBe('Evaluation failed since the calculated score of 0 is below the warning value of 75');
  });

  test('needs a window as Keptn does', async () => {
    expect(await keptn({ slo, values: { rt: 1 } })).toMatchObject({
      status: 'errored',
      message: 'evaluation.triggered event does not contain evaluation timeframe',
      output: { result: 'fail', timeStart: '', timeEnd: '', indicatorResults: null },
    });
  });

  test('says what it was asked in vain: no SLI provider, no SLO', async () => {
    expect(await keptn({ slo, timeframe: '5m' })).toMatchObject({
      ...{ status: 'succeeded', result: 'pass', output: { result: 'pass', score: 0 } },
      message: expect.stringMatching(
        /^no evaluation performed by lighthouse because no SLI-provider configured for project shop \(WARNING: /,
      ),
    });
    expect(await keptn({ slo: '', values: {}, timeframe: '5m' })).toMatchObject({
      message: expect.stringMatching(
        /^no evaluation performed by lighthouse because no SLO file configured for project shop \(WARNING: /,
      ),
    });
  });

  test('warns in its log that nothing was judged', async () => {
    const lines: string[] = [];
    const log: Logger = { ...silentLogger, warn: (...said) => void lines.push(JSON.stringify(said)) };
    await keptn({ slo: '', values: {}, timeframe: '5m' }, {}, log);
    expect(lines.join('\n')).toContain('WARNING: shop/staging/carts has no SLO');
  });

  test.each([
    ['no SLI provider', { slo, timeframe: '5m' }, 'nothing measures the SLIs of shop/staging/carts'],
    ['no SLO', { slo: '', values: {}, timeframe: '5m' }, 'shop/staging/carts has no SLO'],
  ])('outside the keptn dialect %s is an error', async (_, input, words) => {
    const place = { project: 'shop', stage: 'staging', service: 'carts' };
    const ran = await runTask(tasks().evaluation, input, place);
    expect(ran).toMatchObject({ status: 'errored', result: 'fail', message: expect.stringContaining(words) });
  });
});
