import { type EdgePlan, edgesOf, type SequencePlan, type TaskPlan } from '@slipway/contract';

/** A sequence as the engine walks it: made once for each plan. */
export type Graph = {
  /** In the order written. */
  tasks: readonly GraphTask[];
  byKey: ReadonlyMap<string, GraphTask>;
  /** In topological order, the lowest written index first: later wins where data merge. */
  sorted: readonly GraphTask[];
  /** The plan has no `edges`: one task after the other, as before there were graphs. */
  isLine: boolean;
  hasFinally: boolean;
};

export type GraphTask = {
  key: string;
  plan: TaskPlan;
  /** Place in the order written. */
  index: number;
  /** Place in the topological order. */
  rank: number;
  /** One for each source: all edges from it count as one. */
  sources: readonly Link[];
  targets: readonly Link[];
  /** How many sources must be taken. */
  needed: number;
  /** Of the sources that must be taken in any case. */
  required: number;
  /** Its `decision`, in order. */
  branches: readonly { when: string | undefined }[];
  /** Its key as expressions name it. */
  variable: string;
  /** Whether an expression of this task may look at `tasks.<variable>`. */
  looksAt(variable: string): boolean;
  /** A timeout has edges of its own, so `failure` does not cover it. */
  hasTimeoutEdge: boolean;
};

/** All edges from one task to another. */
export type Link = { from: GraphTask; to: GraphTask; edges: readonly EdgePlan[]; required: boolean };

type Draft = Omit<GraphTask, 'sources' | 'targets'> & { sources: Link[]; targets: Link[]; branches: Branch[] };
type Branch = { when: string | undefined };

const EMPTY: Graph = { tasks: [], byKey: new Map(), sorted: [], isLine: true, hasFinally: false };
const compiled = new WeakMap<SequencePlan, Graph>();

/** The graph of a sequence, which is kept as long as its plan is. */
export function graphOf(sequence: SequencePlan | undefined): Graph {
  if (sequence === undefined) return EMPTY;
  let graph = compiled.get(sequence);
  if (graph === undefined) {
    graph = compileGraph(sequence);
    compiled.set(sequence, graph);
  }
  return graph;
}

function compileGraph(sequence: SequencePlan): Graph {
  const tasks = sequence.tasks.map(
    (plan, index): Draft => ({
      ...{ key: plan.key, plan, index, rank: 0, sources: [], targets: [], needed: 0, required: 0 },
      ...{ branches: [], hasTimeoutEdge: false, variable: plan.key.replace(/[-~]/g, '_') },
      looksAt: mentionsOf(plan),
    }),
  );
  const byKey = new Map(tasks.map((task) => [task.key, task]));
  const links = new Map<string, Link & { edges: EdgePlan[] }>();
  for (const edge of edgesOf(sequence)) {
    const from = byKey.get(edge.from);
    const to = byKey.get(edge.to);
    if (from === undefined || to === undefined) continue;
    const key = `${edge.from} ${edge.to}`;
    let link = links.get(key);
    if (link === undefined) {
      link = { from, to, edges: [], required: false };
      links.set(key, link);
      from.targets.push(link);
      to.sources.push(link);
    }
    link.edges.push(edge);
    if (edge.required) link.required = true;
    if (edge.on === 'timeout') from.hasTimeoutEdge = true;
    if (edge.branch !== undefined) from.branches[edge.branch] = { when: edge.when };
  }
  for (const task of tasks) if (task.branches.length > 0) task.looksAt = mentionsOf([task.plan, task.branches]);
  for (const task of tasks) {
    const { join } = task.plan;
    const count = task.sources.length;
    task.needed = join === 'all' ? count : join === 'any' ? Math.min(1, count) : join;
    task.required = task.sources.filter((link) => link.required).length;
    // In plan order, so that what a decision tells in one step has one order.
    task.targets.sort((a, b) => a.to.index - b.to.index);
  }
  return {
    tasks,
    byKey,
    sorted: sortTasks(tasks),
    isLine: sequence.edges === undefined,
    hasFinally: tasks.some((task) => task.plan.finally),
  };
}

/**
 * Which tasks are named below a part of the plan. Where a name cannot be told, as in `tasks[data.which]`, it may be any: to
 * show a thousand tasks to an expression that looks at one of them would be most of a decision.
 */
function mentionsOf(part: unknown): (variable: string) => boolean {
  const text = JSON.stringify(part);
  const named = new Set<string>();
  for (const [, after, name] of text.matchAll(/\btasks\b(\s*\.\s*([A-Za-z0-9_]+))?/g)) {
    if (after === undefined || name === undefined) return () => true;
    named.add(name);
  }
  return (variable) => named.has(variable);
}

/** Of the tasks whose sources are all placed, the one that was written first comes next. */
function sortTasks(tasks: readonly Draft[]): Draft[] {
  const left = tasks.map((task) => task.sources.length);
  const heap = new TaskHeap<Draft>((task) => task.index);
  for (const task of tasks) if (task.sources.length === 0) heap.push(task);
  const sorted: Draft[] = [];
  for (let task = heap.pop(); task !== undefined; task = heap.pop()) {
    task.rank = sorted.length;
    sorted.push(task);
    for (const { to } of task.targets) {
      const rest = (left[to.index] ?? 0) - 1;
      left[to.index] = rest;
      const target = tasks[to.index];
      if (rest === 0 && target !== undefined) heap.push(target);
    }
  }
  return sorted;
}

/** Gives the task with the lowest number next. */
export class TaskHeap<T> {
  readonly #items: T[] = [];
  readonly #numberOf: (item: T) => number;

  constructor(numberOf: (item: T) => number) {
    this.#numberOf = numberOf;
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#at(above) <= this.#at(at)) break;
      this.#swap(above, at);
      at = above;
    }
  }

  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return first;
    items[0] = last;
    let at = 0;
    for (;;) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if (below < items.length && this.#at(below) < this.#at(least)) least = below;
      }
      if (least === at) return first;
      this.#swap(least, at);
      at = least;
    }
  }

  #at(index: number): number {
    const item = this.#items[index];
    return item === undefined ? Number.POSITIVE_INFINITY : this.#numberOf(item);
  }

  #swap(a: number, b: number): void {
    const items = this.#items;
    const kept = items[a] as T;
    items[a] = items[b] as T;
    items[b] = kept;
  }
}
