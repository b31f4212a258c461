import type { Answer } from './trigger.ts';

/**
 * The attempts that were answered, with their answers. A trigger can come again long after its answer went out (the bus
 * delivers at least once); it then gets the same answer, and the handler does not run a second time.
 */
export interface Ledger {
  get(attemptId: string): Answer | undefined;
  /** Called before the answer goes out; a promise delays it until what is remembered is durable. */
  remember(answer: Answer): void | Promise<void>;
  close?(): Promise<void>;
}

export interface LedgerOptions {
  /** Answers kept; the oldest goes first. */
  answersMax?: number;
  /** Characters kept, in all answers together. */
  sizeMax?: number;
}

const ANSWERS_MAX = 10_000;
const SIZE_MAX = 32 * 1024 * 1024;

/** Keeps the last answers for as long as the process lives. */
export class MemoryLedger implements Ledger {
  readonly #answers = new Map<string, Answer>();
  readonly #answersMax: number;
  readonly #sizeMax: number;
  #size = 0;

  constructor(options: LedgerOptions = {}) {
    this.#answersMax = options.answersMax ?? ANSWERS_MAX;
    this.#sizeMax = options.sizeMax ?? SIZE_MAX;
  }

  get(attemptId: string): Answer | undefined {
    return this.#answers.get(attemptId);
  }

  remember(answer: Answer): void {
    this.#forget(answer.attemptId);
    this.#answers.set(answer.attemptId, answer);
    this.#size += answer.json.length;
    while (this.#answers.size > this.#answersMax || (this.#size > this.#sizeMax && this.#answers.size > 1)) {
      const oldest = this.#answers.keys().next();
      if (oldest.done) return;
      this.#forget(oldest.value);
    }
  }

  /** Oldest first. */
  values(): Iterable<Answer> {
    return this.#answers.values();
  }

  #forget(attemptId: string): void {
    const answer = this.#answers.get(attemptId);
    if (answer === undefined) return;
    this.#answers.delete(attemptId);
    this.#size -= answer.json.length;
  }
}
