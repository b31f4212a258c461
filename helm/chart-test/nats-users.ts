import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Release } from './release.ts';

/** The JetStream domain under which the rendered server offers its API to users. */
export const DOMAIN = 'slipway';

/** A connection as one user of the rendered server, and what the server refused it. */
export interface User extends AsyncDisposable {
  nats: NatsConnection;
  refused: string[];
}

export async function connectAs(release: Release, user: string): Promise<User> {
  const isControlPlane = user === 'control-plane';
  const pass = release.secret(isControlPlane ? 'slipway-nats' : `slipway-${user}`)['nats-password'] ?? '';
  const inboxPrefix = isControlPlane ? '_INBOX' : `_INBOX_${user}`;
  const nats = await connect({ servers: release.nats?.url ?? '', user, pass, inboxPrefix });
  const refused: string[] = [];
  void (async () => {
    for await (const status of nats.status()) if (status.type === 'error') refused.push(status.error.message);
  })();
  return { nats, refused, [Symbol.asyncDispose]: () => nats.close() };
}
