import type { NatsConnection } from '@nats-io/transport-node';

const TICK_MS = 125;
const PING_MS = 250;
/**
 * No answer to a ping for so long: the broker is silent. With the time to the next ping this stays below the two seconds in
 * which a sender gets 503.
 */
const SILENT_MS = 1_250;
/** A connection that is silent for so long is given up: the way to the broker may have forgotten it. */
const LOST_MS = 5_000;

export interface PulseOptions {
  onSilence: (forMs: number) => void;
  /** The broker has answered after a silence, on the same connection. */
  onAnswer: () => void;
}

/**
 * Pings the broker all the time. The client's own pings come every ten seconds and count a connection as lost after the
 * third: while packets vanish, nothing else in a TCP connection says so.
 *
 *   idle --resume--> pinging --no pong--> silent --no pong--> reconnecting (the client tells of it)
 *    ^------- pause -----|  ^--- pong ------'
 */
export class Pulse {
  readonly #connection: NatsConnection;
  readonly #options: PulseOptions;
  #timer: NodeJS.Timeout | undefined;
  #tickedAt = 0;
  #pingedAt = 0;
  /** Whose pong is awaited; undefined when none is. */
  #awaited: symbol | undefined;
  #isSilent = false;
  #isGivenUp = false;

  constructor(connection: NatsConnection, options: PulseOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  resume(): void {
    this.pause();
    this.#tickedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** There is no connection to ping. */
  pause(): void {
    clearInterval(this.#timer);
    this.#awaited = undefined;
    this.#isSilent = false;
    this.#isGivenUp = false;
  }

  #tick(): void {
    const now = performance.now();
    // This process may have stood still itself, with the pong in its socket.
    const stoodStillMs = Math.max(0, now - this.#tickedAt - 2 * TICK_MS);
    this.#tickedAt = now;
    if (this.#awaited === undefined) {
      if (now - this.#pingedAt >= PING_MS) this.#ping(now);
      return;
    }
    this.#pingedAt += stoodStillMs;
    const forMs = now - this.#pingedAt;
    if (forMs > SILENT_MS && !this.#isSilent) {
      this.#isSilent = true;
      this.#options.onSilence(Math.round(forMs));
    }
    if (forMs > LOST_MS && !this.#isGivenUp) {
      this.#isGivenUp = true;
      void this.#connection.reconnect().catch(() => {});
    }
  }

  #ping(now: number): void {
    const ping = Symbol('ping');
    this.#awaited = ping;
    this.#pingedAt = now;
    this.#connection.flush().then(
      () => this.#onPong(ping),
      () => {},
    );
  }

  #onPong(ping: symbol): void {
    if (this.#awaited !== ping) return;
    this.#awaited = undefined;
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.#isGivenUp = false;
    this.#options.onAnswer();
  }
}
