import { type Store, StoreUnavailable } from '../store.ts';
import { commit } from './commit.ts';
import { Database } from './database.ts';
import { Documents } from './documents.ts';
import { Evaluations } from './evaluations.ts';
import { Events } from './events.ts';
import { Heads } from './heads.ts';
import { deleteTimers, dueTimers, type JournalParts, openStreams, readEntries, settle } from './journal.ts';
import { epochText } from './position.ts';
import { Runs } from './runs.ts';
import { SCHEMA, SCHEMA_VERSION } from './schema.ts';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/database`, several hosts with commas; `?sslmode=verify-full` and so on as libpq has them. */
  url: string;
  /** How long a commit or another short statement may take before its outcome is unknown. Default 3 s. */
  timeoutMs?: number;
  /** The same for lists and long reads. Default 20 s. */
  readTimeoutMs?: number;
  /** Streams whose head is remembered. Default 50,000, about 200 bytes each. */
  streamsCached?: number;
  /** Something that an operator may want to know, such as a broken idle connection. */
  onNotice?: (text: string) => void;
}

const OPEN_TIMEOUT_MS = 30_000;
/** Any number: whoever prepares this schema takes the same lock. */
const SCHEMA_LOCK = 8_484_019;

/** The store for several replicas on one PostgreSQL, version 13 or later. It needs the right to create tables in its schema. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const database = new Database(options.url, options.onNotice ?? (() => {}));
  const timeoutMs = options.timeoutMs ?? 3_000;
  const readTimeoutMs = options.readTimeoutMs ?? 20_000;
  let epoch: string;
  try {
    epoch = await prepare(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  const heads = new Heads(options.streamsCached ?? 50_000);
  const parts: JournalParts = { database, heads, timeoutMs, readTimeoutMs };
  const runs = new Runs({ database, heads, readTimeoutMs });
  const events = new Events({ database, epoch: `${epoch}-`, readTimeoutMs });
  const evaluations = new Evaluations({ database, epoch: `${epoch}-`, readTimeoutMs });
  const documents = new Documents({ database, timeoutMs });

  let closing: Promise<void> | undefined;
  const whenOpen = <A extends unknown[], R>(use: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (closing !== undefined) throw new StoreUnavailable('the store is closed');
      return use(...args);
    };
  };

  return {
    commit: whenOpen(async (items) => {
      const results = await commit(items, { database, epoch, timeoutMs });
      for (const [index, { stream, seq }] of items.entries()) {
        if (results[index]?.outcome === 'committed') heads.raise(stream, seq);
        else heads.forget(stream);
      }
      return results;
    }),
    settle: whenOpen((streams) => settle(streams, parts)),
    read: whenOpen((stream, range) => readEntries(stream, range ?? {}, parts)),
    openStreams: whenOpen((page) => openStreams(page, parts)),
    dueTimers: whenOpen((page) => dueTimers(page, parts)),
    deleteTimers: whenOpen((timers) => deleteTimers(timers, parts)),
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
      const sql = `INSERT INTO meta VALUES ('probe', 1) ON CONFLICT (key) DO UPDATE SET value = meta.value + 1 RETURNING value`;
      await database.run('probe', timeoutMs, sql);
      return performance.now() - start;
    }),
    close: () => {
      closing ??= database.close();
      return closing;
    },
  };
}

/** Makes the tables and returns the epoch of positions: a new one when this server's transaction ids lie below those on record. */
async function prepare(database: Database): Promise<string> {
  const run = <T extends object>(sql: string) =>
    database.run<T & Record<string, unknown>>('open', OPEN_TIMEOUT_MS, sql);
  const [settings] = await run<{ fsync: string; commit: string; version: string; recovery: boolean }>(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, current_setting('server_version_num') AS version`,
  );
  if (Number(settings?.version) < 130_000) throw new StoreUnavailable('PostgreSQL 13 or later is needed');
  if (settings?.fsync !== 'on')
    throw new StoreUnavailable('PostgreSQL runs with fsync = off: an accepted event could be lost. Turn it on.');
  if (settings.commit === 'off') {
    throw new StoreUnavailable(
      'PostgreSQL runs with synchronous_commit = off: an accepted event could be lost. Set it to on for this database or user.',
    );
  }
  // One statement string is one transaction, which the lock spans.
  await run(`SELECT pg_advisory_xact_lock(${SCHEMA_LOCK}); ${SCHEMA}
    INSERT INTO meta VALUES ('schema', ${SCHEMA_VERSION}), ('epoch', 0) ON CONFLICT DO NOTHING;
    UPDATE meta SET value = value + 1 WHERE key = 'epoch' AND EXISTS (
      SELECT 1 FROM (SELECT pos FROM events ORDER BY pos DESC LIMIT 1) e
      WHERE split_part(e.pos, '-', 1) = lpad(to_hex(meta.value), 4, '0')
        AND split_part(e.pos, '-', 2) > lpad(to_hex(pg_current_xact_id()::text::bigint), 16, '0'))`);
  const rows = await run<{ key: string; value: string }>(
    `SELECT key, value FROM meta WHERE key IN ('schema', 'epoch')`,
  );
  const values = new Map(rows.map(({ key, value }) => [key, Number(value)]));
  const schema = values.get('schema') ?? 0;
  if (schema > SCHEMA_VERSION) {
    throw new StoreUnavailable(
      `the database has schema ${schema}, and this program knows ${SCHEMA_VERSION}: upgrade the program`,
    );
  }
  return epochText(values.get('epoch') ?? 0);
}
