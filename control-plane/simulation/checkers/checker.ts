import type { Accepted, CloudEvent, Plan } from '@slipway/contract';
import type { BusMessage } from '../../src/bus/bus.ts';
import type { CommitItem } from '../../src/store/store.ts';
import type { Broker, StoredMessage } from '../world/broker.ts';
import type { Database } from '../world/database.ts';
import type { Plane } from '../world/replica.ts';
import type { Timeline } from '../world/timeline.ts';

/** What a checker may look at: the truth, which no replica sees whole. */
export type Scene = {
  timeline: Timeline;
  database: Database;
  /** Undefined where there is no broker. */
  broker: Broker | undefined;
  plan: Plan;
  shared: boolean;
  /** The most that two clocks of this world may ever differ. */
  skewMaxMs: number;
  /** Replicas that are up now. */
  planes(): readonly Plane[];
  fail(checker: string, what: string): void;
};

export type End = {
  timedOut: boolean;
  /** It was waited long enough for replicas to have forgotten what nobody needs. */
  looksAtMemory: boolean;
};

/** Watches a history, and says when something is wrong. */
export interface Checker {
  /** The database has inserted an entry. */
  onCommit?(item: CommitItem): void;
  /** A replica asks the broker to store a message. */
  onPublish?(message: BusMessage): void;
  /** The broker has stored a message that it did not have. */
  onStored?(message: StoredMessage): void;
  /** A replica says that a message, and all that it caused, is durable. */
  onAck?(message: StoredMessage): void;
  /** A replica answers a client. */
  onAccepted?(event: CloudEvent, item: Accepted['items'][number]): void;
  /** All faults have stopped, and nothing more is going to happen, or it has taken too long. */
  atEnd?(end: End): Promise<void> | void;
}
