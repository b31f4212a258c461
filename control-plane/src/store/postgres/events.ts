import { readCursor, writeCursor } from '../cursor.ts';
import { type EventQuery, InvalidCursor, PAGE_CHARS_MAX, type Page, type StoredEvent } from '../store.ts';
import type { Database, Row } from './database.ts';
import { EDGE, isPosition } from './position.ts';
import { fromColumn, toColumn } from './text.ts';
import { Where } from './where.ts';

interface EventRow extends Row {
  pos: string;
  stream: string;
  at: string;
  sent: boolean;
  project: string;
  stage: string;
  service: string | null;
  correlation: string;
  type: string;
  source: string;
  ignored: string | null;
  json: string;
}

const COLUMNS = 'pos, stream, at, sent, project, stage, service, correlation, type, source, ignored, json';

export class Events {
  readonly #database: Database;
  readonly #epoch: string;
  readonly #timeoutMs: number;

  /** @param epoch With its dash, as positions begin. */
  constructor({ database, epoch, readTimeoutMs }: { database: Database; epoch: string; readTimeoutMs: number }) {
    this.#database = database;
    this.#epoch = epoch;
    this.#timeoutMs = readTimeoutMs;
  }

  async list(query: EventQuery): Promise<Page<StoredEvent>> {
    const isOldest = query.order === 'oldest';
    const where = filterOf(query);
    if (query.cursor !== undefined) {
      const place = readCursor('events', query.cursor);
      if (!isPosition(place)) throw new InvalidCursor('not a cursor of this list');
      where.add(`pos ${isOldest ? '>' : '<'} ?`, place);
    }
    const sql = `SELECT ${COLUMNS} FROM events WHERE ${where.sql}
      ORDER BY pos ${isOldest ? 'ASC' : 'DESC'} LIMIT ${where.value(query.limit + 1)}`;
    const rows = await this.#database.run<EventRow>('events', this.#timeoutMs, sql, where.values);
    const items = rows.slice(0, query.limit).map(storedEvent);
    const last = items.at(-1);
    if (rows.length <= query.limit || last === undefined) return { items };
    return { items, next: writeCursor('events', last.position) };
  }

  async find(id: string, source: string | undefined): Promise<StoredEvent | undefined> {
    const where = new Where();
    where.equal('id', toColumn(id));
    where.equal('source', source === undefined ? undefined : toColumn(source));
    const sql = `SELECT ${COLUMNS} FROM events WHERE ${where.sql} ORDER BY pos LIMIT 1`;
    const [row] = await this.#database.run<EventRow>('event', this.#timeoutMs, sql, where.values);
    return row === undefined ? undefined : storedEvent(row);
  }

  async after({ position, limit }: { position?: string; limit: number }): Promise<StoredEvent[]> {
    if (position !== undefined && !isPosition(position)) {
      throw new InvalidCursor('not a position of this store');
    }
    // The size of a text is known without reading it.
    const sql = `SELECT ${COLUMNS} FROM (
        SELECT ${COLUMNS}, sum(octet_length(json)) OVER (ORDER BY pos) - octet_length(json) AS before
        FROM (SELECT ${COLUMNS} FROM events WHERE pos > $1 AND pos < $2::text || ${EDGE} ORDER BY pos LIMIT $3) page
      ) sized WHERE before < $4 ORDER BY pos`;
    const values = [position ?? '', this.#epoch, limit, PAGE_CHARS_MAX];
    return (await this.#database.run<EventRow>('events', this.#timeoutMs, sql, values)).map(storedEvent);
  }

  /** The newest position that readers may see: a reader that begins here and follows `after` misses nothing written later. */
  async last(): Promise<string | undefined> {
    const sql = `SELECT pos FROM events WHERE pos < $1::text || ${EDGE} ORDER BY pos DESC LIMIT 1`;
    const [row] = await this.#database.run<{ pos: string }>('last position', this.#timeoutMs, sql, [this.#epoch]);
    return row?.pos;
  }
}

function filterOf(query: EventQuery): Where {
  const where = new Where();
  const equal = (column: string, value: string | undefined): void =>
    where.equal(column, value === undefined ? undefined : toColumn(value));
  equal('stream', query.run);
  equal('correlation', query.correlationid);
  for (const field of ['project', 'stage', 'service', 'source'] as const) equal(field, query[field]);
  // A pattern has no `%` and no `_`: no type of an event has one.
  if (query.type?.includes('*')) where.add('type LIKE ?', query.type.replaceAll('*', '%'));
  else equal('type', query.type);
  if (query.since !== undefined) where.add('at >= ?', query.since);
  if (query.until !== undefined) where.add('at < ?', query.until);
  return where;
}

function storedEvent(row: EventRow): StoredEvent {
  return {
    position: row.pos,
    at: Number(row.at),
    direction: row.sent ? 'out' : 'in',
    stream: fromColumn(row.stream),
    project: fromColumn(row.project),
    stage: fromColumn(row.stage),
    ...(row.service === null ? {} : { service: fromColumn(row.service) }),
    correlationid: fromColumn(row.correlation),
    type: fromColumn(row.type),
    source: fromColumn(row.source),
    ...(row.ignored === null ? {} : { ignored: fromColumn(row.ignored) }),
    json: row.json,
  };
}
