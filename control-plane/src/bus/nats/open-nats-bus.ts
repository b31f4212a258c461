import { readFile } from 'node:fs/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import {
  AuthorizationError,
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type NatsConnection,
} from '@nats-io/transport-node';
import { parseNatsAddress } from '@slipway/contract';
import { type Bus, BusUnavailable } from '../bus.ts';
import { NatsBus } from './nats-bus.ts';
import { BusMisconfigured, ensureTopology } from './topology.ts';

const DAY_MS = 86_400_000;
const DIAL_TIMEOUT_MS = 5_000;
const RETRY_MS = 250;
/** How often the client tries to come back, with as much again of jitter, so that replicas do not arrive together. */
const RECONNECT_MS = 250;
/** A broker that does not answer pings for two of these is away, even when its socket looks open. */
const PING_MS = 10_000;
const MAX_PING_OUT = 2;

export interface NatsBusOptions {
  /** `nats://[user:password@|token@]host:port`, one or several of one cluster, also with commas. */
  servers: string | readonly string[];
  /** Path of a `.creds` file. */
  credsFile?: string;
  tls?: { caFile?: string; certFile?: string; keyFile?: string };
  /** For accounts whose users may subscribe to inboxes of their own only. Default `_INBOX`. */
  inboxPrefix?: string;
  /** The JetStream domain. Without one the API is `$JS.API`. */
  domain?: string;
  /** How the broker names this connection to its operator. */
  name?: string;
  /** How long the broker keeps events. Default 7 days. */
  maxAgeMs?: number;
  /** Copies of each stream in a cluster of brokers; left as it is when not given. */
  replicas?: number;
  /** Deliveries in the handler's hands at most. Default 2,000. */
  inHandMax?: number;
  /** How long `publish` waits for the broker's acknowledgement. Default 5 s. */
  ackTimeoutMs?: number;
  /** How long to try for the first connection. Default 10 s. */
  connectTimeoutMs?: number;
  /** Lifecycle for the log: connection lost, back, streams made anew. */
  onNotice?: (notice: string) => void;
}

/**
 * Connects, and makes the streams and the consumer when they are not there. Throws BusUnavailable when no server answers
 * in time, and another error, which names the way out, when trying again would be no use.
 */
export async function openNatsBus(options: NatsBusOptions): Promise<Bus> {
  const topology = { maxAgeMs: options.maxAgeMs ?? 7 * DAY_MS, replicas: options.replicas };
  const deadline = performance.now() + (options.connectTimeoutMs ?? 10_000);
  const settings = await connectionOptions(options);
  for (;;) {
    let connection: NatsConnection | undefined;
    try {
      connection = await connect(settings);
      const manager = await openManager(connection, options.domain);
      const life = await ensureTopology(manager, topology);
      return new NatsBus(connection, manager, life, {
        topology,
        inHandMax: options.inHandMax ?? 2_000,
        ackTimeoutMs: options.ackTimeoutMs ?? 5_000,
        inboxPrefix: options.inboxPrefix,
        domain: options.domain,
        onNotice: options.onNotice ?? (() => {}),
      });
    } catch (error) {
      await connection?.close();
      if (isForPeople(error)) throw error;
      if (performance.now() > deadline) {
        const servers = parseNatsAddress([options.servers].flat().join(',')).servers.join(', ');
        const reason = error instanceof Error ? error.message : String(error);
        throw new BusUnavailable(`no NATS server with JetStream at ${servers}: ${reason}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function connectionOptions(options: NatsBusOptions): Promise<ConnectionOptions> {
  const { servers, credsFile, tls, inboxPrefix } = options;
  return {
    ...parseNatsAddress([servers].flat().join(',')),
    name: options.name ?? 'slipway',
    timeout: DIAL_TIMEOUT_MS,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS,
    // A broker whose users are being changed refuses us for a while; that must not end the connection for good.
    ignoreAuthErrorAbort: true,
    pingInterval: PING_MS,
    maxPingOut: MAX_PING_OUT,
    noAsyncTraces: true,
    ...(credsFile === undefined ? {} : { authenticator: credsAuthenticator(await readFile(credsFile)) }),
    ...(tls === undefined ? {} : { tls }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
  };
}

async function openManager(connection: NatsConnection, domain: string | undefined): Promise<JetStreamManager> {
  // The check asks for the account's figures, which a restricted user may not see; the streams tell soon enough.
  const options = { checkAPI: false, timeout: DIAL_TIMEOUT_MS };
  return jetstreamManager(connection, domain === undefined ? options : { ...options, domain });
}

/** Somebody has to change something: nobody mends that by waiting. */
function isForPeople(error: unknown): boolean {
  return error instanceof AuthorizationError || error instanceof BusMisconfigured;
}
