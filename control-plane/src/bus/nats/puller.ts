import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Delivery } from '../bus.ts';
import { type Answering, NatsDelivery } from './delivery.ts';
import { CONSUMER, IN_STREAM } from './subjects.ts';
import { ACK_WAIT_MS } from './topology.ts';

export interface PullerOptions {
  /** Deliveries handed out and neither acked nor given back; no more are asked for. */
  inHandMax: number;
  inboxPrefix: string | undefined;
  /** The subject prefix of the JetStream API. */
  api: string;
  /** The consumer is gone: somebody removed it, or the broker came back without it. */
  onNoConsumer: () => void;
}

const NS_PER_MS = 1_000_000;
/** The server ends a request after this time, which is how a lost one ends. */
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
/** Nothing heard for so long: the request is lost. */
const SILENCE_MS = 2.5 * HEARTBEAT_MS;
const WATCH_MS = 1_000;
const RETRY_MS = 250;
const STOP_TIMEOUT_MS = 2_000;
/** Below this share of the credit a request would bring too few messages to be worth its round trip. */
const CREDIT_SHARE_MIN = 1 / 8;

const NO_RESPONDERS = 503;
const IDLE_HEARTBEAT = 100;
const CONFLICT = 409;

/**
 * Asks the shared consumer for messages, as many as the handler has room for. One request is out at a time: it is large
 * (the whole credit), so the round trip between two of them is paid once per thousand messages, and every message and
 * status can only belong to it.
 *
 *   stopped --start--> asking --all came, expired, lost--> asking ...
 *      ^                 |  ^-- room again --- full (everything asked for came, no room for more)
 *      +----- stop ------+
 */
export class Puller implements Answering {
  readonly #connection: NatsConnection;
  readonly #options: PullerOptions;
  readonly #handler: (deliveries: readonly Delivery[]) => void;
  #inbox = '';
  #subscription: Subscription | undefined;
  #watch: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #request = 0;
  /** What the request that is out may still bring. */
  #left = 0;
  /** Neither acked nor given back; who was not heard of for longest is first. */
  readonly #inHand = new Set<NatsDelivery>();
  #last: NatsDelivery | undefined;
  #lastSequence = 0;
  #lastHeard = 0;
  #batch: NatsDelivery[] = [];
  #epoch = 0;
  #stopping = false;
  /** Answers given while nobody knows whether the streams are still the same; undefined when that is known. */
  #held: { delivery: NatsDelivery; payload: Uint8Array }[] | undefined;

  constructor(connection: NatsConnection, handler: (deliveries: readonly Delivery[]) => void, options: PullerOptions) {
    this.#connection = connection;
    this.#handler = handler;
    this.#options = options;
  }

  start(): void {
    this.#inbox = `${createInbox(this.#options.inboxPrefix)}.`;
    this.#subscription = this.#connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#onMessage(message);
      },
    });
    this.#watch = setInterval(() => this.#onWatch(), WATCH_MS);
    this.#ask();
  }

  /** The connection is away: what was asked for will not come, and no answer may go out before `resume`. */
  pause(): void {
    this.#left = 0;
    this.#held ??= [];
  }

  /**
   * The connection is back. `sameNumbers` false: the stream or the consumer is another, and numbers in old ack subjects mean
   * other messages now. An ack under an old number would take a new message away from everybody, so those answers are dropped.
   */
  resume(sameNumbers: boolean): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (!sameNumbers) {
      this.#epoch += 1;
      this.#last = undefined;
      this.#lastSequence = 0;
    }
    for (const { delivery, payload } of held) this.#send(delivery, payload);
    this.#ask();
  }

  answer(delivery: NatsDelivery, payload: Uint8Array, last: boolean): void {
    if (last) this.#inHand.delete(delivery);
    if (this.#held === undefined) this.#send(delivery, payload);
    else this.#held.push({ delivery, payload });
    if (last && this.#left === 0) this.#ask();
  }

  /** The highest number that was delivered here. */
  lastSequence(): number {
    if (this.#last !== undefined) this.#lastSequence = Math.max(this.#lastSequence, this.#last.sequence);
    this.#last = undefined;
    return this.#lastSequence;
  }

  /** Stops asking and gives back at once what arrives until the server knows. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearTimeout(this.#retry);
    if (this.#connection.isClosed() || this.#subscription === undefined) return;
    // Draining waits for the server, which may be away.
    const late = new Promise((resolve) => {
      setTimeout(resolve, STOP_TIMEOUT_MS).unref();
    });
    await Promise.race([this.#subscription.drain().catch(() => {}), late]);
  }

  /** What is in hand still is left to others. */
  close(): void {
    clearInterval(this.#watch);
  }

  #send(delivery: NatsDelivery, payload: Uint8Array): void {
    if (delivery.epoch === this.#epoch && !this.#connection.isClosed()) {
      this.#connection.publish(delivery.ackSubject, payload);
    }
  }

  #ask(): void {
    if (this.#left > 0 || this.#held !== undefined || this.#stopping || this.#subscription === undefined) return;
    const free = this.#options.inHandMax - this.#inHand.size;
    if (free < this.#options.inHandMax * CREDIT_SHARE_MIN || free < 1) return;
    this.#left = free;
    this.#lastHeard = performance.now();
    this.#request += 1;
    const request = { batch: free, expires: EXPIRES_MS * NS_PER_MS, idle_heartbeat: HEARTBEAT_MS * NS_PER_MS };
    const subject = `${this.#options.api}.CONSUMER.MSG.NEXT.${IN_STREAM}.${CONSUMER}`;
    this.#connection.publish(subject, JSON.stringify(request), { reply: this.#inbox + this.#request });
  }

  #onMessage(message: Msg): void {
    this.#lastHeard = performance.now();
    const ackSubject = message.reply;
    // What is for us alone comes on our inbox; events keep the subject they were published on.
    if (message.subject.startsWith(this.#inbox)) {
      this.#onStatus(message);
      return;
    }
    if (ackSubject === undefined || ackSubject === '') return;
    const delivery = new NatsDelivery(message, ackSubject, this.#epoch, this);
    this.#inHand.add(delivery);
    this.#last = delivery;
    if (this.#stopping) {
      delivery.retry(0);
      return;
    }
    if (this.#left > 0) this.#left -= 1;
    // All messages of one read from the socket are dispatched in one go: hand them over together.
    if (this.#batch.length === 0) queueMicrotask(() => this.#handOver());
    this.#batch.push(delivery);
  }

  #handOver(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (this.#left === 0) this.#ask();
    this.#handler(batch);
  }

  #onStatus(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === IDLE_HEARTBEAT || message.subject !== this.#inbox + this.#request) return;
    this.#left = 0;
    const isGone =
      code === NO_RESPONDERS || (code === CONFLICT && /deleted|shutdown/i.test(message.headers?.description ?? ''));
    if (isGone) this.#options.onNoConsumer();
    // Expired or complete is the usual end; after anything else a short pause keeps a failing server from being hammered.
    if (code === 408 || code === 404) this.#ask();
    else this.#askLater();
  }

  /** What is in hand for long (its answer waits for the disk, or for a publish) is not to be delivered again meanwhile. */
  #sayWorking(): void {
    const now = performance.now();
    for (const delivery of this.#inHand) {
      if (now - delivery.heardOfAt < ACK_WAIT_MS / 3) return;
      delivery.heardOfAt = now;
      this.#inHand.delete(delivery);
      this.#inHand.add(delivery);
      delivery.working();
    }
  }

  #askLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#ask(), RETRY_MS);
  }

  #onWatch(): void {
    if (this.#held !== undefined) return;
    this.#sayWorking();
    if (this.#stopping) return;
    if (this.#left > 0 && performance.now() - this.#lastHeard > SILENCE_MS) this.#left = 0;
    this.#ask();
  }
}
