import type { RunSummary } from '@slipway/contract';
import type {
  CommitItem,
  CommitResult,
  DocumentKind,
  EvaluationRow,
  JournalEntry,
  StoredDocument,
  StoredEvent,
  Timer,
} from '../../src/store/store.ts';

export type StreamRecord = { id: string; entries: JournalEntry[]; open: boolean; summary: RunSummary | undefined };

/**
 * What is on the disk: survives every crash, and is the truth that the checkers look at.
 * `whole`: an entry and all that belongs to it are written together, as SQLite does. Otherwise each document is written
 * by itself, timers first, as MongoDB does, and whoever dies in between leaves a part.
 */
export class Database {
  readonly whole: boolean;
  readonly streams = new Map<string, StreamRecord>();
  readonly events: StoredEvent[] = [];
  evaluations: EvaluationRow[] = [];
  readonly #timers = new Map<string, Timer>();
  readonly #documents = new Map<string, Map<string, { revision: number; value: string }>>();
  readonly #parsed = new Map<string, unknown>();
  readonly #onCommit: (item: CommitItem) => void;

  constructor(options: { whole: boolean; onCommit(item: CommitItem): void }) {
    this.whole = options.whole;
    this.#onCommit = options.onCommit;
  }

  putTimers(timers: readonly Timer[]): void {
    for (const timer of timers) this.#timers.set(this.#timerKey(timer), timer);
  }

  deleteTimers(timers: readonly Timer[]): void {
    for (const timer of timers) {
      const key = this.#timerKey(timer);
      const known = this.#timers.get(key);
      if (known && known.dueAt <= timer.dueAt) this.#timers.delete(key);
    }
  }

  /** SQLite has one row for each name, which is put again for its new time; MongoDB has one document for each time. */
  #timerKey(timer: Timer): string {
    return this.whole ? `${timer.stream}\n${timer.name}` : `${timer.stream}\n${timer.name}\n${timer.dueAt}`;
  }

  timers(): Timer[] {
    return [...this.#timers.values()].sort(
      (a, b) => a.dueAt - b.dueAt || compare(a.stream, b.stream) || compare(a.name, b.name),
    );
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Inserts one entry if its key is not there. */
  insert(item: CommitItem): CommitResult {
    let stream = this.streams.get(item.stream);
    if (stream?.entries.some((entry) => entry.seq === item.seq)) return { outcome: 'conflict' };
    if (!stream) {
      stream = { id: item.stream, entries: [], open: false, summary: undefined };
      this.streams.set(item.stream, stream);
    }
    const { seq, at, header, events } = item;
    stream.entries.push({ stream: item.stream, seq, at, header, events });
    stream.open = item.open;
    if (item.summary) stream.summary = item.summary;
    const positions = item.events.map((json, index) => this.#addEvent(item, index, json, stream?.summary));
    this.addEvaluations(item.evaluations ?? []);
    this.#onCommit(item);
    return { outcome: 'committed', positions };
  }

  addEvaluations(rows: readonly EvaluationRow[]): void {
    const isNew = (row: EvaluationRow): boolean =>
      !this.evaluations.some(({ id, source }) => id === row.id && source === row.source);
    this.evaluations.push(...rows.filter(isNew));
  }

  #addEvent(item: CommitItem, index: number, json: string, summary: RunSummary | undefined): string {
    const position = String(this.events.length + 1).padStart(12, '0');
    const row = item.rows[index];
    const event: StoredEvent = {
      position,
      at: item.at,
      direction: row?.direction ?? 'out',
      stream: item.stream,
      project: summary?.project ?? '',
      stage: summary?.stage ?? '',
      correlationid: summary?.correlationid ?? '',
      type: row?.type ?? '',
      source: row?.source ?? '',
      json,
    };
    if (summary?.service !== undefined) event.service = summary.service;
    if (row?.ignored !== undefined) event.ignored = row.ignored;
    this.events.push(event);
    return position;
  }

  getDocument(kind: DocumentKind, id: string): StoredDocument | undefined {
    const found = this.#documents.get(kind)?.get(id);
    return found && { id, revision: found.revision, value: this.#parse(found.value) };
  }

  /** Plans are large and never change: parsed once, and frozen, so that nobody can change another's. */
  #parse(text: string): unknown {
    let value = this.#parsed.get(text);
    if (value === undefined) {
      value = deepFreeze(JSON.parse(text));
      this.#parsed.set(text, value);
    }
    return value;
  }

  putDocument(kind: DocumentKind, id: string, value: unknown, expect?: 'absent' | number): number | undefined {
    let documents = this.#documents.get(kind);
    if (!documents) {
      documents = new Map();
      this.#documents.set(kind, documents);
    }
    const revision = documents.get(id)?.revision;
    if (expect === 'absent' && revision !== undefined) return undefined;
    if (typeof expect === 'number' && expect !== revision) return undefined;
    const next = (revision ?? 0) + 1;
    documents.set(id, { revision: next, value: JSON.stringify(value) });
    return next;
  }

  listDocuments(kind: DocumentKind, page: { prefix?: string; after?: string; limit: number }): StoredDocument[] {
    return [...(this.#documents.get(kind) ?? [])]
      .filter(([id]) => id.startsWith(page.prefix ?? '') && (page.after === undefined || id > page.after))
      .sort(([a], [b]) => compare(a, b))
      .slice(0, page.limit)
      .map(([id, { revision, value }]) => ({ id, revision, value: this.#parse(value) }));
  }

  deleteDocument(kind: DocumentKind, id: string): boolean {
    return this.#documents.get(kind)?.delete(id) ?? false;
  }

  deleteStream(id: string): void {
    this.streams.delete(id);
    this.evaluations = this.evaluations.filter(({ run }) => run !== id);
    for (const [key, timer] of this.#timers) if (timer.stream === id) this.#timers.delete(key);
  }
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const one of Object.values(value)) deepFreeze(one);
  }
  return value;
}
