import type { CloudEvent } from '@slipway/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cases } from '../../../sdk/evaluation/test/cases.ts';
import { answering, commonOf, httpProvider, natsProvider, type Provider } from './keptn-provider.ts';
import { dataOf, World } from './world.ts';

/** A shipyard as it was for Keptn: nothing but an evaluation, and the stage is its own. */
const shipyard = (stage: string): string => `apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata: {name: recorded}
spec: {stages: [{name: ${stage}, sequences: [{name: delivery, tasks: [{name: evaluation}]}]}]}
`;

/** The names of attributes that Keptn's own events have in the recordings of keptn-traffic.yaml. */
const TRIGGERED = ['data', 'gitcommitid', 'id', 'shkeptncontext', 'shkeptnspecversion', 'source', 'type'];
const ANSWERED = ['data', 'id', 'shkeptncontext', 'shkeptnspecversion', 'source', 'triggeredid', 'type'];
/** CloudEvents' own optional ones, which any event may carry. */
const OPTIONAL = ['specversion', 'subject', 'time', 'datacontenttype'];
const attributesOf = (event: CloudEvent | undefined): string[] =>
  Object.keys(event ?? {})
    .filter((name) => !OPTIONAL.includes(name))
    .sort();

const nameOf = (title: string): string => title.replaceAll(/\W+/g, '-');

const CONFIG = { sliProvider: 'prometheus' };

describe.each(['nats', 'http'] as const)('over %s', (way) => {
  let world: World;
  let behaviour: Parameters<typeof natsProvider>[1] = () => {};
  let provider: Provider;

  beforeAll(async () => {
    world = await World.start({ nats: way === 'nats' });
    provider =
      world.nats === undefined
        ? await httpProvider(world.url, (...given) => behaviour(...given))
        : await natsProvider(world.nats.url, (...given) => behaviour(...given));
  });

  afterAll(async () => {
    await provider?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  async function project(name: string, stage: string): Promise<void> {
    await world.client.putShipyard({ project: name, body: shipyard(stage) });
    await world.client.putProject({ project: name, body: { config: CONFIG } });
  }

  async function trigger(type: string, data: Record<string, unknown>): Promise<{ run: string; context: string }> {
    const context = crypto.randomUUID();
    const event = {
      specversion: '1.0',
      id: crypto.randomUUID(),
      source: 'https://github.com/keptn/keptn/cli',
      type,
      data,
    };
    const answer = await world.client.sendEvents({ body: { ...event, shkeptncontext: context } });
    return { run: ('items' in answer ? answer.items[0]?.run : undefined) ?? '', context };
  }

  describe('start', () => {
    // Of the two others one is in slo-unreadable.test.ts; the last needs services that may be missing, and here any name is one.
    const possible = cases.start.filter(({ sloRetrievalError }) => sloRetrievalError === undefined);
    test.each(possible)('$name: started, and the question or the end, as Keptn sent them', async (recorded) => {
      const { data, slo, expected } = recorded;
      const { project: name, stage, service } = data;
      await project(name, stage);
      const place = { project: name, stage, service };
      // What does not parse cannot be stored: it comes with the event.
      const carried = slo === 'invalid' ? { evaluation: { ...data.evaluation, slo } } : {};
      if (slo !== null && slo !== 'invalid') await world.client.putSlo({ ...place, body: slo });
      behaviour = answering({});
      const before = provider.asked.length;
      const { run, context } = await trigger(`sh.keptn.event.${stage}.evaluation.triggered`, { ...data, ...carried });
      const finished = await world.finished(run, 'evaluation');
      const [triggered] = await world.events(run, 'evaluation.triggered');

      const [first, second] = expected;
      if (way === 'nats') {
        const [started] = await world.events(run, 'evaluation.started');
        const { type: _, ...fields } = first as Record<string, unknown>;
        expect({ triggeredid: 'trig-id', ...dataOf(started) }).toEqual({ ...place, ...fields });
        expect(attributesOf(started)).toEqual(ANSWERED);
        expect(started?.triggeredid).toBe(triggered?.id);
      }
      if (second?.type === 'get-sli.triggered') {
        const asked = provider.asked.slice(before);
        const { type: _, triggeredid: none, ...fields } = second as Record<string, unknown>;
        expect(none).toBeNull();
        expect(asked.map((event) => event.data)).toEqual([{ ...place, ...fields }]);
        expect(asked[0]).toMatchObject({ type: 'sh.keptn.event.get-sli.triggered', shkeptncontext: context });
        expect(attributesOf(asked[0])).toEqual(TRIGGERED);
      } else {
        const { type: _, triggeredid: __, evaluation, ...fields } = second as Record<string, unknown>;
        expect(dataOf(finished)).toMatchObject({ ...place, ...fields, evaluation });
        expect(provider.asked).toHaveLength(before);
      }
      expect(finished).toMatchObject({ type: 'sh.keptn.event.evaluation.finished', shkeptncontext: context });
      expect(finished.triggeredid).toBe(triggered?.id);
      expect(attributesOf(finished)).toEqual(ANSWERED);
    });
  });

  describe('wire', () => {
    // A broken row of the history cannot come out of our store.
    const possible = cases.wire.filter(({ history }) => history === undefined);
    test.each(possible)(
      '$name: the finished event that Keptn sent',
      async ({ name, slo, getSliFinishedData, expected }) => {
        const place = {
          project: 'sockshop',
          stage: 'staging',
          service: nameOf(name),
        };
        await project(place.project, place.stage);
        behaviour = async (_, data, say) => {
          await say('started', commonOf(data));
          const answer = JSON.parse(getSliFinishedData.replaceAll('"carts"', JSON.stringify(place.service)));
          await say('finished', answer);
        };
        const evaluation = { start: '2020-01-02T15:00:00Z', end: '2020-01-02T15:10:00Z', slo };
        const { run } = await trigger('sh.keptn.event.staging.evaluation.triggered', { ...place, evaluation });
        const finished = await world.finished(run, 'evaluation');
        const { status, result, message = '', evaluation: block } = dataOf(finished);
        const { score, result: evaluationResult, comparedEvents = [] } = block as Record<string, unknown>;
        // A crash of Keptn's process is an errored finished event here.
        if ('crash' in expected) return expect({ status, result }).toEqual({ status: 'errored', result: 'fail' });
        const [triggered] = await world.events(run, 'evaluation.triggered');
        expect({
          triggeredid: finished.triggeredid,
          status,
          result,
          message,
          score,
          evaluationResult,
          comparedEvents,
        }).toEqual({
          ...expected,
          triggeredid: triggered?.id,
        });
      },
    );
  });

  test('a trigger that cannot be read is an errored finished event, where Keptn sent nothing', async () => {
    const place = { project: 'unread', stage: 'dev', service: 'carts' };
    await project(place.project, place.stage);
    const { run } = await trigger('sh.keptn.event.dev.evaluation.triggered', {
      ...place,
      evaluation: { timeframe: 5 },
    });
    expect(dataOf(await world.finished(run, 'evaluation'))).toMatchObject({
      ...{ status: 'errored', result: 'fail', error: { code: 'INVALID_INPUT' } },
      message: expect.stringContaining('timeframe: Invalid input: expected string'),
    });
  });

  test('a delivery as it was for Keptn runs unchanged: the evaluation asks its provider, compares and decides', async () => {
    const place = { project: 'podtato', stage: 'hardening', service: 'head' };
    await project(place.project, place.stage);
    await world.client.putSlo({
      ...place,
      body: 'comparison: {compare_with: single_result}\nobjectives: [{sli: rt, pass: [{criteria: ["<=+10%"]}]}]\ntotal_score: {pass: "90%"}\n',
    });
    const deliver = async (rt: number) => {
      // Some providers add labels, such as links; Keptn's finished event has those of the answer.
      behaviour = (event, data, say) =>
        answering({ rt })(event, { ...data, labels: { team: 'a', link: 'https://x' } }, say);
      const given = { ...place, labels: { team: 'a' }, evaluation: { timeframe: '5m' } };
      const { run } = await trigger('sh.keptn.event.hardening.delivery.triggered', given);
      const { id } = await world.finished(run, 'evaluation');
      await expect.poll(async () => (await world.client.getRun({ run })).state).toBe('finished');
      return { id, run: await world.client.getRun({ run }), data: dataOf(await world.finished(run, 'evaluation')) };
    };
    const first = await deliver(100);
    expect(first.run.result).toBe('pass');
    const second = await deliver(120);
    expect(second.run.result).toBe('fail');
    expect(second.data).toMatchObject({
      ...{ status: 'succeeded', result: 'fail', labels: { team: 'a', link: 'https://x' } },
      message: 'Evaluation failed since the calculated score of 0 is below the target value of 90',
      evaluation: {
        comparedEvents: [first.id],
        indicatorResults: [{ value: { metric: 'rt', value: 120, comparedValue: 100, success: true } }],
      },
    });
  });
});
