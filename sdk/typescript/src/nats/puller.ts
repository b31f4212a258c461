import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { apiPrefix, OUT_STREAM } from './names.ts';

export interface PullerOptions {
  connection: NatsConnection;
  inboxPrefix: string | undefined;
  durable: string;
  domain: string | undefined;
  /** How many messages there is room for now. */
  free: () => number;
  onMessage: (message: Msg) => void;
  /** The consumer is not there, or no longer. */
  onGone: (why: string) => void;
}

/** The server ends a request after this time, which is how a lost one ends as well. */
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
/** Nothing heard for so long: the request is lost. */
const SILENCE_MS = 2.5 * HEARTBEAT_MS;
const WATCH_MS = 1_000;
const RETRY_MS = 250;
const ASK_SHARE_MIN = 1 / 4;
const NS_PER_MS = 1_000_000;

const IDLE_HEARTBEAT = 100;
const NOT_FOUND = 404;
const TIMEOUT = 408;
const CONFLICT = 409;
const NO_RESPONDERS = 503;

/**
 * Asks a durable consumer for as many messages as there is room for. Every request has an inbox subject of its own, and
 * a further request goes out when room grew while one is open, so that free slots do not wait for an old request to end.
 */
export class Puller {
  readonly #options: PullerOptions;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  /** What each open request may still bring, by its number. */
  readonly #open = new Map<number, number>();
  readonly #watch: NodeJS.Timeout;
  #retry: NodeJS.Timeout | undefined;
  #asked = 0;
  #next = 0;
  #lastHeard = 0;
  #paused = true;
  #scheduled = false;

  constructor(options: PullerOptions) {
    this.#options = options;
    this.#inbox = `${createInbox(options.inboxPrefix)}.`;
    this.#subscription = options.connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#onMessage(message);
      },
    });
    this.#watch = setInterval(() => this.#onWatch(), WATCH_MS);
  }

  resume(): void {
    this.#paused = false;
    this.ask();
  }

  /** What was asked for will not come, or is not wanted: messages that still arrive are handed over all the same. */
  pause(): void {
    this.#paused = true;
    this.#forget();
  }

  /**
   * For good. What is under way is handed over before this resolves. Without the inbox the server serves none of our requests
   * any more; it gave them what we had just given back, which then came to nobody until its ack wait was over.
   */
  async stop(): Promise<void> {
    this.pause();
    clearInterval(this.#watch);
    clearTimeout(this.#retry);
    await this.#subscription.drain();
  }

  /** Asks for what there is room for beyond what has been asked, after the handlers that end in this turn of the loop. */
  askSoon(): void {
    if (this.#scheduled || this.#paused) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.ask();
    });
  }

  ask(): void {
    if (this.#paused || this.#options.connection.isClosed()) return;
    const free = this.#options.free();
    const batch = free - this.#asked;
    // While something is asked for, a single free slot is not worth a request of its own.
    if (batch <= 0 || (this.#asked > 0 && batch < free * ASK_SHARE_MIN)) return;
    const id = this.#next++;
    this.#open.set(id, batch);
    this.#asked += batch;
    this.#lastHeard = performance.now();
    const request = { batch, expires: EXPIRES_MS * NS_PER_MS, idle_heartbeat: HEARTBEAT_MS * NS_PER_MS };
    this.#options.connection.publish(
      `${apiPrefix(this.#options.domain)}.CONSUMER.MSG.NEXT.${OUT_STREAM}.${this.#options.durable}`,
      JSON.stringify(request),
      { reply: this.#inbox + id },
    );
  }

  #onMessage(message: Msg): void {
    this.#lastHeard = performance.now();
    // A status comes on our own subject, an event keeps the one it was published on.
    if (message.subject.startsWith(this.#inbox)) {
      this.#onStatus(message);
      return;
    }
    // Requests are served in the order they were made.
    const oldest = this.#open.entries().next();
    if (!oldest.done) this.#brought(oldest.value[0], oldest.value[1]);
    this.#options.onMessage(message);
  }

  #brought(id: number, left: number): void {
    this.#asked--;
    if (left > 1) this.#open.set(id, left - 1);
    else this.#open.delete(id);
  }

  #onStatus(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === IDLE_HEARTBEAT) return;
    const id = Number(message.subject.slice(this.#inbox.length));
    this.#asked -= this.#open.get(id) ?? 0;
    this.#open.delete(id);
    const { description = '' } = message.headers ?? {};
    const isGone = code === NO_RESPONDERS || (code === CONFLICT && /deleted|shutdown/i.test(description));
    if (isGone) {
      this.pause();
      this.#options.onGone(description || 'no such consumer');
      return;
    }
    // Expired is the usual end; after anything else a pause keeps a failing server from being hammered.
    if (code === TIMEOUT || code === NOT_FOUND) this.ask();
    else this.#askLater();
  }

  #askLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.ask(), RETRY_MS);
  }

  #onWatch(): void {
    if (this.#paused) return;
    if (this.#asked > 0 && performance.now() - this.#lastHeard > SILENCE_MS) this.#forget();
    this.ask();
  }

  #forget(): void {
    this.#open.clear();
    this.#asked = 0;
  }
}
