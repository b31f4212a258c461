/**
 * What is ready to be decided, in turn by project: whoever has much to decide waits behind himself only. While several
 * projects wait, none has more than its share of what is taken and not given back.
 */
export class ReadyQueue<T extends { project: string }> {
  /** Those of one project are first come, first served; the map's order is whose turn is next. */
  readonly #queues = new Map<string, { items: T[]; from: number }>();
  readonly #heldBy = new Map<string, number>();
  readonly #shareMax: number;
  #size = 0;

  constructor(options: { shareMax: number }) {
    this.#shareMax = options.shareMax;
  }

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const queue = this.#queues.get(item.project);
    if (queue) queue.items.push(item);
    else this.#queues.set(item.project, { items: [item], from: 0 });
    this.#size++;
  }

  /** The next ones, all of one project; none when every project that waits has its share. */
  take(max: number): T[] {
    for (let turns = this.#queues.size; turns > 0; turns--) {
      for (const [project, queue] of this.#queues) {
        const share = this.#queues.size === 1 ? max : this.#shareMax - (this.#heldBy.get(project) ?? 0);
        const items = queue.items.slice(queue.from, queue.from + Math.min(max, Math.max(0, share)));
        this.#queues.delete(project);
        if (queue.from + items.length < queue.items.length) {
          queue.from += items.length;
          compact(queue);
          this.#queues.set(project, queue);
        }
        this.#size -= items.length;
        if (items.length > 0) return items;
        break;
      }
    }
    return [];
  }

  /** One that was taken is being written. */
  hold(project: string): void {
    this.#heldBy.set(project, (this.#heldBy.get(project) ?? 0) + 1);
  }

  /** It is written, or it is known that it is not. */
  release(project: string): void {
    const held = (this.#heldBy.get(project) ?? 0) - 1;
    if (held > 0) this.#heldBy.set(project, held);
    else this.#heldBy.delete(project);
  }
}

function compact(queue: { items: unknown[]; from: number }): void {
  if (queue.from < 1024 || queue.from < queue.items.length / 2) return;
  queue.items.splice(0, queue.from);
  queue.from = 0;
}
