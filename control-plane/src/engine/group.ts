import type { GroupInput } from './types.ts';

/**
 * The queue of one concurrency group: at most `limit` holders, the others in the order in which they were accepted.
 * It is woken by the end of the run before, never polled.
 */
export type Group = {
  key: string;
  limit: number;
  holders: readonly string[];
  queue: readonly { run: string; acceptedAt: number }[];
};

export type GroupStep = {
  group: Group;
  /** What runs are told: they may start, or they were refused. */
  sends: readonly {
    run: string;
    input: { kind: 'granted'; at: number } | { kind: 'rejected'; at: number; message: string };
  }[];
  changed: boolean;
};

/** Decides what an input does to a group. Pure and total; a repeat changes nothing, but a grant is told again. */
export function transitionGroup(group: Group, input: GroupInput): GroupStep {
  if (input.kind === 'enqueue') {
    const { run, acceptedAt, at } = input;
    if (group.holders.includes(run)) return { group, sends: [{ run, input: { kind: 'granted', at } }], changed: false };
    if (group.queue.some((one) => one.run === run)) return { group, sends: [], changed: false };
    const full = group.holders.length >= input.limit || group.queue.length > 0;
    if (full && input.policy === 'reject') {
      const message = `concurrency group ${group.key} is busy: ${group.holders.length} of ${input.limit} run(s) in it, and its policy is reject`;
      return { group, sends: [{ run, input: { kind: 'rejected', at, message } }], changed: false };
    }
    const queue = [...group.queue, { run, acceptedAt }].sort(
      (a, b) => a.acceptedAt - b.acceptedAt || (a.run < b.run ? -1 : a.run > b.run ? 1 : 0),
    );
    return grant({ ...group, limit: input.limit, queue }, at);
  }
  const held = group.holders.includes(input.run);
  const queued = group.queue.some((one) => one.run === input.run);
  if (!held && !queued) return { group, sends: [], changed: false };
  return grant(
    {
      ...group,
      holders: group.holders.filter((run) => run !== input.run),
      queue: group.queue.filter((one) => one.run !== input.run),
    },
    input.at,
  );
}

export function emptyGroup(key: string): Group {
  return { key, limit: 1, holders: [], queue: [] };
}

function grant(group: Group, at: number): GroupStep {
  const free = Math.max(0, group.limit - group.holders.length);
  const next = group.queue.slice(0, free);
  return {
    group: { ...group, holders: [...group.holders, ...next.map((one) => one.run)], queue: group.queue.slice(free) },
    sends: next.map((one) => ({ run: one.run, input: { kind: 'granted', at } as const })),
    changed: true,
  };
}
