import type { Subscription } from '@slipway/contract';
import { globOfFilter, matchesGlob } from '@slipway/contract';
import type { Store, StoredEvent } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import type { PostEvent } from '../outside.ts';
import { type Breaker, fullJitter } from './breaker.ts';
import type { RetryBudget } from './retry-budget.ts';

const PAGE = 200;
const TIMEOUT_MS = 10_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 60_000;
/** Events that were read and not yet taken; no more are read until the oldest is. */
const WINDOW_MAX = 1000;
/** The same in characters of JSON: an event may have a megabyte. */
const WINDOW_CHARS_MAX = 8 * 1024 * 1024;
/** A sink that answers others and refuses this one so often would hold up all the rest. */
const REFUSALS_MAX = 20;
const READ_RETRY_MS = 1000;

export type PushAnswer = Awaited<ReturnType<PostEvent['send']>>;

export type PushRunnerOptions = {
  subscription: Subscription;
  /** What the sink has taken, up to here. */
  position: string;
  /** How many events had matched by then. */
  matched: number;
  /** What is to be delivered before that: attempts that were open when the subscription was made. */
  backlog: readonly StoredEvent[];
  store: Store;
  clock: Clock;
  post: PostEvent;
  breaker: Breaker;
  budget: RetryBudget;
  concurrency: number;
  /** False: its answer could not be taken, so the event stays undelivered. */
  onDelivered(event: StoredEvent, answer: PushAnswer): Promise<boolean>;
  onRefused(event: StoredEvent, status: number): void;
  onFailed(message: string): void;
  /** The sink has taken more: it is to be kept. */
  onProgress(): void;
};

type Item = {
  event: StoredEvent;
  before: string;
  /** How many events had matched before it. */
  matchedBefore: number;
  tries: number;
  isBacklog: boolean;
};

/**
 * Delivers the events of one subscription, at least once: those of a run one after the other, those of different runs at
 * the same time.
 */
export class PushRunner {
  readonly #options: PushRunnerOptions;
  #subscription: Subscription;
  #globs: readonly string[] = [];
  #matched: number;
  /** Read and not taken, in the order of the store. */
  readonly #window = new Set<Item>();
  /** Of each run; the first is on its way, or may be, or waits for its retry. */
  readonly #byStream = new Map<string, Item[]>();
  #ready: Item[] = [];
  #windowChars = 0;
  #readTo: string;
  #inFlight = 0;
  #isReading = false;
  #isMore = true;
  #isWaiting = false;
  #stopped = false;
  #drainWaiters: (() => void)[] = [];

  constructor(options: PushRunnerOptions) {
    this.#options = options;
    this.#subscription = options.subscription;
    this.#globs = options.subscription.types.map(globOfFilter);
    this.#matched = options.matched;
    this.#readTo = options.position;
    for (const event of options.backlog) if (this.#wants(event)) this.#add(event, true);
  }

  get subscription(): Subscription {
    return this.#subscription;
  }

  /** Another replica has changed it. */
  set subscription(changed: Subscription) {
    this.#subscription = changed;
    this.#globs = changed.types.map(globOfFilter);
  }

  /** How many events it has matched since it was made. */
  get matched(): number {
    return this.#matched;
  }

  /** The same for those up to `position`: the rest is read, and counted, again by the next runner. */
  get matchedToPosition(): number {
    for (const item of this.#window) return item.matchedBefore;
    return this.#matched;
  }

  /** Everything up to here is taken. */
  get position(): string {
    for (const item of this.#window) return item.before;
    return this.#readTo;
  }

  /** Something of what was open at the beginning is not taken yet. */
  get hasBacklog(): boolean {
    for (const item of this.#window) return item.isBacklog;
    return false;
  }

  /** Something was committed. */
  wake(): void {
    this.#isMore = true;
    void this.#read();
    this.#pump();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Begins no more deliveries; resolves when none is under way. */
  async drain(): Promise<void> {
    this.stop();
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#drainWaiters.push(resolve));
  }

  get #hasRoom(): boolean {
    return this.#window.size < WINDOW_MAX && this.#windowChars < WINDOW_CHARS_MAX;
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const { store, clock, onFailed, onProgress } = this.#options;
    try {
      while (this.#isMore && this.#hasRoom && !this.#stopped) {
        this.#isMore = false;
        const after = this.#readTo === '' ? {} : { position: this.#readTo };
        const events = await store.eventsAfter({ ...after, limit: PAGE });
        for (const event of events) {
          if (this.#wants(event)) this.#add(event);
          this.#readTo = event.position;
        }
        if (events.length > 0) {
          this.#isMore = true;
          onProgress();
        }
        this.#pump();
      }
    } catch (error) {
      onFailed(error instanceof Error ? error.message : String(error));
      this.#isMore = true;
      clock.after(READ_RETRY_MS, () => void this.#read());
    } finally {
      this.#isReading = false;
    }
  }

  #add(event: StoredEvent, isBacklog = false): void {
    const item = { event, before: this.#readTo, matchedBefore: this.#matched++, tries: 0, isBacklog };
    this.#window.add(item);
    this.#windowChars += event.json.length;
    const items = this.#byStream.get(event.stream);
    if (items) items.push(item);
    else {
      this.#byStream.set(event.stream, [item]);
      this.#ready.push(item);
    }
  }

  #pump(): void {
    const { concurrency, breaker, clock } = this.#options;
    while (this.#ready.length > 0 && this.#inFlight < concurrency && !this.#stopped && !this.#isWaiting) {
      const waitMs = breaker.waitMs();
      if (waitMs > 0) {
        this.#isWaiting = true;
        clock.after(waitMs, () => {
          this.#isWaiting = false;
          this.#pump();
        });
        return;
      }
      const item = this.#ready.shift();
      if (item) void this.#deliver(item);
    }
  }

  async #deliver(item: Item): Promise<void> {
    const { post, breaker, budget, onFailed } = this.#options;
    const { sink, encoding } = this.subscription;
    if (item.tries === 0) budget.asked();
    this.#inFlight++;
    let answer: PushAnswer | undefined;
    try {
      answer = await post.send({ sink, json: item.event.json, mode: encoding, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      breaker.failed();
      onFailed(error instanceof Error ? error.message : String(error));
    }
    if (answer === undefined) this.#again(item);
    // It holds its place until the answer is taken: a store that is away must not let answers pile up.
    else await this.#answered(item, answer);
    this.#inFlight--;
    if (this.#inFlight === 0) for (const resolve of this.#drainWaiters) resolve();
    this.#pump();
  }

  async #answered(item: Item, answer: PushAnswer): Promise<void> {
    const { breaker, onDelivered, onRefused, onFailed } = this.#options;
    const { status } = answer;
    if (status >= 200 && status < 300) {
      breaker.succeeded();
      if (await onDelivered(item.event, answer)) this.#taken(item);
      return;
    }
    // What the sink will never take must not hold up the rest; 408, 425, 429 are invitations to come back.
    const isLater = status >= 500 || status === 408 || status === 425 || status === 429;
    if (isLater) breaker.failed();
    else breaker.succeeded();
    if (isLater && item.tries < REFUSALS_MAX) {
      onFailed(`${this.subscription.sink} answered ${status}`);
      this.#again(item);
      return;
    }
    onRefused(item.event, status);
    this.#taken(item);
  }

  #taken(item: Item): void {
    this.#window.delete(item);
    this.#windowChars -= item.event.json.length;
    const items = this.#byStream.get(item.event.stream) ?? [];
    items.shift();
    const [next] = items;
    if (next) this.#ready.push(next);
    else this.#byStream.delete(item.event.stream);
    this.#options.onProgress();
    if (this.#isMore) void this.#read();
  }

  #again(item: Item): void {
    const { clock, budget } = this.#options;
    const waitMs = Math.max(fullJitter(clock, item.tries, RETRY_MIN_MS, RETRY_MAX_MS), budget.takeMs());
    clock.after(waitMs, () => {
      this.#ready.push(item);
      this.#pump();
    });
    item.tries++;
  }

  #wants(event: StoredEvent): boolean {
    const { project, stage, service } = this.#subscription;
    if (event.ignored !== undefined) return false;
    if (project !== undefined && project !== event.project) return false;
    if (stage !== undefined && stage !== event.stage) return false;
    if (service !== undefined && service !== event.service) return false;
    return this.#globs.length === 0 || this.#globs.some((glob) => matchesGlob(glob, event.type));
  }
}
