import type { ExtendedCriterion, KeptnCriterion } from '../criteria/types.ts';
import { numberText } from '../judge/total.ts';

const NOT_APPLIED = 'not applied';
const NO_BASELINE = 'no baseline';

/** A relative criterion without a target of its own: Keptn shows 0 for it, or the baseline as it is. */
export const hasNoTarget = (formula: string): boolean =>
  formula.startsWith(NOT_APPLIED) || formula.startsWith(NO_BASELINE);

/** The arithmetic behind a target, in the order in which it was done; it was not done where no value could be judged. */
export function formulaOf(
  criterion: KeptnCriterion | ExtendedCriterion,
  target: number,
  { aggregate, applied }: { readonly aggregate: number | null; readonly applied: boolean },
): string {
  switch (criterion.kind) {
    case 'keptn': {
      if (!criterion.comparison) return numberText(target);
      if (!applied)
        return `${NOT_APPLIED}, and there is ${aggregate === null ? 'no baseline' : `a baseline of ${numberText(aggregate)}`}`;
      if (aggregate === null) return `${NO_BASELINE}, so it holds`;
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
