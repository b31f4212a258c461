import { type JsonObject, mergeData, ownValue, type Result, type Status } from '@slipway/contract';
import { graphOf } from '../graph/compile.ts';
import { scopeOf } from '../scope.ts';
import type { Env, RunBase, RunEnd } from '../types.ts';
import { leavesOf } from './graph-result.ts';

/** What the run gives, which may turn out to be an error. */
export function outputOf(
  base: RunBase,
  env: Env,
  { status, result, message }: { status: Status; result: Result; message: string },
): RunEnd {
  if (status === 'aborted' || env.sequence?.output === undefined)
    return { status, result, message, output: leafOutputs(base, env) };
  const resolved = env.evaluator.resolve(env.sequence.output, scopeOf(base, env, { result, status }));
  if (resolved.ok) return { status, result, message, output: resolved.value };
  // A failed run's output may well refer to tasks that never ran; a passed one's may not.
  if (result === 'fail') return { status, result, message, output: undefined };
  return { status: 'errored', result: 'fail', message: `output: ${resolved.message}`, output: undefined };
}

/** Without an `output` of its own, a run's output is that of its leaf tasks (those that nothing came after), by name. */
function leafOutputs(base: RunBase, env: Env): unknown {
  let outputs: JsonObject | undefined;
  for (const { key, plan } of leavesOf(base, graphOf(env.sequence))) {
    const node = ownValue(base.nodes, key);
    if (node?.state !== 'finished' || node.output === undefined) continue;
    outputs = mergeData(outputs ?? {}, { [plan.name]: node.output });
  }
  return outputs;
}
