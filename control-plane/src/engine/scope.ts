import type { JsonObject } from '@slipway/contract';
import { isObject, mergeData, ownValue, putOwn } from '@slipway/contract';
import { type GraphTask, graphOf } from './graph/compile.ts';
import { visibleTo } from './graph/visible.ts';
import type { Env, Node, OpenRun, Run, RunBase } from './types.ts';

/** What a task sees of the run. */
type Seen = { data: JsonObject; vars: JsonObject; tasks: JsonObject };

/**
 * The scope of expressions in this run: what `task` sees, or everything where none is named. In a graph a task sees what the
 * tasks before it gave and never what runs beside it, so that nothing depends on the clock.
 */
export function scopeOf(run: RunBase, env: Env, more: JsonObject = {}, task?: GraphTask): JsonObject {
  const { data, vars, tasks } = seenBy(run, env, task);
  const main = 'main' in run ? (run as OpenRun).main : undefined;
  return {
    input: run.input,
    data,
    vars,
    tasks,
    run: { ...shownRun(run), ...(task?.plan.finally && main ? { result: main.result, status: main.status } : {}) },
    stage: run.stage,
    sequence: run.sequence,
    service: run.service ?? '',
    labels: run.labels,
    project: { name: run.project, config: run.config },
    ...more,
  };
}

/** What the expressions of one task see, or saw when it began: that is frozen at its start. */
export function scopeOfTask(run: Run, env: Env, key: string): JsonObject {
  return scopeOf(run, env, {}, graphOf(env.sequence).byKey.get(key));
}

function shownRun({ id, correlationId, acceptedAt, depth }: RunBase): JsonObject {
  return { id, correlationid: correlationId, acceptedAt, depth };
}

function seenBy(run: RunBase, env: Env, task: GraphTask | undefined): Seen {
  const graph = graphOf(env.sequence);
  const tasks: JsonObject = {};
  const vars = env.sequence?.vars ?? {};
  if (graph.isLine) {
    for (const { key, variable } of graph.tasks) {
      const node = ownValue(run.nodes, key);
      if (node?.state === 'finished') putOwn(tasks, variable, shown(node));
    }
    return { data: run.data, vars, tasks };
  }
  const visible = visibleTo(run, graph, task);
  const published = { ...vars };
  for (const { key, variable } of visible) {
    const node = ownValue(run.nodes, key);
    if (node?.state === 'finished' && node.published !== undefined) Object.assign(published, node.published);
    if (task !== undefined && !task.looksAt(variable)) continue;
    if (node?.state === 'finished') putOwn(tasks, variable, shown(node));
    else if (node?.state === 'skipped')
      putOwn(tasks, variable, { status: 'skipped', ...(node.continues ? { result: 'pass' } : {}), attempts: 0 });
  }
  return { data: merged(run, visible), vars: published, tasks };
}

/** The data that a task sees, or the run as a whole; the caller's own to change. */
export function dataSeenBy(run: RunBase, env: Env, task?: GraphTask): JsonObject {
  const graph = graphOf(env.sequence);
  return graph.isLine ? { ...run.data } : merged(run, visibleTo(run, graph, task));
}

/** The trigger's data, and what these tasks hand on; the last one says `status`, `result` and `message`. */
function merged(run: RunBase, tasks: readonly GraphTask[]): JsonObject {
  const data: JsonObject = { ...run.data };
  let last: Finished | undefined;
  for (const { key, plan } of tasks) {
    const node = ownValue(run.nodes, key);
    if (node?.state !== 'finished') continue;
    last = node;
    if (node.data !== undefined)
      for (const one of Object.keys(node.data)) mergeKey(data, one, ownValue(node.data, one));
    if (node.output !== undefined) mergeKey(data, plan.name, node.output);
  }
  return last === undefined
    ? data
    : mergeData(data, { status: last.status, result: last.result, message: last.message });
}

/** As `mergeData`, into an object of our own: a copy for each of a thousand tasks would cost their square. */
function mergeKey(target: JsonObject, key: string, value: unknown): void {
  const before = ownValue(target, key);
  putOwn(target, key, isObject(value) && isObject(before) ? mergeData(before, value) : value);
}

type Finished = Extract<Node, { state: 'finished' }>;

function shown(node: Finished): JsonObject {
  return {
    output: node.output ?? null,
    result: node.result,
    status: node.status,
    message: node.message,
    error: node.error ?? null,
    attempts: node.attempts.length,
  };
}
