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
/** Two numbers of names make one that is exact. */
const SOURCES_MAX = 2 ** 26;

/** What of an event's kind is its run's; null for none. */
export type EventPlace = { project: number | null; stage: number | null; service: number | null };
type Known = { kind: number; block: number };

type Database = {
  run(sql: string, ...values: Value[]): { lastInsertRowid: number | bigint };
  get(sql: string, ...values: Value[]): Record<string, unknown> | undefined;
};

/** Notes in which blocks there are events of which kind; nearly always what is to be noted is known already. */
export class EventKinds {
  readonly #db: Database;
  /** By place, then by type and source as one number: this is asked for every event. */
  readonly #places = new Map<string, Map<number, Known>>();
  #size = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** An entry's events, from position `first` on. `kinds`: type and source of each, one after the other. */
  note(place: EventPlace, kinds: readonly number[], first: number): void {
    if (this.#size >= KINDS_CACHED_MAX) this.forget();
    const key = `${place.project} ${place.stage} ${place.service}`;
    const known = this.#places.get(key) ?? new Map<number, Known>();
    this.#places.set(key, known);
    for (let index = 0; index < kinds.length; index += 2) {
      const block = Math.floor((first + index / 2) / BLOCK);
      const one = this.#knownOf(known, place, kinds[index] ?? 0, kinds[index + 1] ?? 0);
      if (one.block === block) continue;
      this.#db.run('INSERT OR IGNORE INTO event_blocks (kind, block) VALUES (?, ?)', one.kind, block);
      one.block = block;
    }
  }

  forget(): void {
    this.#places.clear();
    this.#size = 0;
  }

  #knownOf(known: Map<number, Known>, { project, stage, service }: EventPlace, type: number, source: number): Known {
    const key = type * SOURCES_MAX + source;
    let one = known.get(key);
    if (one === undefined) {
      one = { kind: this.#numberOf([type, source, project ?? 0, stage ?? 0, service ?? 0]), block: -1 };
      known.set(key, one);
      this.#size += 1;
    }
    return one;
  }

  #numberOf(key: readonly number[]): number {
    const where = 'type = ? AND source = ? AND project = ? AND stage = ? AND service = ?';
    const found = this.#db.get(`SELECT kind FROM event_kinds WHERE ${where}`, ...key);
    if (found !== undefined) return Number(found.kind);
    const sql = 'INSERT INTO event_kinds (type, source, project, stage, service) VALUES (?, ?, ?, ?, ?)';
    return Number(this.#db.run(sql, ...key).lastInsertRowid);
  }
}
