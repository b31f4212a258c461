import { type Evaluation, type EvaluationSummary, parseAttemptId, routes } from '@slipway/contract';
import type { PreviousEvaluation } from '@slipway/evaluation';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { claimOne, field, finished, openDoor, post, putShipyard, type TestDoor } from './door.ts';
import { CARTS, evaluateOnce, type Judged, postJson, put, SLO } from './evaluation-world.ts';

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
  await putShipyard(door, 'shop');
});
afterAll(() => door[Symbol.asyncDispose]());

async function list(query = '', path = `${CARTS}/evaluations`): Promise<EvaluationSummary[]> {
  const answer = await door.ask('GET', `${path}${query}`);
  if (answer.status !== 200) throw new Error(answer.text);
  return (answer.json as { items: EvaluationSummary[] }).items;
}

const ids = async (query = ''): Promise<string[]> => (await list(query)).map(({ id }) => id);

async function get(id: string): Promise<Evaluation> {
  const answer = await door.ask('GET', `/v1/evaluations/${encodeURIComponent(id)}`);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.json as Evaluation;
}

/** Asks as a client does who was told the schema of the answer. */
function valid(id: string, status: number, json: unknown): void {
  const route = routes.find((one) => one.id === id);
  const schema = (route?.answers as Record<number, z.ZodType> | undefined)?.[status];
  if (schema === undefined) throw new Error(`${id} does not answer ${status}`);
  expect(z.safeParse(schema, json).error).toBeUndefined();
}

const previous = ({ eventId }: Judged, value: number): PreviousEvaluation => ({
  id: eventId,
  at: 1,
  result: 'pass',
  invalidated: false,
  indicators: [{ metric: 'response_time', value, success: true, status: 'pass' }],
});

describe('starting one', () => {
  test('triggers the sequence evaluation, which no shipyard has to name, with the span of time in numbers', async () => {
    const body = { start: '2026-11-21T12:00:00+02:00', timeframe: '10m', labels: { build: '7' }, gitCommitId: 'abc' };
    const answer = await postJson(door, `${CARTS}/evaluations`, body);
    expect(answer.status).toBe(202);
    valid('startEvaluation', 202, answer.json);
    const window = { start: '2026-11-21T10:00:00.000Z', end: '2026-11-21T10:10:00.000Z' };
    expect(field(answer.json, 'window')).toEqual(window);
    const attempt = await claimOne(door, 'evaluation');
    expect(attempt.data).toMatchObject({
      project: 'shop',
      stage: 'dev',
      service: 'carts',
      labels: { build: '7' },
      evaluation: { ...window, gitCommitId: 'abc' },
    });
    expect(answer.headers.location).toBe(`/v1/runs/${parseAttemptId(String(attempt.id))?.run}`);
    await post(door, finished(attempt, { data: { status: 'errored', message: 'nothing to judge by' } }));
    expect(await list()).toMatchObject([
      { commit: 'abc', labels: { build: '7' }, status: 'errored', result: 'fail', score: null, slis: null },
    ]);
  });

  test.each([
    [{ end: '2026-11-21T10:00:00Z' }, 400, '/end'],
    [{ start: '2026-11-21T10:00:00Z' }, 400, '/start'],
    [{ start: '2026-11-21T10:00:00Z', end: '2026-11-21T11:00:00Z', timeframe: '5m' }, 400, '/timeframe'],
    [{ timeframe: '1d' }, 422, undefined],
    [{ timeframe: '30s' }, 422, undefined],
    [{ start: '2026-11-21', end: '2026-11-22' }, 422, undefined],
    [{ from: 'yesterday' }, 400, '/from'],
    [{ timeframe: 5 }, 400, '/timeframe'],
  ])('%j is refused with %d', async (body, status, pointer) => {
    const answer = await postJson(door, `${CARTS}/evaluations`, body);
    expect([answer.status, field(answer.json, 'code')]).toEqual([
      status,
      status === 422 ? 'invalid-window' : 'invalid-request',
    ]);
    if (pointer !== undefined) expect(field(field(field(answer.json, 'errors'), 0), 'pointer')).toBe(pointer);
  });

  test('needs a project and a stage', async () => {
    const nobody = await postJson(door, '/v1/projects/nobody/stages/dev/services/carts/evaluations', {});
    expect([nobody.status, field(nobody.json, 'code')]).toEqual([404, 'unknown-project']);
    const nowhere = await postJson(door, '/v1/projects/shop/stages/devv/services/carts/evaluations', {});
    expect([nowhere.status, field(nowhere.json, 'code'), field(nowhere.json, 'detail')]).toEqual([
      422,
      'unknown-stage',
      expect.stringContaining("did you mean 'dev'?"),
    ]);
  });

  test('the same Idempotency-Key starts one, and a body is not needed', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await postJson(door, `${CARTS}/evaluations`, undefined, headers);
    const second = await postJson(door, `${CARTS}/evaluations`, undefined, headers);
    expect([first.status, field(second.json, 'run')]).toEqual([202, field(first.json, 'run')]);
    await post(door, finished(await claimOne(door, 'evaluation')));
  });
});

describe('what was judged', () => {
  let old: Judged;
  let slow: Judged;
  beforeAll(async () => {
    old = await evaluateOnce(door, { response_time: 400, error_rate: 0 }, { start: { labels: { region: 'eu' } } });
    slow = await evaluateOnce(door, { response_time: 700, error_rate: 0 }, { history: [previous(old, 400)] });
  });

  test('is listed with scores and SLIs, newest first, for a service and for all of the project', async () => {
    const answer = await door.ask('GET', `${CARTS}/evaluations?limit=2`);
    valid('listServiceEvaluations', 200, answer.json);
    const [now, before] = (answer.json as { items: EvaluationSummary[] }).items;
    expect(now).toEqual({
      id: slow.id,
      event: { id: slow.eventId, source: '/evaluate' },
      run: slow.run,
      task: 'evaluation',
      project: 'shop',
      stage: 'dev',
      service: 'carts',
      correlationid: expect.any(String),
      at: expect.any(Number),
      status: 'succeeded',
      result: 'warning',
      verdict: 'warning',
      score: 75,
      why: slow.explanation.why,
      message: expect.stringContaining('75'),
      window: { start: '2026-11-21T10:00:00.000Z', end: '2026-11-21T10:05:00.000Z' },
      windowStart: Date.parse('2026-11-21T10:00:00Z'),
      versions: { slo: expect.stringMatching(/^[0-9a-f]{16}$/) },
      comparedEvents: [old.eventId],
      slis: [
        {
          sli: 'response_time',
          displayName: 'Response time',
          value: 700,
          status: 'warning',
          score: 0.5,
          maximum: 1,
          keySli: false,
          baseline: 400,
        },
        { sli: 'error_rate', value: 0, status: 'pass', score: 1, maximum: 1, keySli: true, baseline: null },
      ],
    });
    expect(before?.id).toBe(old.id);
    expect(await list('?limit=2', '/v1/projects/shop/evaluations')).toEqual([now, before]);
    expect(await list('?stage=prod', '/v1/projects/shop/evaluations')).toEqual([]);
  });

  test('is found by what it was about', async () => {
    expect(await ids('?result=warning')).toEqual([slow.id]);
    expect((await ids('?result=pass,warning')).slice(0, 2)).toEqual([slow.id, old.id]);
    expect(await ids('?label.region=eu')).toEqual([old.id]);
    expect(await ids('?label.region=us')).toEqual([]);
    expect(await ids('?task=evaluate')).toEqual([]);
    expect(await ids('?result=pass&limit=1')).toEqual([old.id]);
    const { at, correlationid } = await get(old.id);
    expect(await ids(`?correlationid=${correlationid}`)).toEqual([old.id]);
    expect(await ids(`?since=${at}&until=${at + 1}`)).toContain(old.id);
  });

  test('comes page by page, also where a filter leaves most out', async () => {
    for (const query of ['', 'label.region=eu&', 'result=pass,warning&']) {
      const all = await ids(`?${query}limit=1000`);
      const paged: string[] = [];
      let next = '';
      do {
        const answer = await door.ask('GET', `${CARTS}/evaluations?${query}limit=1${next}`);
        paged.push(...(answer.json as { items: EvaluationSummary[] }).items.map(({ id }) => id));
        const cursor = field(answer.json, 'next');
        next = cursor === undefined ? '' : `&cursor=${encodeURIComponent(String(cursor))}`;
      } while (next !== '');
      expect(paged).toEqual(all);
    }
  });

  test('is shown with everything that decided, by its own id and by that of its event', async () => {
    const answer = await door.ask('GET', `/v1/evaluations/${slow.id}`);
    valid('getEvaluation', 200, answer.json);
    const evaluation = answer.json as Evaluation;
    expect(evaluation).toMatchObject({
      slo: SLO,
      decision: { why: slow.explanation.why, comparedRuns: [old.eventId] },
      marks: [],
    });
    expect(evaluation.data).toMatchObject({ result: 'warning', evaluation: { score: 75 } });
    expect(await get(slow.eventId)).toEqual(evaluation);
    const stranger = await door.ask('GET', `/v1/evaluations/${slow.id}?source=/other`);
    expect([stranger.status, field(stranger.json, 'code')]).toEqual([404, 'unknown-evaluation']);
  });

  test('is the same when it is judged again', async () => {
    const answer = await postJson(door, `/v1/evaluations/${slow.id}/replay`);
    valid('replayEvaluation', 200, answer.json);
    expect(answer.json).toMatchObject({ same: true, differences: [], now: { verdict: 'warning', score: 75 } });
    expect(field(answer.json, 'inputsHash')).toEqual(
      field((await postJson(door, `/v1/evaluations/${slow.id}/replay`)).json, 'inputsHash'),
    );
  });

  test('would be something else by another slo.yaml, another baseline or other values', async () => {
    const whatIf = async (change: object): Promise<unknown> => {
      const answer = await postJson(door, `/v1/evaluations/${slow.id}/what-if`, change);
      valid('whatIfEvaluation', 200, answer.json);
      return answer.json;
    };
    expect(await whatIf({})).toMatchObject({ differences: [], before: { score: 75 }, after: { score: 75 } });
    expect(await whatIf({ slo: SLO.replace('"<=+10%", "<600"', '"<=750"') })).toMatchObject({
      differences: ['verdict: warning → pass', 'score: 75 → 100', 'response_time: warning → pass'],
      after: { verdict: 'pass', score: 100 },
    });
    expect(await whatIf({ values: { response_time: 430 } })).toMatchObject({ after: { verdict: 'pass' } });
    expect(await whatIf({ values: { error_rate: null } })).toMatchObject({ after: { verdict: 'fail' } });
    expect(await whatIf({ values: { response_time: 500 }, baseline: [] })).toMatchObject({
      after: { verdict: 'pass' },
    });
    expect(await whatIf({ values: { response_time: 500 }, baseline: [slow.id] })).toMatchObject({
      after: { verdict: 'pass', slis: [{ baseline: 700 }, {}] },
    });
  });

  test.each([
    [{ slo: 'objectives: [' }, 422, 'invalid-slo'],
    [{ slo: 'objectives: [{sli: a, pass: [{criteria: ["!"]}]}]' }, 422, 'invalid-slo'],
    [{ baseline: ['nobody'] }, 404, 'unknown-evaluation'],
    [{ values: { a: 'fast' } }, 400, 'invalid-request'],
    [{ sli: '' }, 400, 'invalid-request'],
  ])('what if %j is refused', async (change, status, code) => {
    const answer = await postJson(door, `/v1/evaluations/${slow.id}/what-if`, change);
    expect([answer.status, field(answer.json, 'code')]).toEqual([status, code]);
  });

  test('is a page that asks for nothing', async () => {
    const answer = await door.ask('GET', `/v1/evaluations/${slow.id}/report`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(answer.headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(answer.text).toContain('shop / dev / carts');
    expect(answer.text).toContain('700 meets &lt;=800');
    expect(answer.text).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
  });

  test('where nothing was judged, there is nothing to judge again', async () => {
    const nothing = (await list('?result=fail')).find(({ slis }) => slis === null);
    for (const deed of ['replay', 'what-if']) {
      const answer = await postJson(door, `/v1/evaluations/${nothing?.id}/${deed}`, deed === 'replay' ? undefined : {});
      expect([answer.status, field(answer.json, 'code')]).toEqual([409, 'not-allowed-now']);
    }
    expect((await door.ask('GET', `/v1/evaluations/${nothing?.id}/report`)).status).toBe(409);
  });
});

describe('invalidating', () => {
  let one: Judged;
  beforeEach(async () => {
    one = await evaluateOnce(door, { response_time: 300, error_rate: 0 });
  });

  test('keeps it from being a baseline, with reason and author, until it is reinstated', async () => {
    const answer = await postJson(door, `/v1/evaluations/${one.id}/invalidate`, { reason: 'no load', author: 'ann' });
    valid('invalidateEvaluation', 200, answer.json);
    const invalidated = { at: expect.any(Number), author: 'ann', reason: 'no load' };
    expect(field(answer.json, 'invalidated')).toEqual(invalidated);
    expect((await list('?limit=1'))[0]?.invalidated).toEqual(invalidated);
    expect(await ids('?invalidated=true')).toContain(one.id);
    expect(await ids('?invalidated=false')).not.toContain(one.id);
    // A second reason changes nothing, and everybody heard of the first.
    await postJson(door, `/v1/evaluations/${one.id}/invalidate`, { reason: 'again' });
    const events = await door.ask('GET', `/v1/runs/${one.run}/events?limit=100`);
    const told = (field(events.json, 'items') as { event: { type: string } }[]).filter(({ event }) =>
      event.type.endsWith('.invalidated'),
    );
    expect(told).toHaveLength(1);
    const back = await postJson(door, `/v1/evaluations/${one.id}/reinstate`, {
      reason: 'load was fine',
      author: 'bob',
    });
    expect([back.status, field(back.json, 'invalidated')]).toEqual([200, undefined]);
    expect(await ids('?invalidated=false')).toContain(one.id);
    expect((await get(one.id)).marks).toEqual([
      { action: 'invalidate', at: expect.any(Number), author: 'ann', reason: 'no load' },
      { action: 'reinstate', at: expect.any(Number), author: 'bob', reason: 'load was fine' },
    ]);
  });

  test.each(['evaluation.invalidated', 'sh.keptn.event.evaluation.invalidated'])('by the event %s', async (type) => {
    const answer = await post(door, {
      specversion: '1.0',
      id: `by-${type}`,
      source: 'bridge',
      type,
      [type.startsWith('sh.') ? 'triggeredid' : 'causationid']: one.id,
      data: { project: 'shop', stage: 'dev', service: 'carts', evaluation: { reason: 'a test run' } },
    });
    expect([answer.status, field(field(field(answer.json, 'items'), 0), 'outcome')]).toEqual([202, 'accepted']);
    expect((await list('?limit=1'))[0]?.invalidated).toMatchObject({ author: 'bridge', reason: 'a test run' });
    expect((await door.ask('GET', `/v1/runs/${one.run}`)).json).toMatchObject({ state: 'finished', result: 'pass' });
  });

  test.each([
    [{ causationid: 'nobody' }, 404, 'unknown-attempt'],
    [{}, 404, 'unknown-attempt'],
    [{ type: 'build.invalidated' }, 422, 'identity-mismatch'],
  ])('an event that is about nothing is refused: %j', async (more, status, code) => {
    const causation = 'type' in more ? { causationid: one.id } : {};
    const answer = await post(door, {
      specversion: '1.0',
      id: `about-${JSON.stringify(more)}`,
      source: 'bridge',
      type: 'evaluation.invalidated',
      ...causation,
      ...more,
    });
    expect([answer.status, field(answer.json, 'code')]).toEqual([status, code]);
    expect(await ids('?invalidated=true')).not.toContain(one.id);
  });

  test('what was never there cannot be', async () => {
    for (const deed of ['invalidate', 'reinstate', 'replay']) {
      const answer = await postJson(door, `/v1/evaluations/nobody/${deed}`, deed === 'replay' ? undefined : {});
      expect([answer.status, field(answer.json, 'code')]).toEqual([404, 'unknown-evaluation']);
    }
    const long = await postJson(door, `/v1/evaluations/${one.id}/invalidate`, { reason: 'x'.repeat(2000) });
    expect(long.status).toBe(400);
  });
});

test.each([
  'GET /evaluations?limit=0',
  'GET /evaluations?result=best',
  'GET /evaluations?cursor=x',
  'GET /evaluations?x=1',
])('%s is refused', async (request) => {
  const path = request.replace('GET ', '');
  expect((await door.ask('GET', `${CARTS}${path}`)).status).toBe(400);
});

test('whatever another program answers is listed, and no page shows its text as HTML', async () => {
  const started = await postJson(door, `${CARTS}/evaluations`, {});
  const attempt = await claimOne(door, 'evaluation');
  const hostile = {
    score: 'high',
    verdict: 7,
    comparedEvents: 'x',
    decision: { why: '<script>alert(1)</script>', objectives: [{ sli: {} }] },
    sloFileContent: Buffer.from(SLO).toString('base64'),
    indicatorResults: [
      null,
      7,
      { value: { metric: 'response_time', value: 5, success: true }, status: '<b>', displayName: '<img src=x>' },
    ],
  };
  await post(
    door,
    finished(attempt, { data: { result: 'pass', evaluation: hostile, deployment: { deploymentNames: 3 } } }),
  );
  expect((await list('?limit=1'))[0]).toMatchObject({
    id: attempt.id,
    run: field(started.json, 'run'),
    verdict: 'pass',
    score: null,
    comparedEvents: [],
    slis: [{ sli: 'response_time', value: 5, status: 'info', score: 0, keySli: false, baseline: null }],
  });
  const report = await door.ask('GET', `/v1/evaluations/${String(attempt.id)}/report`);
  expect(report.status).toBe(200);
  expect(report.text).not.toMatch(/<script>|<img/);
  expect((await postJson(door, `/v1/evaluations/${String(attempt.id)}/replay`)).json).toMatchObject({ same: false });
});

test('the evaluations of data that an older program wrote are listed once they are looked for', async () => {
  await using older = await openDoor();
  await putShipyard(older, 'shop');
  const one = await evaluateOnce(older, { response_time: 300, error_rate: 0 });
  const before = await older.ask('GET', `${CARTS}/evaluations`);
  await older.store.deleteDocument('meta', 'evaluations');
  await older.plane.evaluations.catchUp();
  const again = await older.ask('GET', `${CARTS}/evaluations`);
  expect(again.json).toEqual(before.json);
  expect(again.text).toContain(one.id);
});

test('with a project go its files and marks', async () => {
  await using small = await openDoor();
  await putShipyard(small, 'shop');
  const one = await evaluateOnce(small, { response_time: 300, error_rate: 0 });
  await put(small, `${CARTS}/slo`, SLO);
  await postJson(small, `/v1/evaluations/${one.id}/invalidate`, {});
  expect((await small.ask('DELETE', '/v1/projects/shop')).status).toBe(204);
  for (const kind of ['resource', 'resource-version', 'evaluation-mark'] as const)
    expect(await small.store.listDocuments(kind, { limit: 10 })).toEqual([]);
  expect((await small.ask('GET', `/v1/evaluations/${one.id}`)).status).toBe(404);
});

test('who invalidated it is what the token says', async () => {
  const token = 'evaluator-0123456789';
  await using locked = await openDoor({
    tokens: `root * ${'r'.repeat(20)}\nann evaluations:read,evaluations:write ${token}\n`,
  });
  const as = { authorization: `Bearer ${'r'.repeat(20)}` };
  await putShipyard(locked, 'shop', as);
  const started = await postJson(locked, `${CARTS}/evaluations`, {}, as);
  const claimed = await postJson(locked, '/v1/tasks/evaluation/claim?wait=30s', { source: '/evaluate' }, as);
  const attempt = field(claimed.json, 0) as Record<string, unknown>;
  await post(locked, finished(attempt), as);
  const path = `/v1/evaluations/${String(attempt.id)}/invalidate`;
  const answer = await postJson(locked, path, { author: 'the boss' }, { authorization: `Bearer ${token}` });
  expect([started.status, answer.status, field(answer.json, 'invalidated')]).toMatchObject([
    202,
    200,
    { author: 'ann' },
  ]);
  const other = await locked.ask('GET', `${CARTS}/slo`, { headers: { authorization: `Bearer ${token}` } });
  expect([other.status, other.text.includes('resources:read')]).toEqual([403, true]);
});
