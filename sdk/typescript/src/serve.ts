import { hostname } from 'node:os';
import type { Dialect } from '@slipway/contract';
import { ClaimTransport } from './claim/transport.ts';
import { fromEnvironment } from './environment.ts';
import { type Ledger, MemoryLedger } from './ledger.ts';
import { errorText, type Logger, stderrLogger } from './log.ts';
import type { NatsAddress } from './nats/connection.ts';
import { NatsTransport } from './nats/transport.ts';
import { type PushOptions, PushTransport } from './push/transport.ts';
import type { Task } from './task.ts';
import type { Transport, TransportCounts } from './transport.ts';
import type { Filter } from './trigger.ts';
import { Worker, type WorkerCounts } from './worker.ts';

export interface ServeOptions {
  tasks: readonly Task[];
  /** How attempts come: asked for over HTTP (default), from NATS, or delivered to a port of this process. */
  connect?: 'claim' | 'nats' | 'push';
  /** The control plane, for claim and push. Default SLIPWAY_SERVER, else http://127.0.0.1:8484. */
  server?: string;
  token?: string;
  /** The NATS server, for nats. Default nats://127.0.0.1:4222. */
  nats?: NatsAddress;
  /** Which spelling to listen for on NATS; default both. */
  dialect?: Dialect;
  /** Where this process listens, for push. */
  push?: PushOptions;
  /** The service's name: replicas share it. Default: the first part of `source`, else the name of the first task. */
  name?: string;
  /**
   * Who answers, as a URI reference. Default `/<name>`, and for claims, whose leases tell replicas apart,
   * `/<name>/<host>-<pid>`. With push it is always the address that attempts are delivered to.
   */
  source?: string;
  /** The service's version, for people. */
  version?: string;
  /** Attempts of each task that run at once, default 16. A task may say its own. */
  concurrency?: number;
  /** Only attempts of this project, stage or service. */
  filter?: Filter;
  /**
   * Silence after which the control plane gives a claimed attempt to somebody else, default 30 s: how long it takes until
   * a dead process is noticed.
   */
  leaseMs?: number;
  /**
   * A running attempt sends a sign of life by itself after so long a silence. Default a third of the lease, at most 5 s.
   * Where the shipyard has a `heartbeat` for the task it is a third of that, if that is shorter.
   */
  heartbeatMs?: number;
  /** How long a claim waits for work, default 25 s. */
  waitMs?: number;
  /** Remembers what was answered, so that a repeated attempt does not run again. Default: in memory. */
  ledger?: Ledger;
  /** Ends the service as `close` does. */
  signal?: AbortSignal;
  /** Whether SIGTERM and SIGINT end the service as `close` does; a second one ends the process at once. Default true. */
  signals?: boolean;
  /** How long running handlers may go on once the service ends, default 20 s. Then their signals abort. */
  drainMs?: number;
  log?: Logger;
}

export interface ServiceStats extends WorkerCounts {
  answers: TransportCounts;
}

export interface Service {
  readonly name: string;
  /** Connected for the first time. */
  readonly ready: Promise<void>;
  /** When it has ended. Rejects when the control plane refused for good: a wrong token, a task name it does not take. */
  readonly closed: Promise<void>;
  /** Takes no more, lets running handlers finish, delivers their answers, and disconnects. */
  close(): Promise<void>;
  stats(): ServiceStats;
}

const DEFAULT_SERVER = 'http://127.0.0.1:8484';
const DEFAULT_NATS = 'nats://127.0.0.1:4222';
const DIALECTS: readonly Dialect[] = ['plain', 'keptn'];
const CONCURRENCY = 16;
const LEASE_MS = 30_000;
const HEARTBEAT_MAX_MS = 5_000;
const WAIT_MS = 25_000;
const DRAIN_MS = 20_000;
/** How long answers may take to be delivered once every handler has ended. */
const FLUSH_MS = 10_000;

/**
 * Serves tasks until it is asked to end. The three ways to connect mean the same to a handler. Options that are not given
 * come from the environment of the process, see `fromEnvironment`.
 */
export function serve(given: ServeOptions): Service {
  const options = { ...fromEnvironment(), ...onlyDefined(given) };
  const settings = readSettings(options);
  const { log, name, source, drainMs } = settings;
  const worker = new Worker(settings);
  const { promise: closed, resolve, reject } = Promise.withResolvers<void>();
  let fatal: Error | undefined;
  let ending = false;

  const close = (): Promise<void> => {
    if (!ending) {
      ending = true;
      unlisten();
      end().then(resolve, reject);
    }
    return closed;
  };
  const onFatal = (error: Error): void => {
    if (fatal === undefined) {
      fatal = error;
      log.error({ service: name, error: error.message }, 'the control plane refuses this service: ending');
    }
    // Whoever does not look at `closed` gets the process ended by it, with an exit code that says so.
    void close();
  };
  const end = async (): Promise<void> => {
    await transport.leave();
    await worker.drain(drainMs);
    if (!(await transport.flush(FLUSH_MS))) {
      log.error(
        { service: name, ...transport.counts() },
        'ended before every answer was delivered: those attempts run again',
      );
    }
    worker.stop();
    await transport.close();
    await settings.ledger.close?.();
    log.info({ service: name, ...worker.counts }, 'ended');
    if (fatal !== undefined) throw fatal;
  };

  const transport = openTransport(settings, worker, onFatal);
  const unlisten = listen({ signal: options.signal, signals: options.signals ?? true, log, close });
  const ready = transport.start();
  ready.catch(onFatal);
  log.info(
    { service: name, source, tasks: settings.tasks.map((task) => task.name), connect: settings.connect },
    'serving',
  );
  return { name, ready, closed, close, stats: () => ({ ...worker.counts, answers: transport.counts() }) };
}

function onlyDefined(options: ServeOptions): ServeOptions {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.assign({ tasks: options.tasks }, Object.fromEntries(entries));
}

type Settings = ReturnType<typeof readSettings>;

function readSettings(options: ServeOptions) {
  const leaseMs = atLeastOne('leaseMs', options.leaseMs ?? LEASE_MS);
  const [first] = options.tasks;
  if (first === undefined)
    throw new TypeError('serve needs at least one task: serve({ tasks: [defineTask({ ... })] })');
  const names = new Set(options.tasks.map((task) => task.name));
  if (names.size < options.tasks.length) throw new TypeError('two of the tasks have the same name');
  const connect = options.connect ?? 'claim';
  const name = options.name ?? options.source?.split('/').find((part) => part !== '') ?? first.name;
  const replica = connect === 'claim' ? `/${name}/${hostname().slice(0, 100)}-${process.pid}` : `/${name}`;
  return {
    tasks: options.tasks,
    connect,
    name,
    source: options.source ?? replica,
    server: options.server ?? DEFAULT_SERVER,
    token: options.token,
    nats: options.nats ?? DEFAULT_NATS,
    dialects: options.dialect === undefined ? DIALECTS : [options.dialect],
    version: options.version,
    concurrency: atLeastOne('concurrency', options.concurrency ?? CONCURRENCY),
    filter: options.filter ?? {},
    leaseMs,
    heartbeatMs: atLeastOne('heartbeatMs', options.heartbeatMs ?? Math.min(leaseMs / 3, HEARTBEAT_MAX_MS)),
    push: options.push ?? {},
    waitMs: atLeastOne('waitMs', options.waitMs ?? WAIT_MS),
    drainMs: options.drainMs ?? DRAIN_MS,
    ledger: ledgerOf(options),
    log: options.log ?? stderrLogger,
  };
}

function ledgerOf({ ledger }: ServeOptions): Ledger {
  return ledger ?? new MemoryLedger();
}

function atLeastOne(name: string, value: number): number {
  if (!Number.isFinite(value) || value < 1) throw new TypeError(`${name} is ${value}, and must be at least 1`);
  return Math.round(value);
}

function openTransport(settings: Settings, worker: Worker, onFatal: (error: Error) => void): Transport {
  const slots = settings.tasks.reduce((sum, task) => sum + (task.concurrency ?? settings.concurrency), 0);
  const queueMax = Math.max(QUEUE_MIN, 2 * slots);
  if (settings.connect === 'nats') return new NatsTransport({ ...settings, worker, queueMax });
  if (settings.connect === 'push') {
    return new PushTransport({ ...settings, worker, queueMax, onSource: (source) => worker.answerAs(source) });
  }
  return new ClaimTransport({ ...settings, worker, onFatal, queueMax });
}

const QUEUE_MIN = 1_000;

/** Ends the service with the process or with the caller's signal. Answers how to stop listening. */
function listen(to: {
  signal: AbortSignal | undefined;
  signals: boolean;
  log: Logger;
  close: () => Promise<void>;
}): () => void {
  const onSignal = (name: NodeJS.Signals): void => {
    to.log.info({ signal: name }, 'ending: running handlers may finish; a second signal ends at once');
    end();
  };
  const end = (): void => void to.close().catch((error: unknown) => to.log.error({ error: errorText(error) }, 'ended'));
  if (to.signals) for (const name of SIGNALS) process.on(name, onSignal);
  to.signal?.addEventListener('abort', end, { once: true });
  if (to.signal?.aborted) queueMicrotask(end);
  return () => {
    for (const name of SIGNALS) process.off(name, onSignal);
    to.signal?.removeEventListener('abort', end);
  };
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
