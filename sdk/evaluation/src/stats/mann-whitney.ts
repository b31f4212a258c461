import { average, median, sorted } from '../baseline/aggregate.ts';
import { normalQuantile, pTwoSided } from './normal.ts';

/** How two samples differ, without assuming the shape of either. */
export interface Shift {
  readonly u: number;
  readonly p: number;
  /** Median of all candidate−baseline differences (Hodges-Lehmann). */
  readonly shift: number;
  readonly low: number;
  readonly high: number;
  /** Rank from either end of the ordered differences at which the interval ends. */
  readonly rank: number;
  readonly meanRatio: number;
  /** Chance that a random candidate is larger than a random baseline value (common language effect size). */
  readonly cles: number;
  readonly candidates: number;
  readonly baselines: number;
}

/** Differences kept in memory at once: 2,000 × 2,000 samples. Callers thin out larger samples. */
const SAMPLES_MAX = 2000;

/**
 * Mann-Whitney U with continuity and tie correction, and the shift with its confidence interval by order statistics.
 * No random noise is added to break ties: equal samples give the exact shift and an interval of width 0.
 */
export function mannWhitney(candidate: readonly number[], baseline: readonly number[], confidence: number): Shift {
  const n = candidate.length;
  const m = baseline.length;
  const differences = new Float64Array(n * m);
  let larger = 0;
  let equal = 0;
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < m; j += 1) {
      const difference = (candidate[i] ?? 0) - (baseline[j] ?? 0);
      differences[i * m + j] = difference;
      if (difference > 0) larger += 1;
      else if (difference === 0) equal += 1;
    }
  }
  differences.sort();
  const u = larger + equal / 2;
  const z = normalQuantile((1 + confidence) / 2);
  const rank = Math.floor((n * m) / 2 - z * Math.sqrt((n * m * (n + m + 1)) / 12));
  const at = Math.max(1, rank);
  const baselineMean = average(baseline);
  return {
    u,
    p: pValue(u, n, m, tieTerm([...candidate, ...baseline])),
    shift: middleOf(differences),
    low: differences[at - 1] ?? 0,
    high: differences[n * m - at] ?? 0,
    rank,
    meanRatio: baselineMean === 0 ? Number.NaN : average(candidate) / baselineMean,
    cles: u / (n * m),
    candidates: n,
    baselines: m,
  };
}

function pValue(u: number, n: number, m: number, ties: number): number {
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  if (!(variance > 0)) return 1;
  const distance = Math.abs(u - (n * m) / 2) - 0.5;
  return distance <= 0 ? 1 : pTwoSided(distance / Math.sqrt(variance));
}

/** Σ (t³ − t) over groups of equal values. */
function tieTerm(values: readonly number[]): number {
  let sum = 0;
  for (const count of tieCounts(values)) sum += count ** 3 - count;
  return sum;
}

export function tieCounts(values: readonly number[]): Iterable<number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts.values();
}

function middleOf(ascending: Float64Array): number {
  const middle = ascending.length >> 1;
  const upper = ascending[middle] ?? 0;
  return ascending.length % 2 === 1 ? upper : ((ascending[middle - 1] ?? 0) + upper) / 2;
}

/** Every k-th of the ordered values, so that a huge sample keeps its shape and its cost stays bounded. */
export function thinned(values: readonly number[], max = SAMPLES_MAX): readonly number[] {
  if (values.length <= max) return values;
  const ascending = sorted(values);
  const step = ascending.length / max;
  return Array.from({ length: max }, (_, i) => ascending[Math.floor((i + 0.5) * step)] ?? 0);
}

/** Median absolute deviation from the median. */
export function deviation(values: readonly number[]): number {
  const center = median(values);
  return median(values.map((value) => Math.abs(value - center)));
}
