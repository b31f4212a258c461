import { phasesOf } from '@slipway/contract';
import type { RunQuery } from '../store.ts';
import { type Range, rangeOf } from './hours.ts';
import { labelsOf } from './protocol.ts';

export type Value = string | number | null;
type Row = Record<string, unknown>;
/** The database as a reader asks it. */
export type Ask = {
  all(sql: string, ...values: Value[]): Row[];
  nameOf(text: string): number | undefined;
};

/** One kind of run: all its runs lie together in `streams_place`. */
type Part = { key: Value[]; count: number };

/** What a query asks for, in the numbers of the database. */
export type RunFilter = {
  /** By columns that `streams` and `tallies`, which are `s`, both have. */
  kinds: string[];
  kindValues: Value[];
  /** By these and others of `streams`. */
  where: string[];
  values: Value[];
  correlation: string | undefined;
  labels: string[];
  isOfTime: boolean;
  range: Range;
  /** The kinds of runs that fit; undefined where that is all of them, or more than it pays to look into one by one. */
  parts: Part[] | undefined;
  /** How many runs these are. */
  count: number;
};

const COLUMNS = ['project', 'stage', 'sequence', 'service', 'state', 'result'] as const;
/** Of more kinds than these, the rows are looked at one after the other. */
const PARTS_MAX = 2_000;

/** Undefined: no run is like that. */
export function runFilter(query: Omit<RunQuery, 'limit' | 'cursor'>, ask: Ask): RunFilter | undefined {
  const kinds: string[] = [];
  const kindValues: Value[] = [];
  for (const column of COLUMNS) {
    const text = query[column];
    if (text === undefined) continue;
    if (column === 'state') {
      const numbers = phasesOf(query.state ?? 'running').flatMap((phase) => ask.nameOf(phase) ?? []);
      if (numbers.length === 0) return undefined;
      kinds.push(`s.state IN (${numbers.map(() => '?').join(', ')})`);
      kindValues.push(...numbers);
      continue;
    }
    if (column === 'result') {
      // An aborted run has failed, whatever had been found by then.
      const isFail = query.result === 'fail';
      kinds.push(isFail ? '(s.result = ? OR s.state = ?)' : '(s.result = ? AND s.state <> ?)');
      kindValues.push(ask.nameOf(text) ?? -1, ask.nameOf('aborted') ?? -1);
      continue;
    }
    const number = ask.nameOf(text);
    if (number === undefined) return undefined;
    kinds.push(`s.${column} = ?`);
    kindValues.push(number);
  }
  const parts = kinds.length === 0 ? undefined : partsOf(kinds, kindValues, ask);
  if (parts?.length === 0) return undefined;
  const filter: RunFilter = {
    kinds,
    kindValues,
    where: ['s.project IS NOT NULL', ...kinds],
    values: [...kindValues],
    correlation: query.correlationid,
    labels: labelsOf(query.labels ?? {}),
    isOfTime: query.since !== undefined || query.until !== undefined,
    range: rangeOf((sql, ...of) => ask.all(sql, ...of)[0], 'sid', query),
    parts: parts !== undefined && parts.length <= PARTS_MAX ? parts : undefined,
    count: parts?.reduce((sum, { count }) => sum + count, 0) ?? Number.POSITIVE_INFINITY,
  };
  const add = (condition: string, value: Value | undefined): void => {
    if (value === undefined) return;
    filter.where.push(condition);
    filter.values.push(value);
  };
  add('s.accepted >= ?', query.since);
  add('s.accepted < ?', query.until);
  return filter;
}

function partsOf(where: readonly string[], values: readonly Value[], { all }: Ask): Part[] {
  const found = all(`SELECT * FROM tallies s WHERE n > 0 AND ${where.join(' AND ')}`, ...values);
  return found.map((row) => ({
    key: COLUMNS.map((column) => {
      const number = Number(row[column]);
      return number === 0 ? null : number;
    }),
    count: Number(row.n),
  }));
}
