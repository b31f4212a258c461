import type { DatabaseSync, StatementSync } from 'node:sqlite';
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
import { InvalidCursor, PAGE_CHARS_MAX } from '../store.ts';
import { evaluationRow, evaluationSelects, FIND_EVALUATION } from './evaluations.ts';
import { listPositions } from './event-lists.ts';
import { hashOf, padPosition, parsePosition } from './key.ts';
import { LAST_POSITION } from './last-position.ts';
import type { PlaceRow, SummaryRow, TallyRow } from './protocol.ts';
import type { Ask, Value } from './run-filter.ts';
import { listSids, tallyRuns } from './run-lists.ts';
import { ENDED, PLACES } from './tallies.ts';

type Row = Record<string, unknown>;

const RUN_COLUMNS =
  'r.sid, r.id, p.text AS project, st.text AS stage, sq.text AS sequence, sv.text AS service, sa.text AS state, rs.text AS result, r.correlation, r.accepted, r.finished, r.summary AS rest';
const RUN_JOINS = `JOIN names p ON p.n = r.project JOIN names st ON st.n = r.stage JOIN names sq ON sq.n = r.sequence
  LEFT JOIN names sv ON sv.n = r.service JOIN names sa ON sa.n = r.state LEFT JOIN names rs ON rs.n = r.result`;
const EVENT_COLUMNS =
  'e.pos, e.at, e.dir, e.idx, j.events, s.id AS stream, s.correlation, p.text AS project, st.text AS stage, sv.text AS service, t.text AS type, so.text AS source, ig.text AS ignored';
const EVENT_JOINS = `JOIN journal j ON j.jid = e.jid JOIN streams s ON s.sid = e.sid
  LEFT JOIN names p ON p.n = e.project LEFT JOIN names st ON st.n = e.stage LEFT JOIN names sv ON sv.n = e.service
  JOIN names t ON t.n = e.type JOIN names so ON so.n = e.source LEFT JOIN names ig ON ig.n = e.ignored`;

/** All that only looks; lives in a thread of its own, so that a long scan never holds up a commit. */
export class Reader {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  read({ stream, range }: { stream: string; range: EntryRange }): JournalEntry[] {
    const { from = 1, to = Number.MAX_SAFE_INTEGER } = range;
    const rows = this.#all(
      'SELECT seq, at, header, events FROM journal WHERE sid = (SELECT sid FROM streams WHERE id = ?) AND seq BETWEEN ? AND ? ORDER BY seq',
      stream,
      from,
      to,
    );
    return rows.map((row) => ({
      stream,
      seq: Number(row.seq),
      at: Number(row.at),
      header: String(row.header),
      events: row.events === '' ? [] : String(row.events).split('\n'),
    }));
  }

  openStreams(page: { after?: string; limit: number }): string[] {
    return this.#all(
      'SELECT id FROM streams WHERE open = 1 AND id > ? ORDER BY id LIMIT ?',
      page.after ?? '',
      page.limit,
    ).map((row) => String(row.id));
  }

  dueTimers(page: { before: number; limit: number }): Timer[] {
    return this.#all(
      'SELECT stream, name, due FROM timers WHERE due < ? ORDER BY due LIMIT ?',
      page.before,
      page.limit,
    ).map((row) => ({
      stream: String(row.stream),
      name: String(row.name),
      dueAt: Number(row.due),
    }));
  }

  listRuns(query: RunQuery): Page<SummaryRow> {
    const before = query.cursor === undefined ? undefined : cursorValue(query.cursor, 'r');
    return this.#snapshot(() => {
      const sids = listSids(query, before, this.#ask);
      // One parameter, however many there are.
      const sql = `SELECT ${RUN_COLUMNS} FROM streams r ${RUN_JOINS} WHERE r.sid IN (SELECT value FROM json_each(?)) ORDER BY r.sid DESC`;
      const rows = this.#all(sql, JSON.stringify(sids));
      return pageOf(rows, query.limit, summaryRow, (row) => `r${padPosition(Number(row.sid))}`);
    });
  }

  getRun(id: string): SummaryRow | undefined {
    const row = this.#all(
      `SELECT ${RUN_COLUMNS} FROM streams r ${RUN_JOINS} WHERE r.id = ? AND r.summary IS NOT NULL`,
      id,
    )[0];
    return row === undefined ? undefined : summaryRow(row);
  }

  listEvents(query: EventQuery): Page<StoredEvent> {
    const from = query.cursor === undefined ? undefined : cursorValue(query.cursor, 'e');
    const order = query.order === 'oldest' ? 'ASC' : 'DESC';
    return this.#snapshot(() => {
      const found = JSON.stringify(listPositions(query, from, this.#ask));
      const sql = `SELECT ${EVENT_COLUMNS} FROM events e ${EVENT_JOINS} WHERE e.pos IN (SELECT value FROM json_each(?)) ORDER BY e.pos ${order}`;
      return pageOf(this.#all(sql, found), query.limit, storedEvent, (row) => `e${padPosition(Number(row.pos))}`);
    });
  }

  findEvent(args: { id: string; source: string | undefined }): StoredEvent | undefined {
    const found = this.#all(
      `SELECT ${EVENT_COLUMNS} FROM events e ${EVENT_JOINS} WHERE e.idhash = ? ORDER BY e.pos LIMIT 100`,
      hashOf(args.id),
    );
    const match = found
      .map(storedEvent)
      .find((event) => idOf(event.json) === args.id && (args.source === undefined || event.source === args.source));
    if (match) return match;
    // Events the control plane sent begin with the id of their run, and so do the SDK's answers.
    const dot = args.id.indexOf('.');
    if (dot <= 0) return undefined;
    const query = { run: args.id.slice(0, dot), order: 'oldest', limit: 1000 } as const;
    let page = this.listEvents(query);
    for (;;) {
      const own = page.items.find(
        (event) => idOf(event.json) === args.id && (args.source === undefined || event.source === args.source),
      );
      if (own !== undefined || page.next === undefined) return own;
      page = this.listEvents({ ...query, cursor: page.next });
    }
  }

  eventsAfter(page: { position?: string; limit: number }): StoredEvent[] {
    const after = page.position === undefined ? 0 : parsePosition(page.position);
    if (after === undefined) throw new InvalidCursor(`'${page.position}' is not a position of this store`);
    const sql = `SELECT ${EVENT_COLUMNS} FROM events e ${EVENT_JOINS} WHERE e.pos > ? ORDER BY e.pos LIMIT ?`;
    const events: StoredEvent[] = [];
    let chars = 0;
    for (const row of this.#prepared(sql).iterate(after, page.limit)) {
      const event = storedEvent(row);
      events.push(event);
      chars += event.json.length;
      if (chars >= PAGE_CHARS_MAX) break;
    }
    return events;
  }

  lastPosition(): string | undefined {
    const pos = Number(this.#all(LAST_POSITION)[0]?.pos ?? 0);
    return pos === 0 ? undefined : padPosition(pos);
  }

  listEvaluations(query: EvaluationQuery): Page<ListedEvaluation> {
    const before = query.cursor === undefined ? undefined : cursorValue(query.cursor, 'v');
    const nameOf = (text: string): number | undefined => this.#nameOf(text);
    const found = evaluationSelects(query, before, nameOf).flatMap(({ sql, values }) => this.#all(sql, ...values));
    const newest = found.sort((a, b) => Number(b.n) - Number(a.n)).slice(0, query.limit + 1);
    const cursorOf = (row: Row): string => `v${padPosition(Number(row.n))}`;
    return pageOf(newest, query.limit, (row) => ({ ...evaluationRow(row), cursor: cursorOf(row) }), cursorOf);
  }

  findEvaluation(args: { id: string; source: string | undefined }): EvaluationRow | undefined {
    const rows = this.#all(FIND_EVALUATION, args.id).map(evaluationRow);
    return rows.find((row) => args.source === undefined || row.source === args.source);
  }

  getDocument(args: { kind: DocumentKind; id: string }): StoredDocument | undefined {
    const row = this.#all('SELECT id, revision, value FROM documents WHERE kind = ? AND id = ?', args.kind, args.id)[0];
    return row === undefined ? undefined : document(row);
  }

  listDocuments(args: {
    kind: DocumentKind;
    page: { prefix?: string; after?: string; limit: number };
  }): StoredDocument[] {
    const prefix = args.page.prefix ?? '';
    const rows = this.#all(
      'SELECT id, revision, value FROM documents WHERE kind = ? AND id > ? AND substr(id, 1, ?) = ? AND id >= ? ORDER BY id LIMIT ?',
      args.kind,
      args.page.after ?? '',
      prefix.length,
      prefix,
      prefix,
      args.page.limit,
    );
    return rows.map(document);
  }

  countRuns(filter: { project: string; open: boolean }): number {
    const project = this.#nameOf(filter.project) ?? -1;
    const sql = `SELECT sum(n) AS n FROM tallies WHERE project = ? AND state ${filter.open ? 'NOT IN' : 'IN'} ${ENDED}`;
    return Number(this.#all(sql, project)[0]?.n ?? 0);
  }

  tallyRuns(query: Omit<RunQuery, 'limit' | 'cursor'>): TallyRow[] {
    return this.#snapshot(() =>
      tallyRuns(query, this.#ask).map(({ state, result, n }) => ({
        state: this.#textOf(state) ?? '',
        result: this.#textOf(result),
        n,
      })),
    );
  }

  listPlaces({ project, limit }: { project?: string; limit: number }): PlaceRow[] {
    const number = project === undefined ? undefined : (this.#nameOf(project) ?? -1);
    const where = number === undefined ? '' : ' AND t.project = ?';
    const sql = `${PLACES}${where}) GROUP BY project, stage, service ORDER BY newest DESC LIMIT ${limit}`;
    return this.#snapshot(() => {
      const found = this.#all(sql, ...(number === undefined ? [] : [number]));
      const lasts = JSON.stringify(found.flatMap(({ last }) => (last === null ? [] : [last])));
      const runs = `SELECT ${RUN_COLUMNS} FROM streams r ${RUN_JOINS} WHERE r.sid IN (SELECT value FROM json_each(?))`;
      const bySid = new Map(this.#all(runs, lasts).map((row) => [row.sid, summaryRow(row)]));
      return found.map((row) => ({
        project: this.#textOf(row.project) ?? '',
        stage: this.#textOf(row.stage) ?? '',
        service: this.#textOf(row.service),
        open: Number(row.open),
        last: bySid.get(row.last),
      }));
    });
  }

  /** Several questions, answered as of one moment. */
  #snapshot<T>(look: () => T): T {
    this.#db.exec('BEGIN');
    try {
      return look();
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  readonly #ask: Ask = {
    all: (sql, ...values) => this.#all(sql, ...values),
    nameOf: (text) => this.#nameOf(text),
  };

  #textOf(number: unknown): string | null {
    if (typeof number !== 'number') return null;
    return String(this.#all('SELECT text FROM names WHERE n = ?', number)[0]?.text);
  }

  #nameOf(text: string): number | undefined {
    const row = this.#all('SELECT n FROM names WHERE text = ?', text)[0];
    return row === undefined ? undefined : Number(row.n);
  }

  #all(sql: string, ...values: Value[]): Row[] {
    return this.#prepared(sql).all(...values);
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      if (this.#statements.size > 500) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function cursorValue(cursor: string, kind: string): number {
  const value = cursor.startsWith(kind) ? parsePosition(cursor.slice(1)) : undefined;
  if (value === undefined) throw new InvalidCursor(`'${cursor.slice(0, 40)}' is not a cursor of this list`);
  return value;
}

function pageOf<T>(rows: readonly Row[], limit: number, read: (row: Row) => T, cursor: (row: Row) => string): Page<T> {
  const shown = rows.slice(0, limit);
  const page: Page<T> = { items: shown.map(read) };
  const last = shown.at(-1);
  if (rows.length > limit && last) page.next = cursor(last);
  return page;
}

function summaryRow(row: Row): SummaryRow {
  return row as SummaryRow;
}

function storedEvent(row: Row): StoredEvent {
  const event: StoredEvent = {
    position: padPosition(Number(row.pos)),
    at: Number(row.at),
    direction: row.dir === 0 ? 'in' : 'out',
    stream: String(row.stream),
    project: String(row.project ?? ''),
    stage: String(row.stage ?? ''),
    correlationid: String(row.correlation ?? ''),
    type: String(row.type),
    source: String(row.source),
    json: String(row.events).split('\n')[Number(row.idx)] ?? '',
  };
  if (typeof row.service === 'string') event.service = row.service;
  if (typeof row.ignored === 'string') event.ignored = row.ignored;
  return event;
}

function idOf(json: string): unknown {
  return (JSON.parse(json) as { id?: unknown }).id;
}

function document(row: Row): StoredDocument {
  return { id: String(row.id), revision: Number(row.revision), value: JSON.parse(String(row.value)) as unknown };
}
