import { randomBytes } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { type Store, StoreUnavailable, type Timer } from '../store.ts';
import { ask } from './ask.ts';
import { collectionsOf, ensureIndexes } from './collections.ts';
import { Documents } from './documents.ts';
import { Evaluations } from './evaluations.ts';
import { Events } from './events.ts';
import { Horizon } from './horizon.ts';
import { Journal, timerKey } from './journal.ts';
import { findPhases } from './phases.ts';
import { findPlaces } from './places.ts';
import { Projector } from './projector.ts';
import { Runs } from './runs.ts';
import { StreamCache } from './stream-cache.ts';

export interface MongoStoreOptions {
  /** `mongodb://...` or `mongodb+srv://...`, with user and options as the server's manual says. */
  url: string;
  /** Default: the one that the URL names, else `slipway`. */
  database?: string;
  /** How long a commit or another short question may take before its outcome is unknown. Default 3 s. */
  timeoutMs?: number;
  /** The same for lists and long reads. Default 20 s. */
  readTimeoutMs?: number;
  /** Streams whose head is remembered. Default 50,000, about 300 bytes each. */
  streamsCached?: number;
}

/** Whoever asks while the server is away hears so within two seconds. */
const SELECTION_TIMEOUT_MS = 1_500;
const POOL_MAX = 16;
const OPEN_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * The store for several replicas. It needs of the server what a stand-alone one and compatible ones can do: insert if the
 * key is absent, answers for each document of a batch, find, update and delete by key. No transaction, no leader.
 */
export async function openMongoStore(options: MongoStoreOptions): Promise<Store> {
  const client = new MongoClient(options.url, {
    // Said for every write: the default of a server may be less, and an acknowledged entry must survive a fail-over.
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'local' },
    readPreference: 'primary',
    retryWrites: true,
    serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS,
    connectTimeoutMS: SELECTION_TIMEOUT_MS,
    socketTimeoutMS: OPEN_TIMEOUT_MS,
    maxPoolSize: POOL_MAX,
    ignoreUndefined: true,
    appName: 'slipway',
  });
  const timeoutMs = options.timeoutMs ?? 3_000;
  const readTimeoutMs = options.readTimeoutMs ?? 20_000;
  const db = client.db(options.database ?? (client.options.dbName === 'test' ? 'slipway' : client.options.dbName));
  const collections = collectionsOf(db);
  const horizon = new Horizon(db, collections, randomBytes(4).toString('hex'));
  try {
    await ask('open', OPEN_TIMEOUT_MS, async () => {
      await client.connect();
      await ensureIndexes(collections);
      await horizon.join();
      await findPlaces(collections, horizon.now());
    });
    await findPhases(collections);
  } catch (error) {
    await client.close();
    throw error;
  }

  const projector = new Projector(collections);
  const cache = new StreamCache(options.streamsCached ?? 50_000);
  const journal = new Journal({
    collections,
    clock: horizon.clock,
    projector,
    cache,
    now: () => horizon.now(),
    timeoutMs,
    readTimeoutMs,
  });
  const runs = new Runs({ collections, projector, cache, readTimeoutMs });
  const events = new Events({ collections, horizon, readTimeoutMs });
  const evaluations = new Evaluations({ collections, timeoutMs, readTimeoutMs });
  const documents = new Documents({ collections, timeoutMs });

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await projector.close();
    await ask('leave', CLOSE_TIMEOUT_MS, () => horizon.leave()).catch(() => {
      // The others notice by themselves.
    });
    await client.close();
  };
  const whenOpen = <A extends unknown[], R>(use: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (closing !== undefined) throw new StoreUnavailable('the store is closed');
      return use(...args);
    };
  };

  return {
    commit: whenOpen((items) => journal.commit(items)),
    settle: whenOpen((streams) => journal.settle(streams)),
    read: whenOpen((stream, range) => journal.read(stream, range)),
    openStreams: whenOpen((page) => journal.openStreams(page)),
    dueTimers: whenOpen(async ({ before, limit }) => {
      const found = await ask('due timers', readTimeoutMs, () =>
        collections.timers
          .find({ due: { $lt: before } })
          .sort({ due: 1 })
          .limit(limit)
          .toArray(),
      );
      return found.map(({ stream, name, due }): Timer => ({ stream, name, dueAt: due }));
    }),
    deleteTimers: whenOpen(async (timers) => {
      if (timers.length === 0) return;
      await ask('delete timers', timeoutMs, () =>
        collections.timers.deleteMany({ _id: { $in: timers.map(timerKey) } }),
      );
    }),
    listRuns: whenOpen((query) => runs.list(query)),
    getRun: whenOpen((id) => runs.get(id)),
    countRuns: whenOpen((filter) => runs.count(filter)),
    tallyRuns: whenOpen((query) => runs.tally(query)),
    listPlaces: whenOpen((page) => runs.places(page)),
    deleteFinishedRuns: whenOpen((rule) => runs.deleteFinished(rule)),
    listEvents: whenOpen((query) => events.list(query)),
    findEvent: whenOpen((id, source) => events.find(id, source)),
    eventsAfter: whenOpen((page) => events.after(page)),
    lastPosition: whenOpen(() => events.last()),
    listEvaluations: whenOpen((query) => evaluations.list(query)),
    findEvaluation: whenOpen((id, source) => evaluations.find(id, source)),
    addEvaluations: whenOpen((rows) => evaluations.add(rows)),
    getDocument: whenOpen((kind, id) => documents.get(kind, id)),
    putDocument: whenOpen((kind, id, value, expect) => documents.put(kind, id, value, expect)),
    listDocuments: whenOpen((kind, page) => documents.list(kind, page)),
    deleteDocument: whenOpen((kind, id) => documents.delete(kind, id)),
    probe: whenOpen(async () => {
      const start = performance.now();
      const key = { _id: 'meta/probe' };
      await ask('probe', timeoutMs, async () => {
        await collections.documents.updateOne(key, { $inc: { revision: 1 } }, { upsert: true });
        await collections.documents.findOne(key);
      });
      return performance.now() - start;
    }),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
