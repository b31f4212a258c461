import type { RunSummary } from '@slipway/contract';
import { labelText } from '../label-text.ts';
import type {
  DocumentKind,
  EntryRange,
  EvaluationQuery,
  EvaluationRow,
  EventQuery,
  JournalEntry,
  ListedEvaluation,
  Page,
  RunQuery,
  StoredDocument,
  StoredEvent,
  Timer,
} from '../store.ts';

/**
 * A batch of commits on its way to the writing thread: all its texts as one, and the numbers, among them the length of
 * each text. A structured clone of many small objects costs more than the write itself. Lengths and not separators,
 * because a text may hold any character: nothing in a field can end it, or begin another item.
 */
export type Batch = { text: string; numbers: Float64Array<ArrayBuffer> };

/** A run's row, with names for numbers; `rest` is a SummaryRest as JSON. */
export type SummaryRow = {
  id: string;
  project: string;
  stage: string;
  sequence: string;
  service: string | null;
  state: string;
  result: string | null;
  correlation: string;
  accepted: number;
  finished: number | null;
  rest: string;
};

export type TallyRow = { state: string; result: string | null; n: number };
export type PlaceRow = {
  project: string;
  stage: string;
  service: string | null;
  open: number;
  last: SummaryRow | undefined;
};

/** shipyard version, tasks in total and done, open tasks, updated, started, status, message, labels. */
export type SummaryRest = {
  v: string;
  t: number;
  d: number;
  o: string[];
  u: number;
  s?: number;
  st?: NonNullable<RunSummary['status']>;
  m?: string;
  l?: Record<string, string>;
};

export type Ops = {
  open(args: { path: string; readOnly: boolean }): void;
  /** Returns the position of each item's first event, 0 where it has none, -1 for a conflict. */
  commit(batch: Batch): number[];
  settle(streams: readonly string[]): void;
  read(args: { stream: string; range: EntryRange }): JournalEntry[];
  openStreams(page: { after?: string; limit: number }): string[];
  dueTimers(page: { before: number; limit: number }): Timer[];
  deleteTimers(timers: readonly Timer[]): void;
  listRuns(query: RunQuery): Page<SummaryRow>;
  getRun(id: string): SummaryRow | undefined;
  listEvents(query: EventQuery): Page<StoredEvent>;
  findEvent(args: { id: string; source: string | undefined }): StoredEvent | undefined;
  eventsAfter(page: { position?: string; limit: number }): StoredEvent[];
  lastPosition(): string | undefined;
  listEvaluations(query: EvaluationQuery): Page<ListedEvaluation>;
  findEvaluation(args: { id: string; source: string | undefined }): EvaluationRow | undefined;
  addEvaluations(rows: readonly EvaluationRow[]): void;
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
  tallyRuns(query: Omit<RunQuery, 'limit' | 'cursor'>): TallyRow[];
  listPlaces(page: { project?: string; limit: number }): PlaceRow[];
  probe(): void;
  close(): void;
};
export type OpName = keyof Ops;

/** As they stand in the table of labels. */
export function labelsOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([key, value]) => labelText(withoutControls(key), withoutControls(value)));
}

/** Older programs wrote a space for these, and what they wrote must be found. */
function withoutControls(text: string): string {
  return text.replaceAll('\u0001', ' ').replaceAll('\u0002', ' ').replaceAll('\u0003', ' ');
}

/** What a thread's error means: nothing more, a bad cursor, or that the files are not fit for use. */
export type FailureKind = 'store' | 'cursor' | 'gone' | 'malformed';
