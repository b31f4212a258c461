import { describe, expect, test } from 'vitest';
import { indexPlan } from '../../src/engine/index.ts';
import { createEvaluator, parseShipyard } from '../../src/shipyard/index.ts';

const shipyard = (dev: string, prod = '{name: go, tasks: [{name: b}]}', apiVersion = 'slipway.dev/v1'): string =>
  `apiVersion: ${apiVersion}
kind: Shipyard
metadata: {name: p}
spec:
  stages:
    - {name: dev, sequences: [${dev}]}
    - {name: prod, sequences: [${prod}]}
`;

function envOf(text: string) {
  const { plan, problems } = parseShipyard(text);
  if (!plan) throw new Error(problems.map(({ message }) => message).join('\n'));
  return { plan, envOf: indexPlan(plan, createEvaluator()) };
}

describe('the sequence evaluation', () => {
  test('is in every stage of a shipyard, and in no plan of ours', () => {
    const { plan, envOf: env } = envOf(shipyard('{name: build, tasks: [{name: a}]}'));
    for (const stage of ['dev', 'prod'])
      expect(env(stage, 'evaluation').sequence?.tasks.map(({ uses }) => uses)).toEqual(['evaluation']);
    expect(env('test', 'evaluation').sequence).toBeUndefined();
    expect(env('dev', 'deploy').sequence).toBeUndefined();
    expect(JSON.stringify(plan)).not.toContain('evaluation');
  });

  test('is the one of the shipyard where there is one', () => {
    const own = '{name: evaluation, tasks: [{name: load}, {name: evaluate}]}';
    const { envOf: env } = envOf(shipyard(own));
    expect(env('dev', 'evaluation').sequence?.tasks.map(({ uses }) => uses)).toEqual(['load', 'evaluate']);
    expect(env('prod', 'evaluation').sequence?.builtIn).toBe(true);
  });

  test('may trigger others by its end, under either apiVersion', () => {
    const follower = '{name: go, triggeredOn: [{event: dev.evaluation.finished}], tasks: [{name: b}]}';
    const { envOf: env } = envOf(shipyard('{name: build, tasks: [{name: a}]}', follower));
    expect(env('dev', 'evaluation').followers.map(({ target }) => target.name)).toEqual(['go']);
    const wrong = parseShipyard(shipyard('{name: build, tasks: [{name: a}]}', follower.replace('dev.', 'def.')));
    expect(wrong.problems.map(({ code }) => code)).toEqual(['unknown-event']);
    const keptn = shipyard('{name: build, tasks: [{name: a}]}', follower, 'spec.keptn.sh/0.2.3');
    expect(parseShipyard(keptn).problems).toEqual([]);
  });
});
