import type { Node, SkipReason } from '../types.ts';
import { type GraphTask, TaskHeap } from './compile.ts';
import { endingOf, hasFailed, isTaken } from './edge.ts';
import { canStart, decideJoin, EMPTY_JOIN, heard, type Join } from './join.ts';

/** The tasks of a run, as settling reads and writes them. */
export type Board = {
  get(key: string): Node | undefined;
  set(key: string, node: Node): void;
  /** Ends a task that nobody needs any more: its open attempt, its delay, or its wait for its sources. */
  cancel(task: GraphTask): void;
};

/**
 * Follows the edges of tasks that ended, as far as that decides something, and answers the tasks that start, in plan order.
 * Every edge that is settled in this step is counted before a join behind it is decided: joins are decided in topological
 * order. `rest: cancel` of what starts comes after that, in plan order. Linear in the edges that are touched.
 */
export function settle(board: Board, ended: readonly GraphTask[]): GraphTask[] {
  const due = new TaskHeap<GraphTask>((task) => task.rank);
  const started: GraphTask[] = [];
  for (const task of ended) spread(board, task, due);
  for (;;) {
    const first = started.length;
    for (let task = due.pop(); task !== undefined; task = due.pop()) decide(board, task, due, started);
    const now = started.slice(first).toSorted(byIndex);
    for (const task of now) if (task.plan.rest === 'cancel') cancelRest(board, task, due);
    if (now.length === 0) return started.toSorted(byIndex);
  }
}

/** Starts the tasks that wait for nothing. */
export function startRoots(board: Board, tasks: readonly GraphTask[]): GraphTask[] {
  const roots = tasks.filter((task) => task.sources.length === 0);
  for (const task of roots) begin(board, task, EMPTY_JOIN);
  return roots;
}

function byIndex(a: GraphTask, b: GraphTask): number {
  return a.index - b.index;
}

/** Tells the targets of a task how it ended. */
function spread(board: Board, task: GraphTask, due: TaskHeap<GraphTask>): void {
  const ending = endingOf(task, board.get(task.key));
  if (ending === undefined) return;
  for (const link of task.targets) {
    const node = board.get(link.to.key);
    if (node === undefined) continue;
    const source = { key: task.key, taken: isTaken(link, ending), required: link.required };
    board.set(link.to.key, { ...node, join: heard(node.join ?? EMPTY_JOIN, source) });
    if (isUndecided(node)) due.push(link.to);
  }
}

/** It waits for its sources. */
function isUndecided(node: Node | undefined): node is Extract<Node, { state: 'pending' }> {
  return node?.state === 'pending' && node.join?.from === undefined;
}

function decide(board: Board, task: GraphTask, due: TaskHeap<GraphTask>, started: GraphTask[]): void {
  const node = board.get(task.key);
  if (!isUndecided(node)) return;
  const join = node.join ?? EMPTY_JOIN;
  const verdict = decideJoin(task, join);
  if (verdict === 'met') {
    begin(board, task, join);
    started.push(task);
  } else if (verdict === 'never') {
    board.set(task.key, skipped(task, node, afterFailure(board, join) ? 'after-failure' : 'not-taken'));
    spread(board, task, due);
  }
}

function begin(board: Board, task: GraphTask, join: Join): void {
  const node = board.get(task.key);
  if (node !== undefined) board.set(task.key, { ...node, join: { ...join, from: join.taken.length } });
}

/** A skip goes on as a pass only where no failure led to it. */
export function skipped(task: GraphTask, node: Node, reason: SkipReason): Node {
  const { attempts, join } = node;
  const continues = task.plan.onSkip === 'continue' && reason !== 'after-failure';
  return { state: 'skipped', attempts, reason, ...(continues ? { continues } : {}), ...(join ? { join } : {}) };
}

/** Whether a dead edge goes back, directly or through skips, to a task that failed or was cancelled. */
function afterFailure(board: Board, join: Join): boolean {
  return join.dead.some((key) => {
    const source = board.get(key);
    if (source?.state === 'skipped') return source.reason === 'after-failure';
    return source?.state === 'cancelled' || (source?.state === 'finished' && hasFailed(source));
  });
}

/**
 * Cancels the sources that are still open, and the sources of what it cancels, as far as no other task can still start by
 * them. What is kept for a task that this very walk leaves unable to start is looked at again, so no order matters.
 */
function cancelRest(board: Board, start: GraphTask, due: TaskHeap<GraphTask>): void {
  const look = start.sources.map((link) => link.from);
  const unneeded = new Set(look);
  for (let task = look.pop(); task !== undefined; task = look.pop()) {
    const node = board.get(task.key);
    if (node === undefined || endingOf(task, node) !== undefined) continue;
    if (task.targets.some(({ to }) => needsSources(board, to))) continue;
    board.cancel(task);
    spread(board, task, due);
    for (const { from } of task.sources) {
      unneeded.add(from);
      look.push(from);
    }
    for (const { to } of task.targets) {
      if (!isUndecided(board.get(to.key)) || needsSources(board, to)) continue;
      for (const { from } of to.sources) if (unneeded.has(from)) look.push(from);
    }
  }
}

function needsSources(board: Board, task: GraphTask): boolean {
  const node = board.get(task.key);
  return isUndecided(node) && canStart(task, node.join ?? EMPTY_JOIN);
}
