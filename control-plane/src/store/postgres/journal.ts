import type { EntryRange, JournalEntry, Timer } from '../store.ts';
import type { Database, Row } from './database.ts';
import type { Heads } from './heads.ts';
import { fromColumn, toColumn } from './text.ts';

export interface JournalParts {
  readonly database: Database;
  readonly heads: Heads;
  readonly timeoutMs: number;
  readonly readTimeoutMs: number;
}

interface EntryRow extends Row {
  seq: number;
  at: string;
  header: string;
  events: string[] | null;
}

interface TimerRow extends Row {
  stream: string;
  name: string;
  due: string;
}

const READ = `
SELECT e.seq, e.at, e.header, (
  SELECT array_agg(v.json ORDER BY v.idx) FROM events v WHERE v.stream = e.stream AND v.seq = e.seq
) AS events
FROM entries e WHERE e.stream = $1 AND e.seq >= $2 AND e.seq <= $3 ORDER BY e.seq`;

const SEQ_MAX = 2_147_483_647;

export async function readEntries(
  stream: string,
  { from, to }: EntryRange,
  { database, heads, readTimeoutMs }: JournalParts,
): Promise<JournalEntry[]> {
  const rows = await database.run<EntryRow>('read', readTimeoutMs, READ, [toColumn(stream), from ?? 0, to ?? SEQ_MAX]);
  const last = rows.at(-1);
  // A part that ends before the head says nothing about the head.
  if (to === undefined && last !== undefined) heads.raise(stream, last.seq);
  return rows.map(({ seq, at, header, events }) => ({ stream, seq, at: Number(at), header, events: events ?? [] }));
}

/**
 * Settles streams whose head this process knows, and only up to that head: another replica may have written an entry since that still
 * has something to publish. A stream that can't be settled is walked once more.
 */
export async function settle(streams: readonly string[], { database, heads, timeoutMs }: JournalParts): Promise<void> {
  const known = streams.flatMap((stream) => {
    const seq = heads.get(stream);
    return seq === undefined ? [] : [{ stream: toColumn(stream), seq }];
  });
  if (known.length === 0) return;
  const sql = `UPDATE streams SET open = false WHERE stream IN (
    SELECT s.stream FROM streams s JOIN json_to_recordset($1::json) AS t(stream text, seq integer) USING (stream)
    WHERE s.open AND s.seq <= t.seq ORDER BY s.stream FOR UPDATE OF s)
    AND seq <= (SELECT t.seq FROM json_to_recordset($1::json) AS t(stream text, seq integer) WHERE t.stream = streams.stream)`;
  await database.run('settle', timeoutMs, sql, [JSON.stringify(known)]);
}

export async function openStreams(
  page: { after?: string; limit: number },
  { database, readTimeoutMs }: JournalParts,
): Promise<string[]> {
  const sql = 'SELECT stream FROM streams WHERE open AND stream > $1 ORDER BY stream LIMIT $2';
  const rows = await database.run<{ stream: string }>('open streams', readTimeoutMs, sql, [
    page.after ?? '',
    page.limit,
  ]);
  return rows.map((row) => fromColumn(row.stream));
}

export async function dueTimers(
  page: { before: number; limit: number },
  { database, readTimeoutMs }: JournalParts,
): Promise<Timer[]> {
  const sql = 'SELECT stream, name, due FROM timers WHERE due < $1 ORDER BY due LIMIT $2';
  const rows = await database.run<TimerRow>('due timers', readTimeoutMs, sql, [page.before, page.limit]);
  return rows.map(({ stream, name, due }) => ({
    stream: fromColumn(stream),
    name: fromColumn(name),
    dueAt: Number(due),
  }));
}

export async function deleteTimers(timers: readonly Timer[], { database, timeoutMs }: JournalParts): Promise<void> {
  if (timers.length === 0) return;
  const sql = `DELETE FROM timers USING json_to_recordset($1::json) AS t(stream text, name text, due bigint)
    WHERE timers.stream = t.stream AND timers.name = t.name AND timers.due = t.due`;
  const keys = timers.map(({ stream, name, dueAt }) => ({
    stream: toColumn(stream),
    name: toColumn(name),
    due: dueAt,
  }));
  await database.run('delete timers', timeoutMs, sql, [JSON.stringify(keys)]);
}
