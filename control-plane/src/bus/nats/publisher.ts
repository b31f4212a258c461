import { randomUUID } from 'node:crypto';
import { createInbox, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { isObject, subjectOf } from '@slipway/contract';
import { type BusMessage, BusUnavailable, MessageRefused } from '../bus.ts';
import { bodyOf } from './reference.ts';
import { isForInStream } from './subjects.ts';

export interface PublisherOptions {
  /** Messages sent and not acknowledged yet; further ones wait here. */
  unackedMax: number;
  /** Messages that wait; beyond it `publish` refuses at once. */
  waitingMax: number;
  ackTimeoutMs: number;
  inboxPrefix: string | undefined;
  /** No stream takes the message: somebody removed it, or the broker came back without it. */
  onNoStream: () => void;
}

/** What one call of `publish` waits for. */
type Batch = {
  left: number;
  over: boolean;
  sentAt: number;
  resolve: () => void;
  reject: (error: Error) => void;
};

type Item = { message: BusMessage; batch: Batch };

/** nats-server's default. */
const PAYLOAD_MAX = 1024 * 1024;
const HEADERS_MAX = 1024;
const CONTENT_TYPE = 'application/cloudevents+json';
const SWEEP_MS = 250;
/** Second letter of the first key in JetStream's answer: `{"error":...` as opposed to `{"stream":...`. */
const E_OF_ERROR = 0x65;
const FIRST_LETTER = 2;
/** In `{"stream":"SLIPWAY_OUT"`, as opposed to SLIPWAY_IN. */
const LETTER_OF_STREAM = 19;
const O_OF_OUT = 0x4f;
const NO_RESPONDERS = 503;
/** JetStream: a message larger than the stream permits. */
const MESSAGE_TOO_LARGE = 10054;

/**
 * Publishes into JetStream with one inbox for all acknowledgements. The client's own `js.publish()` makes a request with
 * a promise, a timer and a parsed answer for each message; here a message costs a map entry, and a whole call one
 * promise.
 */
export class Publisher {
  readonly #connection: NatsConnection;
  readonly #options: PublisherOptions;
  readonly #inbox: string;
  /**
   * Services publish to SLIPWAY_IN too, and can guess the id of the next stage's trigger: a message of theirs with this id would
   * make the broker drop the trigger as a duplicate. So ids there have a prefix that nobody knows. A trigger that a restart
   * publishes again is then stored twice, and the intake recognises the second one by its event id.
   */
  readonly #secret = randomUUID();
  readonly #pending = new Map<number, Item>();
  readonly #waiting: Item[] = [];
  #waitingFrom = 0;
  #nextId = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #open = true;
  /** The last word of SLIPWAY_OUT, read when somebody asks: reading each would cost more than the rest of it. */
  #lastOutAnswer: Uint8Array | undefined;
  #lastOut = 0;

  constructor(connection: NatsConnection, options: PublisherOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#inbox = `${createInbox(options.inboxPrefix)}.`;
    connection.subscribe(`${this.#inbox}*`, {
      callback: (error, answer) => {
        if (error === null) this.#onAnswer(answer);
      },
    });
  }

  publish(messages: readonly BusMessage[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve();
    if (!this.#open) return Promise.reject(new BusUnavailable('the connection to NATS is away'));
    if (this.#waitingCount() + messages.length > this.#options.waitingMax + this.#options.unackedMax) {
      const detail = `${this.#waitingCount()} messages already wait to be published to NATS, at most ${this.#options.waitingMax} may`;
      return Promise.reject(new BusUnavailable(detail));
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const batch: Batch = { left: messages.length, over: false, sentAt: performance.now(), resolve, reject };
    for (const message of messages) {
      const item = { message, batch };
      if (this.#pending.size < this.#options.unackedMax) this.#send(item);
      else this.#waiting.push(item);
    }
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS);
    return promise;
  }

  /** The connection is away: nobody will acknowledge what is on its way. */
  pause(why: string): void {
    this.#open = false;
    this.#failAll(new BusUnavailable(why));
  }

  resume(): void {
    this.#open = true;
  }

  close(): void {
    this.pause('the bus was closed');
  }

  /** The highest number that SLIPWAY_OUT is known to have given, to the last answer. */
  lastOutSequence(): number {
    if (this.#lastOutAnswer !== undefined) {
      const answer: unknown = JSON.parse(Buffer.from(this.#lastOutAnswer).toString());
      if (isObject(answer) && typeof answer.seq === 'number') this.#lastOut = Math.max(this.#lastOut, answer.seq);
      this.#lastOutAnswer = undefined;
    }
    return this.#lastOut;
  }

  /** The stream has lost its end, or is another. */
  forgetSequence(): void {
    this.#lastOutAnswer = undefined;
    this.#lastOut = 0;
  }

  /** Everything that was handed to `publish` has its answer. */
  get idle(): boolean {
    return this.#pending.size === 0 && this.#waitingCount() === 0;
  }

  /** What the broker takes, less the headers. */
  get #payloadMax(): number {
    return (this.#connection.info?.max_payload ?? PAYLOAD_MAX) - HEADERS_MAX;
  }

  #send(item: Item): void {
    const { message, batch } = item;
    const id = this.#nextId++;
    const head = headers();
    const isGuessable = isForInStream(message.plainType);
    head.set('Nats-Msg-Id', isGuessable ? `${this.#secret}.${message.messageId}` : message.messageId);
    head.set('content-type', CONTENT_TYPE);
    batch.sentAt = performance.now();
    try {
      // A string would go through TextEncoder, which takes three times as long as Buffer.from here.
      const body = bodyOf(message.json, this.#payloadMax);
      this.#connection.publish(subjectOf(message), body, { headers: head, reply: this.#inbox + id.toString(36) });
    } catch (error) {
      // The client refuses before it sends: a body above max_payload, a subject with a space.
      fail(batch, new MessageRefused(message.messageId, error instanceof Error ? error.message : String(error)));
      return;
    }
    this.#pending.set(id, item);
  }

  #onAnswer(answer: Msg): void {
    const id = Number.parseInt(answer.subject.slice(this.#inbox.length), 36);
    const item = this.#pending.get(id);
    if (item === undefined) return;
    this.#pending.delete(id);
    const { batch } = item;
    const { data } = answer;
    if (data.length > FIRST_LETTER && data[FIRST_LETTER] !== E_OF_ERROR) {
      if (data[LETTER_OF_STREAM] === O_OF_OUT) this.#lastOutAnswer = data;
      batch.left -= 1;
      if (batch.left === 0 && !batch.over) {
        batch.over = true;
        batch.resolve();
      }
    } else {
      this.#onRefusal(answer, item);
    }
    this.#sendWaiting();
  }

  #onRefusal(answer: Msg, { message, batch }: Item): void {
    if (answer.data.length === 0 && answer.headers?.code === NO_RESPONDERS) {
      fail(batch, new BusUnavailable(`no JetStream stream takes ${subjectOf(message)}`));
      this.#options.onNoStream();
      return;
    }
    const { code, description } = readApiError(answer.string());
    fail(
      batch,
      code === MESSAGE_TOO_LARGE
        ? new MessageRefused(message.messageId, description)
        : new BusUnavailable(`JetStream did not store message ${message.messageId}: ${description} (${code})`),
    );
  }

  #sendWaiting(): void {
    while (this.#open && this.#pending.size < this.#options.unackedMax) {
      const next = this.#waiting[this.#waitingFrom];
      if (next === undefined) break;
      this.#waitingFrom += 1;
      if (!next.batch.over) this.#send(next);
    }
    if (this.#waitingFrom > 0 && this.#waitingFrom >= this.#waiting.length / 2) {
      this.#waiting.splice(0, this.#waitingFrom);
      this.#waitingFrom = 0;
    }
  }

  #waitingCount(): number {
    return this.#waiting.length - this.#waitingFrom;
  }

  #sweep(): void {
    if (this.idle) {
      clearInterval(this.#sweeper);
      this.#sweeper = undefined;
      return;
    }
    const before = performance.now() - this.#options.ackTimeoutMs;
    // In the order of sending, so the first one in time ends the walk.
    for (const [id, { batch }] of this.#pending) {
      if (batch.sentAt > before) break;
      this.#pending.delete(id);
      fail(batch, new BusUnavailable(`NATS did not acknowledge a message within ${this.#options.ackTimeoutMs} ms`));
    }
    this.#sendWaiting();
  }

  #failAll(error: BusUnavailable): void {
    for (const { batch } of this.#pending.values()) fail(batch, error);
    this.#pending.clear();
    for (const { batch } of this.#waiting) fail(batch, error);
    this.#waiting.length = 0;
    this.#waitingFrom = 0;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}

function fail(batch: Batch, error: Error): void {
  if (batch.over) return;
  batch.over = true;
  batch.reject(error);
}

function readApiError(text: string): { code: number; description: string } {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return { code: 0, description: text.slice(0, 200) };
  }
  const error = isObject(answer) && isObject(answer.error) ? answer.error : {};
  return {
    code: typeof error.err_code === 'number' ? error.err_code : 0,
    description: typeof error.description === 'string' ? error.description : text.slice(0, 200),
  };
}
