/** 2026-11-21T08:00:00Z: where the world's clock begins. */
const EPOCH_MS = 1_795_248_000_000;

export type Moment = { at: number; order: number; run: (() => void) | undefined };

/** All that will happen, in order of time; the only thing that moves the world's clock. */
export class Timeline {
  readonly #heap: Moment[] = [];
  #now = EPOCH_MS;
  #order = 0;

  /** True time, ms; nobody in the world sees it but through a clock of theirs. */
  get now(): number {
    return this.#now;
  }

  get elapsed(): number {
    return this.#now - EPOCH_MS;
  }

  after(ms: number, run: () => void): Moment {
    const moment: Moment = { at: this.#now + Math.max(0, ms), order: this.#order++, run };
    this.#push(moment);
    return moment;
  }

  /** Lets the next thing happen; false when nothing is left to happen. */
  step(): boolean {
    for (;;) {
      const moment = this.#pop();
      if (!moment) return false;
      if (!moment.run) continue;
      this.#now = moment.at;
      moment.run();
      return true;
    }
  }

  #push(moment: Moment): void {
    const heap = this.#heap;
    let index = heap.push(moment) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Moment;
      if (!before(moment, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = moment;
  }

  #pop(): Moment | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Moment, heap[child] as Moment)) child++;
      const below = heap[child] as Moment;
      if (!before(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

function before(one: Moment, other: Moment): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/**
 * Resolves when every promise that can go on without the timeline has: a tick that is asked for by a microtask comes
 * when the queue of microtasks is empty.
 */
export function settled(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
