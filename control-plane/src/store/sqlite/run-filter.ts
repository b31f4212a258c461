import type { RunQuery } from '../store.ts';

export type Value = string | number | null;
/** `sid`: the column to order by; SQLite sorts when it is the other of two that are equal. */
export type RunFilter = { from: string; sid: string; where: string[]; values: Value[] };

/** What a filter names that is rare among many runs; the list then looks only at those. */
const FULL = 'streams s INDEXED BY streams_filter';
const UNFINISHED = 'streams s INDEXED BY streams_unfinished';
const OF_SERVICE = 'streams s INDEXED BY streams_service';
const OF_RESULT = 'streams s INDEXED BY streams_result';
const OF_CORRELATION = 'streams s INDEXED BY streams_correlation';
const OF_LABEL = 'labels first CROSS JOIN streams s ON s.sid = first.sid';

/**
 * The rows of `streams` (`s`) that a query asks for, read from the index on the rarest thing that it names; undefined: a name
 * that no run has. SQLite is told which index, for without statistics it guesses.
 */
export function runFilter(query: RunQuery, nameOf: (text: string) => number | undefined): RunFilter | undefined {
  const filter: RunFilter = { from: FULL, sid: 's.sid', where: ['s.project IS NOT NULL'], values: [] };
  const add = (condition: string, ...values: Value[]): void => {
    filter.where.push(condition);
    filter.values.push(...values);
  };
  for (const column of ['project', 'stage', 'sequence', 'service', 'state', 'result'] as const) {
    const text = query[column];
    if (text === undefined) continue;
    const number = nameOf(text);
    if (number === undefined) return undefined;
    add(`s.${column} = ?`, number);
  }
  if (query.correlationid !== undefined) add('s.correlation = ?', query.correlationid);
  if (query.since !== undefined) add('s.accepted >= ?', query.since);
  if (query.until !== undefined) add('s.accepted < ?', query.until);
  const labels = Object.entries(query.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  filter.from = rarest(query, labels.length > 0);
  const [first, ...others] = labels;
  if (filter.from === OF_LABEL && first !== undefined) {
    filter.sid = 'first.sid';
    add('first.label = ?', first);
  } else if (first !== undefined) others.unshift(first);
  for (const label of others) add('EXISTS (SELECT 1 FROM labels l WHERE l.label = ? AND l.sid = s.sid)', label);
  if (filter.from === UNFINISHED) add('s.finished IS NULL');
  return filter;
}

function rarest(query: RunQuery, labelled: boolean): string {
  if (query.correlationid !== undefined) return OF_CORRELATION;
  if (query.state !== undefined && query.state !== 'finished') return UNFINISHED;
  if (labelled) return OF_LABEL;
  // Most runs pass: an index on that would be no shorter than the whole.
  if (query.result !== undefined && query.result !== 'pass') return OF_RESULT;
  return query.service === undefined ? FULL : OF_SERVICE;
}
