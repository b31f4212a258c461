import type { Store, Timer } from '../store/store.ts';
import type { Clock } from './clock.ts';
import { TimerHeap } from './heap.ts';

/** Only what is due this soon is kept in memory; the store has all of it. */
const HORIZON_MS = 600_000;
const REFILL_MS = 300_000;
const REFILL_PAGE = 2000;
const RETRY_MS = 1000;
const WAIT_MAX_MS = 60_000;
/** No entry becomes durable so long after its timers. */
const ENTRY_LATE_MAX_MS = 60_000;

/** Fires durable timers, never early. Firing is an input like any other: firing twice changes nothing. */
export class Timers {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onDue: (timer: Timer) => void;
  readonly #onError: (message: string, details: Record<string, unknown>) => void;
  readonly #heap = new TimerHeap();
  readonly #graceMs: number;
  /** Of what applied to nothing: what will be fired once more, and what has been. */
  readonly #doubted = new Set<string>();
  readonly #firedTwice = new WeakSet<Timer>();
  #filledUntil = 0;
  #cancel: () => void = () => undefined;
  #cancelRefill: () => void = () => undefined;
  #stopped = false;

  constructor(options: {
    store: Store;
    clock: Clock;
    /** Other replicas write timers too, and theirs are durable before their entries are. */
    shared: boolean;
    onDue(timer: Timer): void;
    onError(message: string, details: Record<string, unknown>): void;
  }) {
    this.#graceMs = options.shared ? ENTRY_LATE_MAX_MS : 0;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#onDue = options.onDue;
    this.#onError = options.onError;
  }

  get size(): number {
    return this.#heap.size;
  }

  async start(): Promise<void> {
    await this.refill();
    this.#refillLater();
  }

  /** A timer that the store has just been given with an entry: the only one of its name that counts from now on. */
  add(timer: Timer): void {
    this.#heap.cancel(timer);
    if (timer.dueAt > this.#filledUntil) return;
    this.#heap.add(timer);
    this.#arm();
  }

  cancel(timer: Pick<Timer, 'stream' | 'name'>): void {
    this.#heap.cancel(timer);
  }

  /** Its input could not be decided: again in a moment. */
  retry(timer: Timer): void {
    this.#clock.after(RETRY_MS, () => this.#again(timer));
  }

  /**
   * It applied to nothing: nobody waits for it any more. Where timers are durable before their entry is, that entry may
   * still be on its way, and the timer gets a second chance. When it was due says nothing of that: it may have been written
   * by a clock that was set back, or for something that waited long to be decided.
   */
  async forget(timer: Timer): Promise<void> {
    if (this.#graceMs > 0 && !this.#firedTwice.has(timer)) {
      const key = `${timer.stream}\n${timer.name}\n${timer.dueAt}`;
      if (this.#doubted.has(key)) return;
      this.#doubted.add(key);
      this.#clock.after(this.#graceMs, () => {
        this.#doubted.delete(key);
        this.#firedTwice.add(timer);
        this.#again(timer);
      });
      return;
    }
    await this.#store
      .deleteTimers([timer])
      .catch((error: unknown) => this.#onError('a stale timer could not be deleted', { error: String(error) }));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#cancelRefill();
  }

  /** Brings what is due soon from the store into memory. */
  async refill(): Promise<void> {
    const until = this.#clock.now() + HORIZON_MS;
    const timers = await this.#store.dueTimers({ before: until, limit: REFILL_PAGE });
    for (const timer of timers) this.#heap.add(timer);
    const last = timers.at(-1);
    // A full page: what is due after its last one is looked for when that one is.
    this.#filledUntil = timers.length < REFILL_PAGE || !last ? until : Math.max(this.#filledUntil, last.dueAt);
    this.#arm();
  }

  /** It was due; but the clock may have been set back since. */
  #again(timer: Timer): void {
    if (this.#stopped) return;
    if (this.#clock.now() >= timer.dueAt) this.#onDue(timer);
    else {
      this.#heap.add(timer);
      this.#arm();
    }
  }

  /** Looks at the clock more often than at the store: set forward, what was far away is near. */
  #refillLater(): void {
    this.#cancelRefill = this.#clock.after(RETRY_MS, () => {
      if (this.#filledUntil >= this.#clock.now() + REFILL_MS) {
        this.#arm();
        this.#refillLater();
        return;
      }
      this.refill().then(
        () => this.#refillLater(),
        (error: unknown) => {
          this.#onError('timers could not be read', { error: String(error) });
          this.#refillLater();
        },
      );
    });
  }

  #arm(): void {
    this.#cancel();
    if (this.#stopped) return;
    const dueAt = this.#heap.nextDueAt();
    if (dueAt === undefined) return;
    this.#cancel = this.#clock.after(Math.min(Math.max(0, dueAt - this.#clock.now()), WAIT_MAX_MS), () =>
      this.#fireDue(),
    );
  }

  #fireDue(): void {
    const now = this.#clock.now();
    for (let timer = this.#heap.takeDue(now); timer; timer = this.#heap.takeDue(now)) this.#onDue(timer);
    this.#arm();
  }
}
