import type { Plan } from '@slipway/contract';
import { describe, expect, test } from 'vitest';
import { type Env, indexPlan, type RunInput, transition } from '../../src/engine/index.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { decodeRunDecisions, encodeRunEntry } from '../../src/runtime/entry.ts';
import { foldRun } from '../../src/runtime/run-folds.ts';
import { createEvaluator, DECISION_WORK_MAX, parseShipyard } from '../../src/shipyard/index.ts';
import type { JournalEntry } from '../../src/store/store.ts';
import { claimOne, finished, openDoor, post, startRun, trigger } from '../http/door.ts';

const shipyard = (task: string): string => `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - {name: quick, output: {made: "\${{ tasks.build.output.made }}"}, tasks: [${task}]}
`;
const COMPUTED = shipyard(
  `{name: build, with: {for: "\${{ data.text + '!' }}"}, retry: {attempts: 2, delay: 0s, when: "\${{ error.code == 'SLOW' }}"}}`,
);
const TEXT = 'x'.repeat(1000);

function planOf(text: string): Plan {
  const { plan, problems } = parseShipyard(text);
  if (plan === undefined) throw new Error(JSON.stringify(problems));
  return plan;
}

/** As a version from before the limits at upload had taken it: an expression of 30,000 units, written 3,000 times. */
function heavyPlan(): Plan {
  const plan = planOf(COMPUTED);
  const [task] = plan.stages[0]?.sequences[0]?.tasks ?? [];
  if (task !== undefined)
    task.with = { all: Array(3000).fill('${{ size(data.list.map(a, data.list.map(b, a + b))) }}') };
  return plan;
}
const HEAVY_DATA = { list: Array.from({ length: 80 }, (_, index) => index) };

function triggerInput(data: unknown): RunInput {
  const event = { specversion: '1.0' as const, id: 'e', source: '/t', type: 'dev.quick.triggered', data };
  const place = { run: 'run', project: 'shop', stage: 'dev', sequence: 'quick', dialect: 'plain' as const };
  const rest = { planVersion: 'v', correlationId: 'c', bodyHash: 'h', depth: 0, lenient: false };
  return { kind: 'trigger', at: 1, ...place, ...rest, event, json: JSON.stringify(event) };
}

const fold = (entries: readonly JournalEntry[], env: Env) => foldRun(entries, { envOf: () => env, clock: systemClock });

describe('what expressions came to', () => {
  test('is in the journal, and a fold computes none of it again', async () => {
    await using door = await openDoor();
    await door.ask('PUT', '/v1/projects/shop/shipyard', { body: COMPUTED });
    const run = await startRun(door, trigger({ data: { project: 'shop', text: TEXT } }));
    await post(door, finished(await claimOne(door, 'build'), { data: { status: 'errored', error: { code: 'SLOW' } } }));
    await post(door, finished(await claimOne(door, 'build'), { data: { build: { made: 7 } } }));
    const view = await door.ask('GET', `/v1/runs/${run}`);
    expect(view.json).toMatchObject({ state: 'finished', output: { made: 7 } });
    const entries = await door.store.read(run);
    const outcomes = entries.flatMap(decodeRunDecisions).flatMap((one) => one.outcomes ?? []);
    const values = outcomes.map((one) => (one.ok ? one.value : one.message));
    expect(values).toEqual([{ for: `${TEXT}!` }, true, { for: `${TEXT}!` }, { made: 7 }]);
    const asked = (): never => {
      throw new Error('a fold asked for the value of an expression');
    };
    const env = indexPlan(planOf(COMPUTED), { evaluate: asked, resolve: asked, faultOf: asked })('dev', 'quick');
    expect((await fold(entries, env)).run).toMatchObject({ kind: 'finished', output: { made: 7 } });
  });

  test('is computed again for a journal of an older version, which has none of it', async () => {
    const input = triggerInput({ text: TEXT });
    const env = indexPlan(planOf(COMPUTED), createEvaluator())('dev', 'quick');
    const { header, events } = encodeRunEntry([{ input, ignored: undefined }], [], 'slipway');
    const folded = await fold([{ stream: 'run', seq: 1, at: 1, header, events }], env);
    expect(folded.run).toEqual(transition(undefined, input, env).run);
  });
});

describe('a definition of an older version that takes minutes to compute', () => {
  test('ends its task with the limit that it broke, after the work of one step', () => {
    const budget = { left: DECISION_WORK_MAX };
    const template = { all: heavyPlan().stages[0]?.sequences[0]?.tasks[0]?.with };
    const outcome = createEvaluator().resolve(template, { data: HEAVY_DATA }, budget);
    expect(outcome).toMatchObject({
      ok: false,
      code: 'template-limit',
      message: expect.stringContaining('of one step'),
    });
    expect(budget.left).toBeGreaterThan(-500_000);
  });

  test('parks the run whose journal it is in, with the reason, and holds up no other', async () => {
    let evaluations = 0;
    const real = createEvaluator();
    const evaluator: typeof real = {
      evaluate: real.evaluate,
      resolve: (...given) => {
        evaluations++;
        return real.resolve(...given);
      },
      faultOf: real.faultOf,
    };
    const env = indexPlan(heavyPlan(), evaluator)('dev', 'quick');
    const { header, events } = encodeRunEntry([{ input: triggerInput(HEAVY_DATA), ignored: undefined }], [], 'slipway');
    const { run } = await fold([{ stream: 'run', seq: 1, at: 1, header, events }], env);
    expect(run).toMatchObject({ kind: 'open', parked: expect.stringContaining('older version') });
    expect(evaluations).toBe(1);
  });
});
