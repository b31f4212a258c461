/**
 * Real servers for tests:
 *
 *     await using nats = await startNats();
 *     const bus = await openNatsBus({ url: nats.url });
 *
 * Each listens on 127.0.0.1 on a free port, keeps its data in a temporary folder of its own, and ends with `stop`, with the
 * scope (`await using`), and in any case with the process that started it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, type TestServer, type TestServerOptions } from './servers/process.ts';
import { programPath } from './servers/programs.ts';

export { freePort } from './servers/port.ts';
export { type PostgresOptions, promotePostgres, startPostgres, startStandby } from './servers/postgres.ts';
export type { TestServer, TestServerOptions } from './servers/process.ts';
export { type ProgramName, programPath } from './servers/programs.ts';

export interface NatsOptions extends TestServerOptions {
  /** When JetStream syncs its files: 'always' before each ack, or a time such as '2m', which is the server's own default. */
  readonly syncInterval?: string;
  /** Further lines of the server's configuration file, such as `max_payload: 8MB`. */
  readonly config?: string;
}

/** A nats-server with JetStream. */
export function startNats(options: NatsOptions = {}): Promise<TestServer> {
  const file = programPath('nats-server');
  return launch({
    name: 'nats-server',
    options,
    command: ({ port, storeDir }) => {
      const config = join(storeDir, 'nats.conf');
      // Without a sync_interval the file keeps to what every version understands (2.9 knows no `always`).
      const sync = options.syncInterval === undefined ? '' : `, sync_interval: ${options.syncInterval}`;
      writeFileSync(
        config,
        `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(storeDir)}${sync} }\n${options.config ?? ''}\n`,
      );
      return { file, args: ['--config', config] };
    },
    url: (port) => `nats://127.0.0.1:${port}`,
    greeting: '"jetstream":true',
    stopTimeoutMs: 10_000,
  });
}

export interface MongoOptions extends TestServerOptions {
  /** Without the announcement of a replica set of one: what a plain `mongod` looks like to the driver. */
  readonly standalone?: boolean;
  /** Syncs at every commit, also for writes that do not ask for the journal. */
  readonly syncOnCommit?: boolean;
}

/** A server for the MongoDB wire (SecantusDB). Dropping data is slow there: take a new database name per test. */
export function startMongo(options: MongoOptions = {}): Promise<TestServer> {
  const file = programPath('secantusd-py');
  const flags = [
    ...(options.standalone ? ['--standalone'] : []),
    ...(options.syncOnCommit ? ['--sync-on-commit'] : []),
  ];
  return launch({
    name: 'secantusd',
    options,
    command: ({ port, storeDir }) => ({
      file,
      args: [
        ...['--host', '127.0.0.1', '--port', String(port)],
        ...['--storage-path', storeDir, '--log-level', 'WARNING', ...flags],
      ],
    }),
    url: (port) => `mongodb://127.0.0.1:${port}/?directConnection=true`,
    stopTimeoutMs: 15_000,
  });
}
