import type { Timer } from '../store/store.ts';

/** The timers due soonest; cancelled ones stay until their time comes and are then passed over. */
export class TimerHeap {
  readonly #items: Timer[] = [];
  readonly #live = new Map<string, number>();

  get size(): number {
    return this.#live.size;
  }

  add(timer: Timer): void {
    const key = keyOf(timer);
    if (this.#live.get(key) === timer.dueAt) return;
    this.#live.set(key, timer.dueAt);
    this.#items.push(timer);
    this.#up(this.#items.length - 1);
  }

  cancel(timer: Pick<Timer, 'stream' | 'name'>): void {
    this.#live.delete(keyOf(timer));
  }

  /** When the next live timer is due; undefined when there is none. */
  nextDueAt(): number | undefined {
    this.#dropDead();
    return this.#items[0]?.dueAt;
  }

  /** Takes the next timer that is due at `now`. */
  takeDue(now: number): Timer | undefined {
    this.#dropDead();
    const top = this.#items[0];
    if (!top || top.dueAt > now) return undefined;
    this.#live.delete(keyOf(top));
    this.#pop();
    return top;
  }

  #dropDead(): void {
    for (let top = this.#items[0]; top && this.#live.get(keyOf(top)) !== top.dueAt; top = this.#items[0]) this.#pop();
  }

  #pop(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.#down(0);
  }

  #up(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#due(parent) <= this.#due(index)) return;
      this.#swap(parent, index);
      index = parent;
    }
  }

  #down(start: number): void {
    let index = start;
    for (;;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) if (this.#due(child) < this.#due(least)) least = child;
      if (least === index) return;
      this.#swap(least, index);
      index = least;
    }
  }

  #due(index: number): number {
    return this.#items[index]?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const first = this.#items[a];
    const second = this.#items[b];
    if (!first || !second) return;
    this.#items[a] = second;
    this.#items[b] = first;
  }
}

function keyOf(timer: Pick<Timer, 'stream' | 'name'>): string {
  return `${timer.stream}\n${timer.name}`;
}
