import type { Clock } from '../clock.ts';
import { Breaker } from './breaker.ts';
import { RetryBudget } from './retry-budget.ts';

type Target = { breaker: Breaker; budget: RetryBudget };

/** By origin: a target that does not answer for one subscription does not answer for another. */
export class Targets {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #known = new Map<string, Target>();

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  of(sink: string): Target {
    const { origin } = new URL(sink);
    const target = this.#known.get(origin) ?? {
      breaker: new Breaker(this.#clock),
      budget: new RetryBudget(this.#clock),
    };
    if (this.#known.size >= this.#max) this.#known.clear();
    this.#known.set(origin, target);
    return target;
  }
}
