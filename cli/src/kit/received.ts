import type { CloudEvent } from '@slipway/contract';

/** An event that the service sent. */
export interface Received {
  readonly event: CloudEvent;
  /** By the monotonic clock. */
  readonly at: number;
  readonly via: 'POST /v1/events' | 'response' | 'NATS';
}
