import type { RunSummary } from '@slipway/contract';
import type { CommitItem, EventRow, Timer } from '../store.ts';
import { type Batch, labelsOf, type SummaryRest } from './protocol.ts';

/** An item as the writer needs it. */
export type WrittenItem = Pick<
  CommitItem,
  'stream' | 'seq' | 'at' | 'header' | 'rows' | 'timersPut' | 'timersDelete'
> & {
  /** One event a line. */
  events: string;
  open: 0 | 1;
  columns: RunColumns | undefined;
  /** As they stand in the table of labels. */
  labels: readonly string[];
  /** EvaluationRows as JSON; empty: none. */
  evaluations: string;
};

/** A run's row: an empty text is none, `rest` a SummaryRest as JSON. */
export type RunColumns = Pick<RunSummary, 'project' | 'stage' | 'sequence' | 'phase'> & {
  service: string;
  result: string;
  correlation: string;
  accepted: number;
  finished: number | null;
  rest: string;
};

const NEVER = -1;

export function encodeBatch(items: readonly CommitItem[]): Batch {
  const batch = new BatchWriter();
  batch.number(items.length);
  for (const item of items) encodeItem(item, batch);
  return batch.done();
}

function encodeItem(item: CommitItem, to: BatchWriter): void {
  const { summary } = item;
  to.text(item.stream);
  to.number(item.seq);
  to.number(item.at);
  to.number(item.open ? 1 : 0);
  to.text(item.header);
  to.text(item.events.map(onOneLine).join('\n'));
  to.number(summary === undefined ? 0 : 1);
  if (summary !== undefined) encodeSummary(summary, to);
  to.texts(item.seq === 1 && summary?.labels ? labelsOf(summary.labels) : []);
  to.number(item.rows.length);
  for (const { id, source, type, direction, ignored } of item.rows) {
    to.text(id);
    to.text(source);
    to.text(type);
    to.number(direction === 'in' ? 1 : 0);
    to.text(ignored ?? '');
  }
  encodeTimers(item.timersPut, to);
  encodeTimers(item.timersDelete, to);
  to.text(item.evaluations === undefined ? '' : JSON.stringify(item.evaluations));
}

function encodeSummary(summary: RunSummary, to: BatchWriter): void {
  to.text(summary.project);
  to.text(summary.stage);
  to.text(summary.sequence);
  to.text(summary.service ?? '');
  to.text(summary.phase);
  to.text(summary.result ?? '');
  to.text(summary.correlationid);
  to.number(summary.acceptedAt);
  to.number(summary.finishedAt ?? NEVER);
  to.text(JSON.stringify(restOf(summary)));
}

function encodeTimers(timers: readonly Timer[], to: BatchWriter): void {
  to.number(timers.length);
  for (const { stream, name, dueAt } of timers) {
    to.text(stream);
    to.text(name);
    to.number(dueAt);
  }
}

/** The journal keeps one event a line. In JSON a line break as such only ever stands between two tokens. */
function onOneLine(json: string): string {
  return json.includes('\n') ? json.replaceAll('\n', ' ') : json;
}

/** What of a summary has no column of its own: the row is written with every entry, so it is kept small. */
function restOf(summary: RunSummary): SummaryRest {
  const rest: SummaryRest = {
    v: summary.shipyardVersion,
    t: summary.tasksTotal,
    d: summary.tasksDone,
    o: summary.openTasks,
    u: summary.updatedAt,
  };
  if (summary.startedAt !== undefined) rest.s = summary.startedAt;
  if (summary.status !== undefined) rest.st = summary.status;
  if (summary.message !== undefined) rest.m = summary.message;
  if (summary.labels !== undefined) rest.l = summary.labels;
  return rest;
}

export function decodeBatch(batch: Batch): WrittenItem[] {
  const from = new BatchReader(batch);
  const items = Array.from({ length: from.number() }, () => decodeItem(from));
  if (!from.isAtEnd) throw new Error('a batch of commits has more in it than its items');
  return items;
}

function decodeItem(from: BatchReader): WrittenItem {
  // The fields are evaluated in the order in which they are written here, which is that of encodeItem.
  return {
    stream: from.text(),
    seq: from.number(),
    at: from.number(),
    open: from.number() === 1 ? 1 : 0,
    header: from.text(),
    events: from.text(),
    columns: from.number() === 1 ? decodeColumns(from) : undefined,
    labels: from.list(() => from.text()),
    rows: from.list(() => decodeRow(from)),
    timersPut: from.list(() => decodeTimer(from)),
    timersDelete: from.list(() => decodeTimer(from)),
    evaluations: from.text(),
  };
}

function decodeColumns(from: BatchReader): RunColumns {
  return {
    project: from.text(),
    stage: from.text(),
    sequence: from.text(),
    service: from.text(),
    phase: from.text() as RunSummary['phase'],
    result: from.text(),
    correlation: from.text(),
    accepted: from.number(),
    finished: finishedOf(from.number()),
    rest: from.text(),
  };
}

function finishedOf(at: number): number | null {
  return at === NEVER ? null : at;
}

function decodeRow(from: BatchReader): EventRow {
  const row: EventRow = {
    id: from.text(),
    source: from.text(),
    type: from.text(),
    direction: from.number() === 1 ? 'in' : 'out',
  };
  const ignored = from.text();
  return ignored === '' ? row : { ...row, ignored };
}

function decodeTimer(from: BatchReader): Timer {
  return { stream: from.text(), name: from.text(), dueAt: from.number() };
}

class BatchWriter {
  readonly #numbers: number[] = [];
  #text = '';

  number(value: number): void {
    this.#numbers.push(value);
  }

  text(value: string): void {
    this.#numbers.push(value.length);
    this.#text += value;
  }

  texts(values: readonly string[]): void {
    this.number(values.length);
    for (const value of values) this.text(value);
  }

  done(): Batch {
    return { text: this.#text, numbers: Float64Array.from(this.#numbers) };
  }
}

class BatchReader {
  readonly #batch: Batch;
  #at = 0;
  #next = 0;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  get isAtEnd(): boolean {
    return this.#next === this.#batch.numbers.length && this.#at === this.#batch.text.length;
  }

  number(): number {
    const value = this.#batch.numbers[this.#next++];
    if (value === undefined) throw new Error('a batch of commits ends within an item');
    return value;
  }

  text(): string {
    const from = this.#at;
    this.#at += this.number();
    return this.#batch.text.slice(from, this.#at);
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.number() }, read);
  }
}
