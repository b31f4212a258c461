import type { ClientConfig } from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { StoreUnavailable } from '../store.ts';

/** One server of those that a URL names. */
export interface Host {
  readonly host: string;
  readonly port: number;
}

export interface PostgresAddress {
  readonly hosts: readonly Host[];
  /** User, password, database, TLS: the same for all hosts. */
  readonly config: ClientConfig;
}

const DEFAULT_PORT = 5432;

/**
 * Reads `postgres://user:password@h1:5432,h2:5433/db?...`, libpq's form for several servers of which one is the primary. The driver
 * itself reads a single host.
 */
export function readAddress(text: string): PostgresAddress {
  const match = /^(?<scheme>postgres(?:ql)?:\/\/)(?<user>[^@/]*@)?(?<hosts>[^/?]+)(?<rest>[/?].*)?$/.exec(text);
  if (match?.groups === undefined)
    throw new StoreUnavailable('not a PostgreSQL address: write postgres://user@host:5432/slipway');
  const { scheme = '', user = '', hosts = '', rest = '' } = match.groups;
  const list = hosts.split(',').map((part): Host => {
    const { v6, name, port } =
      /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:]+))(?::(?<port>\d{1,5}))?$/.exec(part.trim())?.groups ?? {};
    const host = v6 ?? name;
    if (host === undefined) throw new StoreUnavailable(`"${part}" is not a host: write host or host:port`);
    return { host: decodeURIComponent(host), port: port === undefined ? DEFAULT_PORT : Number(port) };
  });
  return { hosts: list, config: parseIntoClientConfig(`${scheme}${user}${hosts.split(',')[0] ?? ''}${rest}`) };
}
