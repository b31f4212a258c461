import type { Clock } from './clock.ts';

const WINDOW_MS = 1000;
/** Waits are sorted into powers of two: 1 ms, 2 ms, 4 ms, ... */
const BUCKETS = 24;
const PART = 0.95;
/** Of so few a single slow one would be the 95th percentile. */
const SAMPLES_MIN = 20;

/** How long inputs waited until they were decided and durable, and how old they were by then; of the last second or two. */
export class LoadMeter {
  readonly #clock: Clock;
  #now = window(0);
  #before = window(0);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An input is durable that was taken so long ago. */
  waited(ms: number): void {
    const { waits } = this.#current();
    const bucket = Math.min(BUCKETS - 1, Math.ceil(Math.log2(Math.max(1, ms))));
    waits[bucket] = (waits[bucket] ?? 0) + 1;
  }

  /** It had been with the broker for so long, when that brought it for the first time. */
  lagged(ms: number): void {
    const current = this.#current();
    current.lagMs = Math.min(current.lagMs, ms);
    current.lags++;
  }

  /** Of 95 in a hundred inputs, none waited longer; rounded up to a power of two. */
  get waitP95Ms(): number {
    this.#current();
    const waits = this.#now.waits.map((count, bucket) => count + (this.#before.waits[bucket] ?? 0));
    const total = waits.reduce((sum, count) => sum + count, 0);
    if (total < SAMPLES_MIN) return 0;
    let left = total * (1 - PART);
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
      left -= waits[bucket] ?? 0;
      if (left < 0) return 2 ** bucket;
    }
    return 0;
  }

  /**
   * How old even the newest was of many inputs that the broker has brought. A single one that is late says something of
   * itself: it was given back, or its sender was away.
   */
  get lagMs(): number {
    this.#current();
    const isMany = this.#now.lags + this.#before.lags >= SAMPLES_MIN;
    return isMany ? Math.min(this.#now.lagMs, this.#before.lagMs) : 0;
  }

  #current(): Window {
    const at = this.#clock.elapsed();
    const ageMs = at - this.#now.startedAt;
    if (ageMs < WINDOW_MS) return this.#now;
    this.#before = ageMs < 2 * WINDOW_MS ? this.#now : window(at);
    this.#now = window(at);
    return this.#now;
  }
}

type Window = { startedAt: number; waits: number[]; lagMs: number; lags: number };

function window(startedAt: number): Window {
  return { startedAt, waits: new Array<number>(BUCKETS).fill(0), lagMs: Number.POSITIVE_INFINITY, lags: 0 };
}
