import type { Clock } from '../clock.ts';

/** Of what a target is asked for the first time, so much may be asked again. */
const SHARE = 0.1;
/** Beside that: so many at once, and one a second. */
const FREE = 10;
const FREE_PER_MS = 1 / 1000;
/** None waits longer for its turn: what fails often is asked less often, and never given up for it. */
const WAIT_MAX_MS = 60_000;

/**
 * Repeats to one target are a tenth of what it is asked for anyhow: one that fails now and then because it has too much to do
 * must not get more to do by it. Who is over waits for its turn.
 */
export class RetryBudget {
  readonly #clock: Clock;
  /** Below zero: promised to those who wait. */
  #left = FREE;
  #filledAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#filledAt = clock.elapsed();
  }

  /** Something is asked for the first time. */
  asked(): void {
    this.#left = Math.min(FREE, this.#left + SHARE);
  }

  /** Takes a place for one repeat; answers in how many ms it may go. */
  takeMs(): number {
    const now = this.#clock.elapsed();
    this.#left = Math.min(FREE, this.#left + (now - this.#filledAt) * FREE_PER_MS) - 1;
    this.#filledAt = now;
    const waitMs = -this.#left / FREE_PER_MS;
    if (waitMs <= WAIT_MAX_MS) return Math.max(0, waitMs);
    // It goes with the last of those who have a place: that many more would only wait for nothing.
    this.#left++;
    return WAIT_MAX_MS;
  }
}
