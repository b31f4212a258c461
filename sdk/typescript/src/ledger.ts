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
  /** Answers kept at most, default 10,000; at least half of them are. */
  answersMax?: number;
  /** Characters kept at most, in all answers together, default 32 million. */
  sizeMax?: number;
}

const ANSWERS_MAX = 10_000;
const SIZE_MAX = 32_000_000;

/**
 * Keeps the last answers for as long as the process lives. In two halves, of which the older is forgotten as a whole: to
 * take the oldest entry out of one large Map walks over all that were taken out before, which cost 8 microseconds each.
 */
export class MemoryLedger implements Ledger {
  readonly #answersMax: number;
  readonly #sizeMax: number;
  #older = new Map<string, Answer>();
  #newer = new Map<string, Answer>();
  #newerSize = 0;

  constructor(options: LedgerOptions = {}) {
    this.#answersMax = (options.answersMax ?? ANSWERS_MAX) / 2;
    this.#sizeMax = (options.sizeMax ?? SIZE_MAX) / 2;
  }

  get(attemptId: string): Answer | undefined {
    return this.#newer.get(attemptId) ?? this.#older.get(attemptId);
  }

  remember(answer: Answer): void {
    if (this.#newer.size >= this.#answersMax || this.#newerSize + answer.json.length > this.#sizeMax) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#newerSize = 0;
    }
    this.#newer.set(answer.attemptId, answer);
    this.#newerSize += answer.json.length;
  }

  /** Oldest first. */
  *values(): Generator<Answer, void, undefined> {
    yield* this.#older.values();
    yield* this.#newer.values();
  }
}
