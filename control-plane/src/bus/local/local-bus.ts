import { parseEventType } from '@slipway/contract';
import { type Bus, type BusMessage, type BusStatus, BusUnavailable, type Delivery, type ServiceHello } from '../bus.ts';

export interface LocalBusOptions {
  /** Messages waiting or in the handler's hands; beyond it `publish` refuses. Default 10,000. */
  messagesMax?: number;
  /** How long `publish` waits for the handler to take a message. Default 30 s. */
  ackTimeoutMs?: number;
}

/** Ids taken already are remembered so long, and so many of them; the receiver tells repeats beyond that. */
const DUPLICATE_WINDOW_MS = 120_000;
const DUPLICATES_MAX = 20_000;
const PLAIN_HEADERS: ReadonlyMap<string, string> = new Map([['content-type', 'application/cloudevents+json']]);

/**
 * The bus of a control plane that has no broker. Task services come over HTTP, so the only messages that anybody consumes
 * here are the triggers of the next stage, which come back to the control plane itself; the rest is taken and forgotten.
 *
 * There is no broker that would keep a message, so `publish` resolves when the handler has acked it, that is, when it is
 * durable in the store. Who waits for it must not keep the handler from committing meanwhile.
 */
export class LocalBus implements Bus {
  readonly kind = 'local';
  readonly #options: Required<LocalBusOptions>;
  /** By message id: waiting for a handler, or in its hands. */
  readonly #open = new Map<string, LocalDelivery>();
  /** By message id: until when a repeat is known as such. In the order of insertion, which is that of time. */
  readonly #taken = new Map<string, number>();
  #waiting: LocalDelivery[] = [];
  #handler: ((deliveries: readonly Delivery[]) => void) | undefined;
  #state: 'open' | 'stopped' | 'closed' = 'open';
  #isHandingOver = false;

  constructor(options: LocalBusOptions = {}) {
    this.#options = { messagesMax: options.messagesMax ?? 10_000, ackTimeoutMs: options.ackTimeoutMs ?? 30_000 };
  }

  publish(messages: readonly BusMessage[]): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(new BusUnavailable('the bus was closed'));
    const wanted = messages.filter(isForUs);
    if (wanted.length === 0) return Promise.resolve();
    if (this.#open.size >= this.#options.messagesMax) {
      const detail = `${this.#open.size} triggers wait to be taken already, at most ${this.#options.messagesMax} may`;
      return Promise.reject(new BusUnavailable(detail));
    }
    return withTimeout(Promise.all(wanted.map((message) => this.#offer(message))), this.#options.ackTimeoutMs);
  }

  async consume(handler: (deliveries: readonly Delivery[]) => void): Promise<void> {
    if (this.#handler !== undefined) throw new Error('consume may be called once');
    this.#handler = handler;
    this.#schedule();
  }

  /** Nobody is connected here who could say hello. */
  onHello(_handler: (hello: ServiceHello) => void): void {}

  status(): BusStatus {
    return { connected: this.#state !== 'closed', pending: this.#waiting.length };
  }

  mark(): undefined {}

  /** Nobody here keeps anything that could be lost. */
  async hasLost(): Promise<boolean> {
    return false;
  }

  onLoss(_handler: () => void): void {}

  async stopConsuming(): Promise<void> {
    if (this.#state === 'open') this.#state = 'stopped';
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    for (const delivery of this.#open.values()) delivery.abandon(new BusUnavailable('the bus was closed'));
    this.#open.clear();
    this.#waiting = [];
  }

  #offer(message: BusMessage): Promise<void> {
    const takenUntil = this.#taken.get(message.messageId);
    if (takenUntil !== undefined && takenUntil > performance.now()) return Promise.resolve();
    const before = this.#open.get(message.messageId);
    if (before !== undefined) return before.taken;
    const delivery = new LocalDelivery(message, {
      again: () => this.#wait(delivery),
      taken: () => this.#remember(message.messageId),
    });
    this.#open.set(message.messageId, delivery);
    this.#wait(delivery);
    return delivery.taken;
  }

  #wait(delivery: LocalDelivery): void {
    if (this.#state === 'closed') return;
    this.#waiting.push(delivery);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isHandingOver || this.#handler === undefined || this.#state !== 'open') return;
    this.#isHandingOver = true;
    // Never inside the call that published: the handler may be in the middle of what caused it.
    setImmediate(() => {
      this.#isHandingOver = false;
      const batch = this.#waiting;
      if (batch.length === 0 || this.#handler === undefined || this.#state !== 'open') return;
      this.#waiting = [];
      for (const delivery of batch) delivery.count += 1;
      this.#handler(batch);
    });
  }

  #remember(messageId: string): void {
    this.#open.delete(messageId);
    const now = performance.now();
    this.#taken.set(messageId, now + DUPLICATE_WINDOW_MS);
    for (const [oldest, until] of this.#taken) {
      if (until > now && this.#taken.size <= DUPLICATES_MAX) break;
      this.#taken.delete(oldest);
    }
  }
}

/** Only the triggers of sequences have a consumer on this bus. */
function isForUs(message: BusMessage): boolean {
  const kind = parseEventType(message.plainType);
  return kind?.of === 'sequence' && kind.phase === 'triggered';
}

class LocalDelivery implements Delivery {
  readonly headers = PLAIN_HEADERS;
  readonly body: Uint8Array;
  readonly project: string | undefined;
  readonly subject: string;
  readonly storedAt = Date.now();
  /** Settles when the handler acks, or when the bus closes before. */
  readonly taken: Promise<void>;
  count = 0;
  readonly #on: { again: () => void; taken: () => void };
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #isSettled = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(message: BusMessage, on: { again: () => void; taken: () => void }) {
    this.body = Buffer.from(message.json);
    this.subject = message.plainType;
    this.project = message.dialect === 'keptn' ? undefined : message.project;
    this.#on = on;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.taken = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  ack(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#retry);
    this.#on.taken();
    this.#resolve();
  }

  retry(delayMs: number): void {
    if (this.#isSettled || this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#on.again();
    }, delayMs);
  }

  working(): void {}

  abandon(error: Error): void {
    this.#isSettled = true;
    clearTimeout(this.#retry);
    this.#reject(error);
  }
}

async function withTimeout(all: Promise<unknown>, timeoutMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new BusUnavailable(`a trigger was not taken within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    await Promise.race([all, late]);
  } finally {
    clearTimeout(timer);
  }
}
