import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { type RunSummary, stateOfPhase } from '@slipway/contract';
import type { CommitResult, Store } from '../store.ts';
import { InvalidCursor, StoreUnavailable } from '../store.ts';
import { encodeBatch } from './batch.ts';
import { padPosition } from './key.ts';
import type { FailureKind, OpName, Ops, SummaryRest, SummaryRow } from './protocol.ts';

/**
 * Opens (or makes) the SQLite store in a folder. Two threads: one writes, one reads, so that neither the disk nor a long
 * scan holds up the control plane. One process at a time: a second one is refused. `onLost`: one of the threads has died, and
 * nothing will be read or written any more; the way back is to open it again in a new process, as after any crash.
 * `onProblem`: the files are not fit for use, so nothing is written; undefined when they are again.
 */
export async function openSqliteStore(options: {
  dir: string;
  onLost?(error: Error): void;
  onProblem?(problem: string | undefined): void;
}): Promise<Store> {
  makeFolder(options.dir);
  const lock = takeLock(options.dir);
  const path = join(options.dir, 'slipway.db');
  checkUnused(path, lock);
  const onLost = options.onLost ?? ((): void => undefined);
  const fitness = new Fitness(options.onProblem ?? ((): void => undefined));
  const writer = await startThread(path, 'writer', { onLost, fitness });
  const reader = await startThread(path, 'reader', { onLost, fitness });

  const store: Store = {
    async commit(items) {
      fitness.check();
      const firsts = await writer.call('commit', encodeBatch(items));
      if (firsts.length !== items.length)
        throw new StoreUnavailable(`sqlite: ${firsts.length} results for a batch of ${items.length}`);
      return items.map((item, index) => resultOf(firsts[index] ?? -1, item.rows.length));
    },
    settle: async (streams) => (streams.length === 0 ? undefined : writer.call('settle', streams)),
    read: (stream, range = {}) => reader.call('read', { stream, range }),
    openStreams: (page) => reader.call('openStreams', page),
    dueTimers: (page) => reader.call('dueTimers', page),
    deleteTimers: (timers) => writer.call('deleteTimers', timers),
    async listRuns(query) {
      const page = await reader.call('listRuns', query);
      const items = page.items.map(parseSummary);
      return page.next === undefined ? { items } : { items, next: page.next };
    },
    async getRun(id) {
      const found = await reader.call('getRun', id);
      return found === undefined ? undefined : parseSummary(found);
    },
    listEvents: (query) => reader.call('listEvents', query),
    findEvent: (id, source) => reader.call('findEvent', { id, source }),
    eventsAfter: (page) => reader.call('eventsAfter', page),
    lastPosition: () => reader.call('lastPosition', undefined),
    listEvaluations: (query) => reader.call('listEvaluations', query),
    findEvaluation: (id, source) => reader.call('findEvaluation', { id, source }),
    addEvaluations: (rows) => writer.call('addEvaluations', rows),
    getDocument: (kind, id) => reader.call('getDocument', { kind, id }),
    putDocument: (kind, id, value, expect) =>
      writer.call('putDocument', { kind, id, value: JSON.stringify(value), expect }),
    listDocuments: (kind, page) => reader.call('listDocuments', { kind, page }),
    deleteDocument: (kind, id) => writer.call('deleteDocument', { kind, id }),
    deleteFinishedRuns: (rule) => writer.call('deleteFinishedRuns', rule),
    countRuns: (filter) => reader.call('countRuns', filter),
    async tallyRuns(query) {
      const tallies = await reader.call('tallyRuns', query);
      return tallies.map(({ state, result, n }) => ({
        ...phaseOf(state),
        ...(result === null ? {} : { result: result as NonNullable<RunSummary['result']> }),
        count: n,
      }));
    },
    async listPlaces(page) {
      const places = await reader.call('listPlaces', page);
      return places.map(({ project, stage, service, open, last }) => ({
        project,
        stage,
        ...(service === null ? {} : { service }),
        open,
        ...(last === undefined ? {} : { last: parseSummary(last) }),
      }));
    },
    async probe() {
      const start = performance.now();
      fitness.check();
      await writer.call('probe', undefined);
      return performance.now() - start;
    },
    async close() {
      await reader.close();
      await writer.close();
      if (lock.isOpen) lock.close();
    },
  };
  return store;
}

/** For a backup tool to finish with the database. */
const OPEN_ELSEWHERE_MS = 2_000;

/** SQLite would tell of a folder that cannot be written in words that name none. */
function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const path of [dir, join(dir, 'slipway.db'), join(dir, 'slipway.lock')])
      if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new StoreUnavailable(
      `the data folder ${dir} cannot be written${why}: give its user the right to, or choose another --data`,
      { cause },
    );
  }
}

/** Holds an exclusive lock for the life of the process; the system lets go of it when the process dies, however it dies. */
function takeLock(dir: string): DatabaseSync {
  const lock = new DatabaseSync(join(dir, 'slipway.lock'));
  try {
    lock.exec(
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS holder (pid INTEGER); COMMIT;',
    );
    return lock;
  } catch (cause) {
    lock.close();
    throw new StoreUnavailable(`another Slipway uses the data folder ${dir}: stop it, or choose another --data`, {
      cause,
    });
  }
}

/**
 * The lock file may have been deleted under a running process, and a new one locks nobody out. Each connection holds a
 * shared lock on the database, so a process that gets the exclusive one is alone.
 */
function checkUnused(path: string, lock: DatabaseSync): void {
  const probe = new DatabaseSync(path, { timeout: OPEN_ELSEWHERE_MS });
  try {
    probe.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT;');
  } catch (cause) {
    lock.close();
    throw new StoreUnavailable(
      `another Slipway uses the data folder ${dirname(path)}, or another program has its database open: stop it, or choose another --data`,
      { cause },
    );
  } finally {
    probe.close();
  }
}

/** Whether the files can be worked with, as the threads have found them. */
class Fitness {
  readonly #onProblem: (problem: string | undefined) => void;
  #gone: string | undefined;
  #malformed: string | undefined;

  constructor(onProblem: (problem: string | undefined) => void) {
    this.#onProblem = onProblem;
  }

  /** Throws while the database is malformed: whatever is written into it may be lost, or make it worse. */
  check(): void {
    if (this.#malformed !== undefined) throw new StoreUnavailable(this.#malformed);
  }

  found(kind: FailureKind, text: string): void {
    if (kind === 'gone') this.#set(text, this.#malformed);
    if (kind === 'malformed')
      this.#set(this.#gone, `slipway.db is damaged (${text}): stop this process, restore a backup and start again`);
  }

  /** The writing thread has looked at its files and found them in place. */
  inPlace(): void {
    if (this.#gone !== undefined) this.#set(undefined, this.#malformed);
  }

  #set(gone: string | undefined, malformed: string | undefined): void {
    const before = this.#malformed ?? this.#gone;
    this.#gone = gone;
    this.#malformed ??= malformed;
    const now = this.#malformed ?? this.#gone;
    if (now !== before) this.#onProblem(now);
  }
}

type Thread = {
  call<O extends OpName>(
    op: O,
    args: Parameters<Ops[O]>[0] extends undefined ? undefined : Parameters<Ops[O]>[0],
  ): Promise<ReturnType<Ops[O]>>;
  close(): Promise<void>;
};

async function startThread(
  path: string,
  role: 'writer' | 'reader',
  { onLost, fitness }: { onLost: (error: Error) => void; fitness: Fitness },
): Promise<Thread> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { path, role } });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let next = 0;
  let gone: Error | undefined;
  let isReady = false;
  let isClosing = false;
  worker.on('message', (message: { id: number; value?: unknown; error?: string; kind?: FailureKind }) => {
    const one = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error !== undefined) fitness.found(message.kind ?? 'store', message.error);
    else if (role === 'writer') fitness.inPlace();
    if (message.error === undefined) one?.resolve(message.value);
    else
      one?.reject(
        message.kind === 'cursor' ? new InvalidCursor(message.error) : new StoreUnavailable(`sqlite: ${message.error}`),
      );
  });
  const end = (error: Error): void => {
    if (gone) return;
    gone = error;
    for (const one of waiting.values()) one.reject(error);
    waiting.clear();
    if (isReady && !isClosing) onLost(error);
  };
  worker.on('error', (cause) =>
    end(new StoreUnavailable(`the ${role} thread of the store failed: ${String(cause)}`, { cause })),
  );
  worker.on('exit', (code) =>
    end(new StoreUnavailable(isClosing ? 'the store is closed' : `the ${role} thread of the store ended with ${code}`)),
  );
  await new Promise<unknown>((resolve, reject) => waiting.set(0, { resolve, reject }));
  isReady = true;
  const send = (op: string, args: unknown): Promise<unknown> => {
    if (gone) return Promise.reject(gone);
    next++;
    const id = next;
    return new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, op, args });
    });
  };
  return {
    call: send as Thread['call'],
    async close() {
      if (gone) return;
      isClosing = true;
      await send('close', undefined);
      await worker.terminate();
    },
  };
}

function resultOf(first: number, count: number): CommitResult {
  if (first < 0) return { outcome: 'conflict' };
  return { outcome: 'committed', positions: Array.from({ length: count }, (_, index) => padPosition(first + index)) };
}

/** The column of the state holds the phase, which says the state as well. */
function phaseOf(text: string): Pick<RunSummary, 'state' | 'phase'> {
  const phase = text as RunSummary['phase'];
  return { phase, state: stateOfPhase(phase) };
}

/** A row of the reading thread as the summary it was. */
function parseSummary(row: SummaryRow): RunSummary {
  const rest = JSON.parse(row.rest) as SummaryRest;
  const summary: RunSummary = {
    id: row.id,
    project: row.project,
    stage: row.stage,
    sequence: row.sequence,
    ...phaseOf(row.state),
    correlationid: row.correlation,
    shipyardVersion: rest.v,
    tasksTotal: rest.t,
    tasksDone: rest.d,
    openTasks: rest.o,
    acceptedAt: row.accepted,
    updatedAt: rest.u,
  };
  if (row.service !== null) summary.service = row.service;
  if (rest.l !== undefined) summary.labels = rest.l;
  if (rest.s !== undefined) summary.startedAt = rest.s;
  if (row.finished !== null) summary.finishedAt = row.finished;
  if (row.result !== null) summary.result = row.result as NonNullable<RunSummary['result']>;
  if (rest.st !== undefined) summary.status = rest.st;
  if (rest.m !== undefined) summary.message = rest.m;
  return summary;
}
