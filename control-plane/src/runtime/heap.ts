import type { Timer } from '../store/store.ts';

/**
 * The timers due soonest; cancelled ones stay until their time comes and are then passed over. Of one name there are several
 * when replicas have decided differently: the entry of one is durable, and which of the timers is its own is not known here.
 */
export class TimerHeap {
  readonly #items: Timer[] = [];
  /** When those of a name are due: nearly always there is one. */
  readonly #live = new Map<string, number | readonly number[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(timer: Timer): void {
    const key = keyOf(timer);
    const known = this.#live.get(key);
    if (isAmong(known, timer.dueAt)) return;
    this.#live.set(key, known === undefined ? timer.dueAt : [...listOf(known), timer.dueAt]);
    this.#size++;
    this.#items.push(timer);
    this.#up(this.#items.length - 1);
  }

  cancel(timer: Pick<Timer, 'stream' | 'name'>): void {
    const key = keyOf(timer);
    this.#size -= listOf(this.#live.get(key)).length;
    this.#live.delete(key);
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
    this.#take(top);
    this.#pop();
    return top;
  }

  #take(timer: Timer): void {
    const key = keyOf(timer);
    const left = listOf(this.#live.get(key)).filter((dueAt) => dueAt !== timer.dueAt);
    if (left.length === 0) this.#live.delete(key);
    else this.#live.set(key, left);
    this.#size--;
  }

  #dropDead(): void {
    for (let top = this.#items[0]; top && !isAmong(this.#live.get(keyOf(top)), top.dueAt); top = this.#items[0])
      this.#pop();
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

function isAmong(known: number | readonly number[] | undefined, dueAt: number): boolean {
  return typeof known === 'object' ? known.includes(dueAt) : known === dueAt;
}

function listOf(known: number | readonly number[] | undefined): readonly number[] {
  if (known === undefined) return [];
  return typeof known === 'number' ? [known] : known;
}
