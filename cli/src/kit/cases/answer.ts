import { isObject, ownValue } from '@slipway/contract';
import type { Case } from '../case.ts';
import { check } from '../mismatch.ts';
import { dataOf, resultOf, statusOf } from '../world.ts';

const STATUSES: readonly unknown[] = ['succeeded', 'errored', 'aborted', 'unknown'];
const RESULTS: readonly unknown[] = ['pass', 'warning', 'fail'];
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const ONCE_MS = 400;

export const answerCases: readonly Case[] = [
  {
    id: 'answer-finished',
    group: 'answer',
    title: 'a triggered event is answered with <task>.finished',
    run: async (world) => void (await world.do(world.input('good'))),
  },
  {
    id: 'answer-event',
    group: 'answer',
    title: 'everything it sends is a CloudEvent 1.0',
    run: async (world) => {
      await world.do(world.input('good'));
      check(world.invalid.length === 0, 'valid CloudEvents alone', world.invalid.join('\n'));
    },
  },
  {
    id: 'answer-cause',
    group: 'answer',
    title: 'the answer names the attempt in causationid',
    run: async (world) => {
      const { event } = await world.do(world.input('good'));
      check(event.causationid === world.sent[0]?.id, `causationid ${world.sent[0]?.id}`, event);
    },
  },
  {
    id: 'answer-source',
    group: 'answer',
    title: 'its source stays the same from answer to answer',
    run: async (world) => {
      const [a, b] = [await world.do(world.input('good')), await world.do(world.input('good'))];
      check(a.event.source === b.event.source, `source ${a.event.source}`, b.event.source);
    },
  },
  {
    id: 'answer-id',
    group: 'answer',
    title: 'each answer has an id of its own',
    run: async (world) => {
      const [a, b] = [await world.do(world.input('good')), await world.do(world.input('good'))];
      check(a.event.id !== b.event.id, 'two different ids', a.event.id);
    },
  },
  {
    id: 'answer-passes',
    group: 'answer',
    title: 'a good input ends as succeeded and pass',
    run: async (world) => {
      const data = dataOf((await world.do(world.input('good'))).event);
      check(statusOf(data) === 'succeeded' && resultOf(data) === 'pass', 'status succeeded and result pass', data);
    },
  },
  {
    id: 'answer-words',
    group: 'answer',
    title: 'status and result are words of the protocol',
    run: async (world) => {
      const data = dataOf((await world.do(world.input('good'))).event);
      check(STATUSES.includes(statusOf(data)), `a status of ${STATUSES.join(', ')}`, data);
      check(RESULTS.includes(resultOf(data)), `a result of ${RESULTS.join(', ')}`, data);
    },
  },
  {
    id: 'answer-output',
    group: 'answer',
    title: "the output is an object under the task's name",
    run: async (world) => {
      const data = dataOf((await world.do(world.input('good'))).event);
      check(
        ownValue(data, world.task) === undefined || isObject(ownValue(data, world.task)),
        `an object in data.${world.task}`,
        data,
      );
    },
  },
  {
    id: 'answer-once',
    group: 'answer',
    title: 'an attempt is answered once',
    run: async (world) => {
      const { event } = await world.do(world.input('good'));
      await world.pause(ONCE_MS);
      const all = world.plane.answers.finished(String(event.causationid));
      check(new Set(all.map((one) => one.event.id)).size === 1, 'one finished event', world.came());
    },
  },
  {
    id: 'answer-second-attempt',
    group: 'answer',
    title: 'a later attempt of a task is answered like the first',
    run: async (world) => {
      const id = `kit-${process.pid}-${world.connect}-second.${world.task}.2`;
      const { event } = await world.do(world.input('good'), { id });
      check(event.causationid === id, `causationid ${id}`, event);
    },
  },
  {
    id: 'answer-other-key',
    group: 'answer',
    title: 'the type names the task, and its key in the sequence does not',
    run: async (world) => {
      const id = `kit-${process.pid}-${world.connect}-key.another-key.1`;
      const { event } = await world.do(world.input('good'), { id });
      check(event.type === `${world.task}.finished`, `type ${world.task}.finished`, event.type);
    },
  },
  {
    id: 'answer-correlation',
    group: 'answer',
    title: 'the answer repeats the context of the trigger',
    advice: true,
    run: async (world) => {
      const { event } = await world.do(world.input('good'));
      check(event.correlationid === world.sent[0]?.correlationid, `${world.sent[0]?.correlationid}`, event);
    },
  },
  {
    id: 'answer-place',
    group: 'answer',
    title: 'project and stage in the answer are those of the trigger',
    run: async (world) => {
      const { event } = await world.do(world.input('good'), { data: { stage: 'kit-stage' } });
      const { project = 'default', stage = 'kit-stage' } = dataOf(event);
      check(project === 'default' && stage === 'kit-stage', 'project default and stage kit-stage', event);
    },
  },
  {
    id: 'answer-trace',
    group: 'answer',
    title: 'the answer carries traceparent on',
    advice: true,
    run: async (world) => {
      const { event } = await world.do(world.input('good'), { traceparent: TRACE });
      check(event.traceparent === TRACE, `traceparent ${TRACE}`, event);
    },
  },
  {
    id: 'answer-keptn',
    group: 'answer',
    title: "a trigger in Keptn's spelling is answered",
    run: async (world) => {
      const { correlationid: _, ...event } = world.trigger(world.input('good'), {
        type: `sh.keptn.event.${world.task}.triggered`,
        shkeptncontext: 'kit-context',
      });
      world.offer(event);
      const { event: answer } = await world.finished(event);
      check(/^(sh\.keptn\.event\.)?[a-z0-9-]+\.finished$/.test(answer.type), 'a finished event', answer.type);
    },
  },
  {
    id: 'answer-more-data',
    group: 'answer',
    title: 'outputs of other tasks, labels and unknown members of the data do not disturb it',
    run: async (world) => {
      const data = { labels: { a: 'b' }, 'other-task': { n: 1 }, service: 'shop', extra: [1, { deep: null }] };
      const answer = dataOf((await world.do(world.input('good'), { data })).event);
      check(statusOf(answer) === 'succeeded', 'status succeeded', answer);
    },
  },
  {
    id: 'answer-more-attributes',
    group: 'answer',
    title: 'attributes that it does not know do not disturb it',
    run: async (world) => {
      const { event } = await world.do(world.input('good'), { custom: 'x', another: 7, dataschema: 'https://x/y' });
      check(statusOf(dataOf(event)) === 'succeeded', 'status succeeded', event);
    },
  },
  {
    id: 'answer-token',
    group: 'answer',
    title: 'each request carries the token of SLIPWAY_TOKEN',
    run: async (world) => {
      await world.do(world.input('good'));
      const { withoutToken } = world.plane;
      check(withoutToken.length === 0, 'authorization: Bearer <token>', `without it: ${withoutToken.join(', ')}`);
    },
  },
  {
    id: 'answer-claim',
    group: 'answer',
    title: 'a claim names its source, waits at most 60 s and asks for 1 to 256 attempts',
    over: ['claim'],
    run: async (world) => {
      await world.do(world.input('good'));
      const ask = world.plane.asks.at(-1);
      check(typeof ask?.source === 'string' && ask.source !== '', 'a source in the body', ask);
      check(ask.waitMs <= 60_000, 'wait of at most 60s', ask);
      check(ask.max >= 1 && ask.max <= 256, 'max of 1 to 256', ask);
      check(ask.leaseMs > 0, 'a lease', ask);
    },
  },
];
