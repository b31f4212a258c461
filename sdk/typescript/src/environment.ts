import { readFileSync } from 'node:fs';
import { credsAuthenticator } from '@nats-io/transport-node';
import { parseNatsAddress } from '@slipway/contract';
import type { NatsAddress } from './nats/connection.ts';
import type { PushOptions } from './push/transport.ts';

const CONNECTS = ['claim', 'nats', 'push'] as const;

/** The options of `serve` that a process can get by its environment. */
export interface ServiceEnvironment {
  connect?: (typeof CONNECTS)[number];
  server?: string;
  token?: string;
  nats?: NatsAddress;
  push?: PushOptions;
  name?: string;
  source?: string;
  concurrency?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a service's process is told by its environment: SLIPWAY_CONNECT (claim, nats, push), SLIPWAY_SERVER, SLIPWAY_TOKEN,
 * SLIPWAY_NAME, SLIPWAY_SOURCE, SLIPWAY_CONCURRENCY; for NATS SLIPWAY_NATS, SLIPWAY_NATS_CREDS, SLIPWAY_NATS_CA,
 * SLIPWAY_NATS_DOMAIN and SLIPWAY_NATS_INBOX; for push SLIPWAY_PUSH_LISTEN and SLIPWAY_PUSH_URL. What is not set is left out, so it can be spread
 * over defaults.
 */
export function fromEnvironment(env: Environment = process.env): ServiceEnvironment {
  const told: ServiceEnvironment = {};
  const connect = CONNECTS.find((way) => way === env.SLIPWAY_CONNECT);
  if (env.SLIPWAY_CONNECT && connect === undefined) {
    throw new TypeError(`SLIPWAY_CONNECT is ${JSON.stringify(env.SLIPWAY_CONNECT)}: write ${CONNECTS.join(', ')}`);
  }
  const nats = natsFrom(env);
  const push = pushFrom(env);
  // Who names a NATS server and no way means NATS.
  if (connect !== undefined) told.connect = connect;
  else if (nats !== undefined) told.connect = 'nats';
  if (env.SLIPWAY_SERVER) told.server = env.SLIPWAY_SERVER;
  if (env.SLIPWAY_TOKEN) told.token = env.SLIPWAY_TOKEN;
  if (nats !== undefined) told.nats = nats;
  if (push !== undefined) told.push = push;
  if (env.SLIPWAY_NAME) told.name = env.SLIPWAY_NAME;
  if (env.SLIPWAY_SOURCE) told.source = env.SLIPWAY_SOURCE;
  if (env.SLIPWAY_CONCURRENCY) told.concurrency = Number(env.SLIPWAY_CONCURRENCY);
  return told;
}

function natsFrom(env: Environment): NatsAddress | undefined {
  const more: Exclude<NatsAddress, string> = {
    ...(env.SLIPWAY_NATS_CREDS ? { authenticator: credsAuthenticator(readFileSync(env.SLIPWAY_NATS_CREDS)) } : {}),
    ...(env.SLIPWAY_NATS_CA ? { tls: { caFile: env.SLIPWAY_NATS_CA } } : {}),
    ...(env.SLIPWAY_NATS_DOMAIN ? { domain: env.SLIPWAY_NATS_DOMAIN } : {}),
    ...(env.SLIPWAY_NATS_INBOX ? { inboxPrefix: env.SLIPWAY_NATS_INBOX } : {}),
  };
  if (!env.SLIPWAY_NATS) return undefined;
  return Object.keys(more).length === 0 ? env.SLIPWAY_NATS : { ...parseNatsAddress(env.SLIPWAY_NATS), ...more };
}

function pushFrom(env: Environment): PushOptions | undefined {
  const { SLIPWAY_PUSH_LISTEN: listen, SLIPWAY_PUSH_URL: url } = env;
  if (!listen) return url ? { url } : undefined;
  const [, host, port] = /^\[?([^[\]\s]+?)\]?:(\d{1,5})$/.exec(listen) ?? [];
  if (host === undefined || Number(port) > 65_535) {
    throw new TypeError(`SLIPWAY_PUSH_LISTEN is ${JSON.stringify(listen)}: write HOST:PORT, such as 0.0.0.0:8080`);
  }
  return { host, port: Number(port), ...(url ? { url } : {}) };
}
