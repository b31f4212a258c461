import type { BusMessage } from '../../src/bus/bus.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

const ACK_WAIT_MS = 30_000;
const DUPLICATE_WINDOW_MS = 120_000;
const TYPICAL_MS = 1;

export type StoredMessage = BusMessage & { seq: number; storedAt: number };

/** A delivery as the broker sends it; what comes back of it may be lost on the way. */
export type BrokerDelivery = {
  message: StoredMessage;
  count: number;
  ack(): void;
  retry(delayMs: number): void;
  working(): void;
};

/** The event's own id, however often its trigger is dispatched. */
export function baseIdOf({ messageId }: Pick<BusMessage, 'messageId'>): string {
  return messageId.replace(/\/again-\d+$/, '');
}

type Receiver = { deliver(delivery: BrokerDelivery): void };
type Held = { message: StoredMessage; count: number; acked: boolean; ackedAt: number; deadline: number; busy: boolean };

/** One durable consumer: all who share it get each message at least once between them. */
export class Consumer {
  readonly wants: (message: StoredMessage) => boolean;
  readonly held = new Map<number, Held>();
  readonly receivers: Receiver[] = [];

  constructor(wants: (message: StoredMessage) => boolean) {
    this.wants = wants;
  }
}

/**
 * A broker like JetStream: stores, forgets repeats within a window, delivers at least once and in no order, and again
 * when nobody has acked in time. It can be away, be killed (and forget who has acked what) and lose the end of its disk.
 */
export class Broker {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #consumers = new Map<string, Consumer>();
  readonly #unacceptable = new Map<string, boolean>();
  readonly #byMessageId = new Map<string, number>();
  #messages: StoredMessage[] = [];
  #seq = 0;
  /** Each restart is a new life: what the one before had sent out is not its own. */
  #life = 0;
  awayUntil = 0;
  faults: Faults['bus'];
  /** How often it has come back with less than it had. */
  losses = 0;
  readonly #onLoss = new Set<() => void>();
  readonly #onStored: (message: StoredMessage) => void;

  constructor(options: {
    timeline: Timeline;
    random: Random;
    faults: Faults['bus'];
    onStored(message: StoredMessage): void;
  }) {
    this.#timeline = options.timeline;
    this.#random = options.random;
    this.faults = options.faults;
    this.#onStored = options.onStored;
  }

  get away(): boolean {
    return this.#timeline.now < this.awayUntil;
  }

  latency(): number {
    return this.#random.latency(TYPICAL_MS, this.faults.slowMs);
  }

  /** Whether it is one of those that the broker will never store; the answer is the same each time. */
  cannotTake(message: Pick<BusMessage, 'messageId'>): boolean {
    const id = baseIdOf(message);
    let verdict = this.#unacceptable.get(id);
    if (verdict === undefined) {
      verdict = this.#random.chance(this.faults.unacceptable);
      this.#unacceptable.set(id, verdict);
    }
    return verdict;
  }

  /** Stores a message that has arrived; a repeat within the window is not stored again. */
  store(message: BusMessage): void {
    const known = this.#byMessageId.get(message.messageId);
    if (known !== undefined && this.#timeline.now - known < DUPLICATE_WINDOW_MS) return;
    const stored: StoredMessage = { ...message, seq: ++this.#seq, storedAt: this.#timeline.now };
    this.#byMessageId.set(message.messageId, this.#timeline.now);
    this.#messages.push(stored);
    this.#onStored(stored);
    for (const consumer of this.#consumers.values()) if (consumer.wants(stored)) this.#hold(consumer, stored);
  }

  messages(): readonly StoredMessage[] {
    return this.#messages;
  }

  /** Joins a consumer, which is made when it is not there: from then on it has all that comes. Answers how to leave. */
  join(name: string, wants: (message: StoredMessage) => boolean, receiver: Receiver): () => void {
    let consumer = this.#consumers.get(name);
    if (!consumer) {
      consumer = new Consumer(wants);
      this.#consumers.set(name, consumer);
      for (const message of this.#messages) if (wants(message)) this.#hold(consumer, message);
    }
    consumer.receivers.push(receiver);
    const { receivers } = consumer;
    return () => {
      const index = receivers.indexOf(receiver);
      if (index >= 0) receivers.splice(index, 1);
    };
  }

  /** Nobody reaches it for a while; what it has is kept. */
  goAway(ms: number): void {
    this.awayUntil = Math.max(this.awayUntil, this.#timeline.now + ms);
  }

  /** kill -9: what is stored stays, but who has what, and the latest acks, are forgotten. */
  kill(ms: number, acksLostMs: number): void {
    this.goAway(ms);
    this.#life++;
    for (const consumer of this.#consumers.values()) {
      for (const held of consumer.held.values()) {
        if (held.acked && this.#timeline.now - held.ackedAt < acksLostMs) held.acked = false;
        if (held.acked) continue;
        held.busy = false;
        held.deadline = 0;
        this.#offer(consumer, held, ms + this.latency());
      }
    }
  }

  /** The power fails before the disk was synced: what was stored last was never stored. */
  loseTail(ms: number, tailMs: number): void {
    const from = this.#timeline.now - tailMs;
    const lost = this.#messages.filter((message) => message.storedAt >= from);
    this.#messages = this.#messages.filter((message) => message.storedAt < from);
    for (const message of lost) {
      this.#byMessageId.delete(message.messageId);
      for (const consumer of this.#consumers.values()) consumer.held.delete(message.seq);
    }
    this.losses++;
    this.kill(ms, tailMs);
    this.#timeline.after(ms, () => {
      for (const tell of this.#onLoss) tell();
    });
  }

  /** Calls back whenever it has come back with less than it had. Answers how to stop. */
  onLoss(tell: () => void): () => void {
    this.#onLoss.add(tell);
    return () => this.#onLoss.delete(tell);
  }

  /** Nothing is under way to anybody. */
  get idle(): boolean {
    for (const consumer of this.#consumers.values())
      for (const held of consumer.held.values()) if (!held.acked) return false;
    return true;
  }

  #hold(consumer: Consumer, message: StoredMessage): void {
    const held: Held = { message, count: 0, acked: false, ackedAt: 0, deadline: 0, busy: false };
    consumer.held.set(message.seq, held);
    this.#offer(consumer, held, this.latency());
    if (this.#random.chance(this.faults.duplicated)) {
      this.#timeline.after(this.#random.next() * 5000, () => this.#deliver(consumer, held, true));
    }
  }

  #offer(consumer: Consumer, held: Held, delayMs: number): void {
    const life = this.#life;
    this.#timeline.after(delayMs, () => {
      if (life === this.#life) this.#deliver(consumer, held, false);
    });
  }

  #deliver(consumer: Consumer, held: Held, again: boolean): void {
    if (held.acked || consumer.held.get(held.message.seq) !== held) return;
    if (held.busy && !again) return;
    if (this.away || consumer.receivers.length === 0) {
      if (!again) this.#offer(consumer, held, 200 + this.#random.next() * 300);
      return;
    }
    held.busy = true;
    held.count++;
    held.deadline = this.#timeline.now + ACK_WAIT_MS;
    this.#watch(consumer, held);
    const life = this.#life;
    const answer = (act: () => void): void => {
      if (this.#random.chance(this.faults.ackLost)) return;
      this.#timeline.after(this.latency(), () => {
        if (life === this.#life && !this.away) act();
      });
    };
    this.#random.pick(consumer.receivers).deliver({
      message: held.message,
      count: held.count,
      ack: () =>
        answer(() => {
          held.acked = true;
          held.ackedAt = this.#timeline.now;
        }),
      retry: (delayMs) =>
        answer(() => {
          if (held.acked) return;
          held.busy = false;
          this.#offer(consumer, held, delayMs);
        }),
      working: () =>
        answer(() => {
          held.deadline = this.#timeline.now + ACK_WAIT_MS;
        }),
    });
  }

  #watch(consumer: Consumer, held: Held): void {
    const life = this.#life;
    this.#timeline.after(held.deadline - this.#timeline.now, () => {
      if (life !== this.#life || held.acked || !held.busy) return;
      if (held.deadline > this.#timeline.now) {
        this.#watch(consumer, held);
        return;
      }
      held.busy = false;
      this.#offer(consumer, held, this.latency());
    });
  }
}
