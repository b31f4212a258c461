import { type Field, placeOf, type Reading } from '../fields.ts';
import { type GraphFacts, type Group, isExceptional } from './graph-facts.ts';
import type { Linked, LinkedEdge, TaskDraft } from './task-draft.ts';

/** Says what can never happen in a graph, and warns where it may mean something else than it seems to. */
export function checkGraph(reading: Reading, linked: Linked, facts: GraphFacts, hasResult: boolean): void {
  for (const task of linked.tasks) {
    checkJoin(reading, task, facts);
    if (task.written.decision !== undefined) checkDecision(reading, task.written.decision, task);
  }
  for (const edge of linked.edges) checkEdge(reading, edge);
  checkBranches(reading, facts);
  if (!hasResult) warnOfPassAfterFailure(reading, linked, facts);
}

/** In a line there is one edge to each task: what speaks of several means nothing there. */
export function checkLine(reading: Reading, tasks: readonly TaskDraft[]): void {
  for (const { fields } of tasks) {
    for (const key of ['join', 'rest', 'onSkip']) {
      const field = fields.get(key);
      if (field === undefined || (key === 'onSkip' && word(field) !== 'cascade')) continue;
      const what = key === 'onSkip' ? '"onSkip: cascade"' : `"${key}"`;
      const message = `${what} means nothing where tasks run one after the other: no task here has "needs", "next" or "decision"`;
      reading.problems.add({ code: 'needs-a-graph', message, pointer: field.pointer, at: field.keyAt });
    }
  }
}

function word(field: Field): unknown {
  return field.node.kind === 'scalar' ? field.node.value : undefined;
}

function checkJoin(reading: Reading, task: TaskDraft, facts: GraphFacts): void {
  const groups = facts.sourcesOf(task);
  const field = task.fields.get('join');
  if (typeof task.join === 'number' && field !== undefined && task.join > groups.length) {
    const message = `a join of ${task.join} can never be met by ${groups.length} ${groups.length === 1 ? 'source' : 'sources'}`;
    reading.problems.add({ code: 'out-of-range', message, pointer: field.pointer, at: placeOf(field) });
  }
  if (task.join !== undefined || groups.length < 2) return;
  const edges = groups.flatMap((group) => group.edges);
  if (!edges.some(isExceptional) || edges.every(isExceptional)) return;
  const message = `"${task.key}" waits for all of its sources, some of them on failure, timeout or a branch: write "join: all" if that is meant, else "join: any"`;
  warn(reading, task.at, 'unclear-join', message);
}

function checkDecision(reading: Reading, field: Field, { key, written }: TaskDraft): void {
  if (written.branches.some(({ when }) => when === undefined)) return;
  const message = `where none of these holds, nothing comes after "${key}": add {default: ...} if something should`;
  reading.problems.add({ severity: 'warning', code: 'no-default', message, pointer: field.pointer, at: field.keyAt });
}

function checkEdge(reading: Reading, { plan, from, field }: LinkedEdge): void {
  if (from.ignoresFailure && (plan.on === 'failure' || plan.on === 'timeout')) {
    never(
      reading,
      field,
      `"${from.key}" has "ignoreFailure", so its failure counts as a warning and this edge is never taken`,
    );
  } else if (plan.on === 'timeout' && !from.hasTimeout) {
    never(reading, field, `"${from.key}" has no timeout, startTimeout or heartbeat, so this edge is never taken`);
  } else if (from.builtIn === 'end') {
    never(reading, field, `the run ends with "${from.key}", so nothing starts after it`);
  }
}

function never(reading: Reading, field: Field, message: string): void {
  reading.problems.add({ code: 'edge-never-taken', message, pointer: field.pointer, at: placeOf(field) });
}

// ---- exclusive branches

/** Ways in which a task can end, as bits: passed without a branch, each of its branches, failed, timed out, skipped. */
const PASSED = 1n;
const FAILED = 1n << 101n;
const TIMED_OUT = 1n << 102n;
const SKIPPED = 1n << 103n;
const ALL_PASSED = FAILED - 1n;

/** How the tasks before a task must have ended when it starts. */
type Required = Map<TaskDraft, bigint>;

/** A join of all over branches of which only one is taken would never start. */
function checkBranches(reading: Reading, facts: GraphFacts): void {
  const required = new Map<TaskDraft, Required>();
  const forks = new Set(facts.tasks.filter((task) => isFork(facts, task)));
  if (forks.size === 0) return;
  for (const task of facts.sorted) {
    const groups = facts.sourcesOf(task);
    const given = groups.map((group) => requiredBy(group, facts, forks, required));
    const [first, ...rest] = given;
    if (first === undefined) continue;
    const join = facts.joinOf(task);
    const merged: Required = new Map(first);
    required.set(task, merged);
    if (join !== 'all') {
      for (const [key, mask] of first) {
        if (rest.every((one) => one.has(key)))
          merged.set(
            key,
            rest.reduce((sum, one) => sum | (one.get(key) ?? 0n), mask),
          );
        else merged.delete(key);
      }
      continue;
    }
    for (const [index, one] of rest.entries()) {
      const clash = [...one].find(([key, mask]) => (mask & (merged.get(key) ?? mask)) === 0n);
      if (clash !== undefined) {
        const group = groups[index + 1];
        const other = groups.find((_, at) => ((given[at]?.get(clash[0]) ?? clash[1]) & clash[1]) === 0n);
        exclusive(reading, task, [other?.from.key ?? '', group?.from.key ?? ''], clash[0].key);
        break;
      }
      for (const [key, mask] of one) merged.set(key, mask & (merged.get(key) ?? mask));
    }
  }
}

function exclusive(reading: Reading, task: TaskDraft, sources: readonly string[], fork: string): void {
  const field = task.fields.get('join') ?? task.fields.get('needs') ?? task.at;
  const [a, b] = sources;
  const what = a === b ? `the edges from "${a}"` : `the edges from "${a}" and "${b}"`;
  const message = `"${task.key}" never starts: ${what} are never both taken, because "${fork}" ends in one way only. Use "join: any"`;
  reading.problems.add({ code: 'exclusive-branches', message, pointer: field.pointer, at: field.keyAt });
}

function requiredBy(
  group: Group,
  facts: GraphFacts,
  forks: ReadonlySet<TaskDraft>,
  known: ReadonlyMap<TaskDraft, Required>,
): Required {
  const mask = maskOf(facts, group);
  // One that was skipped need not have started.
  const required: Required = (mask & SKIPPED) === 0n ? new Map(known.get(group.from)) : new Map();
  if (forks.has(group.from)) required.set(group.from, mask);
  return required;
}

function isFork(facts: GraphFacts, task: TaskDraft): boolean {
  const masks = new Set(facts.targetsOf(task).map((group) => maskOf(facts, group)));
  return masks.size > 1;
}

function maskOf(facts: GraphFacts, group: Group): bigint {
  const { from } = group;
  const hasTimeoutEdge = facts.targetsOf(from).some(({ edges }) => edges.some(({ plan }) => plan.on === 'timeout'));
  const skipped = from.onSkip === 'continue' ? SKIPPED : 0n;
  let mask = 0n;
  for (const { plan } of group.edges) {
    if (plan.branch !== undefined) {
      mask |= PASSED << BigInt(plan.branch + 1);
      if (from.written.branches[plan.branch]?.when === undefined) mask |= skipped;
    } else if (plan.on === 'success') mask |= ALL_PASSED | skipped;
    else if (plan.on === 'failure') mask |= hasTimeoutEdge ? FAILED : FAILED | TIMED_OUT;
    else if (plan.on === 'timeout') mask |= TIMED_OUT;
    else if (plan.on === 'complete') mask |= ALL_PASSED | FAILED | TIMED_OUT | skipped;
    else if (plan.on === 'skipped') mask |= SKIPPED;
    else mask |= ALL_PASSED | FAILED | TIMED_OUT | SKIPPED;
  }
  return mask;
}

// ---- lint

/** A failure that is handled does not fail the run, which may surprise. */
function warnOfPassAfterFailure(reading: Reading, { edges }: Linked, facts: GraphFacts): void {
  const endsBelow = new Set<TaskDraft>();
  for (const task of facts.sorted.toReversed()) {
    if (task.builtIn === 'end' || facts.targetsOf(task).some(({ to }) => endsBelow.has(to))) endsBelow.add(task);
  }
  const warned = new Set<TaskDraft>();
  for (const { plan, from, to, field } of edges) {
    if ((plan.on !== 'failure' && plan.on !== 'timeout') || from.isFinally || endsBelow.has(to) || warned.has(from))
      continue;
    warned.add(from);
    const message = `the run will say pass although "${from.key}" failed: end the path with "uses: end" if that is not meant`;
    warn(reading, field, 'pass-after-failure', message);
  }
}

function warn(reading: Reading, field: Field, code: string, message: string): void {
  reading.problems.add({ severity: 'warning', code, message, pointer: field.pointer, at: placeOf(field) });
}
