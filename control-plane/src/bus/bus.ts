import type { Dialect } from '@slipway/contract';

/**
 * How events leave and arrive without HTTP. Delivery is at least once and unordered, both ways; whoever receives tells
 * repeats by the event's (source, id), never by the broker's `redelivered` flag, which is not durable.
 */
export interface Bus {
  readonly kind: 'local' | 'nats' | 'memory';
  /**
   * Publishes each message; resolves when the broker has all of them. A message that this process publishes again
   * with the same `messageId` within the broker's window is stored once. Throws BusUnavailable: publish again, with the same ids.
   */
  publish(messages: readonly BusMessage[]): Promise<void>;
  /**
   * Publishes an event that is no message of this control plane, once and without an acknowledgement, under its type. Undefined
   * where nobody could listen.
   */
  passOn?(type: string, json: string): void;
  /** Starts delivering triggers and answers sent by others (and the triggers we publish for the next stage). Call once. */
  consume(handler: (deliveries: readonly Delivery[]) => void): Promise<void>;
  /** Calls back when a service says hello (at connect and about every 10 s). Not durable. */
  onHello(handler: (hello: ServiceHello) => void): void;
  status(): BusStatus;
  /** How far the broker is known to have come, to be kept for `hasLost`; undefined where there is no broker. */
  mark(): BusMark | undefined;
  /** Whether the broker has less than it had at that mark: it lost its disk, or the end of it, or came from a backup. */
  hasLost(mark: BusMark): Promise<boolean>;
  /** Calls back when the broker has come back with less than it had. */
  onLoss(handler: () => void): void;
  /** Stops delivering; what was delivered may still be acked. */
  stopConsuming(): Promise<void>;
  close(): Promise<void>;
}

export type BusMessage = {
  /** The event's id; a re-dispatch adds a suffix, so that the broker's window lets it through. */
  messageId: string;
  dialect: Dialect;
  project: string;
  /** `<task>.triggered`, `<stage>.<sequence>.finished`, ... */
  plainType: string;
  /** The CloudEvent, one line of JSON. */
  json: string;
};

export type Delivery = {
  headers: ReadonlyMap<string, string>;
  body: Uint8Array;
  /** Where it was published, for people. */
  subject: string;
  /** Project as the subject names it; undefined on Keptn's subjects. */
  project: string | undefined;
  /** When the broker stored it, epoch ms. */
  storedAt: number;
  /** Deliveries of this message so far, for diagnosis only. */
  count: number;
  /** It and all it caused are durable. */
  ack(): void;
  /** Deliver it again, not before `delayMs`. */
  retry(delayMs: number): void;
  /** Still busy: do not deliver it again yet. */
  working(): void;
};

export type ServiceHello = { source: string; tasks: readonly string[]; version?: string; at: number };

/** `streams` tells one life of the broker's streams from the next; the numbers are those of their last messages. */
export type BusMark = { streams: string; in: number; out: number };

export type BusStatus = {
  connected: boolean;
  /** Messages waiting for us, when known. */
  pending?: number;
  /** The last error, for people. */
  lastError?: string;
};

/** The broker is away or did not answer in time. */
export class BusUnavailable extends Error {
  override name = 'BusUnavailable';
}

/**
 * The broker will never take this message: it is too large, or its subject is none. Repeating it is no use; the others of
 * the same call may or may not be stored, so publish those again.
 */
export class MessageRefused extends Error {
  override name = 'MessageRefused';
  readonly messageId: string;

  constructor(messageId: string, reason: string) {
    super(`message ${messageId} cannot be published: ${reason}`);
    this.messageId = messageId;
  }
}
