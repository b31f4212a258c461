import { median } from '../../baseline/aggregate.ts';
import type { Amount, Compare, Direction } from '../../slo/extension-types.ts';
import { mannWhitney, type Shift, thinned } from '../../stats/mann-whitney.ts';
import type { IndicatorValue } from '../../values.ts';
import { numberText } from '../total.ts';
import type { Baseline, Finding } from '../types.ts';

/**
 * Compares the samples of this run with those of the baseline runs. A regression needs the whole confidence interval
 * beyond the limit, in the bad direction; an interval that straddles the limit is inconclusive while samples are few.
 */
export function checkCompare(compare: Compare, value: IndicatorValue, baseline: Baseline): Finding {
  const candidate = thinned(value.samples ?? [value.value]);
  const earlier = thinned(baseline.values.flatMap((entry) => entry.samples ?? [entry.value]));
  if (candidate.length === 0 || earlier.length === 0) {
    return finding('inconclusive', 'there are no samples to compare', {});
  }
  const shift = mannWhitney(candidate, earlier, compare.confidence);
  const limit = limitOf(compare.maxShift, median(earlier));
  const bad = compare.direction === 'decrease' ? -1 : 1;
  const outcome = outcomeOf(shift, limit, compare);
  const data = { ...shift, limit: bad * limit, confidence: compare.confidence, direction: compare.direction };
  return finding(outcome, sentenceOf(outcome, shift, limit, compare), data);
}

const finding = (outcome: Finding['outcome'], sentence: string, data: Finding['data']): Finding => ({
  kind: 'compare',
  outcome,
  sentence,
  data,
});

export const limitOf = (amount: Amount, baseline: number): number =>
  amount.kind === 'percent' ? (Math.abs(baseline) * amount.value) / 100 : amount.value;

function outcomeOf(shift: Shift, limit: number, compare: Compare): Finding['outcome'] {
  const sides = sidesOf(compare.direction);
  const beyond = sides.some((side) => (side > 0 ? shift.low > limit : shift.high < -limit));
  if (beyond) return 'fail';
  const straddles = sides.some((side) =>
    side > 0 ? shift.low <= limit && shift.high > limit : shift.high >= -limit && shift.low < -limit,
  );
  const few = Math.min(shift.candidates, shift.baselines) < compare.minSamples;
  return straddles && few ? 'inconclusive' : 'pass';
}

/** +1: growing is bad; −1: shrinking is bad. */
function sidesOf(direction: Direction): readonly number[] {
  if (direction === 'either') return [1, -1];
  return direction === 'increase' ? [1] : [-1];
}

function sentenceOf(outcome: Finding['outcome'], shift: Shift, limit: number, compare: Compare): string {
  const percent = `${numberText(compare.confidence * 100)} %`;
  const interval = `${numberText(shift.low)} to ${numberText(shift.high)}`;
  const counts = `${shift.candidates} samples against ${shift.baselines}`;
  const measured = `shifted by ${numberText(shift.shift)} (${interval} with ${percent} confidence, ${counts})`;
  if (outcome === 'fail') return `${measured}, wholly beyond the limit of ${numberText(limit)}`;
  if (outcome === 'inconclusive') {
    return `${measured}, which straddles the limit of ${numberText(limit)}; ${compare.minSamples} samples on each side would decide`;
  }
  return `${measured}, not clearly beyond the limit of ${numberText(limit)}`;
}
