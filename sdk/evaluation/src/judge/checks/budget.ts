import type { Budget } from '../../slo/extension-types.ts';
import { burnOf } from '../../stats/burn-rate.ts';
import { parseDuration } from '../../time/duration.ts';
import type { IndicatorValue } from '../../values.ts';
import { numberText } from '../total.ts';
import type { Finding } from '../types.ts';

/** Error budget: a pair fires when all of its windows burn faster than its rate; the worst pair that fires decides. */
export function checkBudget(budget: Budget, value: IndicatorValue): Finding {
  const windows = value.windows ?? {};
  const burns = Object.fromEntries(
    Object.entries(windows).map(([window, badRatio]) => [window, burnOf(badRatio, budget.target, budget.windowMs)]),
  );
  const missing = budget.pairs.flatMap((pair) => pair.windows).filter((window) => burns[window] === undefined);
  const whole = Object.entries(windows).find(([window]) => parseDuration(window) === budget.windowMs);
  const data = { target: budget.target, burns, budgetLeft: whole ? 1 - whole[1] / (1 - budget.target) : null };
  if (missing.length > 0) {
    return {
      kind: 'budget',
      outcome: 'inconclusive',
      sentence: `no bad ratio for the window ${missing.join(', ')}`,
      data,
    };
  }
  const firing = budget.pairs.filter((pair) =>
    pair.windows.every((window) => (burns[window]?.burnRate ?? 0) > pair.burnRate),
  );
  const worst = firing.find((pair) => pair.outcome === 'fail') ?? firing[0];
  if (worst === undefined) {
    return { kind: 'budget', outcome: 'pass', sentence: 'the error budget burns slowly enough', data };
  }
  const rates = worst.windows.map((window) => `${numberText(round(burns[window]?.burnRate ?? 0))} over ${window}`);
  const hours = burns[worst.windows[0] ?? '']?.hoursToExhaust ?? null;
  const left = hours === null ? '' : `; at this rate it is spent in ${numberText(round(hours))} hours`;
  const sentence = `the error budget burns ${rates.join(' and ')}, faster than ${numberText(worst.burnRate)}${left}`;
  return { kind: 'budget', outcome: worst.outcome, sentence, data };
}

/** For sentences only: `data` keeps every digit. */
export const round = (value: number): number => Number(value.toPrecision(6));
