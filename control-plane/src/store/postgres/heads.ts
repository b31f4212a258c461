/** The newest entry of each stream that this process has written or read: what it may settle up to. */
export class Heads {
  readonly #seqs = new Map<string, number>();
  readonly #max: number;

  /** @param max Streams remembered, about 200 bytes each; the one used longest ago goes first. */
  constructor(max: number) {
    this.#max = max;
  }

  get(stream: string): number | undefined {
    return this.#seqs.get(stream);
  }

  raise(stream: string, seq: number): void {
    const known = this.#seqs.get(stream) ?? 0;
    this.#seqs.delete(stream);
    this.#seqs.set(stream, Math.max(known, seq));
    if (this.#seqs.size <= this.#max) return;
    const [oldest] = this.#seqs.keys();
    if (oldest !== undefined) this.#seqs.delete(oldest);
  }

  forget(stream: string): void {
    this.#seqs.delete(stream);
  }
}
