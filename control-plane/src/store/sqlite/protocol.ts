import type { RunSummary } from '@slipway/contract';
import type {
  CommitResult,
  DocumentKind,
  EventQuery,
  JournalEntry,
  Page,
  RunQuery,
  StoredDocument,
  StoredEvent,
  Timer,
} from '../store.ts';

/**
 * What crosses from the main thread to the threads that hold the database. A commit is flat (strings and numbers side by
 * side), because a structured clone of nested objects costs more than the write.
 */
export type FlatCommit = {
  stream: string;
  seq: number;
  at: number;
  header: string;
  /** All events, one line each. */
  events: string;
  /** id, source, type, direction, ignored ('' for none): five for each event. */
  rows: string[];
  open: boolean;
  /** project, stage, sequence, service, state, result, correlation; '' for none. Undefined when there is no summary. */
  columns: string[] | undefined;
  summary: string;
  acceptedAt: number;
  finishedAt: number;
  labels: string[];
  timersPut: Timer[];
  timersDelete: Timer[];
};

export type Ops = {
  open(args: { path: string; readOnly: boolean }): void;
  commit(args: FlatCommit[]): CommitResult[];
  settle(streams: readonly string[]): void;
  read(stream: string): JournalEntry[];
  openStreams(page: { after?: string; limit: number }): string[];
  dueTimers(page: { before: number; limit: number }): Timer[];
  deleteTimers(timers: readonly Timer[]): void;
  listRuns(query: RunQuery): Page<string>;
  getRun(id: string): string | undefined;
  listEvents(query: EventQuery): Page<StoredEvent>;
  findEvent(args: { id: string; source: string | undefined }): StoredEvent | undefined;
  eventsAfter(page: { position?: string; limit: number }): StoredEvent[];
  lastPosition(): string | undefined;
  getDocument(args: { kind: DocumentKind; id: string }): StoredDocument | undefined;
  putDocument(args: {
    kind: DocumentKind;
    id: string;
    value: string;
    expect: 'absent' | number | undefined;
  }): number | undefined;
  listDocuments(args: {
    kind: DocumentKind;
    page: { prefix?: string; after?: string; limit: number };
  }): StoredDocument[];
  deleteDocument(args: { kind: DocumentKind; id: string }): boolean;
  deleteFinishedRuns(rule: { project: string; finishedBefore?: number; keep?: number; limit: number }): number;
  countRuns(filter: { project: string; open: boolean }): number;
  probe(): void;
  close(): void;
};
export type OpName = keyof Ops;
export type { RunSummary };
