import type { Metric, Objective, SliSpec } from './documents.ts';

/** A query for the share of bad events over `$WINDOW`, or the reason why it has to be written by hand. */
export type BadShare = { readonly query: string } | { readonly reason: string };

const OPPOSITE: Readonly<Record<string, string>> = { lte: '>', lt: '>=', gte: '<', gt: '<=' };
const SLICE_DEFAULT = '1m';

/** OpenSLO says where good, bad and all events are counted; an error budget here asks for bad by all. */
export function badShareOf(spec: SliSpec, objective: Objective): BadShare {
  const { ratioMetric: ratio, thresholdMetric: threshold } = spec;
  if (threshold !== undefined) return byThreshold(threshold, objective);
  if (ratio === undefined) return { reason: 'it has neither a ratioMetric nor a thresholdMetric' };
  if (ratio.raw !== undefined) return byRaw(ratio.raw, ratio.rawType ?? 'success');
  const part = ratio.bad ?? ratio.good;
  if (part === undefined || ratio.total === undefined)
    return { reason: 'its ratioMetric lacks good or bad, and total' };
  const [some, all] = [promql(part), promql(ratio.total)];
  if ('reason' in some) return some;
  if ('reason' in all) return all;
  const over = (query: string): string => overWindow(query, ratio.counter === true ? 'increase' : 'sum_over_time');
  const share = `${over(some.query)} / ${over(all.query)}`;
  return { query: ratio.bad === undefined ? `1 - ${share}` : share };
}

/** The share of the time in which the value was on the wrong side. */
function byThreshold(metric: Metric, { op, value, timeSliceWindow }: Objective): BadShare {
  const found = promql(metric);
  if ('reason' in found) return found;
  const opposite = OPPOSITE[op ?? ''];
  if (opposite === undefined || value === undefined) return { reason: 'a thresholdMetric needs op and value' };
  const slice = timeSliceWindow === undefined ? SLICE_DEFAULT : String(timeSliceWindow).replace(/^(\d+)$/, '$1m');
  return { query: `avg_over_time(((${found.query}) ${opposite} bool ${value})[$WINDOW:${slice}])` };
}

function byRaw(metric: Metric, rawType: 'success' | 'failure'): BadShare {
  const found = promql(metric);
  if ('reason' in found) return found;
  const share = overWindow(found.query, 'avg_over_time');
  return { query: rawType === 'failure' ? share : `1 - ${share}` };
}

function promql({ metricSource: { type, spec } }: Metric): BadShare {
  if (type !== undefined && type.toLowerCase() !== 'prometheus') return { reason: `its source is of the type ${type}` };
  const query = spec?.query?.trim().replaceAll(/\s+/g, ' ');
  if (query === undefined || query === '') return { reason: 'its source has no query' };
  return { query };
}

/** Ranges of a query become the window; a query without any is asked over it as a subquery. */
function overWindow(query: string, over: 'increase' | 'sum_over_time' | 'avg_over_time'): string {
  const filled = query.replaceAll(/\[[^[\]:]+\]/g, '[$WINDOW]');
  return filled === query && !query.includes('$WINDOW')
    ? `${over}((${query})[$WINDOW:${SLICE_DEFAULT}])`
    : `(${filled})`;
}
