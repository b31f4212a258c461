import { type Client, runTask } from '@slipway/sdk';
import { describe, expect, test } from 'vitest';
import { readSources } from '../src/providers/sources.ts';
import { type EvaluateOutput, evaluateOutput } from '../src/shell/output.ts';
import { evaluateTasks } from '../src/shell/tasks.ts';
import { fakeServer, hang, json } from './fake-server.ts';

type Events = Pick<Client, 'listEvents'>;
const NOW = Date.UTC(2026, 10, 21, 10, 0, 0);
const noEvents: Events = { listEvents: async () => ({ items: [] }) };

function tasks(config: unknown = {}, env: Record<string, string> = {}, client = noEvents) {
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

  test('without any SLO there is nothing to judge, which passes as in Keptn', async () => {
    expect(await run({ values: { rt: 1 } })).toMatchObject({
      result: 'pass',
      message: 'no evaluation performed by lighthouse because no SLO file configured for project shop',
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
      { slo, indicators: { rt: 'x' }, timeframe: '5m', deadline: '300ms', timeout: '100ms' },
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

describe('earlier evaluations', () => {
  const finished = (id: string, result: string, rt: number, more: Record<string, unknown> = {}) => ({
    position: id,
    at: Number(id),
    direction: 'in' as const,
    event: {
      specversion: '1.0',
      id,
      source: '/evaluate',
      type: 'evaluate.finished',
      correlationid: `context-${id}`,
      causationid: `trigger-${id}`,
      data: {
        project: 'shop',
        stage: 'staging',
        service: 'carts',
        result,
        evaluate: {
          result,
          score: 100,
          indicatorResults: [{ status: result, value: { metric: 'rt', value: rt, success: true } }],
        },
      },
    },
    ...more,
  });
  type Item = ReturnType<typeof finished>;

  const store = (items: Item[], invalidated: string[] = []) => {
    const asked: Record<string, unknown>[] = [];
    const client: Events = {
      async listEvents(query = {}) {
        asked.push(query);
        if (query.type === 'evaluate.invalidated') {
          return {
            items: invalidated.map((id) => ({ ...finished(id, '', 0), event: { causationid: `trigger-${id}` } })),
          };
        }
        const from = Number(query.cursor ?? 0);
        const to = from + (query.limit ?? 50);
        return { items: items.slice(from, to), ...(to < items.length ? { next: String(to) } : {}) };
      },
    };
    return { client, asked };
  };
  const relative =
    'comparison: {compare_with: several_results, include_result_with_score: pass, number_of_comparison_results: 2}\nobjectives: [{sli: rt, pass: [{criteria: ["<=+10%"]}]}]\ntotal_score: {pass: 90}\n';

  test('the newest ones that fit are the baseline, and it is asked for one place', async () => {
    const { client, asked } = store([
      finished('5', 'fail', 1000),
      finished('4', 'pass', 400),
      finished('3', 'pass', 420),
      finished('2', 'pass', 1),
    ]);
    const { output } = await run({ slo: relative, values: { rt: 450 } }, {}, tasks({}, {}, client));
    expect(output).toMatchObject({
      result: 'pass',
      comparedEvents: ['4', '3'],
      indicatorResults: [{ value: { comparedValue: 410 } }],
    });
    expect(asked[1]).toMatchObject({ type: 'evaluate.finished', project: 'shop', stage: 'staging', service: 'carts' });
  });

  test('invalidated ones and answers that were not taken do not count', async () => {
    const items = [
      finished('5', 'pass', 1000, { ignored: 'attempt-over' }),
      finished('4', 'pass', 900),
      finished('3', 'pass', 420),
    ];
    const { output } = await run({ slo: relative, values: { rt: 450 } }, {}, tasks({}, {}, store(items, ['4']).client));
    expect(output).toMatchObject({ comparedEvents: ['3'] });
  });

  test('with 100,000 of them only as many pages are read as are needed', async () => {
    const items = Array.from({ length: 100_000 }, (_, i) =>
      finished(String(100_000 - i), i % 3 === 0 ? 'pass' : 'fail', 400),
    );
    const { client, asked } = store(items);
    await run({ slo: relative, values: { rt: 450 } }, {}, tasks({}, {}, client));
    expect(asked).toHaveLength(2);
    const failing = store(
      items.map((item) => ({ ...item, event: { ...item.event, data: { ...item.event.data, result: 'fail' } } })),
    );
    await run({ slo: relative, values: { rt: 450 } }, {}, tasks({}, {}, failing.client));
    expect(failing.asked).toHaveLength(6);
  });

  test('a store that cannot be asked errs in Keptn’s words, and may be asked again', async () => {
    const client: Events = { listEvents: () => Promise.reject(new Error('no answer from http://x')) };
    const { status, error, message } = await run({ slo, values: { rt: 1 } }, {}, tasks({}, {}, client));
    expect(status).toBe('errored');
    expect(error?.retryable).toBeUndefined();
    expect(message).toBe('could not retrieve previous evaluation.finished events: no answer from http://x');
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
  const keptn = async (input: unknown, data = {}) => {
    const { evaluation } = tasks();
    return runTask(evaluation, input, { project: 'shop', stage: 'staging', service: 'carts', data });
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
      message: 'evaluation.triggered event does not contain evaluation timeframe; set timeframe: 5m, or start and end',
    });
  });
});
