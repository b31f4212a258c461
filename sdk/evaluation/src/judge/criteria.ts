import { compares, holdsExtended } from '../criteria/extended.ts';
import type { Criterion, CriterionError, ExtendedCriterion, KeptnCriterion } from '../criteria/types.ts';
import type { CriteriaGroup } from '../slo/types.ts';
import type { Target } from '../values.ts';

export type GroupsVerdict =
  | { readonly ok: true; readonly holds: boolean; readonly targets: readonly Target[] }
  /** `applied` says whether a criterion before the broken one was applied. */
  | { readonly ok: false; readonly error: CriterionError; readonly applied: boolean };

/**
 * Applies alternatives of conjunctions. Nothing is cut short: each criterion leaves its target in the list, so a passed
 * objective may list violated ones. A group without criteria holds.
 */
export function judgeGroups(groups: readonly CriteriaGroup[], value: number, aggregate: number | null): GroupsVerdict {
  const targets: Target[] = [];
  let holds = false;
  for (const group of groups) {
    let all = true;
    for (const criterion of group) {
      const parsed = criterion.parsed;
      if (parsed.kind === 'invalid') return { ok: false, error: parsed.error, applied: targets.length > 0 };
      const outcome = apply(parsed, value, aggregate);
      if (!outcome.holds) all = false;
      targets.push({ criteria: criterion.text, targetValue: outcome.target, violated: !outcome.holds });
    }
    if (all) holds = true;
  }
  return { ok: true, holds, targets };
}

function apply(
  criterion: KeptnCriterion | ExtendedCriterion,
  value: number,
  aggregate: number | null,
): { holds: boolean; target: number } {
  if (criterion.kind !== 'keptn') return holdsExtended(criterion, value);
  if (!criterion.comparison) {
    return { holds: compares(value, criterion.operator, criterion.value), target: criterion.value };
  }
  // Nothing to compare with satisfies every relative criterion, and is shown as target 0.
  if (aggregate === null) return { holds: true, target: 0 };
  const target = relativeTarget(criterion, aggregate);
  return { holds: compares(value, criterion.operator, target), target };
}

/** The order of operations is part of the contract: (3 × 110) / 100 is 3.3, and 3 × 1.1 is not. */
function relativeTarget(criterion: KeptnCriterion, aggregate: number): number {
  if (criterion.percentage) {
    const percent = criterion.increase ? 100 + criterion.value : 100 - criterion.value;
    return (aggregate * percent) / 100;
  }
  return criterion.increase ? aggregate + criterion.value : aggregate - criterion.value;
}

/**
 * The targets of criteria that were never applied: all violated, relative ones with the bare aggregate, which the
 * percentage has not touched. What does not parse is left out.
 */
export function unevaluated(groups: readonly CriteriaGroup[], aggregate: number | null): Target[] {
  return groups.flat().flatMap((criterion): Target[] => {
    const targetValue = plainTarget(criterion, aggregate ?? 0);
    return targetValue === null ? [] : [{ criteria: criterion.text, targetValue, violated: true }];
  });
}

function plainTarget({ parsed }: Criterion, aggregate: number): number | null {
  switch (parsed.kind) {
    case 'invalid':
      return null;
    case 'keptn':
      return parsed.comparison ? aggregate : parsed.value;
    case 'range':
      return parsed.high;
    default:
      return parsed.value;
  }
}

/** True when a criterion of the groups needs a baseline. */
export const isRelative = (groups: readonly CriteriaGroup[]): boolean =>
  groups.some((group) => group.some(({ parsed }) => parsed.kind === 'keptn' && parsed.comparison));
