import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DocumentKind, EvaluationRow, EventRow, Timer } from '../store.ts';
import { decodeBatch, type WrittenItem } from './batch.ts';
import { evaluationValues, INSERT_EVALUATION } from './evaluations.ts';
import { EventKinds, type EventPlace } from './event-kinds.ts';
import { Hours } from './hours.ts';
import { hashOf } from './key.ts';
import { KEEP_LAST_POSITION, LAST_POSITION } from './last-position.ts';
import { Leftovers } from './leftovers.ts';
import { type Batch, labelsOf, type SummaryRest } from './protocol.ts';
import { ENDED } from './tallies.ts';

const NAMES_CACHED_MAX = 20_000;
const SIDS_CACHED_MAX = 50_000;
const EVENTS_PER_STATEMENT = 16;
const CONFLICT = -1;
const INSERT_STREAM =
  'INSERT INTO streams (id, open, project, stage, sequence, service, state, result, correlation, accepted, finished, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
const UPDATE_STREAM = 'UPDATE streams SET open = ?, state = ?, result = ?, finished = ?, summary = ? WHERE sid = ?';
/** SQLite writes the entries of every index on a column that is set, though it is set to what it was: a page of each. */
const UPDATE_SUMMARY = 'UPDATE streams SET summary = ? WHERE sid = ?';
const INSERT_JOURNAL =
  'INSERT INTO journal (sid, seq, at, header, events) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
const eventStatements: string[] = [];

function insertEvents(count: number): string {
  let sql = eventStatements[count];
  if (sql === undefined) {
    const row = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
    sql = `INSERT INTO events (pos, jid, idx, sid, dir, type, source, at, ignored, project, stage, service, idhash) VALUES ${Array.from({ length: count }, () => row).join(', ')}`;
    eventStatements[count] = sql;
  }
  return sql;
}

/** What is known of a stream's row. `indexed`: what of it indexes hold, as it was last written; undefined when that is not known. */
type Known = { sid: number; indexed: string | undefined };

/** All that changes the database; lives in the writing thread. */
export class Writer {
  readonly #db: DatabaseSync;
  readonly #names = new Map<string, number>();
  readonly #sids = new Map<string, Known>();
  readonly #statements = new Map<string, StatementSync>();
  /** The highest position that was given out; undefined when that is not known. */
  #lastPosition: number | undefined;
  readonly #hours = new Hours();
  readonly #kinds = new EventKinds({
    run: (sql, ...values) => this.#run(sql, ...values),
    get: (sql, ...values) => this.#statement(sql).get(...values),
  });

  readonly #leftovers = new Leftovers({
    run: (sql, ...values) => this.#run(sql, ...values),
    all: (sql, ...values) => this.#statement(sql).all(...values),
  });

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  commit(batch: Batch): number[] {
    const items = decodeBatch(batch);
    return this.#transaction(() => {
      const firsts = items.map((item) => this.#commitOne(item));
      this.#hours.write((sql, ...values) => this.#run(sql, ...values));
      return firsts;
    });
  }

  /** Returns the position of the first event, 0 when there is none, -1 for a conflict. */
  #commitOne(item: WrittenItem): number {
    const { stream, seq, at, open, columns } = item;
    let place: EventPlace | undefined = columns && {
      project: this.#nameOrNull(columns.project),
      stage: this.#nameOrNull(columns.stage),
      service: this.#nameOrNull(columns.service),
    };
    const state = this.#nameOrNull(columns?.phase);
    const result = this.#nameOrNull(columns?.result);
    const finished = columns?.finished ?? null;
    const indexed = `${open} ${state} ${result} ${finished}`;
    let known: Known | undefined;
    if (seq === 1) {
      const done = this.#run(
        INSERT_STREAM,
        stream,
        open,
        place?.project ?? null,
        place?.stage ?? null,
        this.#nameOrNull(columns?.sequence),
        place?.service ?? null,
        state,
        result,
        columns?.correlation ?? null,
        columns?.accepted ?? null,
        finished,
        columns?.rest ?? null,
      );
      if (done.changes === 0) return CONFLICT;
      known = this.#remember(stream, Number(done.lastInsertRowid), indexed);
      if (columns !== undefined) this.#hours.note('sid', columns.accepted, known.sid, known.sid);
    } else {
      known = this.#rowOf(stream);
      if (known === undefined) return CONFLICT;
    }
    const { sid } = known;
    // Hardly anything comes after the last entry of a stream.
    if (open === 0) this.#sids.delete(stream);
    const written = this.#run(INSERT_JOURNAL, sid, seq, at, item.header, item.events);
    if (written.changes === 0) return CONFLICT;
    if (seq !== 1) {
      const isSame = known.indexed === indexed;
      known.indexed = indexed;
      if (columns !== undefined) {
        if (isSame) this.#run(UPDATE_SUMMARY, columns.rest, sid);
        else this.#run(UPDATE_STREAM, open, state, result, finished, columns.rest, sid);
      } else if (!isSame) this.#run('UPDATE streams SET open = ? WHERE sid = ?', open, sid);
    }
    for (const label of item.labels) this.#run('INSERT OR IGNORE INTO labels (label, sid) VALUES (?, ?)', label, sid);
    for (const timer of item.timersPut) {
      const sql = 'INSERT OR REPLACE INTO timers (stream, name, due) VALUES (?, ?, ?)';
      this.#run(sql, timer.stream, timer.name, timer.dueAt);
    }
    for (const timer of item.timersDelete) this.#deleteTimer(timer);
    if (item.evaluations !== '') this.#insertEvaluations(sid, JSON.parse(item.evaluations) as EvaluationRow[]);
    if (item.rows.length === 0) return 0;
    place ??= this.#placeOf(sid);
    return this.#insertEvents(item.rows, { stream, jid: Number(written.lastInsertRowid), sid, at, ...place });
  }

  #placeOf(sid: number): EventPlace {
    const found = this.#statement('SELECT project, stage, service FROM streams WHERE sid = ?').get(sid);
    const { project = null, stage = null, service = null } = (found ?? {}) as Partial<EventPlace>;
    return { project, stage, service };
  }

  /** One statement for all events of an entry: their positions follow each other. */
  #insertEvents(
    rows: readonly EventRow[],
    of: EventPlace & { stream: string; jid: number; sid: number; at: number },
  ): number {
    const kinds: number[] = [];
    const before = this.#lastPos();
    for (let first = 0; first < rows.length; first += EVENTS_PER_STATEMENT) {
      const values: (number | null)[] = [];
      const some = rows.slice(first, first + EVENTS_PER_STATEMENT);
      for (const [index, row] of some.entries()) {
        const incoming = row.direction === 'in';
        const type = this.#nameOf(row.type);
        const source = this.#nameOf(row.source);
        kinds.push(type, source);
        values.push(before + first + index + 1, of.jid, first + index, of.sid, incoming ? 0 : 1, type, source, of.at);
        // What we sent carries its run in its id, and so do the SDK's answers; only other ids need an index to be found. Each
        // entry of it dirties a page of its own, so the fewer the better.
        values.push(
          row.ignored === undefined ? null : this.#nameOf(row.ignored),
          of.project,
          of.stage,
          of.service,
          incoming && !row.id.startsWith(`${of.stream}.`) ? hashOf(row.id) : null,
        );
      }
      this.#run(insertEvents(some.length), ...values);
    }
    const first = before + 1;
    const last = before + rows.length;
    this.#lastPosition = last;
    this.#kinds.note(of, kinds, first);
    this.#hours.note('pos', of.at, first, last);
    return first;
  }

  /** Positions are given out once: subscriptions and listeners go on from theirs, and what came below would be no news to them. */
  #lastPos(): number {
    this.#lastPosition ??= Number(this.#statement(LAST_POSITION).get()?.pos ?? 0);
    return this.#lastPosition;
  }

  #insertEvaluations(sid: number, rows: readonly EvaluationRow[]): void {
    for (const row of rows) this.#run(INSERT_EVALUATION, ...evaluationValues(sid, row, (text) => this.#nameOf(text)));
  }

  addEvaluations(rows: readonly EvaluationRow[]): void {
    this.#transaction(() => {
      for (const row of rows) {
        const known = this.#rowOf(row.run);
        if (known !== undefined) this.#insertEvaluations(known.sid, [row]);
      }
    });
  }

  #nameOrNull(text: string | undefined): number | null {
    return text === undefined || text === '' ? null : this.#nameOf(text);
  }

  settle(streams: readonly string[]): void {
    this.#transaction(() => {
      for (const stream of streams) this.#run('UPDATE streams SET open = 0 WHERE id = ? AND open = 1', stream);
    });
    for (const stream of streams) this.#sids.delete(stream);
  }

  deleteTimers(timers: readonly Timer[]): void {
    this.#transaction(() => {
      for (const timer of timers) this.#deleteTimer(timer);
    });
  }

  #deleteTimer(timer: Timer): void {
    this.#run('DELETE FROM timers WHERE stream = ? AND name = ? AND due <= ?', timer.stream, timer.name, timer.dueAt);
  }

  putDocument(args: {
    kind: DocumentKind;
    id: string;
    value: string;
    expect: 'absent' | number | undefined;
  }): number | undefined {
    return this.#transaction(() => {
      const { kind, id, value, expect } = args;
      const found = this.#statement('SELECT revision FROM documents WHERE kind = ? AND id = ?').get(kind, id);
      const revision = found === undefined ? undefined : Number(found.revision);
      if (expect === 'absent' && revision !== undefined) return undefined;
      if (typeof expect === 'number' && expect !== revision) return undefined;
      const next = (revision ?? 0) + 1;
      this.#run(
        'INSERT OR REPLACE INTO documents (kind, id, revision, value) VALUES (?, ?, ?, ?)',
        kind,
        id,
        next,
        value,
      );
      return next;
    });
  }

  deleteDocument(args: { kind: DocumentKind; id: string }): boolean {
    return this.#transaction(
      () => this.#run('DELETE FROM documents WHERE kind = ? AND id = ?', args.kind, args.id).changes > 0,
    );
  }

  deleteFinishedRuns(rule: { project: string; finishedBefore?: number; keep?: number; limit: number }): number {
    return this.#transaction(() => {
      const found = this.#statement('SELECT n FROM names WHERE text = ?').get(rule.project);
      if (found === undefined) return 0;
      const project = Number(found.n);
      const sids = new Set<number>();
      const { finishedBefore, keep, limit } = rule;
      if (finishedBefore !== undefined) for (const sid of this.#old(project, finishedBefore, limit)) sids.add(sid);
      if (keep !== undefined && sids.size < limit)
        for (const sid of this.#beyond(project, keep, limit)) if (sids.size < limit) sids.add(sid);
      // The highest that was given out stays known when its event goes.
      if (sids.size > 0) this.#run(KEEP_LAST_POSITION, String(this.#lastPos()));
      for (const sid of sids) {
        this.#leftovers.note(sid);
        this.#run('DELETE FROM events WHERE jid IN (SELECT jid FROM journal WHERE sid = ?)', sid);
        this.#run('DELETE FROM journal WHERE sid = ?', sid);
        this.#deleteLabels(sid);
        this.#run('DELETE FROM evaluations WHERE sid = ?', sid);
        this.#run('DELETE FROM timers WHERE stream = (SELECT id FROM streams WHERE sid = ?)', sid);
        this.#run('DELETE FROM streams WHERE sid = ?', sid);
      }
      if (sids.size > 0) this.#sids.clear();
      if (this.#leftovers.clear()) {
        this.#names.clear();
        this.#kinds.forget();
      }
      return sids.size;
    });
  }

  /** Settled runs that had finished by then, the oldest first. */
  #old(project: number, finishedBefore: number, limit: number): number[] {
    const sql = `SELECT sid FROM streams INDEXED BY streams_finished WHERE project = ? AND finished < ? AND open = 0 ORDER BY finished LIMIT ?`;
    return this.#statement(sql)
      .all(project, finishedBefore, limit)
      .map((row) => Number(row.sid));
  }

  /** Settled runs of all but the newest `keep` that have finished. */
  #beyond(project: number, keep: number, limit: number): number[] {
    const count = `SELECT sum(n) AS n FROM tallies WHERE project = ? AND state IN ${ENDED}`;
    const excess = Number(this.#statement(count).get(project)?.n ?? 0) - keep;
    if (excess <= 0) return [];
    const oldest =
      'SELECT sid, open FROM streams INDEXED BY streams_finished WHERE project = ? AND finished IS NOT NULL ORDER BY finished LIMIT ?';
    return this.#statement(`SELECT sid FROM (${oldest}) WHERE open = 0 LIMIT ?`)
      .all(project, excess, limit)
      .map((row) => Number(row.sid));
  }

  /** By their key, which the run's row has: there is no index of labels by run. */
  #deleteLabels(sid: number): void {
    const summary = this.#statement('SELECT summary FROM streams WHERE sid = ?').get(sid)?.summary;
    if (typeof summary !== 'string') return;
    const { l = {} } = JSON.parse(summary) as SummaryRest;
    for (const label of labelsOf(l)) this.#run('DELETE FROM labels WHERE label = ? AND sid = ?', label, sid);
  }

  probe(): void {
    this.#transaction(() =>
      this.#run("INSERT OR REPLACE INTO documents (kind, id, revision, value) VALUES ('meta', 'probe', 1, 'null')"),
    );
  }

  #transaction<T>(work: () => T): T {
    this.#statement('BEGIN IMMEDIATE').run();
    try {
      const value = work();
      this.#statement('COMMIT').run();
      return value;
    } catch (error) {
      // What was remembered of rolled-back rows is not true.
      this.#names.clear();
      this.#sids.clear();
      this.#lastPosition = undefined;
      this.#hours.forget();
      this.#kinds.forget();
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #rowOf(stream: string): Known | undefined {
    const known = this.#sids.get(stream);
    if (known !== undefined) return known;
    const found = this.#statement('SELECT sid FROM streams WHERE id = ?').get(stream);
    return found === undefined ? undefined : this.#remember(stream, Number(found.sid), undefined);
  }

  #remember(stream: string, sid: number, indexed: string | undefined): Known {
    if (this.#sids.size >= SIDS_CACHED_MAX) this.#sids.clear();
    const known = { sid, indexed };
    this.#sids.set(textOfItsOwn(stream), known);
    return known;
  }

  #nameOf(text: string): number {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const found = this.#statement('SELECT n FROM names WHERE text = ?').get(text);
    const number =
      found === undefined
        ? Number(this.#run('INSERT INTO names (text) VALUES (?)', text).lastInsertRowid)
        : Number(found.n);
    if (this.#names.size >= NAMES_CACHED_MAX) this.#names.clear();
    this.#names.set(textOfItsOwn(text), number);
    return number;
  }

  #run(sql: string, ...values: (string | number | null)[]): { changes: number; lastInsertRowid: number | bigint } {
    const done = this.#statement(sql).run(...values);
    return { changes: Number(done.changes), lastInsertRowid: done.lastInsertRowid };
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** V8 keeps a text that is cut out of a batch as a view, which would hold the whole batch in memory. */
function textOfItsOwn(text: string): string {
  return Buffer.from(text).toString();
}
