import type { EdgePlan } from '@slipway/contract';
import { quoted } from '../../text.ts';
import { type Field, placeOf, type Reading } from '../fields.ts';
import type { EdgeDraft } from './read-edges.ts';
import type { Linked, LinkedEdge, TaskDraft } from './task-draft.ts';

const EDGES_MAX = 10_000;

/**
 * Finds the tasks that edges name. Edges written in `needs` and in `next` are the same edges, and one that is written twice is
 * one. A list without any is a line: each task needs the one before it; in `finally`, it runs whatever that one did.
 */
export function linkTasks(
  reading: Reading,
  tasks: readonly TaskDraft[],
  others: readonly TaskDraft[],
): Linked | undefined {
  const isGraph = tasks.some((task) => task.written.isGraph);
  if (!isGraph) return { tasks, edges: lineOf(tasks), isGraph };
  const count = tasks.reduce((sum, task) => sum + task.written.edges.length, 0);
  const first = tasks[0];
  if (count > EDGES_MAX && first !== undefined) {
    const message = `${count} edges are more than the ${EDGES_MAX} that a sequence may have`;
    reading.problems.add({ code: 'too-many', message, pointer: first.at.pointer, at: first.at.keyAt });
    return undefined;
  }
  const byName = new Map(tasks.map((task) => [task.key, task]));
  const elsewhere = new Set(others.map((task) => task.key));
  const edges = new Map<string, LinkedEdge>();
  let isBroken = false;
  for (const task of tasks) {
    for (const draft of task.written.edges) {
      const other = byName.get(draft.name);
      if (other === undefined) {
        isBroken = true;
        unknownTask(reading, draft, { known: byName, elsewhere, isFinally: task.isFinally });
        continue;
      }
      const [from, to] = draft.direction === 'in' ? [other, task] : [task, other];
      if (from === to) {
        isBroken = true;
        const message = `"${task.key}" cannot wait for itself`;
        reading.problems.add({ code: 'task-cycle', message, pointer: draft.field.pointer, at: placeOf(draft.field) });
        continue;
      }
      const plan: EdgePlan = { from: from.key, to: to.key, on: draft.on };
      if (draft.branch !== undefined) plan.branch = draft.branch;
      const key = `${plan.from} ${plan.to} ${plan.on} ${plan.branch ?? ''}`;
      const known = edges.get(key);
      if (draft.required) (known?.plan ?? plan).required = true;
      if (known === undefined) edges.set(key, { plan, from, to, field: draft.field });
    }
  }
  const found = [...edges.values()].sort(inOrder);
  const linked: Linked = { tasks, edges: found, isGraph, ...(isBroken ? { isBroken } : {}) };
  return hasCycle(reading, linked) ? undefined : linked;
}

/** By where they lead, then by where they come from: what a plan means does not depend on which end an edge is written at. */
function inOrder(a: LinkedEdge, b: LinkedEdge): number {
  return a.to.index - b.to.index || a.from.index - b.from.index || rankOf(a.plan) - rankOf(b.plan);
}

const ORDER = ['success', 'failure', 'timeout', 'complete', 'skipped', 'always'];

function rankOf({ on, branch }: EdgePlan): number {
  return branch === undefined ? ORDER.indexOf(on) : ORDER.length + branch;
}

function lineOf(tasks: readonly TaskDraft[]): LinkedEdge[] {
  return tasks.flatMap((to, index) => {
    const from = tasks[index - 1];
    if (from === undefined) return [];
    return [{ plan: { from: from.key, to: to.key, on: to.isFinally ? 'always' : 'success' }, from, to, field: to.at }];
  });
}

function unknownTask(
  reading: Reading,
  { name, field }: EdgeDraft,
  where: { known: ReadonlyMap<string, TaskDraft>; elsewhere: ReadonlySet<string>; isFinally: boolean },
): void {
  const place = { pointer: field.pointer, at: placeOf(field) };
  if (where.elsewhere.has(name)) {
    const message = where.isFinally
      ? `"${name}" is not in "finally": its tasks run after all others, so none of them can be waited for here`
      : `"${name}" is in "finally", and no edge leads there: its tasks run after all others`;
    reading.problems.add({ code: 'unknown-task', message, ...place });
    return;
  }
  const near = { name, known: where.known.keys() };
  reading.problems.add({
    code: 'unknown-task',
    message: `there is no task ${quoted(name)} in this sequence`,
    ...place,
    near,
  });
}

/** Tasks that wait for each other would never start; the first such circle is shown with its path. */
function hasCycle(reading: Reading, { tasks, edges }: Linked): boolean {
  const left = new Map<TaskDraft, number>();
  const out = new Map<TaskDraft, LinkedEdge[]>();
  for (const edge of edges) {
    left.set(edge.to, (left.get(edge.to) ?? 0) + 1);
    const list = out.get(edge.from);
    if (list === undefined) out.set(edge.from, [edge]);
    else list.push(edge);
  }
  const free = tasks.filter((task) => !left.has(task));
  for (let task = free.pop(); task !== undefined; task = free.pop()) {
    for (const { to } of out.get(task) ?? []) {
      const rest = (left.get(to) ?? 0) - 1;
      left.set(to, rest);
      if (rest === 0) free.push(to);
    }
  }
  const stuck = new Set(tasks.filter((task) => (left.get(task) ?? 0) > 0));
  if (stuck.size === 0) return false;
  // Each of them has a source among them: to walk back from any of them ends in a circle.
  const before = new Map<TaskDraft, LinkedEdge>();
  for (const edge of edges) if (stuck.has(edge.from) && stuck.has(edge.to)) before.set(edge.to, edge);
  const walked: TaskDraft[] = [];
  let at = [...stuck][0];
  while (at !== undefined && !walked.includes(at)) {
    walked.push(at);
    at = before.get(at)?.from;
  }
  if (at === undefined) return true;
  const circle = walked.slice(walked.indexOf(at)).reverse();
  const start = circle.reduce((least, task) => (task.index < least.index ? task : least));
  const turned = [...circle.slice(circle.indexOf(start)), ...circle.slice(0, circle.indexOf(start)), start];
  const field: Field = before.get(start)?.field ?? start.at;
  const message = `these tasks wait for each other, so none of them can start: ${pathOf(turned)}`;
  reading.problems.add({ code: 'task-cycle', message, pointer: field.pointer, at: placeOf(field) });
  return true;
}

const PATH_SHOWN_MAX = 12;

function pathOf(tasks: readonly TaskDraft[]): string {
  const names = tasks.map((task) => task.key);
  if (names.length <= PATH_SHOWN_MAX) return names.join(' → ');
  return [...names.slice(0, PATH_SHOWN_MAX - 2), `… (${names.length - PATH_SHOWN_MAX + 1} more)`, names.at(-1)].join(
    ' → ',
  );
}
