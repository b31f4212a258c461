import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { subjectOf } from '@slipway/contract';
import { backoffMs } from '../backoff.ts';
import { errorText, type Logger } from '../log.ts';
import type { TransportCounts } from '../transport.ts';
import type { Answer } from '../trigger.ts';

/** Sent and not acknowledged yet, at most; what is beyond it waits here. */
const UNACKED_MAX = 1_000;
const ACK_TIMEOUT_MS = 5_000;
const SWEEP_MS = 250;
const NO_RESPONDERS = 503;
/** `{"error":...` as opposed to `{"stream":...`, told by its third byte. */
const E_OF_ERROR = 0x65;

interface Item {
  answer: Answer;
  onStored: () => void;
  failures: number;
  /** When it is given up (sent) or may be sent (waiting), by the monotonic clock. */
  dueAt: number;
}

/**
 * Publishes answers into JetStream, and keeps each until the broker has it. All acknowledgements come to one inbox, with
 * a number for each message: the client's own `js.publish()` makes a request, a promise and a timer for every message
 * and costs nine times as much. A repeat is the same event with the same id, which whoever receives it recognises; so no
 * header asks the broker to do that too, which would cost as much again.
 */
export class NatsPublisher {
  readonly #connection: NatsConnection;
  readonly #log: Logger;
  readonly #inbox: string;
  readonly #unacked = new Map<number, Item>();
  #waiting: Item[] = [];
  /** Progress that is not stored yet, by attempt: newer progress waits for it, and replaces what waits. */
  readonly #progress = new Map<string, Answer | undefined>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #emptyWaiters: (() => void)[] = [];
  #next = 0;
  #connected = true;
  readonly #counts = { sent: 0, retries: 0, over: 0, refused: 0 };
  /** What the broker will never take as it is, such as a message above its limit. */
  onRefused: (answer: Answer, why: string) => void = () => {};
  /** There is room again for new work. */
  onRoom: () => void = () => {};

  constructor(options: { connection: NatsConnection; log: Logger; inboxPrefix: string | undefined }) {
    const { connection, log, inboxPrefix } = options;
    this.#connection = connection;
    this.#log = log;
    this.#inbox = `${createInbox(inboxPrefix)}.`;
    connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#onAck(message);
      },
    });
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  get counts(): TransportCounts {
    return { waiting: this.#unacked.size + this.#waiting.length, ...this.#counts };
  }

  publish(answer: Answer, onStored: () => void = () => {}): void {
    if (answer.phase === 'status.changed') {
      if (this.#progress.has(answer.attemptId)) {
        this.#progress.set(answer.attemptId, answer);
        return;
      }
      this.#progress.set(answer.attemptId, undefined);
    }
    this.#offer({ answer, onStored, failures: 0, dueAt: 0 });
  }

  /** The connection went: nobody will acknowledge what is on its way. It goes out again when the connection is back. */
  disconnected(): void {
    this.#connected = false;
    this.#waiting = [...this.#unacked.values(), ...this.#waiting];
    this.#unacked.clear();
  }

  connected(): void {
    this.#connected = true;
    for (const item of this.#waiting) item.dueAt = 0;
    this.#sendWaiting();
  }

  flush(withinMs: number): Promise<boolean> {
    if (this.counts.waiting === 0) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), withinMs);
    this.#emptyWaiters.push(() => {
      clearTimeout(timer);
      resolve(true);
    });
    return promise;
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  #offer(item: Item): void {
    if (this.#connected && this.#unacked.size < UNACKED_MAX && this.#waiting.length === 0) this.#send(item);
    else this.#waiting.push(item);
  }

  #send(item: Item): void {
    const { answer } = item;
    const id = this.#next++;
    item.dueAt = performance.now() + ACK_TIMEOUT_MS;
    try {
      // Buffer.from takes a third of the time of the TextEncoder that a string would go through.
      this.#connection.publish(subjectOf(answer), Buffer.from(answer.json), { reply: this.#inbox + id.toString(36) });
    } catch (error) {
      // The client refuses what is above the broker's limit before it sends it.
      if (this.#connection.isClosed()) this.#waiting.push(item);
      else this.#refuse(item, errorText(error));
      return;
    }
    this.#unacked.set(id, item);
  }

  #onAck(message: Msg): void {
    const id = Number.parseInt(message.subject.slice(this.#inbox.length), 36);
    const item = this.#unacked.get(id);
    if (item === undefined) return;
    this.#unacked.delete(id);
    const { data } = message;
    if (data.length > 2 && data[2] !== E_OF_ERROR) {
      this.#counts.sent++;
      item.onStored();
      this.#settled(item);
    } else if (data.length === 0 && message.headers?.code === NO_RESPONDERS) {
      this.#again(
        item,
        `no JetStream stream takes ${subjectOf(item.answer)}: is the control plane running with --nats?`,
      );
    } else {
      const why = message.string();
      // A limit of the stream is no passing trouble; anything else may be.
      if (why.includes('10054')) this.#refuse(item, why);
      else this.#again(item, why);
    }
    this.#sendWaiting();
  }

  #again(item: Item, why: string): void {
    if (item.failures % 10 === 0)
      this.#log.warn({ waiting: this.counts.waiting, why }, 'an answer was not stored: trying again');
    item.failures++;
    this.#counts.retries++;
    item.dueAt = performance.now() + backoffMs(item.failures);
    this.#waiting.push(item);
  }

  #refuse(item: Item, why: string): void {
    this.#counts.refused++;
    this.#log.error({ attempt: item.answer.attemptId, phase: item.answer.phase, why }, 'an answer was refused');
    this.onRefused(item.answer, why);
    this.#settled(item);
  }

  #settled({ answer }: Item): void {
    if (answer.phase === 'status.changed') {
      const newer = this.#progress.get(answer.attemptId);
      this.#progress.delete(answer.attemptId);
      if (newer !== undefined) this.publish(newer);
    }
    if (this.#emptyWaiters.length > 0 && this.counts.waiting === 0) {
      for (const wake of this.#emptyWaiters.splice(0)) wake();
    }
  }

  #sendWaiting(): void {
    if (!this.#connected || this.#waiting.length === 0) return;
    const now = performance.now();
    const items = this.#waiting;
    this.#waiting = [];
    for (const item of items) {
      if (item.dueAt <= now && this.#unacked.size < UNACKED_MAX) this.#send(item);
      else this.#waiting.push(item);
    }
    if (this.#waiting.length === 0) this.onRoom();
  }

  #sweep(): void {
    const now = performance.now();
    for (const [id, item] of this.#unacked) {
      if (item.dueAt > now) break; // In order of sending, and all wait equally long.
      this.#unacked.delete(id);
      this.#again(item, `not acknowledged within ${ACK_TIMEOUT_MS} ms`);
    }
    this.#sendWaiting();
  }
}
