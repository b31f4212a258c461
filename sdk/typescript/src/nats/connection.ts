import { AuthorizationError, type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node';
import { parseNatsAddress } from '@slipway/contract';
import { backoffMs } from '../backoff.ts';
import { errorText, type Logger } from '../log.ts';

/**
 * `nats://[user:password@|token@]host:port`, several with commas; or the client's own options, for TLS and credentials. `domain` is the
 * JetStream domain that has the streams, where it is not the one that the server itself is in.
 */
export type NatsAddress = string | (ConnectionOptions & { domain?: string });

const RECONNECT_MS = 250;
/** A broker that does not answer two pings is away, even when its socket looks open. */
const PING_MS = 3_000;

const DIAL_TIMEOUT_MS = 5_000;

/**
 * Connects, and stays connected until it is closed: a broker that is not there yet, or goes, is waited for. Undefined:
 * `isOver` said so first. Throws when the broker knows us not.
 */
export async function openNats(options: {
  address: NatsAddress;
  name: string;
  log: Logger;
  isOver: () => boolean;
}): Promise<NatsConnection | undefined> {
  const { address, name, log, isOver } = options;
  const settings: ConnectionOptions = {
    name,
    timeout: DIAL_TIMEOUT_MS,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS,
    // A broker whose users are being changed refuses us for a while; that must not end a service that ran.
    ignoreAuthErrorAbort: true,
    pingInterval: PING_MS,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...(typeof address === 'string' ? parseNatsAddress(address) : address),
  };
  for (let failures = 0; !isOver(); failures++) {
    try {
      return await connect(settings);
    } catch (error) {
      if (error instanceof AuthorizationError) throw error;
      if (failures % 20 === 0) {
        log.warn(
          { servers: [settings.servers].flat(), error: errorText(error) },
          'no NATS server answers: trying again',
        );
      }
      await new Promise((resolve) => setTimeout(resolve, backoffMs(Math.min(failures, FAILURES_MAX))));
    }
  }
  return undefined;
}

/** The pause between two tries stays below 2 s. */
const FAILURES_MAX = 4;
