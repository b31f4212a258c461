import type { Value } from './run-filter.ts';

/**
 * Which kinds of events (type, source, project, stage, service; 0 for none) there are, and in which blocks of positions
 * each of them occurs. A filter that fits few events looks at the blocks that have one, and not at all events there are;
 * an index on each column would cost every event five entries.
 */
export const EVENT_KINDS = `
CREATE TABLE event_kinds (
  kind INTEGER PRIMARY KEY, type INTEGER NOT NULL, source INTEGER NOT NULL, project INTEGER NOT NULL, stage INTEGER NOT NULL, service INTEGER NOT NULL,
  UNIQUE (type, source, project, stage, service)
);
CREATE TABLE event_blocks (kind INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (kind, block)) WITHOUT ROWID;
INSERT INTO event_kinds (type, source, project, stage, service)
  SELECT DISTINCT type, source, ifnull(project, 0), ifnull(stage, 0), ifnull(service, 0) FROM events;
INSERT INTO event_blocks SELECT DISTINCT k.kind, e.pos / 1024 FROM events e CROSS JOIN event_kinds k
  ON k.type = e.type AND k.source = e.source AND k.project = ifnull(e.project, 0) AND k.stage = ifnull(e.stage, 0) AND k.service = ifnull(e.service, 0);
`;
export const BLOCK = 1_024;
const KINDS_CACHED_MAX = 20_000;

export type EventKind = {
  type: number;
  source: number;
  project: number | null;
  stage: number | null;
  service: number | null;
};

type Database = {
  run(sql: string, ...values: Value[]): { lastInsertRowid: number | bigint };
  get(sql: string, ...values: Value[]): Record<string, unknown> | undefined;
};

/** Notes in which blocks there are events of which kind; nearly always what is to be noted is known already. */
export class EventKinds {
  readonly #db: Database;
  readonly #known = new Map<string, { kind: number; block: number }>();

  constructor(db: Database) {
    this.#db = db;
  }

  note({ type, source, project, stage, service }: EventKind, position: number): void {
    const key = `${type} ${source} ${project} ${stage} ${service}`;
    const block = Math.floor(position / BLOCK);
    let known = this.#known.get(key);
    if (known === undefined) {
      if (this.#known.size >= KINDS_CACHED_MAX) this.#known.clear();
      known = { kind: this.#numberOf([type, source, project ?? 0, stage ?? 0, service ?? 0]), block: -1 };
      this.#known.set(key, known);
    }
    if (known.block === block) return;
    this.#db.run('INSERT OR IGNORE INTO event_blocks (kind, block) VALUES (?, ?)', known.kind, block);
    known.block = block;
  }

  forget(): void {
    this.#known.clear();
  }

  #numberOf(key: readonly number[]): number {
    const where = 'type = ? AND source = ? AND project = ? AND stage = ? AND service = ?';
    const found = this.#db.get(`SELECT kind FROM event_kinds WHERE ${where}`, ...key);
    if (found !== undefined) return Number(found.kind);
    const sql = 'INSERT INTO event_kinds (type, source, project, stage, service) VALUES (?, ?, ?, ?, ?)';
    return Number(this.#db.run(sql, ...key).lastInsertRowid);
  }
}
