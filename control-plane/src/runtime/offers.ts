import type { ClaimRequest } from '@slipway/contract';
import type { Clock } from './clock.ts';

/** An attempt that may be claimed. */
export type Offer = {
  /** Id of the triggered event. */
  id: string;
  run: string;
  task: string;
  uses: string;
  attempt: number;
  project: string;
  stage: string;
  service: string | undefined;
  offeredAt: number;
  /** How many more executors it wants. */
  wanted: number;
  /** Who has it already, when more than one executor is wanted. */
  claimedBy: string[];
  /** The task's own heartbeat bounds a claim's lease when the claimer names none. */
  heartbeatMs: number | undefined;
};

type Waiter = {
  request: ClaimRequest;
  max: number;
  resolve(offers: Offer[]): void;
  cancelTimer: () => void;
  done: boolean;
};

type KeptOffer = Offer & { round: number };
type Queue = { offers: Map<string, KeptOffer>; waiters: Waiter[] };

const WAITERS_PER_TASK_MAX = 10_000;

/** Attempts nobody has started, by task type, first come first served; and claims that wait for one. */
export class Offers {
  readonly #queues = new Map<string, Queue>();
  readonly #clock: Clock;
  readonly #touched = new Set<Queue>();
  #size = 0;
  #round = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  has(uses: string, id: string): boolean {
    return this.#queues.get(uses)?.offers.has(id) ?? false;
  }

  /** Offers an attempt; `flush` hands it out. */
  add(offer: Offer): void {
    const queue = this.#queue(offer.uses);
    const known = queue.offers.get(offer.id);
    if (known) {
      known.round = this.#round;
      return;
    }
    queue.offers.set(offer.id, { ...offer, round: this.#round });
    this.#size++;
    if (queue.waiters.length > 0) this.#touched.add(queue);
  }

  /** Nobody may claim it any more. */
  withdraw(uses: string, id: string): void {
    const queue = this.#queues.get(uses);
    if (queue?.offers.delete(id)) this.#size--;
  }

  /** What is added from here on belongs to this round. */
  beginRound(): number {
    return ++this.#round;
  }

  /** All attempts that may be claimed. */
  all(): Offer[] {
    return [...this.#queues.values()].flatMap((queue) => [...queue.offers.values()]);
  }

  /** Withdraws what nobody has added since that round began: it is over, and another replica has seen to it. */
  endRound(round: number): void {
    for (const queue of this.#queues.values()) {
      for (const offer of queue.offers.values()) {
        if (offer.round < round && queue.offers.delete(offer.id)) this.#size--;
      }
    }
  }

  /** Hands what was added to those who wait: all that one turn made, to as few answers as possible. */
  flush(): void {
    if (this.#touched.size === 0) return;
    for (const queue of this.#touched) {
      for (const waiter of queue.waiters) {
        if (queue.offers.size === 0) break;
        const taken = this.#take(queue, waiter.request, waiter.max);
        if (taken.length === 0) continue;
        waiter.done = true;
        waiter.cancelTimer();
        waiter.resolve(taken);
      }
      queue.waiters = queue.waiters.filter((waiter) => !waiter.done);
    }
    this.#touched.clear();
  }

  /** Takes up to `max` offers, waiting up to `waitMs` for the first; what is taken is no longer offered. */
  claim(
    uses: string,
    request: ClaimRequest,
    options: { waitMs: number; max: number; signal?: AbortSignal | undefined },
  ): Offer[] | Promise<Offer[]> {
    const queue = this.#queue(uses);
    const taken = this.#take(queue, request, options.max);
    this.#dropIfEmpty(uses, queue);
    if (
      taken.length > 0 ||
      options.waitMs <= 0 ||
      options.signal?.aborted ||
      queue.waiters.length >= WAITERS_PER_TASK_MAX
    )
      return taken;
    return new Promise((resolve) => {
      const end = (): void => {
        if (waiter.done) return;
        waiter.done = true;
        waiter.cancelTimer();
        queue.waiters = queue.waiters.filter((one) => one !== waiter);
        this.#dropIfEmpty(uses, queue);
        resolve([]);
      };
      const waiter: Waiter = {
        request,
        max: options.max,
        resolve,
        done: false,
        cancelTimer: this.#clock.after(options.waitMs, end),
      };
      queue.waiters.push(waiter);
      this.#queues.set(uses, queue);
      options.signal?.addEventListener('abort', end, { once: true });
    });
  }

  /** Ends all waits with nothing. */
  endWaits(): void {
    for (const queue of this.#queues.values()) {
      const waiters = queue.waiters;
      queue.waiters = [];
      for (const waiter of waiters) {
        waiter.done = true;
        waiter.cancelTimer();
        waiter.resolve([]);
      }
    }
  }

  /** What waits, by task type, for `GET /v1/services`. */
  waiting(): { uses: string; count: number; oldestAt: number | undefined }[] {
    return [...this.#queues].map(([uses, queue]) => {
      // What a start took up is in the order of its runs' ids.
      let oldestAt: number | undefined;
      for (const { offeredAt } of queue.offers.values()) oldestAt = Math.min(oldestAt ?? offeredAt, offeredAt);
      return { uses, count: queue.offers.size, oldestAt };
    });
  }

  /** Sources with a claim that waits now. */
  waitersOf(uses: string): readonly string[] {
    return this.#queues.get(uses)?.waiters.map((waiter) => waiter.request.source) ?? [];
  }

  #take(queue: Queue, request: ClaimRequest, max: number): Offer[] {
    const taken: Offer[] = [];
    for (const offer of queue.offers.values()) {
      if (taken.length >= max) break;
      if (!fits(offer, request)) continue;
      taken.push(offer);
      offer.wanted--;
      offer.claimedBy.push(request.source);
      if (offer.wanted <= 0) {
        queue.offers.delete(offer.id);
        this.#size--;
      }
    }
    return taken;
  }

  /** Anybody may claim a task of any name: one that nobody has or waits for costs nothing. */
  #dropIfEmpty(uses: string, queue: Queue): void {
    if (queue.offers.size === 0 && queue.waiters.length === 0 && this.#queues.get(uses) === queue)
      this.#queues.delete(uses);
  }

  #queue(uses: string): Queue {
    let queue = this.#queues.get(uses);
    if (!queue) {
      queue = { offers: new Map(), waiters: [] };
      this.#queues.set(uses, queue);
    }
    return queue;
  }
}

function fits(offer: Offer, request: ClaimRequest): boolean {
  if (request.project !== undefined && request.project !== offer.project) return false;
  if (request.stage !== undefined && request.stage !== offer.stage) return false;
  if (request.service !== undefined && request.service !== offer.service) return false;
  return offer.claimedBy.length === 0 || !offer.claimedBy.includes(request.source);
}
