import type { CloudEvent, JsonObject } from '@slipway/contract';
import { expect, test } from 'vitest';
import { indexPlan, type OutEvent, type Run, type RunInput, transition } from '../../src/engine/index.ts';
import { createEvaluator, parseShipyard } from '../../src/shipyard/index.ts';
import { firstTold } from './histories.ts';

/** Why a task failed, as it gets from a service's answer to whoever looks at the run or follows it. */
const RUN = '5f0c6a1e-7d5b-5a70-9d6e-3f1b8c2d4e6f';

const shipyard = (task: string): string => `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: reasons}
spec:
  stages:
    - name: dev
      sequences: [{name: delivery, tasks: [${task}]}]
    - name: prod
      sequences: [{name: undo, triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: fail}}}], tasks: [{name: a}]}]
`;

/** One run of one task `build`, up to its first answer. */
function runOf(task: string, answers: readonly JsonObject[]): { run: Run | undefined; told: OutEvent[] } {
  const { plan, problems } = parseShipyard(shipyard(task));
  if (plan === undefined) throw new Error(JSON.stringify(problems));
  const env = indexPlan(plan, createEvaluator())('dev', 'delivery');
  const eventOf = (id: string, type: string, data: JsonObject): CloudEvent => ({
    ...{ specversion: '1.0', id, source: '/worker', type, causationid: `${RUN}.build.1`, data },
  });
  const trigger = eventOf('trigger', 'dev.delivery.triggered', { service: 'carts' });
  const inputs: RunInput[] = [
    {
      ...{ kind: 'trigger', at: 0, run: RUN, project: 'reasons', stage: 'dev', sequence: 'delivery', dialect: 'plain' },
      ...{ planVersion: 'v', correlationId: 'c', bodyHash: 'h', depth: 0, lenient: false },
      ...{ event: trigger, json: JSON.stringify(trigger) },
    },
    ...answers.map((data, index): RunInput => {
      const event = eventOf(`answer-${index}`, 'build.finished', data);
      const about = { task: 'build', attempt: 1, way: 'http', random: 0.5 } as const;
      return { kind: 'answer', phase: 'finished', at: 1 + index, ...about, event, json: JSON.stringify(event) };
    }),
  ];
  let run: Run | undefined;
  const told: OutEvent[] = [];
  for (const input of inputs) {
    const step = transition(run, input, env);
    run = step.run;
    told.push(...firstTold(step));
  }
  return { run, told };
}

const messageIn = (event: OutEvent | undefined): unknown =>
  event && (JSON.parse(event.json) as { data: JsonObject }).data.message;

const error = { code: 'NO_IMAGE', message: 'there is no such image', retryable: false };

test.each<[what: string, data: JsonObject, message: string]>([
  ['the error alone', { status: 'errored', error }, 'there is no such image'],
  ['an empty message and the error', { status: 'errored', message: '', error }, 'there is no such image'],
  ['a message that is no text, and the error', { status: 'errored', message: 7, error }, 'there is no such image'],
  ['an error without a code', { status: 'errored', error: { message: 'no code' } }, 'no code'],
  ['a failed result with an error', { result: 'fail', error }, 'there is no such image'],
  ['both', { status: 'errored', message: 'said', error }, 'said'],
  ['none', { status: 'errored', error: { code: 'X', message: 7 } }, ''],
])('a reason is told everywhere: %s', (_what, data, message) => {
  const { run, told } = runOf('{name: build}', [data]);
  expect(run).toMatchObject({ kind: 'finished', result: 'fail', message });
  expect(run?.nodes.build).toMatchObject({ state: 'finished', message, attempts: [{ message }] });
  expect(messageIn(told.find(({ type }) => type === 'dev.delivery.finished')) ?? '').toBe(message);
  expect(messageIn(told.find(({ type }) => type === 'prod.undo.triggered'))).toBe(message);
});

test('what a retry decides by is what it was', () => {
  const answered = runOf('{name: build}', [{ status: 'errored', error: { message: 'no code' } }]);
  expect(answered.run?.nodes.build).toMatchObject({ error: { code: 'ERRORED', message: '' } });
});

test('what cannot be computed names its place under with', () => {
  const { run } = runOf('{name: build, with: {a: 1, b: {c: ["${{ 7.0 / 0.0 }}"]}}}', []);
  const message = 'with.b.c[0]: Infinity is not a number that JSON can hold\n\n>    1 | 7.0 / 0.0\n         ^^^^^^^^^';
  expect(run).toMatchObject({ kind: 'finished', status: 'errored', message });
  expect(run?.nodes.build).toMatchObject({ error: { code: 'EXPRESSION', message } });
  expect(runOf('{name: build, with: "${{ data.no }}"}', []).run).toMatchObject({
    message: expect.stringMatching(/^with: No such key: no\n/),
  });
});
