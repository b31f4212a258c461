import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { Delivery } from '../bus.ts';
import { projectOf } from './subjects.ts';

const NO_HEADERS: ReadonlyMap<string, string> = new Map();
const NS_PER_MS = 1_000_000;

const ACK = new Uint8Array(0);
const WORKING = Buffer.from('+WPI');

/** What a delivery needs of whoever pulled it. */
export interface Answering {
  /** Sends `payload` to the ack subject, unless that subject may by now mean another message. */
  answer(delivery: NatsDelivery, payload: Uint8Array, last: boolean): void;
}

/**
 * One message as JetStream delivered it. Headers and counts are read only when somebody asks: most messages need none.
 */
export class NatsDelivery implements Delivery {
  readonly body: Uint8Array;
  readonly project: string | undefined;
  readonly subject: string;
  /** `$JS.ACK...`: where to answer, and all that the server says of this delivery. */
  readonly ackSubject: string;
  /** Which life of the streams it came from: see Puller.answer. */
  readonly epoch: number;
  /** When the server last heard that it is in hand, by the monotonic clock. */
  heardOfAt = performance.now();
  readonly #message: Msg;
  readonly #puller: Answering;
  #settled = false;
  #headers: ReadonlyMap<string, string> | undefined;
  #facts: AckFacts | undefined;

  constructor(message: Msg, ackSubject: string, epoch: number, puller: Answering) {
    this.body = message.data;
    this.project = projectOf(message.subject);
    this.subject = message.subject;
    this.ackSubject = ackSubject;
    this.epoch = epoch;
    this.#message = message;
    this.#puller = puller;
  }

  get headers(): ReadonlyMap<string, string> {
    this.#headers ??= flatHeaders(this.#message.headers);
    return this.#headers;
  }

  get storedAt(): number {
    return this.#factsOf().storedAt;
  }

  /** Its number in the stream. */
  get sequence(): number {
    return this.#factsOf().sequence;
  }

  get count(): number {
    return this.#factsOf().count;
  }

  #factsOf(): AckFacts {
    this.#facts ??= parseAckSubject(this.ackSubject);
    return this.#facts;
  }

  ack(): void {
    this.#settle(ACK);
  }

  retry(delayMs: number): void {
    this.#settle(Buffer.from(`-NAK {"delay":${Math.max(0, Math.round(delayMs)) * NS_PER_MS}}`));
  }

  working(): void {
    if (!this.#settled) this.#puller.answer(this, WORKING, false);
  }

  #settle(payload: Uint8Array): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#puller.answer(this, payload, true);
  }
}

function flatHeaders(headers: MsgHdrs | undefined): ReadonlyMap<string, string> {
  if (headers === undefined) return NO_HEADERS;
  const flat = new Map<string, string>();
  for (const [name, values] of headers) flat.set(name, values[0] ?? '');
  return flat;
}

interface AckFacts {
  count: number;
  sequence: number;
  storedAt: number;
}

/**
 * `$JS.ACK.<stream>.<consumer>.<count>.<stream seq>.<consumer seq>.<ns>.<pending>`, and since 2.10 also with domain and
 * account after `$JS.ACK` and a random token at the end.
 */
function parseAckSubject(subject: string): AckFacts {
  const tokens = subject.split('.');
  const first = tokens.length >= 11 ? 6 : 4;
  // The time has 19 digits, more than a double holds: the last six are below a millisecond.
  return {
    count: Number(tokens[first] ?? 1),
    sequence: Number(tokens[first + 1] ?? 0),
    storedAt: Number((tokens[first + 3] ?? '').slice(0, -6)),
  };
}
