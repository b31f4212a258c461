import type { CloudEvent } from '@slipway/contract';
import { expect, test } from 'vitest';
import { indexPlan, type Run, type RunInput, transition } from '../../src/engine/index.ts';
import { createEvaluator, parseShipyard } from '../../src/shipyard/index.ts';

const RUN = '5f0c6a1e-7d5b-5a70-9d6e-3f1b8c2d4e6f';
const SHIPYARD =
  'apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: late}\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: build}]}]}]}';

// Seed 700009964 of the simulation: the note waited for a store that was away, and after the next start nobody held the lease.
test('a claim that is noted after a sign of life is held by its lease, and ends when that is lost', () => {
  const { plan } = parseShipyard(SHIPYARD);
  if (plan === undefined) throw new Error('it has no problem');
  const env = indexPlan(plan, createEvaluator())('dev', 'seq');
  let run: Run | undefined;
  const take = (input: RunInput): string => {
    const step = transition(run, input, env);
    run = step.run;
    return step.outcome.kind;
  };
  const event = (id: string, type: string): CloudEvent => ({
    specversion: '1.0',
    id,
    source: '/worker',
    type,
    data: {},
  });
  const about = { task: 'build', attempt: 1, random: 0.5 } as const;
  const trigger = event('t', 'dev.seq.triggered');
  const sign = event('s', 'build.status.changed');
  const note = event('n', 'build.started');
  take({
    ...{ kind: 'trigger', at: 0, run: RUN, project: 'late', stage: 'dev', sequence: 'seq', dialect: 'plain' },
    ...{ planVersion: 'v', correlationId: 'c', bodyHash: 'h', depth: 0, lenient: false },
    ...{ event: trigger, json: JSON.stringify(trigger) },
  });
  const json = '{}';
  expect(take({ kind: 'answer', phase: 'status.changed', at: 1, ...about, way: 'http', event: sign, json })).toBe(
    'applied',
  );
  const started = { kind: 'answer', phase: 'started', at: 2, ...about, event: note, json } as const;
  expect(take({ ...started, way: 'http' })).toBe('duplicate');
  expect(take({ ...started, way: 'claim', leaseMs: 1000 })).toBe('applied');
  expect(take({ ...started, way: 'claim', leaseMs: 9000 })).toBe('duplicate');
  const executors = run?.kind === 'open' && run.nodes.build?.state === 'open' ? run.nodes.build.attempt.executors : {};
  expect(executors['/worker']).toMatchObject({ way: 'claim', leaseMs: 1000, startedAt: 1 });
  expect(take({ kind: 'lease-lost', at: 2000, task: 'build', attempt: 1, source: '/worker' })).toBe('applied');
  expect(run?.nodes.build).toMatchObject({ attempts: [{ number: 1, outcome: 'lost' }] });
});
