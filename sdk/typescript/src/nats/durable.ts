import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { OUT_STREAM } from './names.ts';

/** How long the broker waits for a sign before it gives a message to another replica. */
export const ACK_WAIT_MS = 30_000;
const MAX_ACK_PENDING = 5_000;
const NS_PER_MS = 1_000_000;
const CONSUMER_EXISTS = 10148;
const DURABLE_EXISTS = 10013;

/**
 * Makes the durable consumer that the replicas of a service share, or finds it. A new one begins with what comes from now
 * on: what is open already is offered again by the control plane when it hears the service's hello.
 * Undefined: the stream is not there (yet). Else what tells one life of the consumer from the next.
 */
export async function ensureDurable(
  manager: JetStreamManager,
  consumer: { durable: string; subject: string },
): Promise<string | undefined> {
  try {
    return (await manager.consumers.info(OUT_STREAM, consumer.durable)).created;
  } catch (error) {
    if (isApiError(error, JetStreamApiCodes.StreamNotFound)) return undefined;
    if (!isApiError(error, JetStreamApiCodes.ConsumerNotFound)) throw error;
  }
  try {
    const info = await manager.consumers.add(OUT_STREAM, {
      durable_name: consumer.durable,
      filter_subject: consumer.subject,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.New,
      ack_wait: ACK_WAIT_MS * NS_PER_MS,
      max_ack_pending: MAX_ACK_PENDING,
      // Whether an attempt is given up is the control plane's decision.
      max_deliver: -1,
    });
    return info.created;
  } catch (error) {
    if (isApiError(error, JetStreamApiCodes.StreamNotFound)) return undefined;
    // Another replica was faster.
    if (isApiError(error, CONSUMER_EXISTS) || isApiError(error, DURABLE_EXISTS))
      return ensureDurable(manager, consumer);
    throw error;
  }
}

function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
