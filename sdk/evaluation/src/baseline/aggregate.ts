import type { Aggregate } from '../slo/extension-types.ts';

/** Quantiles of Keptn's `aggregate_function`, by the word in the file. */
const QUANTILES: Readonly<Record<string, number>> = { p50: 0.5, p90: 0.9, p95: 0.95 };

/**
 * Joins the values of earlier runs, newest first, as Keptn does: a word it does not know answers 0, which then is a
 * real baseline. The caller makes sure that there is at least one value.
 */
export function aggregateKeptn(values: readonly number[], word: string): number {
  if (word === 'avg') return average(values);
  const quantile = Object.hasOwn(QUANTILES, word) ? QUANTILES[word] : undefined;
  return quantile === undefined ? 0 : percentile(values, quantile);
}

/** Left to right, so that the last bit is the reference's. */
export function average(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

/** Excel's PERCENTILE.EXC (R type 6), held at the ends. With up to nine values p90 is the maximum. */
export function percentile(values: readonly number[], quantile: number): number {
  const ascending = sorted(values);
  const n = ascending.length;
  const position = quantile * (n + 1);
  const first = ascending[0] ?? 0;
  const last = ascending[n - 1] ?? 0;
  if (position < 1) return first;
  if (position >= n) return last;
  const index = Math.trunc(position);
  const below = ascending[index - 1] ?? 0;
  const above = ascending[index] ?? 0;
  return below + (position - Math.floor(position)) * (above - below);
}

/** The aggregates of extension 4. Values come newest first. */
export function aggregateExtended(values: readonly number[], aggregate: Aggregate): number {
  const ascending = sorted(values);
  switch (aggregate.kind) {
    case 'avg':
      return average(values);
    case 'min':
      return ascending[0] ?? 0;
    case 'max':
      return ascending.at(-1) ?? 0;
    case 'median':
      return median(values);
    case 'percentile':
      return percentile(values, aggregate.quantile);
    case 'trimmed-mean': {
      const cut = Math.floor(ascending.length * aggregate.share);
      return average(ascending.slice(cut, ascending.length - cut));
    }
    case 'ewma': {
      const oldestFirst = values.toReversed();
      return oldestFirst
        .slice(1)
        .reduce((smooth, value) => smooth + aggregate.alpha * (value - smooth), oldestFirst[0] ?? 0);
    }
  }
}

export function median(values: readonly number[]): number {
  const ascending = sorted(values);
  const middle = ascending.length >> 1;
  const upper = ascending[middle] ?? 0;
  return ascending.length % 2 === 1 ? upper : ((ascending[middle - 1] ?? 0) + upper) / 2;
}

export const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
