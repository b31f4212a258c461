import type { EdgePlan } from '@slipway/contract';
import type { Node } from '../types.ts';
import type { GraphTask, Link } from './compile.ts';

/** How a task ended, as far as its edges ask. */
export type Ending =
  | { kind: 'passed'; branch: number | undefined }
  | { kind: 'failed' }
  | { kind: 'timed-out' }
  /** `continues`: it counts as passed for the tasks after it. */
  | { kind: 'skipped'; continues: boolean }
  | { kind: 'cancelled' };

/** Undefined while it has not ended. */
export function endingOf(task: GraphTask, node: Node | undefined): Ending | undefined {
  if (node?.state === 'cancelled') return { kind: 'cancelled' };
  if (node?.state === 'skipped') return { kind: 'skipped', continues: node.continues === true };
  if (node?.state !== 'finished') return undefined;
  if (!hasFailed(node)) return { kind: 'passed', branch: node.branch };
  return { kind: node.timedOut && task.hasTimeoutEdge ? 'timed-out' : 'failed' };
}

export function hasFailed(node: Extract<Node, { state: 'finished' }>): boolean {
  return node.result === 'fail' || node.status === 'errored';
}

/** All edges from one source count as one: it is taken if any of them is. */
export function isTaken(link: Link, ending: Ending): boolean {
  return link.edges.some((edge) => holds(edge, ending));
}

export function holds({ on, branch, when }: EdgePlan, ending: Ending): boolean {
  switch (ending.kind) {
    case 'passed':
      if (branch !== undefined) return branch === ending.branch;
      return on === 'success' || on === 'complete' || on === 'always';
    case 'failed':
      return branch === undefined && (on === 'failure' || on === 'complete' || on === 'always');
    case 'timed-out':
      return branch === undefined && (on === 'timeout' || on === 'complete' || on === 'always');
    case 'skipped':
      // Of a decision that was skipped only the default goes on.
      if (branch !== undefined) return ending.continues && when === undefined;
      if (on === 'skipped' || on === 'always') return true;
      return ending.continues && (on === 'success' || on === 'complete');
    case 'cancelled':
      return false;
  }
}
