import type { GroupInput, RunInput } from '../../src/engine/index.ts';
import { decodeGroupEntry, decodeRunEntry } from '../../src/runtime/entry.ts';
import type { CommitItem } from '../../src/store/store.ts';
import type { Checker, Scene } from './checker.ts';

/** Clocks of replicas differ by less: the clock was set back by which what waits was accepted so much later. */
const CLOCKS_DIFFER_MAX_MS = 60_000;

type Group = { limit: number; limitMax: number; holders: Set<string>; queue: { run: string; acceptedAt: number }[] };

/**
 * no-two-in-a-group: never more runs of a group are open than its limit (two sequences may disagree on it: the larger). queue-order: whoever starts was next, by the time
 * it was accepted, among those who were in the queue.
 */
export class Groups implements Checker {
  readonly #scene: Scene;
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<string, string>();
  /** By group: runs that have started and not ended, as their own journals say. */
  readonly #open = new Map<string, Set<string>>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    if (item.stream.startsWith('group:')) this.#groupEntry(item);
    else this.#runEntry(item);
  }

  #groupEntry(item: CommitItem): void {
    const group = this.#groups.get(item.stream) ?? { limit: 1, limitMax: 1, holders: new Set(), queue: [] };
    this.#groups.set(item.stream, group);
    for (const input of decodeGroupEntry(item)) {
      if (input.kind === 'release') {
        group.holders.delete(input.run);
        group.queue = group.queue.filter((one) => one.run !== input.run);
      } else {
        this.#groupOf.set(input.run, item.stream);
        group.limit = input.limit;
        group.limitMax = Math.max(group.limitMax, input.limit);
        group.queue.push({ run: input.run, acceptedAt: acceptedAtOf(group, input) });
      }
      // First come, first served: the earliest accepted of those who wait, while there is room.
      while (group.holders.size < group.limit && group.queue.length > 0) {
        group.queue.sort((a, b) => a.acceptedAt - b.acceptedAt || (a.run < b.run ? -1 : 1));
        const next = group.queue.shift();
        if (next) group.holders.add(next.run);
      }
    }
  }

  #runEntry(item: CommitItem): void {
    const key = this.#groupOf.get(item.stream);
    if (key === undefined) return;
    const group = this.#groups.get(key);
    const open = this.#open.get(key) ?? new Set<string>();
    this.#open.set(key, open);
    const inputs: RunInput[] = decodeRunEntry(item);
    if (
      inputs.some((input) => input.kind === 'granted') &&
      !item.events.every((_json, index) => item.rows[index]?.direction === 'in')
    ) {
      open.add(item.stream);
      if (!group?.holders.has(item.stream))
        this.#scene.fail('queue-order', `${item.stream} starts in ${key}, where it was not its turn`);
    }
    if (item.summary?.state === 'finished') open.delete(item.stream);
    if (open.size > (group?.limitMax ?? 1))
      this.#scene.fail('no-two-in-a-group', `${[...open].join(' and ')} are open in ${key}, limit ${group?.limitMax}`);
  }
}

function acceptedAtOf({ queue }: Group, { at, acceptedAt }: Extract<GroupInput, { kind: 'enqueue' }>): number {
  const last = Math.max(...queue.map((one) => one.acceptedAt));
  return last > at + CLOCKS_DIFFER_MAX_MS ? last + 1 : acceptedAt;
}
