import type { RunQuery } from '../store.ts';
import type { Ask, RunFilter, Value } from './run-filter.ts';
import { runFilter } from './run-filter.ts';

type Tally = { state: number; result: number | null; n: number };

/** Narrow, and in the order of lists. SQLite is told which index, for without statistics it guesses. */
const ALL = 'streams s INDEXED BY streams_filter';
const OF_CORRELATION = 'streams s INDEXED BY streams_correlation';
const OF_LABEL = `labels l CROSS JOIN ${ALL} ON s.sid = l.sid`;
const OF_PART =
  'streams s INDEXED BY streams_place WHERE s.project = ? AND s.stage = ? AND s.sequence = ? AND s.service IS ? AND s.state = ? AND s.result IS ?';
/** Most of what people look for is among the newest. */
const NEWEST = 2_000;
/** So few runs are looked at one by one, though they may be of any time or label. */
const FEW = 10_000;

/** The newest runs of a filter below `before`: their numbers, in the order of the list. */
export function listSids(query: RunQuery, before: number | undefined, ask: Ask): number[] {
  const filter = runFilter(query, ask);
  if (filter === undefined) return [];
  if (before !== undefined) filter.range.high = Math.min(filter.range.high, before - 1);
  const wanted = query.limit + 1;
  if (filter.correlation !== undefined) return sidsFrom(OF_CORRELATION, filter, wanted, ask);
  if (filter.labels.length > 0 && !isFew(filter)) return sidsFrom(OF_LABEL, filter, wanted, ask);
  if (filter.parts === undefined) return sidsFrom(ALL, filter, wanted, ask);
  const newest = amongNewest(filter, wanted, ask);
  if (newest.length === wanted) return newest;
  return ofParts(filter, wanted, ask);
}

/** How many runs of a filter there are, by the numbers of state and result. */
export function tallyRuns(query: Omit<RunQuery, 'limit' | 'cursor'>, ask: Ask): Tally[] {
  const filter = runFilter(query, ask);
  if (filter === undefined) return [];
  if (filter.correlation !== undefined) return tallyFrom(OF_CORRELATION, filter, ask);
  if (filter.labels.length === 0 && !filter.isOfTime) return kept(filter, ask);
  if (isFew(filter)) return tallyParts(filter, ask);
  return tallyFrom(filter.labels.length > 0 ? OF_LABEL : ALL, filter, ask);
}

function isFew(filter: RunFilter): boolean {
  return filter.parts !== undefined && filter.count <= FEW;
}

function sidsFrom(from: string, filter: RunFilter, wanted: number, ask: Ask): number[] {
  const { where, values } = conditions(from, filter);
  // The column of the label's own index, so that its order is known to be that of the list.
  const sid = from === OF_LABEL ? 'l.sid' : 's.sid';
  const sql = `SELECT ${sid} AS sid FROM ${from} WHERE ${where} ORDER BY ${sid} DESC LIMIT ?`;
  return ask.all(sql, ...values, wanted).map((row) => Number(row.sid));
}

function amongNewest(filter: RunFilter, wanted: number, ask: Ask): number[] {
  const { where, values } = conditions(ALL, filter);
  const columns = 's.sid, s.project, s.stage, s.sequence, s.service, s.state, s.result, s.accepted';
  const newest = `SELECT ${columns} FROM ${ALL} WHERE s.project IS NOT NULL AND s.sid BETWEEN ? AND ? ORDER BY s.sid DESC LIMIT ${NEWEST}`;
  const sql = `SELECT s.sid FROM (${newest}) s WHERE ${where} ORDER BY s.sid DESC LIMIT ?`;
  const { low, high } = filter.range;
  return ask.all(sql, low, high, ...values, wanted).map((row) => Number(row.sid));
}

/** The newest of each part, of which the newest are the answer. */
function ofParts(filter: RunFilter, wanted: number, ask: Ask): number[] {
  const { where, values } = conditions('', filter);
  const sql = `SELECT s.sid FROM ${OF_PART} AND ${where} ORDER BY s.sid DESC LIMIT ?`;
  const found = (filter.parts ?? []).flatMap(({ key }) => ask.all(sql, ...key, ...values, wanted));
  return found
    .map((row) => Number(row.sid))
    .toSorted((a, b) => b - a)
    .slice(0, wanted);
}

/** As the database has counted them: of all times and labels. */
function kept({ kinds, kindValues }: RunFilter, ask: Ask): Tally[] {
  const where = ['s.n > 0', ...kinds].join(' AND ');
  const sql = `SELECT s.state, nullif(s.result, 0) AS result, sum(s.n) AS n FROM tallies s WHERE ${where} GROUP BY 1, 2`;
  return ask.all(sql, ...kindValues) as Tally[];
}

/** One sum for each group that there can be: SQLite would sort all rows to group them, which takes three times as long. */
function tallyFrom(from: string, filter: RunFilter, ask: Ask): Tally[] {
  const groups = kept(filter, ask);
  const sums = groups.map(
    ({ state, result }, index) => `sum(s.state = ${state} AND s.result IS ${result}) AS n${index}`,
  );
  if (sums.length === 0) return [];
  const { where, values } = conditions(from, filter);
  const counted = ask.all(`SELECT ${sums.join(', ')} FROM ${from} WHERE ${where}`, ...values)[0];
  return groups.map((group, index) => ({ ...group, n: Number(counted?.[`n${index}`] ?? 0) })).filter(({ n }) => n > 0);
}

function tallyParts(filter: RunFilter, ask: Ask): Tally[] {
  const { where, values } = conditions('', filter);
  const sql = `SELECT s.state, s.result, count(*) AS n FROM ${OF_PART} AND ${where} GROUP BY 1, 2`;
  const tallies = new Map<string, Tally>();
  for (const { key } of filter.parts ?? []) {
    for (const tally of ask.all(sql, ...key, ...values) as Tally[]) {
      const id = `${tally.state}/${tally.result}`;
      tallies.set(id, { ...tally, n: tally.n + (tallies.get(id)?.n ?? 0) });
    }
  }
  return [...tallies.values()];
}

/** All that a row must meet; for OF_LABEL its first label comes by the join. */
function conditions(
  from: string,
  { where, values, correlation, labels, range }: RunFilter,
): { where: string; values: Value[] } {
  const sid = from === OF_LABEL ? 'l.sid' : 's.sid';
  const all = [`${sid} BETWEEN ? AND ?`, ...where];
  const given: Value[] = [range.low, range.high, ...values];
  if (from === OF_CORRELATION) {
    all.push('s.correlation = ?');
    given.push(correlation ?? null);
  }
  const [first, ...others] = labels;
  if (from === OF_LABEL) {
    all.push('l.label = ?');
    given.push(first ?? null);
  } else if (first !== undefined) others.unshift(first);
  for (const label of others) {
    all.push('EXISTS (SELECT 1 FROM labels o WHERE o.label = ? AND o.sid = s.sid)');
    given.push(label);
  }
  return { where: all.join(' AND '), values: given };
}
