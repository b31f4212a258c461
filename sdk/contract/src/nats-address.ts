/** Where NATS is, and who we are there: what a client wants to be told apart. */
export type NatsAddress = {
  servers: string[];
  user?: string;
  /** The client's word for a password. */
  pass?: string;
  token?: string;
};

/**
 * Reads `nats://[user:password@|token@]host:port`, several with commas. Clients of NATS read no credentials from an
 * address, and people write them there. The credentials of the last server that has some count for all.
 */
export function parseNatsAddress(text: string): NatsAddress {
  const address: NatsAddress = { servers: [] };
  for (const part of text.split(',')) {
    const server = part.trim();
    const url = URL.canParse(server) ? new URL(server) : undefined;
    if (url === undefined || url.username === '') {
      address.servers.push(server);
      continue;
    }
    if (url.password === '') {
      address.token = decoded(url.username);
    } else {
      address.user = decoded(url.username);
      address.pass = decoded(url.password);
    }
    address.servers.push(`${url.protocol}//${url.host}`);
  }
  return address;
}

/** A `%` that somebody did not encode stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
