import { setTimeout as sleep } from 'node:timers/promises';
import { globSource, matchesGlob } from '@slipway/contract';
import type { Filter } from 'mongodb';
import { readCursor, writeCursor } from '../cursor.ts';
import type { EventQuery, Page, StoredEvent } from '../store.ts';
import { InvalidCursor, PAGE_CHARS_MAX } from '../store.ts';
import { ask } from './ask.ts';
import type { Collections, EventRowDoc, JournalDoc } from './collections.ts';
import type { Horizon } from './horizon.ts';
import { eventPosition, parseEventPosition } from './position.ts';

export interface EventsParts {
  collections: Collections;
  horizon: Horizon;
  readTimeoutMs: number;
}

/** An event asked for by id has been recorded a few times at most: once, and where it came again. */
const SAME_ID_MAX = 100;
const JOINING_MS = 50;
/** Documents in one answer of the server; each may have the megabytes of a whole entry. */
const BATCH_DOCS = 50;

/**
 * Events are read out of the journal's entries: they are written with them in one document, so there is no second place
 * that a crash could leave behind.
 */
export class Events {
  readonly #parts: EventsParts;

  constructor(parts: EventsParts) {
    this.#parts = parts;
  }

  async list(query: EventQuery): Promise<Page<StoredEvent>> {
    const order = query.order === 'oldest' ? 1 : -1;
    const from = query.cursor === undefined ? undefined : placeOf(query.cursor);
    // One entry more than the page, and one for the cursor's own, which may have nothing left.
    const docs = await this.#find(filterOf(query, order, from?.entry), order, query.limit + 2);
    const events: StoredEvent[] = [];
    for (const doc of docs) {
      const indexes = doc.rows.flatMap((row, index) => (matches(row, query) ? [index] : []));
      for (const index of order === 1 ? indexes : indexes.toReversed()) {
        const isPassed = from?.entry === doc.pos && (order === 1 ? index <= from.index : index >= from.index);
        if (!isPassed) events.push(storedEvent(doc, index));
      }
    }
    const items = events.slice(0, query.limit);
    const last = items.at(-1);
    if (events.length <= query.limit || last === undefined) return { items };
    return { items, next: writeCursor('events', last.position) };
  }

  async find(id: string, source: string | undefined): Promise<StoredEvent | undefined> {
    for (const doc of await this.#find({ 'rows.id': id }, 1, SAME_ID_MAX)) {
      const index = doc.rows.findIndex((row) => row.id === id && (source === undefined || row.source === source));
      if (index >= 0) return storedEvent(doc, index);
    }
    return undefined;
  }

  async after({ position, limit }: { position?: string; limit: number }): Promise<StoredEvent[]> {
    const from = position === undefined ? undefined : parseEventPosition(position);
    if (position !== undefined && from === undefined) {
      throw new InvalidCursor(`'${position.slice(0, 60)}' is not a position of this store`);
    }
    const edge = await this.#parts.horizon.edge();
    const pos = from === undefined ? { $lt: edge } : { $gte: from.entry, $lt: edge };
    const events: StoredEvent[] = [];
    let chars = 0;
    await ask('events', this.#parts.readTimeoutMs, async () => {
      const docs = this.#parts.collections.journal
        .find({ pos, 'rows.0': { $exists: true } }, { projection: { header: 0, summary: 0 }, batchSize: BATCH_DOCS })
        .sort({ pos: 1 })
        .limit(limit + 1);
      for await (const doc of docs) {
        for (const index of doc.rows.keys()) {
          if (doc.pos === from?.entry && index <= from.index) continue;
          if (events.length >= limit || chars >= PAGE_CHARS_MAX) return;
          const event = storedEvent(doc, index);
          chars += event.json.length;
          events.push(event);
        }
      }
    });
    return events;
  }

  /** As far as readers may go: who begins here and follows `after` misses nothing that is written from now on. */
  async last(): Promise<string | undefined> {
    let edge = await this.#parts.horizon.edge();
    // A replica that joins stops all readers for a moment: there is nothing to see then, and that is not to say that there is nothing.
    while (edge === '') {
      await sleep(JOINING_MS);
      edge = await this.#parts.horizon.edge();
    }
    const [doc] = await this.#find({ pos: { $lt: edge }, 'rows.0': { $exists: true } }, -1, 1);
    return doc === undefined ? undefined : eventPosition(doc.pos, doc.rows.length - 1);
  }

  #find(filter: Filter<JournalDoc>, order: 1 | -1, limit: number): Promise<JournalDoc[]> {
    return ask('events', this.#parts.readTimeoutMs, () =>
      this.#parts.collections.journal
        .find(filter, { projection: { header: 0, summary: 0 } })
        .sort({ pos: order })
        .limit(limit)
        .toArray(),
    );
  }
}

function filterOf(query: EventQuery, order: 1 | -1, entry: string | undefined): Filter<JournalDoc> {
  const conditions: Filter<JournalDoc>[] = [{ 'rows.0': { $exists: true } }];
  if (query.run !== undefined) conditions.push({ stream: query.run });
  if (query.correlationid !== undefined) conditions.push({ correlation: query.correlationid });
  for (const field of ['project', 'stage', 'service'] as const) {
    const value = query[field];
    if (value !== undefined) conditions.push({ [field]: value });
  }
  const { source } = query;
  const type = query.type?.includes('*') ? { $regex: globSource(query.type) } : query.type;
  if (type !== undefined && source !== undefined) conditions.push({ rows: { $elemMatch: { type, source } } });
  else if (type !== undefined) conditions.push({ 'rows.type': type });
  else if (source !== undefined) conditions.push({ 'rows.source': source });
  if (query.since !== undefined) conditions.push({ at: { $gte: query.since } });
  if (query.until !== undefined) conditions.push({ at: { $lt: query.until } });
  if (entry !== undefined) conditions.push({ pos: order === 1 ? { $gte: entry } : { $lte: entry } });
  return { $and: conditions };
}

function matches(row: EventRowDoc, { type, source }: EventQuery): boolean {
  return (type === undefined || matchesGlob(type, row.type)) && (source === undefined || row.source === source);
}

function placeOf(cursor: string): { entry: string; index: number } {
  const place = parseEventPosition(readCursor('events', cursor));
  if (place === undefined) throw new InvalidCursor(`'${cursor.slice(0, 40)}' is not a cursor of this list`);
  return place;
}

function storedEvent(doc: JournalDoc, index: number): StoredEvent {
  const row = doc.rows[index];
  return {
    position: eventPosition(doc.pos, index),
    at: doc.at,
    direction: row?.out === true ? 'out' : 'in',
    stream: doc.stream,
    project: doc.project,
    stage: doc.stage,
    correlationid: doc.correlation,
    type: row?.type ?? '',
    source: row?.source ?? '',
    json: doc.events[index] ?? '',
    ...(doc.service === undefined ? {} : { service: doc.service }),
    ...(row?.ignored === undefined ? {} : { ignored: row.ignored }),
  };
}
