import type { RunStateFilter, RunSummary } from '@slipway/contract';

/**
 * What the control plane remembers. The journal is insert-only, keyed (stream, seq): inserting an entry *is* the
 * decision, and who comes second for the same key gets `conflict`, drops its cache, reads and decides again. All else a
 * commit carries (summary, event rows, timers) is derived from the entry, and may be repeated or repaired.
 * A stream is a run (`<run id>`) or the queue of a concurrency group (`group:<key>`).
 */
/** What a page of `eventsAfter` may hold before its last event. */
export const PAGE_CHARS_MAX = 1024 * 1024;

export interface Store {
  /**
   * Inserts each entry if its (stream, seq) is not there yet; durable when this resolves. Items fail one by one, in the
   * order given, never as a whole; a batch holds at most one item per stream. Timers to put are durable no later than
   * their entry; timers to delete go no earlier.
   * Throws StoreUnavailable when the outcome is unknown: read before deciding again.
   */
  commit(items: readonly CommitItem[]): Promise<CommitResult[]>;
  /** These streams have nothing left to tell the world: they need no walk at the next start. */
  settle(streams: readonly string[]): Promise<void>;
  /** A stream's entries in order, those from `from` to `to` where it says so; empty when there is none. */
  read(stream: string, range?: EntryRange): Promise<JournalEntry[]>;
  /** Streams not settled yet, ordered by name, for the walk at start and the reconciler. */
  openStreams(page: { after?: string; limit: number }): Promise<string[]>;
  /** Timers due before `before`, earliest first. */
  dueTimers(page: { before: number; limit: number }): Promise<Timer[]>;
  deleteTimers(timers: readonly Timer[]): Promise<void>;

  listRuns(query: RunQuery): Promise<Page<RunSummary>>;
  getRun(id: string): Promise<RunSummary | undefined>;
  listEvents(query: EventQuery): Promise<Page<StoredEvent>>;
  /** By event id, and source where two senders used the same id. */
  findEvent(id: string, source?: string): Promise<StoredEvent | undefined>;
  /**
   * Events committed after `position` (undefined: from the start), oldest first; for replay and push. A page ends once it
   * has `PAGE_CHARS_MAX` of JSON, so that it costs a bounded amount of memory: only an empty one is the end.
   */
  eventsAfter(page: { position?: string; limit: number }): Promise<StoredEvent[]>;
  /** The position of the newest event; undefined when there is none. */
  lastPosition(): Promise<string | undefined>;

  /** Evaluations in the order of their commits, newest first. */
  listEvaluations(query: EvaluationQuery): Promise<Page<ListedEvaluation>>;
  /** By id, and source where several executors answered the same attempt; without it the first that was taken. */
  findEvaluation(id: string, source?: string): Promise<EvaluationRow | undefined>;
  /** Adds rows of events that are in the journal already, for data that an older program wrote; what is there stays. */
  addEvaluations(rows: readonly EvaluationRow[]): Promise<void>;

  getDocument(kind: DocumentKind, id: string): Promise<StoredDocument | undefined>;
  /**
   * Writes a small document durably. `expect`: 'absent' inserts only; a revision replaces only that revision; undefined
   * replaces whatever is there. Answers the new revision, or undefined when the expectation did not hold.
   */
  putDocument(kind: DocumentKind, id: string, value: unknown, expect?: 'absent' | number): Promise<number | undefined>;
  /** Ordered by id. `prefix` narrows to ids that start with it. */
  listDocuments(
    kind: DocumentKind,
    page: { prefix?: string; after?: string; limit: number },
  ): Promise<StoredDocument[]>;
  deleteDocument(kind: DocumentKind, id: string): Promise<boolean>;

  /** Deletes finished, settled runs with their journal and events: those finished before `finishedBefore`, and all but the newest `keep`. At most `limit`; answers how many. */
  deleteFinishedRuns(rule: { project: string; finishedBefore?: number; keep?: number; limit: number }): Promise<number>;
  countRuns(filter: { project: string; open: boolean }): Promise<number>;
  /** How many runs of a filter there are, by phase and result. */
  tallyRuns(query: Omit<RunQuery, 'limit' | 'cursor'>): Promise<RunTally[]>;
  /** Places with runs, those with the newest runs first. */
  listPlaces(page: { project?: string; limit: number }): Promise<RunPlace[]>;
  /** Writes and reads something small durably; answers in how many ms. For readiness. */
  probe(): Promise<number>;
  close(): Promise<void>;
}

export type DocumentKind =
  | 'project'
  | 'shipyard'
  | 'resource'
  | 'resource-version'
  | 'evaluation-mark'
  | 'subscription'
  /** What a concurrency group's journal folds to, up to some entry. */
  | 'group'
  | 'cursor'
  | 'data'
  | 'token'
  /** Programs that have registered themselves, what they logged, and names of services without a run. */
  | 'integration'
  | 'integration-log'
  | 'service-name'
  /** Files that are kept for task services, by place and name. */
  | 'file'
  | 'file-version'
  | 'file-commit'
  | 'meta';
export type StoredDocument = { id: string; revision: number; value: unknown };

export type JournalEntry = {
  stream: string;
  seq: number;
  /** Epoch ms. */
  at: number;
  /** JSON: the inputs that were decided, as the engine wrote them. */
  header: string;
  /** One CloudEvent each, one line of JSON: those taken first, then those sent. */
  events: readonly string[];
};

/** Numbers of entries, both among those that are read. */
export type EntryRange = { from?: number; to?: number };

export type CommitItem = JournalEntry & {
  /** One for each of `events`. */
  rows: readonly EventRow[];
  /** The run's row in the lists; undefined for a group, or when nothing a list shows has changed. */
  summary?: RunSummary;
  /** What of `events` was an evaluation. It is durable with its entry, and goes with it. */
  evaluations?: readonly EvaluationRow[];
  /** False: the stream is over and has nothing to tell. */
  open: boolean;
  timersPut: readonly Timer[];
  timersDelete: readonly Timer[];
};

/** A finished evaluation. Its identity is `id` and `source`. */
export type EvaluationRow = {
  /** Of the attempt that it answers. */
  id: string;
  source: string;
  /** The stream. */
  run: string;
  task: string;
  project: string;
  stage: string;
  service?: string;
  correlationid: string;
  at: number;
  result: 'pass' | 'warning' | 'fail';
  /** JSON: what else lists show. */
  value: string;
};

/** Each with its own place in the list, from which a next page may go on. */
export type ListedEvaluation = EvaluationRow & { cursor: string };

export type EvaluationQuery = {
  project: string;
  stage?: string;
  service?: string;
  task?: string;
  results?: readonly EvaluationRow['result'][];
  correlationid?: string;
  since?: number;
  until?: number;
  /** Only these. */
  ids?: readonly string[];
  /** None of these. */
  except?: readonly string[];
  limit: number;
  cursor?: string;
};

/** What lists filter by, beside project, stage, service and correlation, which are the run's own. */
export type EventRow = {
  id: string;
  source: string;
  /** In its plain spelling. */
  type: string;
  direction: 'in' | 'out';
  /** The problem code why it changed nothing. */
  ignored?: string;
};

export type CommitResult = { outcome: 'committed'; positions: readonly string[] } | { outcome: 'conflict' };

export type Timer = { stream: string; name: string; dueAt: number };

export type StoredEvent = {
  /** Orders events of one store; opaque; ascending as text compares. */
  position: string;
  at: number;
  direction: 'in' | 'out';
  /** The run; undefined for a group. */
  stream: string;
  project: string;
  stage: string;
  service?: string;
  correlationid: string;
  type: string;
  source: string;
  ignored?: string;
  /** The event, one line of JSON. */
  json: string;
};

export type Page<T> = { items: T[]; next?: string };

export type RunTally = Pick<RunSummary, 'state' | 'phase' | 'result'> & { count: number };

/** One service in one stage, or the runs without one. */
export type RunPlace = Pick<RunSummary, 'project' | 'stage' | 'service'> & {
  /** Runs that have not finished. */
  open: number;
  /** Of the finished ones the one that was accepted last. */
  last?: RunSummary;
};

export type RunQuery = {
  project?: string;
  stage?: string;
  sequence?: string;
  service?: string;
  state?: RunStateFilter;
  result?: 'pass' | 'warning' | 'fail';
  correlationid?: string;
  labels?: Readonly<Record<string, string>>;
  /** acceptedAt >= since. */
  since?: number;
  /** acceptedAt < until. */
  until?: number;
  limit: number;
  /** From `next` of the page before; throws InvalidCursor when it is not one of ours. */
  cursor?: string;
};

export type EventQuery = {
  run?: string;
  correlationid?: string;
  /** Plain spelling; each `*` stands for any characters. */
  type?: string;
  source?: string;
  project?: string;
  stage?: string;
  service?: string;
  since?: number;
  until?: number;
  /** Default newest. */
  order?: 'newest' | 'oldest';
  limit: number;
  cursor?: string;
};

/** The store did not answer in time or is gone: nothing is known of what was asked last. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}

/** The cursor is not one this store gave out. */
export class InvalidCursor extends Error {
  override name = 'InvalidCursor';
}
