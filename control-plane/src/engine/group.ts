import type { GroupInput } from './types.ts';

/** Clocks of replicas differ by less. */
const CLOCKS_DIFFER_MAX_MS = 60_000;

/**
 * The queue of one concurrency group: at most `limit` holders, the others in the order in which they were accepted.
 * It is woken by the end of the run before, never polled.
 */
export type Group = {
  key: string;
  limit: number;
  holders: readonly string[];
  queue: readonly Place[];
};
type Place = { readonly run: string; readonly acceptedAt: number };

type Send = {
  run: string;
  input: { kind: 'granted'; at: number } | { kind: 'rejected'; at: number; message: string };
};

export type GroupStep = {
  group: Group;
  /** What runs are told: they may start, or they were refused. */
  sends: readonly Send[];
  changed: boolean;
};

/** A group that belongs to who decides, and is changed where it is. `queued`: who is in its queue, where many are looked for. */
type Draft = { key: string; limit: number; holders: string[]; queue: Place[]; queued: Set<string> | undefined };

/** Decides what an input does to a group. Pure and total; a repeat changes nothing, but a grant is told again. */
export function transitionGroup(group: Group, input: GroupInput): GroupStep {
  const draft: Draft = { ...group, holders: [...group.holders], queue: [...group.queue], queued: undefined };
  const { sends, changed } = decide(draft, input);
  return { group: changed ? groupOf(draft) : group, sends, changed };
}

/** What many inputs make of a group, as `transitionGroup` would one by one, at a cost that does not grow with its queue. */
export function foldGroup(group: Group, inputs: Iterable<GroupInput>): Group {
  const queued = new Set(group.queue.map(({ run }) => run));
  const draft: Draft = { ...group, holders: [...group.holders], queue: [...group.queue], queued };
  for (const input of inputs) decide(draft, input);
  return groupOf(draft);
}

export function emptyGroup(key: string): Group {
  return { key, limit: 1, holders: [], queue: [] };
}

function groupOf({ key, limit, holders, queue }: Draft): Group {
  return { key, limit, holders, queue };
}

function decide(draft: Draft, input: GroupInput): Pick<GroupStep, 'sends' | 'changed'> {
  return input.kind === 'enqueue' ? enqueue(draft, input) : release(draft, input);
}

function enqueue(draft: Draft, input: Extract<GroupInput, { kind: 'enqueue' }>): Pick<GroupStep, 'sends' | 'changed'> {
  const { run, at } = input;
  if (draft.holders.includes(run)) return { sends: [{ run, input: { kind: 'granted', at } }], changed: false };
  if (isQueued(draft, run)) return { sends: [], changed: false };
  const full = draft.holders.length >= input.limit || draft.queue.length > 0;
  if (full && input.policy === 'reject') {
    const message = `concurrency group ${draft.key} is busy: ${draft.holders.length} of ${input.limit} run(s) in it, and its policy is reject`;
    return { sends: [{ run, input: { kind: 'rejected', at, message } }], changed: false };
  }
  draft.limit = input.limit;
  insert(draft, input);
  return { sends: grant(draft, at), changed: true };
}

function release(draft: Draft, { run, at }: GroupInput): Pick<GroupStep, 'sends' | 'changed'> {
  const held = draft.holders.indexOf(run);
  if (held !== -1) draft.holders.splice(held, 1);
  else if (isQueued(draft, run)) {
    const place = draft.queue.findIndex((one) => one.run === run);
    draft.queue.splice(place, 1);
    draft.queued?.delete(run);
  } else return { sends: [], changed: false };
  return { sends: grant(draft, at), changed: true };
}

function isQueued({ queue, queued }: Draft, run: string): boolean {
  return queued === undefined ? queue.some((one) => one.run === run) : queued.has(run);
}

/** In the order of acceptance, which most often is behind all others. */
function insert({ queue, queued }: Draft, { run, at, acceptedAt }: Extract<GroupInput, { kind: 'enqueue' }>): void {
  const last = queue.at(-1);
  // By a clock that was set back the newest would seem to be the oldest.
  const place = last && isSetBack(last.acceptedAt, at) ? { run, acceptedAt: last.acceptedAt + 1 } : { run, acceptedAt };
  let from = last && isBefore(last, place) ? queue.length : 0;
  for (let to = queue.length; from < to; ) {
    const middle = (from + to) >> 1;
    const one = queue[middle];
    if (one && isBefore(one, place)) from = middle + 1;
    else to = middle;
  }
  queue.splice(from, 0, place);
  queued?.add(run);
}

/** Between the two, somebody has set the clock back: by it nobody can tell which was first. */
function isSetBack(before: number, at: number): boolean {
  return before > at + CLOCKS_DIFFER_MAX_MS;
}

function isBefore(one: Place, other: Place): boolean {
  return one.acceptedAt === other.acceptedAt ? one.run < other.run : one.acceptedAt < other.acceptedAt;
}

function grant({ limit, holders, queue, queued }: Draft, at: number): Send[] {
  const next = queue.splice(0, Math.max(0, limit - holders.length));
  for (const { run } of next) {
    holders.push(run);
    queued?.delete(run);
  }
  return next.map(({ run }) => ({ run, input: { kind: 'granted', at } }));
}
