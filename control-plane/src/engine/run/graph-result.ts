import type { Result, Status } from '@slipway/contract';
import { ownValue } from '@slipway/contract';
import type { Graph, GraphTask } from '../graph/compile.ts';
import { endingOf, hasFailed, holds } from '../graph/edge.ts';
import type { Node, RunBase } from '../types.ts';

/** What the tasks of a graph came to, before anything overrides it. */
export type Computed = { status: Status; result: Result; message: string };

/** The worst of the failures that nothing handled and of the tasks that nothing came after. */
export function computedResult(run: RunBase, graph: Graph, phase: 'main' | 'finally'): Computed {
  const tasks = graph.tasks.filter((task) => (task.plan.finally !== undefined) === (phase === 'finally'));
  const reach = reachOf(run, graph);
  const unhandled = tasks.filter((task) => isUnhandled(run, task, reach));
  const [first] = unhandled;
  if (first !== undefined) {
    const isErrored = unhandled.some(({ key }) => statusOf(ownValue(run.nodes, key)) === 'errored');
    return {
      status: isErrored ? 'errored' : 'succeeded',
      result: 'fail',
      message: failureMessage(run, first, unhandled),
    };
  }
  const leaves = tasks.filter((task) => isLeaf(run, task, reach)).map(({ key }) => ownValue(run.nodes, key));
  const isWarning = leaves.some((node) => node?.state === 'finished' && node.result === 'warning');
  const [only] = leaves;
  const message = leaves.length === 1 && only?.state === 'finished' ? only.message : '';
  return { status: 'succeeded', result: isWarning ? 'warning' : 'pass', message };
}

function failureMessage(run: RunBase, { key }: GraphTask, unhandled: readonly GraphTask[]): string {
  const node = ownValue(run.nodes, key);
  const message = node?.state === 'finished' && node.message !== '' ? `: ${node.message}` : '';
  const others = unhandled.length === 1 ? '' : ` (and ${unhandled.length - 1} more)`;
  return `'${key}' failed${others}${message}`;
}

function statusOf(node: Node | undefined): Status | undefined {
  return node?.state === 'finished' ? node.status : undefined;
}

/** What can be reached through tasks that were skipped, by the index of the task. */
type Reach = { join: boolean[]; started: boolean[] };

function reachOf(run: RunBase, graph: Graph): Reach {
  const reach: Reach = { join: [], started: [] };
  for (const task of graph.sorted.toReversed()) {
    const node = ownValue(run.nodes, task.key);
    if (node?.state !== 'skipped') continue;
    reach.join[task.index] = reachesJoin(run, task, reach);
    reach.started[task.index] = node.continues === true && reachesStarted(run, task, reach);
  }
  return reach;
}

/** A join of some of its sources handles the failure of the others once it has started. */
function reachesJoin(run: RunBase, task: GraphTask, reach: Reach): boolean {
  return task.targets.some(({ to }) => {
    const node = ownValue(run.nodes, to.key);
    return node?.state === 'skipped' ? reach.join[to.index] === true : hasStarted(node) && to.plan.join !== 'all';
  });
}

function reachesStarted(run: RunBase, task: GraphTask, reach: Reach): boolean {
  return task.targets.some(({ to }) => hasStarted(ownValue(run.nodes, to.key)) || reach.started[to.index] === true);
}

function hasStarted(node: Node | undefined): boolean {
  return node?.join?.from !== undefined && node.state !== 'skipped';
}

function isUnhandled(run: RunBase, task: GraphTask, reach: Reach): boolean {
  const node = ownValue(run.nodes, task.key);
  if (node?.state !== 'finished' || !hasFailed(node)) return false;
  const ending = endingOf(task, node);
  const isTaken = task.targets.some(
    ({ edges, to }) =>
      hasStarted(ownValue(run.nodes, to.key)) &&
      edges.some(
        (edge) => (edge.on === 'failure' || edge.on === 'timeout') && ending !== undefined && holds(edge, ending),
      ),
  );
  return !isTaken && !reachesJoin(run, task, reach);
}

function isLeaf(run: RunBase, task: GraphTask, reach: Reach): boolean {
  const node = ownValue(run.nodes, task.key);
  return node?.state === 'finished' && !hasFailed(node) && !reachesStarted(run, task, reach);
}

/** The tasks that nothing came after, of those that gave something. */
export function leavesOf(run: RunBase, graph: Graph): GraphTask[] {
  const reach = reachOf(run, graph);
  return graph.tasks.filter(
    (task) =>
      !task.plan.finally && ownValue(run.nodes, task.key)?.state === 'finished' && !reachesStarted(run, task, reach),
  );
}
