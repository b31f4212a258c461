import { median } from '../../baseline/aggregate.ts';
import type { Adaptive, Direction, Trend } from '../../slo/extension-types.ts';
import { deviation } from '../../stats/mann-whitney.ts';
import { trendOf } from '../../stats/trend.ts';
import type { IndicatorValue } from '../../values.ts';
import { numberText } from '../total.ts';
import type { Baseline, Finding } from '../types.ts';
import { round } from './budget.ts';
import { limitOf } from './compare.ts';

/** Fewer runs have no direction worth a word. */
export const TREND_RUNS_MIN = 4;

/** A slow drift that no single comparison with the last run would catch. */
export function checkTrend(trend: Trend, value: IndicatorValue, baseline: Baseline): Finding {
  const earlier = baseline.values.slice(0, trend.runs - 1).map((entry) => entry.value);
  const series = [...earlier.toReversed(), value.value];
  if (series.length < TREND_RUNS_MIN) {
    const sentence = `a trend needs ${TREND_RUNS_MIN} runs, there are ${series.length}`;
    return { kind: 'trend', outcome: 'pass', sentence, data: { runs: series.length } };
  }
  const test = trendOf(series);
  const limit = limitOf(trend.slopeMax, median(earlier));
  const drifts = isBad(test.slope, limit, trend.direction) && test.p <= trend.pMax;
  const slope = `${numberText(round(test.slope))} per run over ${series.length} runs (p ${numberText(round(test.p))})`;
  return {
    kind: 'trend',
    outcome: drifts ? trend.outcome : 'pass',
    sentence: drifts ? `drifts by ${slope}` : `shows no drift beyond ${numberText(limit)}: ${slope}`,
    data: { ...test, runs: series.length, limit },
  };
}

/** A threshold that follows the service: median ± k·MAD of the runs before. */
export function checkAdaptive(adaptive: Adaptive, value: IndicatorValue, baseline: Baseline): Finding {
  const earlier = baseline.values.map((entry) => entry.value);
  if (earlier.length < adaptive.minRuns) {
    const sentence = `an adaptive threshold needs ${adaptive.minRuns} earlier runs, there are ${earlier.length}`;
    return { kind: 'adaptive', outcome: 'pass', sentence, data: { runs: earlier.length } };
  }
  const center = median(earlier);
  const width = adaptive.k * deviation(earlier);
  const outside = isBad(value.value - center, width, adaptive.direction);
  const band = `${numberText(center)} ± ${numberText(width)} (median ± ${numberText(adaptive.k)}·MAD of ${earlier.length} runs)`;
  return {
    kind: 'adaptive',
    outcome: outside ? adaptive.outcome : 'pass',
    sentence: `${numberText(value.value)} is ${outside ? 'outside' : 'within'} ${band}`,
    data: { center, width, runs: earlier.length },
  };
}

function isBad(difference: number, limit: number, direction: Direction): boolean {
  if (direction === 'increase') return difference > limit;
  if (direction === 'decrease') return difference < -limit;
  return Math.abs(difference) > limit;
}
