import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { nearestName } from '@slipway/contract';
import { checkListen, type Listen } from './http/listen.ts';

/** What `slipway serve` can be told. Every setting is a flag and an environment variable of the same name. */
export type Settings = {
  /** Port 0: any free one. */
  listen: Listen;
  /** Absolute. */
  dataDir: string;
  natsUrl: string | undefined;
  /** Absolute. */
  natsCredsFile?: string | undefined;
  /** Absolute. */
  natsCaFile?: string | undefined;
  natsDomain?: string | undefined;
  mongoUrl: string | undefined;
  postgresUrl?: string | undefined;
  /** Absolute. */
  tokenFile: string | undefined;
  logLevel: LogLevel;
  /** Percent of the disk of `dataDir` that must be free for new runs; 0: none. */
  diskReserve?: number | undefined;
  /** What a project may have that says nothing of its own; undefined: as much as it likes. */
  projectOpenRuns?: number | undefined;
  projectWaitingRuns?: number | undefined;
  projectRunsPerSecond?: number | undefined;
  /** Deliveries to one push subscription that are under way at once. */
  pushConcurrency?: number | undefined;
  /** Undefined: on. */
  keptnDoor?: boolean | undefined;
  /** Where services inside a cluster reach Keptn's routes without a token; undefined: nowhere. */
  keptnListen?: Listen | undefined;
  /** Undefined: only while it listens on loopback. */
  pushPrivate?: boolean | undefined;
};

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type SettingProblem = {
  /** Where it was written: `--listen` or `SLIPWAY_LISTEN`. */
  where: string;
  /** A sentence that says what is wrong and the way out. */
  message: string;
  nearest?: string;
};

type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

export type Setting<K extends keyof Settings = keyof Settings> = {
  key: K;
  flag: `--${string}`;
  env: `SLIPWAY_${string}`;
  /** The placeholder for its value in help and docs. */
  value: string;
  /** As it would be written; undefined: not set. */
  default: string | undefined;
  description: string;
  parse: (text: string) => Parsed<Settings[K]>;
};

/** The one list of settings: flags, environment, help, docs/operating and the check for unknown names come from it. */
export const settingTable = [
  setting({
    key: 'listen',
    flag: '--listen',
    env: 'SLIPWAY_LISTEN',
    value: 'HOST:PORT',
    default: '127.0.0.1:8484',
    description: 'Address of the HTTP API. Port 0 takes a free one. Anything but loopback needs a token file.',
    parse: parseListen,
  }),
  setting({
    key: 'dataDir',
    flag: '--data',
    env: 'SLIPWAY_DATA',
    value: 'DIR',
    default: './.slipway',
    description: 'Folder of the SQLite file; made when it is not there.',
    parse: (text) => ({ ok: true, value: resolve(text) }),
  }),
  setting({
    key: 'natsUrl',
    flag: '--nats',
    env: 'SLIPWAY_NATS',
    value: 'URL',
    default: undefined,
    description: 'Turns the NATS bus on: nats://[USER:PASSWORD@]host:4222, several with commas.',
    parse: (text) => parseUrls(text, ['nats:', 'tls:', 'ws:', 'wss:'], 'nats://127.0.0.1:4222'),
  }),
  setting({
    key: 'natsCredsFile',
    flag: '--nats-creds',
    env: 'SLIPWAY_NATS_CREDS',
    value: 'FILE',
    default: undefined,
    description: 'Credentials for NATS, as a file of its JWT and seed (`.creds`).',
    parse: (text) => ({ ok: true, value: resolve(text) }),
  }),
  setting({
    key: 'natsCaFile',
    flag: '--nats-ca',
    env: 'SLIPWAY_NATS_CA',
    value: 'FILE',
    default: undefined,
    description: 'Certificate of the authority that NATS servers must show; turns TLS on.',
    parse: (text) => ({ ok: true, value: resolve(text) }),
  }),
  setting({
    key: 'natsDomain',
    flag: '--nats-domain',
    env: 'SLIPWAY_NATS_DOMAIN',
    value: 'NAME',
    default: undefined,
    description: 'JetStream domain that has the streams. Not set: the one that the server itself is in.',
    parse: parseDomain,
  }),
  setting({
    key: 'mongoUrl',
    flag: '--mongo',
    env: 'SLIPWAY_MONGO',
    value: 'URL',
    default: undefined,
    description: 'Turns the cluster store on: mongodb://host:27017/slipway, in place of the SQLite file.',
    parse: parseMongoUrl,
  }),
  setting({
    key: 'postgresUrl',
    flag: '--postgres',
    env: 'SLIPWAY_POSTGRES',
    value: 'URL',
    default: undefined,
    description:
      'Turns the cluster store on: postgres://user:password@host:5432/slipway, in place of the SQLite file. Several hosts with commas: the primary is found.',
    parse: parsePostgresUrl,
  }),
  setting({
    key: 'tokenFile',
    flag: '--token-file',
    env: 'SLIPWAY_TOKEN_FILE',
    value: 'FILE',
    default: undefined,
    description: 'Callers must show a token of this file.',
    parse: (text) => ({ ok: true, value: resolve(text) }),
  }),
  setting({
    key: 'pushPrivate',
    flag: '--push-private',
    env: 'SLIPWAY_PUSH_PRIVATE',
    value: 'BOOL',
    default: undefined,
    description:
      'Whether push subscriptions may have sinks on private and loopback addresses. Not set: only on loopback without a token file.',
    parse: parseBoolean,
  }),
  setting({
    key: 'logLevel',
    flag: '--log-level',
    env: 'SLIPWAY_LOG_LEVEL',
    value: 'LEVEL',
    default: 'info',
    description: `${LOG_LEVELS.join(', ')}. Logs are JSON, one object a line, on standard error.`,
    parse: parseLogLevel,
  }),
  setting({
    key: 'diskReserve',
    flag: '--disk-reserve',
    env: 'SLIPWAY_DISK_RESERVE',
    value: 'PERCENT',
    default: '5',
    description:
      'No new runs, data, shipyards or files when less than this part of the disk with the SQLite file is free. 0 turns it off.',
    parse: (text) => parseNumber(text, { min: 0, max: 99, what: 'a part of the disk in percent' }),
  }),
  setting({
    key: 'projectOpenRuns',
    flag: '--project-open-runs',
    env: 'SLIPWAY_PROJECT_OPEN_RUNS',
    value: 'N',
    default: undefined,
    description: 'Open runs that a project may have which has no limit of its own. Beyond it new ones get 429.',
    parse: (text) => parseNumber(text, { min: 1, isWhole: true, what: 'a number of runs' }),
  }),
  setting({
    key: 'projectWaitingRuns',
    flag: '--project-waiting-runs',
    env: 'SLIPWAY_PROJECT_WAITING_RUNS',
    value: 'N',
    default: undefined,
    description: 'The same for runs that wait for their concurrency group.',
    parse: (text) => parseNumber(text, { min: 1, isWhole: true, what: 'a number of runs' }),
  }),
  setting({
    key: 'projectRunsPerSecond',
    flag: '--project-runs-per-second',
    env: 'SLIPWAY_PROJECT_RUNS_PER_SECOND',
    value: 'N',
    default: undefined,
    description: 'The same for new runs in a second.',
    parse: (text) => parseNumber(text, { min: 0.001, what: 'a number of runs in a second' }),
  }),
  setting({
    key: 'pushConcurrency',
    flag: '--push-concurrency',
    env: 'SLIPWAY_PUSH_CONCURRENCY',
    value: 'N',
    default: '8',
    description: 'Events that are on their way to one push subscription at once.',
    parse: (text) => parseNumber(text, { min: 1, max: 256, isWhole: true, what: 'a number of deliveries' }),
  }),
  setting({
    key: 'keptnDoor',
    flag: '--keptn-door',
    env: 'SLIPWAY_KEPTN_DOOR',
    value: 'BOOL',
    default: undefined,
    description: "Keptn's API for its own clients and services, beside Slipway's. On unless it is false.",
    parse: parseBoolean,
  }),
  setting({
    key: 'keptnListen',
    flag: '--keptn-listen',
    env: 'SLIPWAY_KEPTN_LISTEN',
    value: 'HOST:PORT',
    default: undefined,
    description:
      "A second address for Keptn's services inside a cluster, which send no token. Only a network that you trust may reach it.",
    parse: parseListen,
  }),
] as const;

/** Variables of the same prefix that tell the command line and the services of this repository something. */
const OTHER_VARIABLES = [
  ...['SLIPWAY_SERVER', 'SLIPWAY_TOKEN', 'SLIPWAY_CONNECT', 'SLIPWAY_NAME', 'SLIPWAY_SOURCE', 'SLIPWAY_CONCURRENCY'],
  ...['SLIPWAY_NATS_INBOX', 'SLIPWAY_PUSH_LISTEN', 'SLIPWAY_PUSH_URL'],
  ...['SLIPWAY_PHOTOS', 'SLIPWAY_PROMETHEUS', 'SLIPWAY_EVALUATE_ALLOW', 'SLIPWAY_EVALUATE_SOURCES'],
  'SLIPWAY_EVALUATE_SLI_PROVIDER',
];
/** Kubernetes gives every container an address of each service, which may be called slipway or slipway-nats. */
const OF_KUBERNETES = /_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)$/;

/**
 * Settings from flags (by their name, with the dashes) and environment: a flag wins over its variable, which wins over
 * the default; an empty variable counts as not set. Every problem is told at once.
 */
export function readSettings(
  flags: { readonly [flag: string]: string | undefined },
  env: { readonly [name: string]: string | undefined },
): { ok: true; settings: Settings } | { ok: false; problems: SettingProblem[] } {
  const problems = [...unknownFlags(flags), ...unknownVariables(env)];

  function read<K extends keyof Settings>(one: Setting<K>, unset: Settings[K]): Settings[K] {
    const fromEnv = env[one.env] === '' ? undefined : env[one.env];
    const text = flags[one.flag] ?? fromEnv ?? one.default;
    if (text === undefined) return unset;
    const parsed = one.parse(text);
    if (parsed.ok) return parsed.value;
    problems.push({ where: flags[one.flag] === undefined ? one.env : one.flag, message: parsed.reason });
    return unset;
  }

  const [listen, dataDir, natsUrl, natsCredsFile, natsCaFile, natsDomain, mongoUrl, ...others] = settingTable;
  const [postgresUrl, tokenFile, pushPrivate, logLevel, ...bounds] = others;
  const [diskReserve, projectOpenRuns, projectWaitingRuns, projectRunsPerSecond, pushConcurrency, ...keptn] = bounds;
  const [keptnDoor, keptnListen] = keptn;
  const settings: Settings = {
    listen: read(listen, { host: '127.0.0.1', port: 0 }),
    dataDir: read(dataDir, ''),
    natsUrl: read(natsUrl, undefined),
    natsCredsFile: read(natsCredsFile, undefined),
    natsCaFile: read(natsCaFile, undefined),
    natsDomain: read(natsDomain, undefined),
    mongoUrl: read(mongoUrl, undefined),
    postgresUrl: read(postgresUrl, undefined),
    tokenFile: read(tokenFile, undefined),
    pushPrivate: read(pushPrivate, undefined),
    logLevel: read(logLevel, 'info'),
    diskReserve: read(diskReserve, undefined),
    projectOpenRuns: read(projectOpenRuns, undefined),
    projectWaitingRuns: read(projectWaitingRuns, undefined),
    projectRunsPerSecond: read(projectRunsPerSecond, undefined),
    pushConcurrency: read(pushConcurrency, undefined),
    keptnDoor: read(keptnDoor, undefined),
    keptnListen: read(keptnListen, undefined),
  };
  const allowed = checkListen(settings.listen, settings.tokenFile !== undefined);
  if (!allowed.ok) {
    problems.push({ where: flags['--listen'] === undefined ? 'SLIPWAY_LISTEN' : '--listen', message: allowed.reason });
  }
  if (settings.mongoUrl !== undefined && settings.postgresUrl !== undefined) {
    const where = flags['--postgres'] === undefined ? 'SLIPWAY_POSTGRES' : '--postgres';
    problems.push({ where, message: 'MongoDB and PostgreSQL are both set: choose one store' });
  }
  return problems.length === 0 ? { ok: true, settings } : { ok: false, problems };
}

function unknownFlags(flags: { readonly [flag: string]: string | undefined }): SettingProblem[] {
  const known = settingTable.map((one) => one.flag);
  return unknownAmong(Object.keys(flags), known, (flag) => `${flag} is not a flag of serve`);
}

/** Variables that begin as ours do and are none: a misspelled one would be ignored in silence. */
export function unknownVariables(env: { readonly [name: string]: string | undefined }): SettingProblem[] {
  const known = [...settingTable.map((one) => one.env), ...OTHER_VARIABLES];
  const named = Object.keys(env).filter((name) => name.startsWith('SLIPWAY_') && !OF_KUBERNETES.test(name));
  return unknownAmong(named, known, (name) => `${name} is not a setting of Slipway`);
}

function unknownAmong(
  names: readonly string[],
  known: readonly string[],
  sentence: (name: string) => string,
): SettingProblem[] {
  return names
    .filter((name) => !known.includes(name))
    .map((name) => {
      const nearest = nearestName(name, known);
      if (nearest === undefined) return { where: name, message: `${sentence(name)}: it has ${known.join(', ')}` };
      return { where: name, message: `${sentence(name)}: did you mean ${nearest}?`, nearest };
    });
}

function parseListen(text: string): Parsed<Listen> {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:\s/[\]]+)):(?<port>\d{1,5})$/.exec(text);
  const { v6, host, port } = match?.groups ?? {};
  const reason = `${JSON.stringify(text)} is not an address to listen on: write HOST:PORT, such as 127.0.0.1:8484 or [::1]:8484`;
  if (port === undefined || (v6 !== undefined && isIP(v6) !== 6)) return { ok: false, reason };
  if (Number(port) > 65_535) return { ok: false, reason: `${port} is not a port: the highest is 65535` };
  return { ok: true, value: { host: v6 ?? host ?? '', port: Number(port) } };
}

function parseBoolean(text: string): Parsed<boolean> {
  if (text === 'true' || text === 'false') return { ok: true, value: text === 'true' };
  return { ok: false, reason: 'write true or false' };
}

function parseUrls(text: string, schemes: readonly string[], example: string): Parsed<string> {
  for (const part of text.split(',')) {
    const url = URL.canParse(part.trim()) ? new URL(part.trim()) : undefined;
    if (url === undefined || !schemes.includes(url.protocol) || url.hostname === '') {
      return { ok: false, reason: `${JSON.stringify(withoutPassword(part))} is not a valid address: write ${example}` };
    }
  }
  return { ok: true, value: text };
}

/** Not by `URL`: a MongoDB address may name several hosts. */
function parseDomain(text: string): Parsed<string> {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text)
    ? { ok: true, value: text }
    : { ok: false, reason: 'it is a name of letters, digits, - and _, at most 64' };
}

function parseMongoUrl(text: string): Parsed<string> {
  if (/^mongodb(\+srv)?:\/\/[^/\s]+/.test(text)) return { ok: true, value: text };
  const shown = JSON.stringify(withoutPassword(text));
  return { ok: false, reason: `${shown} is not a valid address: write mongodb://127.0.0.1:27017/slipway` };
}

/** Not by `URL`: an address may name several hosts. */
function parsePostgresUrl(text: string): Parsed<string> {
  if (/^postgres(ql)?:\/\/[^/?\s]+/.test(text)) return { ok: true, value: text };
  const shown = JSON.stringify(withoutPassword(text));
  return { ok: false, reason: `${shown} is not a PostgreSQL address: write postgres://user@127.0.0.1:5432/slipway` };
}

function parseNumber(
  text: string,
  { min, max, isWhole, what }: { min: number; max?: number; isWhole?: boolean; what: string },
): Parsed<number> {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const fits =
    value >= min && value <= (max ?? Number.MAX_SAFE_INTEGER) && (isWhole !== true || Number.isInteger(value));
  if (fits) return { ok: true, value };
  const range = max === undefined ? `at least ${min}` : `${min} to ${max}`;
  return {
    ok: false,
    reason: `${JSON.stringify(text)} is not ${what}: write a ${isWhole ? 'whole ' : ''}number, ${range}`,
  };
}

function parseLogLevel(text: string): Parsed<LogLevel> {
  const level = LOG_LEVELS.find((one) => one === text);
  if (level !== undefined) return { ok: true, value: level };
  const nearest = nearestName(text, LOG_LEVELS);
  const hint = nearest === undefined ? `choose one of ${LOG_LEVELS.join(', ')}` : `did you mean ${nearest}?`;
  return { ok: false, reason: `${JSON.stringify(text)} is not a log level: ${hint}` };
}

/** What may be shown of an address. */
function withoutPassword(address: string): string {
  return address.replace(/\/\/[^@/]*@/, '//***@');
}

/** Ties the type of the value to the key. */
function setting<K extends keyof Settings>(one: Setting<K>): Setting<K> {
  return one;
}
