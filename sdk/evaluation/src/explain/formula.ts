import type { ExtendedCriterion, KeptnCriterion } from '../criteria/types.ts';
import { numberText } from '../judge/total.ts';

/** The arithmetic behind a target, in the order in which it was done. */
export function formulaOf(
  criterion: KeptnCriterion | ExtendedCriterion,
  target: number,
  aggregate: number | null,
): string {
  switch (criterion.kind) {
    case 'keptn': {
      if (!criterion.comparison) return numberText(target);
      if (aggregate === null) return 'no baseline, so it holds';
      const sign = criterion.increase ? '+' : '−';
      const amount = numberText(criterion.value);
      const sum = criterion.percentage
        ? `${numberText(aggregate)} × (100 ${sign} ${amount}) ÷ 100`
        : `${numberText(aggregate)} ${sign} ${amount}`;
      return `${sum} = ${numberText(target)}`;
    }
    case 'range':
      return `${numberText(criterion.low)} to ${numberText(criterion.high)}`;
    case 'near':
      return `${numberText(criterion.value)} ± ${numberText(criterion.tolerance)}`;
    default:
      return numberText(criterion.value);
  }
}
