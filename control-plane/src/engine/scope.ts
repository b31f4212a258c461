import type { JsonObject } from '@slipway/contract';
import { isObject, ownValue, putOwn } from '@slipway/contract';
import { type Graph, type GraphTask, graphOf } from './graph/compile.ts';
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

/** `data`, `vars` and `tasks` for a task, or for the run as a whole. */
export function seenBy(run: RunBase, env: Env, task?: GraphTask): Seen {
  const graph = graphOf(env.sequence);
  const tasks: JsonObject = {};
  const vars = env.sequence?.vars ?? {};
  if (graph.isLine) {
    for (const { key } of graph.tasks) {
      const node = ownValue(run.nodes, key);
      if (node?.state === 'finished') putOwn(tasks, variableOf(key), shown(node));
    }
    return { data: run.data, vars, tasks };
  }
  const merged: Seen = { data: copied(run.data), vars: { ...vars }, tasks };
  for (const one of visibleTo(run, graph, task)) {
    const node = ownValue(run.nodes, one.key);
    if (node?.state === 'finished') {
      putOwn(tasks, variableOf(one.key), shown(node));
      mergeInto(merged.data, handedOn(one, node));
      if (node.published !== undefined) Object.assign(merged.vars, node.published);
    } else if (node?.state === 'skipped') {
      putOwn(tasks, variableOf(one.key), {
        status: 'skipped',
        ...(node.continues ? { result: 'pass' } : {}),
        attempts: 0,
      });
    }
  }
  return merged;
}

/** The tasks whose outcome a task may look at, in the order in which they are merged. */
function visibleTo(run: RunBase, graph: Graph, task?: GraphTask): GraphTask[] {
  if (task === undefined) return graph.sorted.filter(({ key }) => hasEnded(ownValue(run.nodes, key)));
  const found = new Set<GraphTask>();
  const look: GraphTask[] = [task];
  for (let at = look.pop(); at !== undefined; at = look.pop()) {
    const join = ownValue(run.nodes, at.key)?.join;
    const from = join?.from ?? join?.taken.length ?? 0;
    for (let index = 0; index < from; index++) {
      const source = graph.byKey.get(join?.taken[index] ?? '');
      if (source === undefined || found.has(source)) continue;
      found.add(source);
      look.push(source);
    }
  }
  if (task.plan.finally) for (const one of graph.tasks) if (!one.plan.finally) found.add(one);
  return [...found].filter(({ key }) => hasEnded(ownValue(run.nodes, key))).sort((a, b) => a.rank - b.rank);
}

function hasEnded(node: Node | undefined): boolean {
  return node?.state === 'finished' || node?.state === 'skipped';
}

/** What a finished task adds to the data of the tasks after it. */
function handedOn({ plan }: GraphTask, node: Extract<Node, { state: 'finished' }>): JsonObject {
  const data: JsonObject = { ...node.data, status: node.status, result: node.result, message: node.message };
  if (node.output !== undefined) putOwn(data, plan.name, node.output);
  return data;
}

function shown(node: Extract<Node, { state: 'finished' }>): JsonObject {
  return {
    output: node.output ?? null,
    result: node.result,
    status: node.status,
    message: node.message,
    error: node.error ?? null,
    attempts: node.attempts.length,
  };
}

function variableOf(key: string): string {
  return key.replace(/[-~]/g, '_');
}

/** As `mergeData`, into an object that this fold made itself: a copy for each of a thousand tasks would cost their square. */
function mergeInto(target: JsonObject, later: JsonObject): void {
  for (const key of Object.keys(later)) {
    const value = ownValue(later, key);
    const before = Object.hasOwn(target, key) ? ownValue(target, key) : undefined;
    if (isObject(value) && isObject(before)) {
      const copy = copied(before);
      mergeInto(copy, value);
      put(target, key, copy);
    } else {
      put(target, key, value);
    }
  }
}

/** `__proto__` stays a key like any other. */
function copied(value: JsonObject): JsonObject {
  return { ...value };
}

function put(target: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else putOwn(target, key, value);
}
