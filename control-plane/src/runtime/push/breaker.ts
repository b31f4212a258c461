import type { Clock } from '../clock.ts';

const FAILURES_MAX = 5;
const PAUSE_MIN_MS = 1000;
const PAUSE_MAX_MS = 60_000;
/** While one request tries whether the target is back, the others look again after this long. */
const PROBE_LOOK_MS = 500;

/**
 * Leaves a target alone that does not answer.
 *
 *   closed --5 failures in a row--> open --a pause, each twice as long, at random--> probing --success--> closed
 *                                     ^------------------- failure ---------------------'
 */
export class Breaker {
  readonly #clock: Clock;
  #failures = 0;
  #openUntil = 0;
  #isProbing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long to wait before the next request; 0: now, and its outcome must be told. */
  waitMs(): number {
    const left = this.#openUntil - this.#clock.elapsed();
    if (left > 0) return left;
    if (this.#failures < FAILURES_MAX) return 0;
    if (this.#isProbing) return PROBE_LOOK_MS;
    this.#isProbing = true;
    return 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#isProbing = false;
  }

  failed(): void {
    this.#isProbing = false;
    this.#failures++;
    const over = this.#failures - FAILURES_MAX;
    if (over >= 0) this.#openUntil = this.#clock.elapsed() + fullJitter(this.#clock, over, PAUSE_MIN_MS, PAUSE_MAX_MS);
  }
}

/** Any time up to twice as long with each failure: whoever failed together does not come back together. */
export function fullJitter(clock: Clock, failures: number, minMs: number, maxMs: number): number {
  return Math.ceil(clock.random() * Math.min(maxMs, minMs * 2 ** Math.min(failures, 30)));
}
