import type { JsonObject, Result, Status, TaskError } from '@slipway/contract';
import { isObject, mergeData, putOwn } from '@slipway/contract';
import { type GraphTask, graphOf } from '../graph/compile.ts';
import { scopeOf } from '../scope.ts';
import type { Attempt, Node } from '../types.ts';
import { setNode, type Work } from '../work.ts';

/** How a task ended, before its own rules about that. */
export type TaskEnd = {
  status: Status;
  result: Result;
  message: string;
  output: unknown;
  data: JsonObject;
  error: TaskError | undefined;
  timedOut: boolean;
};

type Finished = Extract<Node, { state: 'finished' }>;

/** Ends a task: what it publishes and which branch it takes is decided here, once. */
export function finishTask(work: Work, task: GraphTask, attempts: readonly Attempt[], end: TaskEnd): void {
  const { data, ...ended } = end;
  const base = { state: 'finished', attempts, finishedAt: work.at } as const;
  if (graphOf(work.env.sequence).isLine) {
    setNode(work, task.key, { ...base, ...ended });
    const handedOn: JsonObject = { ...data, status: end.status, result: end.result, message: end.message };
    if (end.output !== undefined) putOwn(handedOn, task.plan.name, end.output);
    work.run.data = mergeData(work.run.data, handedOn);
    return;
  }
  const decided = { ...base, ...decideEnd(work, task, ended) };
  // These three are the node's own.
  const { status: _status, result: _result, message: _message, ...more } = data;
  setNode(work, task.key, Object.keys(more).length === 0 ? decided : { ...decided, data: more });
}

/** What is kept of an answer that passed: mapped by `output`, checked by `outputSchema`. What fails there fails the attempt. */
export function keepOutput<End extends Omit<TaskEnd, 'timedOut'>>(work: Work, task: GraphTask, end: End): End {
  const { output, outputSchema } = task.plan;
  if (end.result === 'fail' || end.status === 'errored') return end;
  let kept = end;
  if (output !== undefined) {
    const own = { output: end.output ?? null, result: end.result, status: end.status, message: end.message };
    const mapped = work.env.evaluator.resolve(output, scopeOf(work.run, work.env, own, task));
    if (!mapped.ok) return invalid(end, 'EXPRESSION_ERROR', `output${mapped.at ?? ''}: ${mapped.message}`);
    kept = { ...end, output: mapped.value };
  }
  if (outputSchema === undefined) return kept;
  const fault = work.env.evaluator.faultOf(outputSchema, kept.output ?? null);
  return fault === undefined ? kept : invalid(kept, 'OUTPUT_INVALID', `output${fault.pointer}: ${fault.message}`);
}

function invalid<End extends Omit<TaskEnd, 'timedOut'>>(end: End, code: string, message: string): End {
  return { ...end, status: 'errored', result: 'fail', message, error: { code, message } };
}

type Ended = Omit<TaskEnd, 'data'>;
type Decided = Ended & Pick<Finished, 'published' | 'branch' | 'ignored'>;

function decideEnd(work: Work, task: GraphTask, end: Ended): Decided {
  const isFailed = end.result === 'fail' || end.status === 'errored';
  if (isFailed) return task.plan.ignoreFailure ? ignored(work, task, end) : end;
  const { publish } = task.plan;
  if (publish === undefined && task.branches.length === 0) return end;
  const own = { output: end.output ?? null, result: end.result, status: end.status, message: end.message };
  const scope = scopeOf(work.run, work.env, own, task);
  const decided: Decided = { ...end };
  if (publish !== undefined) {
    const published = work.env.evaluator.resolve(publish, scope);
    if (!published.ok) return failedBy(work, task, end, `publish${published.at ?? ''}: ${published.message}`);
    if (isObject(published.value)) decided.published = published.value;
  }
  const branch = chooseBranch(work, task, scope);
  if (typeof branch === 'string') return failedBy(work, task, end, branch);
  if (branch !== undefined) decided.branch = branch;
  return decided;
}

/** A failure that counts as a warning publishes nothing; a decision is made all the same, by what is there. */
function ignored(work: Work, task: GraphTask, end: Ended): Decided {
  const warned: Decided = { ...end, status: 'succeeded', result: 'warning', timedOut: false, ignored: true };
  const own = { output: end.output ?? null, result: warned.result, status: warned.status, message: end.message };
  const branch = chooseBranch(work, task, scopeOf(work.run, work.env, own, task));
  if (typeof branch === 'number') warned.branch = branch;
  return warned;
}

function failedBy(work: Work, task: GraphTask, end: Ended, message: string): Decided {
  const error = { code: 'EXPRESSION_ERROR', message };
  const failed: Ended = { ...end, status: 'errored', result: 'fail', message, error };
  return task.plan.ignoreFailure ? ignored(work, task, failed) : failed;
}

/** The first branch that holds; -1: none. A text says why that cannot be decided. */
function chooseBranch(work: Work, task: GraphTask, scope: JsonObject): number | string | undefined {
  if (task.branches.length === 0) return undefined;
  for (const [index, { when }] of task.branches.entries()) {
    if (when === undefined) return index;
    const verdict = work.env.evaluator.evaluate(when, scope);
    if (!verdict.ok) return `decision[${index}].when: ${verdict.message}`;
    if (typeof verdict.value !== 'boolean') {
      const shown = JSON.stringify(verdict.value)?.slice(0, 80);
      return `decision[${index}].when: the answer must be true or false, and this is ${shown}`;
    }
    if (verdict.value) return index;
  }
  return -1;
}
