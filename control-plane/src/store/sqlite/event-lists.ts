import type { EventQuery } from '../store.ts';
import { BLOCK } from './event-kinds.ts';
import { type Range, rangeOf } from './hours.ts';
import type { Ask, Value } from './run-filter.ts';

/** Most of what people look for is among the newest. */
const NEAR = 10_000;

/** A glob of ours is one of SQLite's: its other wildcards, `?` and `[`, are in no type. */
const TYPES_LIKE = 'SELECT n FROM names WHERE n IN (SELECT type FROM event_kinds) AND text GLOB ?';

type Where = { conditions: string[]; values: Value[] };

/** The positions of a query's events beyond `from`, in the order of the list. */
export function listPositions(query: EventQuery, from: number | undefined, ask: Ask): number[] {
  const kinds = kindsOf(query, ask);
  if (kinds === undefined) return [];
  const range = rangeOf((sql, ...of) => ask.all(sql, ...of)[0], 'pos', query);
  const isOldest = query.order === 'oldest';
  if (from !== undefined && isOldest) range.low = Math.max(range.low, from + 1);
  if (from !== undefined && !isOldest) range.high = Math.min(range.high, from - 1);
  const where: Where = {
    conditions: kinds.conditions.map((condition) => `e.${condition}`),
    values: [...kinds.values],
  };
  if (query.since !== undefined) push(where, 'e.at >= ?', query.since);
  if (query.until !== undefined) push(where, 'e.at < ?', query.until);
  const wanted = query.limit + 1;
  if (query.run !== undefined || query.correlationid !== undefined) return ofStreams(query, range, where, ask);
  if (kinds.conditions.length === 0) return within(range, { where, isOldest, wanted, ask });
  const near = amongNearest(range, { where, isOldest, wanted, ask });
  return near.length === wanted ? near : inBlocks(kinds, range, { where, isOldest, wanted, ask });
}

function push({ conditions, values }: Where, condition: string, value: Value): void {
  conditions.push(condition);
  values.push(value);
}

/** By which kinds of events it filters; undefined: there is none like that. */
function kindsOf(query: EventQuery, ask: Ask): Where | undefined {
  const kinds: Where = { conditions: [], values: [] };
  if (query.type?.includes('*')) push(kinds, `type IN (${TYPES_LIKE})`, query.type);
  for (const column of ['type', 'source', 'project', 'stage', 'service'] as const) {
    const text = query[column];
    if (text === undefined || (column === 'type' && text.includes('*'))) continue;
    const number = ask.nameOf(text);
    if (number === undefined) return undefined;
    push(kinds, `${column} = ?`, number);
  }
  return kinds;
}

/** A run's events are found by its journal, whose entries are few: events need no index of their own for it. */
function ofStreams(query: EventQuery, range: Range, { conditions, values }: Where, ask: Ask): number[] {
  const streams: Where = { conditions: [], values: [] };
  if (query.run !== undefined) push(streams, 'id = ?', query.run);
  if (query.correlationid !== undefined) push(streams, 'correlation = ?', query.correlationid);
  const journal = `SELECT jid FROM journal WHERE sid IN (SELECT sid FROM streams WHERE ${streams.conditions.join(' AND ')})`;
  const where = [`e.jid IN (${journal})`, 'e.pos BETWEEN ? AND ?', ...conditions].join(' AND ');
  const order = query.order === 'oldest' ? 'ASC' : 'DESC';
  const sql = `SELECT e.pos FROM events e WHERE ${where} ORDER BY e.pos ${order} LIMIT ?`;
  return positions(ask.all(sql, ...streams.values, range.low, range.high, ...values, query.limit + 1));
}

type Search = { where: Where; isOldest: boolean; wanted: number; ask: Ask };

function within({ low, high }: Range, { where, isOldest, wanted, ask }: Search): number[] {
  const conditions = ['e.pos BETWEEN ? AND ?', ...where.conditions].join(' AND ');
  const sql = `SELECT e.pos FROM events e WHERE ${conditions} ORDER BY e.pos ${isOldest ? 'ASC' : 'DESC'} LIMIT ?`;
  return positions(ask.all(sql, low, high, ...where.values, wanted));
}

/** Among so many from the near end, whatever their kind. */
function amongNearest(range: Range, search: Search): number[] {
  const order = search.isOldest ? 'ASC' : 'DESC';
  const { low, high } = range;
  const far = `SELECT pos FROM events WHERE pos BETWEEN ? AND ? ORDER BY pos ${order} LIMIT 1 OFFSET ${NEAR - 1}`;
  const edge = search.ask.all(far, low, high)[0]?.pos;
  if (edge === undefined) return within(range, search);
  return within(search.isOldest ? { low, high: Number(edge) } : { low: Number(edge), high }, search);
}

/** In the blocks that have an event of a fitting kind, one after the other until there are enough. */
function inBlocks(kinds: Where, range: Range, search: Search): number[] {
  const fitting = `SELECT kind FROM event_kinds WHERE ${kinds.conditions.join(' AND ')}`;
  const order = search.isOldest ? 'ASC' : 'DESC';
  const sql = `SELECT DISTINCT block FROM event_blocks WHERE kind IN (${fitting}) AND block BETWEEN ? AND ? ORDER BY block ${order}`;
  const edges = [Math.floor(range.low / BLOCK), Math.floor(range.high / BLOCK)];
  const found: number[] = [];
  for (const row of search.ask.all(sql, ...kinds.values, ...edges)) {
    const first = Number(row.block) * BLOCK;
    const inner = { low: Math.max(range.low, first), high: Math.min(range.high, first + BLOCK - 1) };
    found.push(...within(inner, { ...search, wanted: search.wanted - found.length }));
    if (found.length === search.wanted) break;
  }
  return found;
}

function positions(rows: readonly Record<string, unknown>[]): number[] {
  return rows.map((row) => Number(row.pos));
}
