import type { Linked, LinkedEdge, TaskDraft } from './task-draft.ts';

/** All edges from one task to another, and what of the source's ends takes them. */
export type Group = { from: TaskDraft; to: TaskDraft; edges: LinkedEdge[] };

/** A set of tasks, by their index. */
export class Bits {
  readonly #words: Uint32Array;

  constructor(size: number, from?: Bits) {
    this.#words = from === undefined ? new Uint32Array((size + 31) >> 5) : from.#words.slice();
  }

  has(index: number): boolean {
    return (((this.#words[index >> 5] ?? 0) >>> (index & 31)) & 1) === 1;
  }

  add(index: number): void {
    this.#words[index >> 5] = (this.#words[index >> 5] ?? 0) | (1 << (index & 31));
  }

  addAll(other: Bits): void {
    for (let at = 0; at < this.#words.length; at++) this.#words[at] = (this.#words[at] ?? 0) | (other.#words[at] ?? 0);
  }

  keepOf(other: Bits): void {
    for (let at = 0; at < this.#words.length; at++) this.#words[at] = (this.#words[at] ?? 0) & (other.#words[at] ?? 0);
  }
}

/** What follows from the edges alone: the join that nothing says, and the tasks before each task. */
export class GraphFacts {
  readonly tasks: readonly TaskDraft[];
  readonly sorted: readonly TaskDraft[];
  readonly #in: Group[][];
  readonly #out: Group[][];
  readonly #before: Bits[] = [];
  readonly #certain: Bits[] = [];
  /** May be skipped although no task before it failed. */
  readonly #skipsClean: boolean[] = [];
  readonly #joinSkipsClean: boolean[] = [];
  readonly #skips: boolean[] = [];
  readonly #hasRest: boolean;

  constructor({ tasks, edges }: Linked) {
    this.tasks = tasks;
    this.#in = tasks.map(() => []);
    this.#out = tasks.map(() => []);
    const groups = new Map<string, Group>();
    for (const edge of edges) {
      const key = `${edge.from.index} ${edge.to.index}`;
      let group = groups.get(key);
      if (group === undefined) {
        group = { from: edge.from, to: edge.to, edges: [] };
        groups.set(key, group);
        this.#out[edge.from.index]?.push(group);
        this.#in[edge.to.index]?.push(group);
      }
      group.edges.push(edge);
    }
    this.#hasRest = tasks.some((task) => task.rest === 'cancel');
    this.sorted = this.#sort();
    for (const task of this.sorted) this.#learn(task);
  }

  sourcesOf(task: TaskDraft): readonly Group[] {
    return this.#in[task.index] ?? [];
  }

  targetsOf(task: TaskDraft): readonly Group[] {
    return this.#out[task.index] ?? [];
  }

  /** As written; else `any` where every edge is an exception or a branch, and `all` elsewhere. */
  joinOf(task: TaskDraft): 'all' | 'any' | number {
    if (task.join !== undefined) return task.join;
    const edges = this.sourcesOf(task).flatMap((group) => group.edges);
    return edges.length > 0 && edges.every(isExceptional) ? 'any' : 'all';
  }

  isBefore(earlier: TaskDraft, later: TaskDraft): boolean {
    return this.#before[later.index]?.has(earlier.index) === true;
  }

  /** Whether the earlier task has run in any case when the later one starts. */
  isCertain(earlier: TaskDraft, later: TaskDraft): boolean {
    return this.#certain[later.index]?.has(earlier.index) === true;
  }

  #sort(): TaskDraft[] {
    const left = this.#in.map((groups) => groups.length);
    const sorted: TaskDraft[] = this.tasks.filter((task) => left[task.index] === 0);
    for (const task of sorted) {
      for (const { to } of this.targetsOf(task)) {
        const rest = (left[to.index] ?? 0) - 1;
        left[to.index] = rest;
        if (rest === 0) sorted.push(to);
      }
    }
    return sorted;
  }

  #learn(task: TaskDraft): void {
    const groups = this.sourcesOf(task);
    const size = this.tasks.length;
    const before = new Bits(size);
    for (const { from } of groups) {
      before.add(from.index);
      const further = this.#before[from.index];
      if (further !== undefined) before.addAll(further);
    }
    this.#before[task.index] = before;
    const join = this.joinOf(task);
    const some = join === 'any' ? 'every' : 'some';
    const joinSkipsClean = groups.length > 0 && groups[some]((group) => this.#diesClean(group));
    this.#joinSkipsClean[task.index] = joinSkipsClean;
    this.#skipsClean[task.index] = task.hasWhen || joinSkipsClean;
    this.#skips[task.index] =
      task.hasWhen || (groups.length > 0 && (this.#hasRest || groups[some]((group) => this.#dies(group))));
    this.#certain[task.index] = this.#certainBefore(task, groups, join);
  }

  #certainBefore(task: TaskDraft, groups: readonly Group[], join: 'all' | 'any' | number): Bits {
    const size = this.tasks.length;
    const given = groups.map((group) => this.#given(group));
    const needed = join === 'all' ? groups.length : join === 'any' ? Math.min(1, groups.length) : join;
    const certain = new Bits(size);
    if (needed >= groups.length) for (const bits of given) certain.addAll(bits);
    else if (needed <= 1 && given[0] !== undefined) {
      certain.addAll(given[0]);
      for (const bits of given) certain.keepOf(bits);
    } else {
      // Of n sources N are taken: what more than n - N of them bring is there in any case.
      for (let index = 0; index < size; index++) {
        if (this.#before[task.index]?.has(index) !== true) continue;
        const count = given.reduce((sum, bits) => sum + (bits.has(index) ? 1 : 0), 0);
        if (count > groups.length - needed) certain.add(index);
      }
    }
    groups.forEach((group, index) => {
      const bits = given[index];
      if (bits !== undefined && group.edges.some((edge) => edge.plan.required)) certain.addAll(bits);
    });
    return certain;
  }

  /** The tasks that have run in any case when this edge is taken. */
  #given(group: Group): Bits {
    const { from } = group;
    const certain = this.#certain[from.index];
    const takenBySkip = this.#skips[from.index] === true && (has(group, 'always') || has(group, 'skipped'));
    const continued = from.onSkip === 'continue' && this.#skipsClean[from.index] === true && goesOnAfterSkip(group);
    if (takenBySkip || (continued && this.#joinSkipsClean[from.index])) return new Bits(this.tasks.length);
    const given = new Bits(this.tasks.length, certain);
    if (!continued) given.add(from.index);
    return given;
  }

  /** The edge may be dead although nothing failed. */
  #diesClean(group: Group): boolean {
    if (!has(group, 'success') && !has(group, 'complete') && !has(group, 'always')) return true;
    if (has(group, 'always') || has(group, 'skipped')) return false;
    const goesOn = group.from.onSkip === 'continue' && goesOnAfterSkip(group);
    return this.#skipsClean[group.from.index] === true && !goesOn;
  }

  #dies(group: Group): boolean {
    const { from } = group;
    if (has(group, 'always')) return false;
    if (this.#diesClean(group)) return true;
    if (!from.ignoresFailure && !has(group, 'complete') && !(has(group, 'success') && has(group, 'failure')))
      return true;
    return this.#skips[from.index] === true && !has(group, 'skipped');
  }
}

/** An edge that is taken when something goes another way than straight on. */
export function isExceptional({ plan }: LinkedEdge): boolean {
  return plan.on === 'failure' || plan.on === 'timeout' || plan.branch !== undefined;
}

function has(group: Group, on: LinkedEdge['plan']['on']): boolean {
  return group.edges.some(({ plan }) => plan.on === on && plan.branch === undefined);
}

/** Where a task that was skipped counts as passed, this edge is taken. */
function goesOnAfterSkip(group: Group): boolean {
  return group.edges.some(({ plan, from }) => {
    if (plan.branch !== undefined) return from.written.branches[plan.branch]?.when === undefined;
    return plan.on === 'success' || plan.on === 'complete';
  });
}
