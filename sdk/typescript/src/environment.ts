import type { ServeOptions } from './serve.ts';

const CONNECTS = ['claim', 'nats', 'push'] as const;

/**
 * What a service's process is told by its environment: SLIPWAY_CONNECT (claim, nats, push), SLIPWAY_SERVER, SLIPWAY_TOKEN,
 * SLIPWAY_NATS, SLIPWAY_SOURCE, SLIPWAY_CONCURRENCY. What is not set is left out, so it can be spread over defaults.
 */
export function fromEnvironment(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Pick<ServeOptions, 'connect' | 'server' | 'token' | 'nats' | 'source' | 'concurrency'> {
  const told: ReturnType<typeof fromEnvironment> = {};
  const connect = CONNECTS.find((way) => way === env.SLIPWAY_CONNECT);
  if (env.SLIPWAY_CONNECT && connect === undefined) {
    throw new TypeError(`SLIPWAY_CONNECT is ${JSON.stringify(env.SLIPWAY_CONNECT)}: write ${CONNECTS.join(', ')}`);
  }
  // Who names a NATS server and no way means NATS.
  if (connect !== undefined) told.connect = connect;
  else if (env.SLIPWAY_NATS) told.connect = 'nats';
  if (env.SLIPWAY_SERVER) told.server = env.SLIPWAY_SERVER;
  if (env.SLIPWAY_TOKEN) told.token = env.SLIPWAY_TOKEN;
  if (env.SLIPWAY_NATS) told.nats = env.SLIPWAY_NATS;
  if (env.SLIPWAY_SOURCE) told.source = env.SLIPWAY_SOURCE;
  if (env.SLIPWAY_CONCURRENCY) told.concurrency = Number(env.SLIPWAY_CONCURRENCY);
  return told;
}
