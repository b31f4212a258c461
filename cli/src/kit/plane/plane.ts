import type { CloudEvent } from '@slipway/contract';
import type { Answers } from './answers.ts';

/** What goes wrong with a request. `break`: no answer; `break-after`: what it brought was taken, and the answer got lost. */
export type Fault =
  | { kind: 'break' }
  | { kind: 'break-after' }
  | { kind: 'status'; status: number; code?: string; retryAfterS?: number; body?: string };

/** The control plane as a service sees it, by one way to connect. */
export interface Plane {
  readonly answers: Answers;
  /** What the service's environment says of it. */
  readonly env: Readonly<Record<string, string>>;
  /** Called for each POST of events: `events` are those it brought. */
  faultAnswers: (events: readonly CloudEvent[]) => Fault | undefined;
  /** Called for each claim, or each delivery of a push subscription that is made. */
  faultAsks: () => Fault | undefined;
  /** Requests without the token. */
  readonly withoutToken: string[];
  /** Claims, or what stands for them, since the start. */
  readonly asks: readonly Ask[];
  /** The service is a new process: what it asks for is still to come. */
  forgetAsks(): void;
  /** The service asks for work now. */
  isAsked(): boolean;
  offer(...events: readonly CloudEvent[]): void;
  /** What was not handed out yet is no longer offered. */
  withdraw(): void;
  /** The attempt is over; tells the service where the way to connect can. */
  cancel(event: CloudEvent): void;
  /** Hands the service bytes that are no event. True: it was refused by the service, or nobody can tell. */
  sendGarbage(): Promise<boolean>;
  /** Goes away and comes back later, with what it had. */
  away(ms: number): Promise<void>;
  /** Attempts that the service had taken and not finished when it ended its subscription: others may have them. */
  readonly givenBack: ReadonlySet<string>;
  /** Data that the service has stored or fetched. */
  readonly data: Map<string, string>;
  readonly fetched: string[];
  close(): Promise<void>;
}

export interface Ask {
  readonly at: number;
  readonly max: number;
  readonly waitMs: number;
  readonly leaseMs: number;
  readonly source: unknown;
}
