import type { Filter } from 'mongodb';
import { readCursor, writeCursor } from '../cursor.ts';
import type { EvaluationQuery, EvaluationRow, ListedEvaluation, Page } from '../store.ts';
import { InvalidCursor } from '../store.ts';
import { ask } from './ask.ts';
import type { Collections, EvaluationDoc, JournalDoc } from './collections.ts';

export interface EvaluationsParts {
  collections: Collections;
  timeoutMs: number;
  readTimeoutMs: number;
}

type Entry = Pick<
  JournalDoc,
  'pos' | 'stream' | 'project' | 'stage' | 'service' | 'correlation' | 'at' | 'evaluations'
>;

const PROJECTION = { pos: 1, stream: 1, project: 1, stage: 1, service: 1, correlation: 1, at: 1, evaluations: 1 };

/** Evaluations are read out of the journal's entries, as events are: no crash can part them from the event they were. */
export class Evaluations {
  readonly #parts: EvaluationsParts;

  constructor(parts: EvaluationsParts) {
    this.#parts = parts;
  }

  async list(query: EvaluationQuery): Promise<Page<ListedEvaluation>> {
    const from = query.cursor === undefined ? undefined : placeOf(query.cursor);
    // Several results are several questions: for each of them an index has the newest first.
    const filters = (query.results ?? [undefined]).map((result) => filterOf(query, result, from?.entry));
    // One entry more than the page, and one for the cursor's own, which may have nothing left.
    const pages = await Promise.all(filters.map((filter) => this.#find(filter, query.limit + 2)));
    const entries = new Map(pages.flat().map((entry) => [entry.pos, entry]));
    const newest = [...entries.values()].sort((a, b) => (a.pos < b.pos ? 1 : -1));
    const rows = newest.flatMap((entry) => rowsOf(entry, query, from));
    const items = rows
      .slice(0, query.limit)
      .map(({ row, entry, index }) => ({ ...row, cursor: writeCursor('evaluations', `${entry}/${index}`) }));
    const next = items.at(-1)?.cursor;
    return rows.length <= query.limit || next === undefined ? { items } : { items, next };
  }

  async find(id: string, source: string | undefined): Promise<EvaluationRow | undefined> {
    const { collections, readTimeoutMs } = this.#parts;
    const entries = await ask('evaluation', readTimeoutMs, () =>
      collections.journal
        .find({ evaluated: { $exists: true }, 'evaluations.id': id }, { projection: PROJECTION })
        .sort({ pos: 1 })
        .toArray(),
    );
    const rows = entries.flatMap((entry) => (entry.evaluations ?? []).map((doc) => rowOf(entry, doc)));
    return rows.find((row) => row.id === id && (source === undefined || row.source === source));
  }

  /** Each entry that lacks them gets all that it has. */
  async add(rows: readonly EvaluationRow[]): Promise<void> {
    const { collections, timeoutMs } = this.#parts;
    const byEvent = Map.groupBy(rows, ({ run, value }) => `${run}\n${eventIdOf(value)}`);
    for (const [first] of byEvent.values()) {
      if (first === undefined) continue;
      const filter = { stream: first.run, 'rows.id': eventIdOf(first.value), 'evaluations.id': { $ne: first.id } };
      const doc = evaluationDoc(first);
      await ask('add evaluation', timeoutMs, () =>
        collections.journal.updateOne(filter, { $set: { evaluated: first.project }, $push: { evaluations: doc } }),
      );
    }
  }

  #find(filter: Filter<JournalDoc>, limit: number): Promise<Entry[]> {
    return ask('evaluations', this.#parts.readTimeoutMs, () =>
      this.#parts.collections.journal.find(filter, { projection: PROJECTION }).sort({ pos: -1 }).limit(limit).toArray(),
    );
  }
}

export function evaluationDoc({ id, source, task, result, value }: EvaluationRow): EvaluationDoc {
  return { id, source, task, result, value };
}

function eventIdOf(value: string): string {
  return (JSON.parse(value) as { event: { id: string } }).event.id;
}

function filterOf(
  query: EvaluationQuery,
  result: EvaluationRow['result'] | undefined,
  entry: string | undefined,
): Filter<JournalDoc> {
  const conditions: Filter<JournalDoc>[] = [{ evaluated: query.project }];
  if (query.stage !== undefined) conditions.push({ stage: query.stage });
  if (query.service !== undefined) conditions.push({ service: query.service });
  if (result !== undefined) conditions.push({ 'evaluations.result': result });
  if (query.task !== undefined) conditions.push({ 'evaluations.task': query.task });
  if (query.correlationid !== undefined) conditions.push({ correlation: query.correlationid });
  if (query.since !== undefined) conditions.push({ at: { $gte: query.since } });
  if (query.until !== undefined) conditions.push({ at: { $lt: query.until } });
  if (query.ids !== undefined) conditions.push({ 'evaluations.id': { $in: [...query.ids] } });
  // An entry may hold two, of which one is excepted: it is looked at.
  if (query.except !== undefined && query.except.length > 0) {
    conditions.push({ evaluations: { $elemMatch: { id: { $nin: [...query.except] } } } });
  }
  if (entry !== undefined) conditions.push({ pos: { $lte: entry } });
  return { $and: conditions };
}

type Found = { row: EvaluationRow; entry: string; index: number };

/** Newest first, within an entry too. */
function rowsOf(entry: Entry, query: EvaluationQuery, from: { entry: string; index: number } | undefined): Found[] {
  return (entry.evaluations ?? [])
    .map((doc, index): Found => ({ row: rowOf(entry, doc), entry: entry.pos, index }))
    .filter(({ row, index }) => matches(row, query) && (from?.entry !== entry.pos || index < from.index))
    .toReversed();
}

function matches(row: EvaluationRow, { task, results, ids, except }: EvaluationQuery): boolean {
  if (task !== undefined && row.task !== task) return false;
  if (results !== undefined && !results.includes(row.result)) return false;
  if (ids !== undefined && !ids.includes(row.id)) return false;
  return except === undefined || !except.includes(row.id);
}

function rowOf(entry: Entry, { id, source, task, result, value }: EvaluationDoc): EvaluationRow {
  return {
    id,
    source,
    run: entry.stream,
    task,
    project: entry.project,
    stage: entry.stage,
    ...(entry.service === undefined ? {} : { service: entry.service }),
    correlationid: entry.correlation,
    at: entry.at,
    result,
    value,
  };
}

function placeOf(cursor: string): { entry: string; index: number } {
  const place = readCursor('evaluations', cursor);
  const slash = place.lastIndexOf('/');
  const index = Number(place.slice(slash + 1));
  if (slash < 1 || !Number.isSafeInteger(index)) throw new InvalidCursor(`'${cursor}' is not a cursor of this list`);
  return { entry: place.slice(0, slash), index };
}
