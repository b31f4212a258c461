import { median } from '../baseline/aggregate.ts';
import { tieCounts } from './mann-whitney.ts';
import { pTwoSided } from './normal.ts';

export interface TrendTest {
  /** Median of the slopes between all pairs, per run. */
  readonly slope: number;
  readonly tau: number;
  readonly p: number;
}

/** Up to here the exact distribution is used when no two values are equal. */
const EXACT_MAX = 33;

/** Theil-Sen slope and Kendall's tau-b of values in order of time, oldest first. One wild run moves neither by much. */
export function trendOf(oldestFirst: readonly number[]): TrendTest {
  const n = oldestFirst.length;
  const slopes: number[] = [];
  let balance = 0;
  let discordant = 0;
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 1; j < n; j += 1) {
      const rise = (oldestFirst[j] ?? 0) - (oldestFirst[i] ?? 0);
      slopes.push(rise / (j - i));
      balance += Math.sign(rise);
      if (rise < 0) discordant += 1;
    }
  }
  const pairs = (n * (n - 1)) / 2;
  const ties = [...tieCounts(oldestFirst)];
  const tied = ties.reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  if (pairs === 0 || tied === pairs) return { slope: n < 2 ? 0 : median(slopes), tau: 0, p: 1 };
  const tau = balance / Math.sqrt(pairs) / Math.sqrt(pairs - tied);
  const exact = tied === 0 && (n <= EXACT_MAX || Math.min(discordant, pairs - discordant) <= 1);
  return { slope: median(slopes), tau, p: exact ? exactP(n, discordant) : normalP(n, balance, ties) };
}

function normalP(n: number, balance: number, ties: readonly number[]): number {
  const tieTerm = ties.reduce((sum, count) => sum + count * (count - 1) * (2 * count + 5), 0);
  const variance = (n * (n - 1) * (2 * n + 5) - tieTerm) / 18;
  return pTwoSided(balance / Math.sqrt(variance));
}

/** Chance of at most this many inversions in a random order, doubled: counted, not approximated. */
function exactP(n: number, discordant: number): number {
  const pairs = (n * (n - 1)) / 2;
  const inversions = Math.min(discordant, pairs - discordant);
  if (inversions * 2 === pairs) return 1;
  let chances = new Float64Array(inversions + 1);
  chances[0] = 1;
  for (let size = 2; size <= n; size += 1) {
    const next = new Float64Array(inversions + 1);
    for (let k = 0; k <= inversions; k += 1) {
      for (let j = 0; j < size && j <= k; j += 1) next[k] = (next[k] ?? 0) + (chances[k - j] ?? 0) / size;
    }
    chances = next;
  }
  return Math.min(1, 2 * chances.reduce((sum, chance) => sum + chance, 0));
}
