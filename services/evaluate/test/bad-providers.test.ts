import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
import { answering, type Behaviour, commonOf, httpProvider, natsProvider, type Provider } from './keptn-provider.ts';
import { END, ENV, KINDS, type Kind, START } from './provider-kinds.ts';
import { dataOf, until, World } from './world.ts';

/** Whatever a provider does, the run ends, and says which SLI, which provider and what to do. Each row is a whole run. */
const SLO = 'objectives: [{sli: rt, pass: [{criteria: ["<600"]}]}]\ntotal_score: {pass: "90%"}\n';

describe('sources that are asked by query', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-sources-'));
  const servers = new Map<string, FakeServer>();
  const handlers = new Map<string, Handler>();
  let world: World;

  beforeAll(async () => {
    const configs: Record<string, unknown>[] = [];
    for (const kind of KINDS) {
      const server = await fakeServer((...given) => (handlers.get(kind.name) ?? hang)(...given));
      servers.set(kind.name, server);
      configs.push(kind.config(server) as Record<string, unknown>);
    }
    const sources = Object.assign({}, ...configs.map((config) => config.sources ?? {}));
    const allow = configs.flatMap((config) => (config.allow as string[] | undefined) ?? []);
    const file = join(folder, 'sources.yaml');
    writeFileSync(file, JSON.stringify({ sources, allow }));
    world = await World.start({ env: { ...ENV, SLIPWAY_EVALUATE_SOURCES: file } });
    const body = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: sources}
spec: {stages: [{name: dev, sequences: [{name: gate, tasks: [{name: evaluate}]}]}]}
`;
    await world.client.putShipyard({ project: 'sources', body });
  });

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    for (const server of servers.values()) await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function judged(kind: Kind, { timeout, deadline }: { timeout: string; deadline: string }) {
    const server = servers.get(kind.name);
    if (server === undefined) throw new Error(`no server for ${kind.name}`);
    const given = kind.indicator(server);
    const query = typeof given === 'string' ? { query: given } : (given ?? {});
    const indicator = 'url' in query ? query : { ...query, source: kind.name };
    const window = { start: new Date(START).toISOString(), end: new Date(END).toISOString() };
    const evaluate = { slo: SLO, indicators: { rt: indicator }, ...window, timeout, deadline };
    const service = `carts-${crypto.randomUUID().slice(0, 8)}`;
    const ended = await world.client.trigger({
      ...{ project: 'sources', stage: 'dev', sequence: 'gate', service, data: { evaluate }, waitS: 60 },
    });
    const finished = await world.finished(ended.run, 'evaluate');
    return { ended, data: dataOf(finished), host: server.host };
  }

  /** What is tried again ends with its deadline; its first try must be whole, however busy the machine is. */
  const again = { timeout: '1900ms', deadline: '2s' };
  const once = { timeout: '50s', deadline: '60s' };
  const same = (behaviour: Handler) => () => behaviour;

  test.each<[string, (kind: Kind) => Handler, string, typeof again]>([
    ['hangs', same(hang), 'is it up and fast enough?', again],
    ['drips for ever', same(drip), 'is it up and fast enough?', again],
    ['closes the connection', same(reset), 'is it up, and is the address right?', again],
    ['answers garbage', same(text('}{ what?')), 'with no JSON', again],
    [
      'answers HTML with 200',
      same(text('<!doctype html><h1>Log in</h1>', 200, 'text/html')),
      'and not of a login page or proxy?',
      again,
    ],
    ['answers without an end', same(flood), 'ask for fewer series or a longer step', once],
    ['answers NaN', (kind) => json(kind.answer('NaN')), 'a division by zero in the query often is the cause', once],
    ['answers twice', (kind) => text(JSON.stringify(kind.answer(1)).repeat(2)), 'with no JSON', again],
  ])('one that %s fails its objective, with SLI, source and way out', async (_, behaviour, words, limits) => {
    await ofEachKind(async (kind) => {
      handlers.set(kind.name, behaviour(kind));
      const { ended, data, host } = await judged(kind, limits);
      expect(ended, kind.name).toMatchObject({ state: 'finished', status: 'succeeded', result: 'fail' });
      const { why } = dataOf({ data: data.evaluate });
      expect(why).toContain(`SLI 'rt': ${kind.name} (${host}) `);
      expect(why).toContain(words);
    });
  });

  test('one that is late is asked again, and its late answer changes nothing', async () => {
    await ofEachKind(async (kind) => {
      const answer = (value: unknown): Handler => json(kind.answer(value));
      const late: Handler = (request, response, count) =>
        void setTimeout(() => answer(9999)(request, response, count), 1500);
      const before = servers.get(kind.name)?.seen.length ?? 0;
      handlers.set(kind.name, (request, response, count) =>
        inTurn(late, answer(41))(request, response, count - before),
      );
      const { ended, data } = await judged(kind, { timeout: '1s', deadline: '60s' });
      expect(ended, kind.name).toMatchObject({ state: 'finished', result: 'pass' });
      expect(data.evaluate).toMatchObject({ indicatorResults: [{ value: { value: 41 } }] });
    });
  });
});

/** At the same time: most of it is waiting. */
async function ofEachKind(holds: (kind: Kind) => Promise<void>): Promise<void> {
  await Promise.all(KINDS.map(holds));
}

describe.each(['nats', 'http'] as const)('SLI providers that are asked by event, over %s', (way) => {
  let world: World;
  let provider: Provider;
  /** By the service that is evaluated: the rows are judged at the same time, most of which is waiting. */
  const behaviours = new Map<unknown, Behaviour>();

  beforeAll(async () => {
    world = await World.start({ nats: way === 'nats', env: { SLIPWAY_EVALUATE_SLI_PROVIDER: 'prometheus' } });
    const forward: Behaviour = (event, data, say) => behaviours.get(data.service)?.(event, data, say);
    provider =
      world.nats === undefined ? await httpProvider(world.url, forward) : await natsProvider(world.nats.url, forward);
    const body =
      'apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {name: s}\nspec: {stages: [{name: dev, sequences: []}]}\n';
    await world.client.putShipyard({ project: 'events', body });
  });

  afterAll(async () => {
    await provider?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  async function judged(deadline: string, behaviour: Behaviour) {
    const service = `carts-${crypto.randomUUID().slice(0, 8)}`;
    behaviours.set(service, behaviour);
    const place = { project: 'events', stage: 'dev', service };
    await world.client.putSlo({ ...place, body: SLO });
    const data = { evaluation: { timeframe: '5m', deadline } };
    const { run } = await world.client.trigger({ ...place, sequence: 'evaluation', data, waitS: 60 });
    const finished = dataOf(await world.finished(run, 'evaluation'));
    return { run, service, finished, evaluation: dataOf({ data: finished.evaluation }) };
  }

  /** Nobody waits for it any more, so nothing of it stays open. */
  function nothingIsOpen(service: string): Promise<boolean> {
    const look = async (): Promise<boolean> => {
      const { items } = await world.client.listRuns({ project: 'events', service, sequence: 'get-sli' });
      return items.every(({ state }) => state === 'finished');
    };
    return until('no question is open', look, () => world.log);
  }

  const begins: Behaviour = (_, data, say) => say('started', commonOf(data));
  const says =
    (data: unknown): Behaviour =>
    async (event, asked, say) => {
      await begins(event, asked, say);
      await say('finished', data);
    };
  const values = (indicatorValues: unknown): unknown => ({ 'get-sli': { start: 'S', end: 'E', indicatorValues } });
  const timedOut =
    /^SLI retrieval timed out: no answer within 5 s from the SLI provider 'prometheus' \(asked for rt\); /;
  // Over HTTP the provider itself is told that its answer is none; the evaluation then waits in vain.
  const unreadable = (words: RegExp): RegExp => (way === 'nats' ? words : timedOut);

  test.concurrent.each<[string, Behaviour, RegExp]>([
    // Who claims over HTTP has begun by that.
    [
      'never answers',
      () => {},
      way === 'nats' ? /no SLI provider started it\. Is the provider running/ : /prometheus-service started on it/,
    ],
    ['only starts', begins, /prometheus-service started on it and has not finished: its log says why/],
    [
      'answers with a text',
      says('<html>504</html>'),
      unreadable(/^Could not parse event payload: data must be an object; .*'prometheus'.*rt/),
    ],
    [
      'answers with more than an event may hold',
      says(values([{ metric: 'rt', message: 'x'.repeat(2_000_000) }])),
      timedOut,
    ],
  ])('one that %s: errored, and the message names provider, SLI and way out', async (_, given, words) => {
    const { finished, evaluation, service } = await judged('5s', given);
    expect(finished).toMatchObject({ status: 'errored', result: 'fail' });
    expect(finished.message).toMatch(words);
    expect(finished.message).toMatch(/'prometheus' \(asked for rt\)/);
    expect(evaluation).toMatchObject({ result: 'fail', score: 0, indicatorResults: null });
    await nothingIsOpen(service);
  });

  test.concurrent.each<[string, unknown, RegExp]>([
    [
      'answers NaN',
      values([{ metric: 'rt', value: 'NaN', success: true }]),
      /^Could not parse event payload: value of rt must be a finite number; it came from the SLI provider 'prometheus' \(asked for rt\), source prometheus-service, which must send /,
    ],
    [
      'answers values that are none',
      values('fast'),
      /^Could not parse event payload: indicatorValues must be a list; it came from .*'prometheus' \(asked for rt\)/,
    ],
    [
      'answers garbage under get-sli',
      { 'get-sli': '}{' },
      /^Could not parse event payload: get-sli must be an object; it came from .*'prometheus' \(asked for rt\)/,
    ],
    [
      'errored',
      { status: 'errored', result: 'fail', message: 'no api token' },
      /^evaluation performed by lighthouse received an unexpected error: no api token$/,
    ],
    ['was aborted', { status: 'aborted', result: 'fail' }, /^evaluation performed by lighthouse was aborted$/],
  ])('one that %s: errored at once', async (_, data, words) => {
    const { finished, evaluation } = await judged('60s', says(data));
    expect(finished).toMatchObject({ status: 'errored', result: 'fail' });
    expect(finished.message).toMatch(words);
    expect(evaluation).toMatchObject({ score: 0, indicatorResults: null });
  });

  test.concurrent('one that gives no value for an SLI fails its objective in Keptn’s words', async () => {
    const behaviour = says(values([{ metric: 'other', value: 1, success: true }]));
    const { finished, evaluation } = await judged('60s', behaviour);
    expect(finished).toMatchObject({ status: 'succeeded', result: 'fail' });
    expect(evaluation.indicatorResults).toMatchObject([
      { value: { metric: 'rt', message: 'no value received from SLI provider' } },
    ]);
  });

  test.concurrent('one that hangs holds up nobody else: forty evaluations wait for it, and another one is judged meanwhile', async () => {
    let begun = 0;
    const behaviour: Behaviour = async (...given) => {
      begun++;
      await begins(...given);
    };
    const hanging = Array.from({ length: 40 }, () => judged('20s', behaviour));
    await until(
      'sixteen to begin',
      async () => begun >= 16,
      () => world.log,
    );
    const data = { evaluation: { timeframe: '5m', slo: SLO, values: { rt: 1 } } };
    const place = { project: 'events', stage: 'dev', service: 'in-a-hurry' };
    const other = await world.client.trigger({ ...place, sequence: 'evaluation', data, waitS: 18 });
    expect(other).toMatchObject({ state: 'finished', result: 'pass' });
    for (const { finished } of await Promise.all(hanging))
      expect(finished.message).toContain('SLI retrieval timed out');
  });

  test.concurrent('one that answers twice is believed the first time', async () => {
    const behaviour: Behaviour = async (event, data, say) => {
      await answering({ rt: 1 })(event, data, say);
      await answering({ rt: 9999 })(event, data, say);
    };
    const { run, finished, evaluation } = await judged('60s', behaviour);
    expect(finished).toMatchObject({ status: 'succeeded', result: 'pass' });
    expect(evaluation.indicatorResults).toMatchObject([{ value: { value: 1 } }]);
    await sleep(200);
    expect(await world.events(run, 'evaluation.finished')).toHaveLength(1);
  });

  test.concurrent('one that answers late: the evaluation has ended, and the answer changes nothing, not even the next one', async () => {
    const { promise: later, resolve: answerNow } = Promise.withResolvers<void>();
    const behaviour: Behaviour = async (event, data, say) => {
      await begins(event, data, say);
      await later;
      await answering({ rt: 1 })(event, data, say);
    };
    const { run, finished, service } = await judged('5s', behaviour);
    expect(finished.message).toMatch(timedOut);
    answerNow();
    await nothingIsOpen(service);
    await sleep(200);
    expect(await world.events(run, 'evaluation.finished')).toHaveLength(1);
    expect((await world.client.getRun({ run })).result).toBe('fail');
    expect((await judged('60s', answering({ rt: 700 }))).evaluation.indicatorResults).toMatchObject([
      { value: { value: 700 } },
    ]);
  });
});
