import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CommitResult, DocumentKind, Timer } from '../store.ts';
import { hashOf, padPosition } from './key.ts';
import type { FlatCommit } from './protocol.ts';

const NAMES_CACHED_MAX = 20_000;
const SIDS_CACHED_MAX = 100_000;

/** All that changes the database; lives in the writing thread. */
export class Writer {
  readonly #db: DatabaseSync;
  readonly #names = new Map<string, number>();
  readonly #sids = new Map<string, number>();
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  commit(items: readonly FlatCommit[]): CommitResult[] {
    return this.#transaction(() => items.map((item) => this.#commitOne(item)));
  }

  #commitOne(item: FlatCommit): CommitResult {
    const columns = item.columns;
    let sid: number;
    if (item.seq === 1) {
      const done = this.#run(
        'INSERT INTO streams (id, open) VALUES (?, ?) ON CONFLICT DO NOTHING',
        item.stream,
        item.open ? 1 : 0,
      );
      if (done.changes === 0) return { outcome: 'conflict' };
      sid = Number(done.lastInsertRowid);
      this.#rememberSid(item.stream, sid);
    } else {
      const known = this.#sidOf(item.stream);
      if (known === undefined) return { outcome: 'conflict' };
      sid = known;
    }
    const written = this.#run(
      'INSERT INTO journal (sid, seq, at, header, events) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      sid,
      item.seq,
      item.at,
      item.header,
      item.events,
    );
    if (written.changes === 0) return { outcome: 'conflict' };
    const jid = Number(written.lastInsertRowid);
    for (const timer of item.timersPut) {
      this.#run(
        'INSERT OR REPLACE INTO timers (stream, name, due) VALUES (?, ?, ?)',
        timer.stream,
        timer.name,
        timer.dueAt,
      );
    }
    this.#deleteTimers(item.timersDelete);
    let project: number | null = null;
    let stage: number | null = null;
    let service: number | null = null;
    if (columns) {
      const numbers = [0, 1, 2, 3, 4, 5].map((index) => (columns[index] ? this.#nameOf(columns[index]) : null));
      project = numbers[0] ?? null;
      stage = numbers[1] ?? null;
      service = numbers[3] ?? null;
      this.#run(
        'UPDATE streams SET open = ?, project = ?, stage = ?, sequence = ?, service = ?, state = ?, result = ?, correlation = ?, accepted = ?, finished = ?, summary = ? WHERE sid = ?',
        item.open ? 1 : 0,
        project,
        stage,
        numbers[2] ?? null,
        service,
        numbers[4] ?? null,
        numbers[5] ?? null,
        columns[6] ?? null,
        item.acceptedAt,
        item.finishedAt < 0 ? null : item.finishedAt,
        item.summary,
        sid,
      );
      if (item.seq === 1)
        for (const label of item.labels)
          this.#run('INSERT OR IGNORE INTO labels (label, sid) VALUES (?, ?)', label, sid);
    } else if (item.seq !== 1) {
      this.#run('UPDATE streams SET open = ? WHERE sid = ?', item.open ? 1 : 0, sid);
    }
    const positions: string[] = [];
    const rows = item.rows;
    for (let index = 0; index * 5 < rows.length; index++) {
      const at = index * 5;
      const incoming = rows[at + 3] === 'in';
      const ignored = rows[at + 4];
      const done = this.#run(
        'INSERT INTO events (jid, idx, sid, dir, type, source, at, ignored, project, stage, service, idhash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        jid,
        index,
        sid,
        incoming ? 0 : 1,
        this.#nameOf(rows[at + 2] ?? ''),
        this.#nameOf(rows[at + 1] ?? ''),
        item.at,
        ignored ? this.#nameOf(ignored) : null,
        project,
        stage,
        service,
        // What we sent carries its run in its id; only what came in needs an index to be found.
        incoming ? hashOf(rows[at] ?? '') : null,
      );
      positions.push(padPosition(Number(done.lastInsertRowid)));
    }
    return { outcome: 'committed', positions };
  }

  settle(streams: readonly string[]): void {
    this.#transaction(() => {
      for (const stream of streams) this.#run('UPDATE streams SET open = 0 WHERE id = ?', stream);
    });
  }

  deleteTimers(timers: readonly Timer[]): void {
    this.#transaction(() => this.#deleteTimers(timers));
  }

  #deleteTimers(timers: readonly Timer[]): void {
    for (const timer of timers) {
      this.#run('DELETE FROM timers WHERE stream = ? AND name = ? AND due <= ?', timer.stream, timer.name, timer.dueAt);
    }
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
      if (rule.finishedBefore !== undefined) {
        const rows = this.#statement(
          'SELECT sid FROM streams WHERE project = ? AND open = 0 AND finished IS NOT NULL AND finished < ? LIMIT ?',
        ).all(project, rule.finishedBefore, rule.limit);
        for (const row of rows) sids.add(Number(row.sid));
      }
      if (rule.keep !== undefined && sids.size < rule.limit) {
        const rows = this.#statement(
          'SELECT sid FROM streams WHERE project = ? AND open = 0 AND finished IS NOT NULL ORDER BY sid DESC LIMIT ? OFFSET ?',
        ).all(project, rule.limit - sids.size, rule.keep);
        for (const row of rows) sids.add(Number(row.sid));
      }
      for (const sid of sids) {
        this.#run('DELETE FROM events WHERE jid IN (SELECT jid FROM journal WHERE sid = ?)', sid);
        this.#run('DELETE FROM journal WHERE sid = ?', sid);
        this.#run('DELETE FROM labels WHERE sid = ?', sid);
        this.#run('DELETE FROM timers WHERE stream = (SELECT id FROM streams WHERE sid = ?)', sid);
        this.#run('DELETE FROM streams WHERE sid = ?', sid);
      }
      if (sids.size > 0) this.#sids.clear();
      return sids.size;
    });
  }

  probe(): void {
    this.#transaction(() =>
      this.#run("INSERT OR REPLACE INTO documents (kind, id, revision, value) VALUES ('meta', 'probe', 1, 'null')"),
    );
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const value = work();
      this.#db.exec('COMMIT');
      return value;
    } catch (error) {
      // What was remembered of rolled-back rows is not true.
      this.#names.clear();
      this.#sids.clear();
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #sidOf(stream: string): number | undefined {
    const known = this.#sids.get(stream);
    if (known !== undefined) return known;
    const found = this.#statement('SELECT sid FROM streams WHERE id = ?').get(stream);
    if (found === undefined) return undefined;
    const sid = Number(found.sid);
    this.#rememberSid(stream, sid);
    return sid;
  }

  #rememberSid(stream: string, sid: number): void {
    if (this.#sids.size >= SIDS_CACHED_MAX) this.#sids.clear();
    this.#sids.set(stream, sid);
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
    this.#names.set(text, number);
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
