/**
 * Where in `streams` and `events` the rows of each hour lie. Both grow at their end, so a filter by time has a range of
 * rows to look at; a clock that was set back only makes it wider.
 */
export const HOURS = `
CREATE TABLE hours (hour INTEGER PRIMARY KEY, sid_low INTEGER, sid_high INTEGER, pos_low INTEGER, pos_high INTEGER);
INSERT INTO hours SELECT accepted / 3600000, min(sid), max(sid), NULL, NULL FROM streams WHERE accepted IS NOT NULL GROUP BY 1;
INSERT INTO hours SELECT at / 3600000, NULL, NULL, min(pos), max(pos) FROM events WHERE true GROUP BY 1
  ON CONFLICT DO UPDATE SET pos_low = excluded.pos_low, pos_high = excluded.pos_high;
`;
const HOUR_MS = 3_600_000;
const WIDEN = `INSERT INTO hours VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
  sid_low = min(ifnull(sid_low, excluded.sid_low), ifnull(excluded.sid_low, sid_low)),
  sid_high = max(ifnull(sid_high, excluded.sid_high), ifnull(excluded.sid_high, sid_high)),
  pos_low = min(ifnull(pos_low, excluded.pos_low), ifnull(excluded.pos_low, pos_low)),
  pos_high = max(ifnull(pos_high, excluded.pos_high), ifnull(excluded.pos_high, pos_high))`;

/** Written ahead, so that not every transaction writes a page for it: who looks looks at a few rows more. */
const AHEAD = 1024;
/** A clock that is set back and forth for ever must not fill the memory. */
const WRITTEN_MAX = 1000;

type Span = { low: number; high: number };
type Row = { sid: Span | undefined; pos: Span | undefined };

/** What a transaction has added, by hour; written at its end, in a statement for each hour. */
export class Hours {
  readonly #rows = new Map<number, Row>();
  readonly #written = new Map<number, Row>();

  note(kind: 'sid' | 'pos', at: number, low: number, high: number): void {
    const hour = Math.floor(at / HOUR_MS);
    const row = this.#rows.get(hour) ?? { sid: undefined, pos: undefined };
    this.#rows.set(hour, row);
    const span = row[kind];
    row[kind] = span === undefined ? { low, high } : { low: Math.min(span.low, low), high: Math.max(span.high, high) };
  }

  write(run: (sql: string, ...values: (number | null)[]) => unknown): void {
    for (const [hour, row] of this.#rows) {
      const written = this.#written.get(hour);
      if (isWithin(row.sid, written?.sid) && isWithin(row.pos, written?.pos)) continue;
      const sid = widened(row.sid, written?.sid);
      const pos = widened(row.pos, written?.pos);
      run(WIDEN, hour, sid?.low ?? null, sid?.high ?? null, pos?.low ?? null, pos?.high ?? null);
      if (this.#written.size >= WRITTEN_MAX) this.#written.clear();
      this.#written.set(hour, { sid, pos });
    }
    this.#rows.clear();
  }

  forget(): void {
    this.#rows.clear();
    this.#written.clear();
  }
}

function isWithin(added: Span | undefined, written: Span | undefined): boolean {
  return added === undefined || (written !== undefined && written.low <= added.low && added.high <= written.high);
}

function widened(added: Span | undefined, written: Span | undefined): Span | undefined {
  if (added === undefined || isWithin(added, written)) return written;
  const high = Math.max(Math.ceil(added.high / AHEAD) * AHEAD, written?.high ?? 0);
  return { low: Math.min(added.low, written?.low ?? added.low), high };
}

export type Range = { low: number; high: number };

/** All rows of a time lie within. */
export function rangeOf(
  get: (sql: string, ...values: number[]) => Record<string, unknown> | undefined,
  column: 'sid' | 'pos',
  { since, until }: { since?: number; until?: number },
): Range {
  if (since === undefined && until === undefined) return { low: 0, high: Number.MAX_SAFE_INTEGER };
  const sql = `SELECT min(${column}_low) AS low, max(${column}_high) AS high FROM hours WHERE hour BETWEEN ? AND ?`;
  const found = get(sql, Math.floor((since ?? 0) / HOUR_MS), Math.floor((until ?? Number.MAX_SAFE_INTEGER) / HOUR_MS));
  return typeof found?.low === 'number' && typeof found.high === 'number'
    ? { low: found.low, high: found.high }
    : { low: 1, high: 0 };
}
