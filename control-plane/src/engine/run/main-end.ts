import type { Result, Status } from '@slipway/contract';
import { ownValue } from '@slipway/contract';
import { graphOf } from '../graph/compile.ts';
import { scopeOf } from '../scope.ts';
import type { Env, RunBase, RunEnd, Stop } from '../types.ts';
import type { Work } from '../work.ts';
import { type Computed, computedResult } from './graph-result.ts';
import { outputOf } from './output.ts';

/** What the tasks came to, those of `finally` apart, with `result:` and `output:`, which are evaluated here and once. */
export function mainEnd(work: Work, stop: Stop | undefined): RunEnd {
  const { run, env } = work;
  const graph = graphOf(env.sequence);
  if (graph.isLine) {
    const found = resultSoFar(run, env);
    const end: Computed = stop ? { ...stop, result: stop.result ?? found.result } : found;
    return outputOf(run, env, end);
  }
  if (stop !== undefined && stop.by !== 'end') return outputOf(run, env, { ...stop, result: 'fail' });
  let end = computedResult(run, graph, 'main');
  if (stop?.result !== undefined) end = { ...end, result: stop.result };
  else end = overridden(work, end);
  if (stop !== undefined && stop.message !== '') end = { ...end, message: stop.message };
  return outputOf(run, env, end);
}

/** A failure in `finally` counts, whatever the others came to. */
export function withFinally(work: Work, main: RunEnd): RunEnd {
  const end = computedResult(work.run, graphOf(work.env.sequence), 'finally');
  if (end.result !== 'fail') return main;
  const status = main.status === 'succeeded' ? end.status : main.status;
  const isKnown = main.result === 'fail' && main.message !== '';
  return { ...main, status, result: 'fail', message: isKnown ? main.message : end.message };
}

function overridden(work: Work, end: Computed): Computed {
  const expression = work.env.sequence?.result;
  if (expression === undefined) return end;
  const scope = scopeOf(work.run, work.env, { result: end.result, status: end.status, message: end.message });
  const answer = work.env.evaluator.evaluate(expression, scope);
  if (answer.ok && (answer.value === 'pass' || answer.value === 'warning' || answer.value === 'fail'))
    return { ...end, result: answer.value };
  const message = answer.ok
    ? `result: pass, warning or fail is wanted here, and this is ${JSON.stringify(answer.value)?.slice(0, 80)}`
    : `result: ${answer.message}`;
  return { status: 'errored', result: 'fail', message };
}

/**
 * The result of the last task that ended, which is a linear run's own; pass before any did. The last is told by the order of
 * the plan: the clocks of two replicas differ, so a later end may have the earlier time.
 */
export function resultSoFar(base: RunBase, env: Env): { result: Result; status: Status; message: string } {
  let found: { result: Result; status: Status; message: string } = { result: 'pass', status: 'succeeded', message: '' };
  for (const task of env.sequence?.tasks ?? []) {
    const node = ownValue(base.nodes, task.key);
    if (node?.state === 'finished') found = { result: node.result, status: node.status, message: node.message };
  }
  return found;
}
