import type { GraphTask } from './compile.ts';

/** What a task has heard from its sources. Grows after its start too: a late source is no leaf, and *why* names it. */
export type Join = {
  /** Keys of the sources whose edge was taken, in the order in which they ended. */
  taken: readonly string[];
  dead: readonly string[];
  requiredTaken: number;
  requiredDead: number;
  /** How many of `taken` there were when the task started: what it sees is frozen then. Undefined: it has not started. */
  from?: number;
};

export const EMPTY_JOIN: Join = { taken: [], dead: [], requiredTaken: 0, requiredDead: 0 };

export function heard(join: Join, source: { key: string; taken: boolean; required: boolean }): Join {
  const by = source.required ? 1 : 0;
  return source.taken
    ? { ...join, taken: [...join.taken, source.key], requiredTaken: join.requiredTaken + by }
    : { ...join, dead: [...join.dead, source.key], requiredDead: join.requiredDead + by };
}

/** `met`: it starts. `never`: no edge is open any more, and it is not met. */
export function decideJoin(task: GraphTask, join: Join): 'met' | 'open' | 'never' {
  if (join.taken.length >= task.needed && join.requiredTaken >= task.required) return 'met';
  return openEdges(task, join) === 0 ? 'never' : 'open';
}

/** Whether the edges that are open could still start it. */
export function canStart(task: GraphTask, join: Join): boolean {
  return join.requiredDead === 0 && join.taken.length + openEdges(task, join) >= task.needed;
}

function openEdges(task: GraphTask, join: Join): number {
  return task.sources.length - join.taken.length - join.dead.length;
}
