import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { launch, type TestServer, type TestServerOptions } from './process.ts';
import { programPath } from './programs.ts';

export interface PostgresOptions extends TestServerOptions {
  /** Further lines of postgresql.conf, such as `synchronous_standby_names = 'standby'`. */
  readonly config?: string;
}

const USER = 'slipway';
const CONF = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 64MB
max_connections = 100
max_wal_senders = 4
logging_collector = off
`;

/** A PostgreSQL with an empty database `slipway`, which syncs each commit to the disk. */
export function startPostgres(options: PostgresOptions = {}): Promise<TestServer> {
  return run('postgres', options, (storeDir) => {
    command('initdb', ['-D', storeDir, '-U', USER, '--auth=trust', '-E', 'UTF8', '--locale=C', '--no-sync']);
  });
}

/** A streaming standby of `primary`, under the name `standby`, made from a base backup. */
export function startStandby(primary: TestServer, options: PostgresOptions = {}): Promise<TestServer> {
  return run('postgres-standby', options, (storeDir) => {
    const from = `host=127.0.0.1 port=${primary.port} user=${USER} application_name=standby`;
    command('pg_basebackup', ['-d', from, '-D', storeDir, '-R', '-X', 'stream', '--checkpoint=fast', '--no-sync']);
  });
}

/** Makes a standby the primary, as an operator or a fail-over manager does. */
export function promotePostgres(standby: TestServer): void {
  command('pg_ctl', ['promote', '-D', standby.storeDir, '-w']);
}

function run(name: string, options: PostgresOptions, fill: (storeDir: string) => void): Promise<TestServer> {
  const file = programPath('postgres');
  const user = unprivileged();
  const storeDir = options.storeDir ?? mkdtempSync(join(tmpdir(), `slipway-${name}-`));
  if (user) chownSync(storeDir, user.uid, user.gid);
  if (!existsSync(join(storeDir, 'PG_VERSION'))) {
    fill(storeDir);
    const conf = join(storeDir, 'postgresql.conf');
    writeFileSync(conf, `${readFileSync(conf, 'utf8')}${CONF}${options.config ?? ''}\n`);
  }
  return launch({
    name,
    options: { ...options, storeDir },
    command: ({ port }) => ({ file, args: ['-D', storeDir, '-p', String(port)] }),
    url: (port) => `postgres://${USER}@127.0.0.1:${port}/postgres`,
    says: /ready to accept (read-only )?connections/,
    stopTimeoutMs: 15_000,
    hasChildren: true,
    ...(user ? { user } : {}),
  });
}

/** PostgreSQL refuses to run as root: the user `nobody` runs it then. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid = '65534', gid = '65534'] = /^nobody:[^:]*:(\d+):(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

function command(program: string, args: readonly string[]): void {
  const file = join(dirname(programPath('postgres')), program);
  const done = spawnSync(file, args, { encoding: 'utf8', cwd: tmpdir(), ...unprivileged() });
  if (done.status !== 0) throw new Error(`${program} failed: ${done.error?.message ?? ''}${done.stderr}${done.stdout}`);
}
