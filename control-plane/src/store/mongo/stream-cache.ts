/** What this process knows of a stream; only to save questions, and to know what it may settle. */
export interface StreamFacts {
  project: string;
  stage: string;
  service: string | undefined;
  correlation: string;
  /** The head, as far as this process wrote or read it. */
  seq: number;
  /** Position of the head. */
  pos: string | undefined;
  /** The stream's document says `open`, and nobody else will take that back. */
  open: boolean;
}

/** The least recently used go first. */
export class StreamCache {
  readonly #max: number;
  readonly #facts = new Map<string, StreamFacts>();

  constructor(max: number) {
    this.#max = max;
  }

  get(stream: string): StreamFacts | undefined {
    const facts = this.#facts.get(stream);
    if (facts !== undefined) this.set(stream, facts);
    return facts;
  }

  set(stream: string, facts: StreamFacts): void {
    this.#facts.delete(stream);
    this.#facts.set(stream, facts);
    if (this.#facts.size <= this.#max) return;
    for (const oldest of this.#facts.keys()) {
      this.#facts.delete(oldest);
      break;
    }
  }

  delete(stream: string): void {
    this.#facts.delete(stream);
  }
}
