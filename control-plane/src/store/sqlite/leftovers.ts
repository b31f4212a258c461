import { BLOCK } from './event-kinds.ts';
import type { Value } from './run-filter.ts';

/** So that empty blocks, and the few events that changed nothing, are found without the others. */
export const LEFTOVERS = `
CREATE INDEX event_blocks_block ON event_blocks (block);
CREATE INDEX events_ignored ON events (ignored) WHERE ignored IS NOT NULL;
`;

/** Names that may have gone are looked at so many at a time: all that is in use is read to know. */
const NAMES_TOGETHER = 500;
/** Where names stand; those of runs and events, and of what is theirs, all stand in one of these. */
const USES = {
  tallies: ['project', 'stage', 'sequence', 'service', 'state', 'result'],
  event_kinds: ['type', 'source', 'project', 'stage', 'service'],
  evaluations: ['task', 'source'],
  'events INDEXED BY events_ignored WHERE ignored IS NOT NULL': ['ignored'],
} as const;

type Database = {
  all(sql: string, ...values: Value[]): Record<string, unknown>[];
  run(sql: string, ...values: Value[]): unknown;
};

/** What is left of deleted runs in what is kept of each kind of run and event: it goes when the last of its kind has gone. */
export class Leftovers {
  readonly #db: Database;
  readonly #names = new Set<number>();
  readonly #blocks = new Set<number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** A run that is about to be deleted. */
  note(sid: number): void {
    const places = this.#db.all('SELECT project, stage, sequence, service FROM streams WHERE sid = ?', sid);
    for (const place of places) this.#noteNames(place);
    const blocks = `SELECT DISTINCT pos / ${BLOCK} AS block FROM events WHERE jid IN (SELECT jid FROM journal WHERE sid = ?)`;
    for (const { block } of this.#db.all(blocks, sid)) this.#blocks.add(Number(block));
  }

  /** When all that was noted is deleted. Answers whether numbers that somebody may remember are gone. */
  clear(): boolean {
    const kinds = new Set<number>();
    for (const block of this.#blocks) {
      const left = this.#db.all(
        'SELECT 1 FROM events WHERE pos BETWEEN ? AND ? LIMIT 1',
        block * BLOCK,
        (block + 1) * BLOCK - 1,
      );
      if (left.length > 0) continue;
      const gone = this.#db.all('DELETE FROM event_blocks WHERE block = ? RETURNING kind', block);
      for (const { kind } of gone) kinds.add(Number(kind));
    }
    this.#blocks.clear();
    for (const kind of kinds) {
      const unused = 'NOT EXISTS (SELECT 1 FROM event_blocks b WHERE b.kind = event_kinds.kind)';
      const gone = this.#db.all(
        `DELETE FROM event_kinds WHERE kind = ? AND ${unused} RETURNING type, source, project, stage, service`,
        kind,
      );
      for (const row of gone) this.#noteNames(row);
    }
    const isMuch = this.#names.size >= NAMES_TOGETHER;
    if (isMuch) this.#clearNames();
    return kinds.size > 0 || isMuch;
  }

  #noteNames(row: Readonly<Record<string, unknown>>): void {
    for (const number of Object.values(row)) if (typeof number === 'number' && number > 0) this.#names.add(number);
  }

  #clearNames(): void {
    const used = new Set<unknown>();
    for (const [table, columns] of Object.entries(USES))
      for (const column of columns)
        for (const { n } of this.#db.all(`SELECT DISTINCT ${column} AS n FROM ${table}`)) used.add(n);
    for (const n of this.#names) if (!used.has(n)) this.#db.run('DELETE FROM names WHERE n = ?', n);
    this.#names.clear();
  }
}
