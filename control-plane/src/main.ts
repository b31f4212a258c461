import { fileURLToPath } from 'node:url';
import { ownValue, printableJson } from '@slipway/contract';
import { destination, pino } from 'pino';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Bus } from './bus/bus.ts';
import { LocalBus } from './bus/local/index.ts';
import { checkListen, isLoopback, readTokenFile, startHttp } from './http/index.ts';
import { type KeptnDoor, makeKeptnDoor } from './keptn/index.ts';
import { type DiskWatch, watchDisk } from './outbound/disk-watch.ts';
import { makePost } from './outbound/post.ts';
import { systemClock } from './runtime/clock.ts';
import { startPlane } from './runtime/plane.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store/store.ts';

export type { Settings } from './settings.ts';
export { readSettings, settingTable } from './settings.ts';

/** A control plane that is running. */
export type RunningControlPlane = {
  url: string;
  close(): Promise<void>;
  /** Resolves when it cannot go on, and only a new process can: end this one, and let whoever watches over it start another. */
  failed: Promise<Error>;
};

/** A setting that cannot be served; `message` says the way out. */
export class CannotStart extends Error {
  override name = 'CannotStart';
}

const DRAIN_MAX_MS = 25_000;
const DISK_RESERVE_PERCENT = 5;

/**
 * Starts a control plane: opens the store and the bus that the settings name, takes up what is open, and listens. The only
 * place that knows which adapters are in use.
 */
export async function startControlPlane(settings: Settings): Promise<RunningControlPlane> {
  const log = pino(
    { level: settings.logLevel, hooks: { streamWrite: printableJson } },
    destination({ fd: 2, sync: false }),
  );
  const tokens =
    settings.tokenFile === undefined ? [] : readTokenFile(settings.tokenFile, (message) => log.warn(message));
  const allowed = checkListen(settings.listen, tokens.length > 0);
  if (!allowed.ok) throw new CannotStart(allowed.reason);

  const { promise: failed, resolve: fail } = Promise.withResolvers<Error>();
  let fileProblem: string | undefined;
  const store = await openStore(settings, {
    onLost: fail,
    onNotice: (notice) => log.warn({ notice }, 'store'),
    onProblem: (problem) => {
      fileProblem = problem;
      if (problem === undefined) log.warn({}, 'the data files are in place again: work goes on');
      else log.error({ dataDir: settings.dataDir, problem }, 'no work is taken');
    },
  });
  const bus = await openBus(settings, log).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const disk = await watchDataDir(settings, log);
  const projectLimits = {
    openRunsMax: settings.projectOpenRuns ?? null,
    waitingRunsMax: settings.projectWaitingRuns ?? null,
    runsPerSecond: settings.projectRunsPerSecond ?? null,
  };
  const planeLog = log.child({});
  const plane = await startPlane({
    store,
    bus,
    clock: systemClock,
    shared: isShared(settings),
    log: planeLog,
    post: makePost({ allowPrivate: settings.pushPrivate ?? (isLoopback(settings.listen.host) && tokens.length === 0) }),
    limits: {
      ...(settings.pushConcurrency === undefined ? {} : { pushConcurrency: settings.pushConcurrency }),
      perProject: projectLimits,
    },
    intakeProblem: () => fileProblem ?? disk?.problem(),
  });
  plane.evaluations
    .catchUp()
    .catch((error: unknown) =>
      planeLog.error({ error: String(error) }, 'evaluations of older data are not listed yet'),
    );
  const closeStore = (): Promise<void> => {
    // What the plane still reads fails now, as it must: said aloud, it would look like the reason of the end.
    planeLog.level = 'silent';
    return store.close();
  };
  const metrics = new Registry();
  exposeCounters(metrics, () => ({ ...plane.counters(), ...(disk ? { disk_free_ratio: disk.free() } : {}) }));
  const webRoot = fileURLToPath(new URL('../../web/dist', import.meta.url));
  let keptn: KeptnDoor | undefined;
  const http = await startHttp({
    plane,
    listen: settings.listen,
    tokens,
    log,
    metrics,
    projectLimits,
    webRoot,
    beside: (auth) => {
      keptn = makeKeptnDoor({ plane, auth, log });
      return settings.keptnDoor === false ? { serve: () => false } : keptn;
    },
  }).catch(async (error: unknown) => {
    await plane.close();
    await bus.close();
    await closeStore();
    throw error;
  });
  if (settings.keptnListen !== undefined) {
    const url = await keptn?.listen(settings.keptnListen);
    log.info({ url }, "listening for Keptn's services, without tokens");
  }
  log.info({ url: http.url, store: storeKind(settings), bus: bus.kind }, 'listening');

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    // What is not finished by then is taken up at the next start: a kill is only slower, not worse.
    const limit = new Promise<void>((resolve) => setTimeout(resolve, DRAIN_MAX_MS).unref());
    await Promise.race([
      limit,
      (async () => {
        disk?.close();
        await plane.close();
        await keptn?.close();
        await http.close();
        await bus.close();
        await closeStore();
      })(),
    ]);
    log.info('closed');
    log.flush();
  };
  return { url: http.url, close: () => (closing ??= close()), failed };
}

function storeKind({ mongoUrl, postgresUrl }: Settings): 'sqlite' | 'mongo' | 'postgres' {
  if (postgresUrl !== undefined) return 'postgres';
  return mongoUrl === undefined ? 'sqlite' : 'mongo';
}

/** Other replicas may use the same store. */
function isShared(settings: Settings): boolean {
  return storeKind(settings) !== 'sqlite';
}

async function openStore(
  settings: Settings,
  tell: {
    onLost(error: Error): void;
    onNotice(text: string): void;
    onProblem(problem: string | undefined): void;
  },
): Promise<Store> {
  const { onLost, onNotice, onProblem } = tell;
  if (settings.postgresUrl !== undefined) {
    const { openPostgresStore } = await import('./store/postgres/index.ts');
    return openPostgresStore({ url: settings.postgresUrl, onNotice });
  }
  if (settings.mongoUrl !== undefined) {
    const { openMongoStore } = await import('./store/mongo/index.ts');
    return openMongoStore({ url: settings.mongoUrl });
  }
  const { openSqliteStore } = await import('./store/sqlite/index.ts');
  return openSqliteStore({ dir: settings.dataDir, onLost, onProblem });
}

/** Only where the store is a file of ours: another's disk is another's business. */
async function watchDataDir(
  settings: Settings,
  log: { warn(details: object, message: string): void },
): Promise<DiskWatch | undefined> {
  const { dataDir, diskReserve = DISK_RESERVE_PERCENT } = settings;
  if (isShared(settings) || diskReserve === 0) return undefined;
  return watchDisk({
    dir: dataDir,
    reservePercent: diskReserve,
    onChange: (problem) =>
      log.warn({ problem }, problem === undefined ? 'there is room on the disk again' : 'new runs are refused'),
  });
}

async function openBus(settings: Settings, log: { warn(details: object, message: string): void }): Promise<Bus> {
  if (settings.natsUrl === undefined) return new LocalBus();
  const { openNatsBus } = await import('./bus/nats/index.ts');
  return openNatsBus({
    servers: settings.natsUrl,
    ...(settings.natsCredsFile === undefined ? {} : { credsFile: settings.natsCredsFile }),
    ...(settings.natsCaFile === undefined ? {} : { tls: { caFile: settings.natsCaFile } }),
    ...(settings.natsDomain === undefined ? {} : { domain: settings.natsDomain }),
    onNotice: (notice) => log.warn({ notice }, 'nats'),
  });
}

/** What only grows is a counter, of which Prometheus takes rates; the rest goes up and down. */
function exposeCounters(registry: Registry, read: () => Record<string, number>): void {
  // All that one scrape asks for is read once: the age of the oldest offer takes a look at each.
  let kept: Record<string, number> | undefined;
  const readOnce = (): Record<string, number> => {
    if (kept === undefined) setImmediate(() => (kept = undefined));
    kept ??= read();
    return kept;
  };
  for (const name of Object.keys(read())) {
    const options = {
      name: `slipway_${name}`,
      help: `Control plane: ${name.replace(/_total$/, '').replaceAll('_', ' ')}`,
      registers: [registry],
    };
    const value = (): number => ownValue(readOnce(), name) ?? 0;
    if (!name.endsWith('_total')) {
      new Gauge({
        ...options,
        collect() {
          this.set(value());
        },
      });
      continue;
    }
    new Counter({
      ...options,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  }
}
