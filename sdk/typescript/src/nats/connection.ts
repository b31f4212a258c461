import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node';

/** `nats://[user:password@|token@]host:port`, several with commas; or the client's own options, for TLS and credentials. */
export type NatsAddress = string | ConnectionOptions;

const RECONNECT_MS = 250;
/** A broker that does not answer two pings is away, even when its socket looks open. */
const PING_MS = 10_000;

/** Connects, and stays connected until it is closed: a broker that is not there yet, or goes, is waited for. */
export function openNats(address: NatsAddress, name: string): Promise<NatsConnection> {
  return connect({
    name,
    reconnect: true,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS,
    // A broker whose users are being changed refuses us for a while; that must not end the service.
    ignoreAuthErrorAbort: true,
    pingInterval: PING_MS,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...(typeof address === 'string' ? readAddress(address) : address),
  });
}

/** The client reads no credentials from an address, and people write them there. */
function readAddress(address: string): ConnectionOptions {
  const options: ConnectionOptions = {};
  const servers = address.split(',').map((text) => {
    const server = text.trim();
    const url = URL.canParse(server) ? new URL(server) : undefined;
    if (url === undefined || url.username === '') return server;
    if (url.password === '') {
      options.token = decodeURIComponent(url.username);
    } else {
      options.user = decodeURIComponent(url.username);
      options.pass = decodeURIComponent(url.password);
    }
    return `${url.protocol}//${url.host}`;
  });
  return { ...options, servers };
}
