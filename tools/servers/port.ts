import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ListenOptions } from 'node:net';

/** Below lie the ports of well-known servers. */
const LOWEST = 10_000;
/** The lowest that Linux gives to whoever asks for any port, unless it is told otherwise. */
const EPHEMERAL = 32_768;
const TRIES = 100;

/**
 * A port that stays free for this process, also between the end of one server and the start of the next: the kernel gives
 * it to nobody who asks for any port, and no other process that asks here gets it while this one lives.
 */
export async function freePort(): Promise<number> {
  const end = lowestEphemeral();
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(LOWEST, end);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
  throw new Error(`none of ${TRIES} ports between ${LOWEST} and ${end} is free`);
}

function lowestEphemeral(): number {
  try {
    const lowest = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
    return lowest > LOWEST + TRIES ? lowest : EPHEMERAL;
  } catch {
    return EPHEMERAL;
  }
}

/** By a name that only one process can have, and that ends with it. Only Linux has such names. */
function reserve(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(true);
  return listen({ path: `\0slipway-test-port-${port}` }, { keep: true });
}

function isFree(port: number): Promise<boolean> {
  return listen({ host: '127.0.0.1', port }, { keep: false });
}

async function listen(at: ListenOptions, { keep }: { keep: boolean }): Promise<boolean> {
  const server = createServer().unref();
  server.listen(at);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  if (keep) return true;
  server.close();
  await once(server, 'close');
  return true;
}
