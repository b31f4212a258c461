import { ownValue } from '@slipway/contract';
import type { RunBase } from '../types.ts';
import type { Graph, GraphTask } from './compile.ts';
import type { Join } from './join.ts';

/**
 * The tasks that a task may look at, as bits by their rank: the sources whose edge was taken when it started, and what those
 * saw. Kept with the join, which stays as it is from then on, so that each is computed once.
 */
const known = new WeakMap<Join, Uint32Array>();

/** In the order in which they are merged: later wins. Without a task, all that have ended. */
export function visibleTo(run: RunBase, graph: Graph, task?: GraphTask): GraphTask[] {
  const bits = task && bitsOf(run, graph, task);
  const seesMain = task?.plan.finally === true;
  return graph.sorted.filter((one) => {
    const isSeen = bits === undefined || has(bits, one.rank) || (seesMain && !one.plan.finally);
    const state = isSeen ? ownValue(run.nodes, one.key)?.state : undefined;
    return state === 'finished' || state === 'skipped';
  });
}

function bitsOf(run: RunBase, graph: Graph, task: GraphTask): Uint32Array {
  const bits = new Uint32Array((graph.sorted.length + 31) >> 5);
  const join = ownValue(run.nodes, task.key)?.join;
  const count = join?.from ?? join?.taken.length ?? 0;
  if (join === undefined || count === 0) return bits;
  const before = known.get(join);
  if (before !== undefined) return before;
  for (let index = 0; index < count; index++) {
    const source = graph.byKey.get(join.taken[index] ?? '');
    if (source === undefined) continue;
    bits[source.rank >> 5] = (bits[source.rank >> 5] ?? 0) | (1 << (source.rank & 31));
    const further = bitsOf(run, graph, source);
    for (let word = 0; word < bits.length; word++) bits[word] = (bits[word] ?? 0) | (further[word] ?? 0);
  }
  known.set(join, bits);
  return bits;
}

function has(bits: Uint32Array, rank: number): boolean {
  return (((bits[rank >> 5] ?? 0) >>> (rank & 31)) & 1) === 1;
}
