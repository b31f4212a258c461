import type { Objective } from '../slo/types.ts';
import { type IndicatorResult, type IndicatorValue, missingValue } from '../values.ts';
import { judgeGroups, unevaluated } from './criteria.ts';
import type { Baseline, JudgedObjective } from './types.ts';

export type ObjectiveVerdict =
  | { readonly ok: true; readonly judged: JudgedObjective }
  | { readonly ok: false; readonly message: string };

/** Keptn's judgement of one objective: section 2.4 of the rules, row by row. */
export function judgeObjective(
  objective: Objective,
  value: IndicatorValue | undefined,
  baseline: Baseline,
): ObjectiveVerdict {
  if (objective.pass.length === 0) return settled(objective, value, baseline, 'info');
  if (value === undefined || !value.success) {
    return settled(objective, value ?? missingValue(objective.sli), baseline, 'fail');
  }
  const passed = judgeGroups(objective.pass, value.value, baseline.aggregate);
  if (!passed.ok)
    return { ok: false, message: `error with ${objective.displayName || objective.sli}: ${passed.error}` };
  // A warning criterion that does not parse counts as not met, and nobody is told: the linter does that.
  const warned = judgeGroups(objective.warning, value.value, baseline.aggregate);
  const warns = warned.ok && warned.holds;
  const applied = passed.targets.length > 0 || (warned.ok ? warned.targets.length > 0 : warned.applied);
  const result: IndicatorResult = {
    score: passed.holds ? objective.weight : warns ? 0.5 * objective.weight : 0,
    // Any criterion that was applied, also an absolute one, replaces what the provider sent as compared value.
    value: applied ? { ...value, comparedValue: baseline.aggregate ?? 0 } : value,
    displayName: objective.displayName,
    passTargets: passed.targets,
    warningTargets: warned.ok ? warned.targets : [],
    keySli: objective.keySli,
    status: passed.holds ? 'pass' : warns ? 'warning' : 'fail',
  };
  const veto = objective.keySli && result.status === 'fail' ? 'failed evaluation with score 0.000000' : null;
  return {
    ok: true,
    judged: {
      sli: objective.sli,
      result,
      maximum: objective.weight,
      summed: result.passTargets.length > 0,
      veto,
      muted: false,
      missing: false,
      baseline,
      findings: [],
    },
  };
}

/** An objective that no criterion was applied to: it informs, or its value failed. */
function settled(
  objective: Objective,
  value: IndicatorValue | undefined,
  baseline: Baseline,
  status: 'info' | 'fail',
): ObjectiveVerdict {
  const passTargets = unevaluated(objective.pass, baseline.aggregate);
  return {
    ok: true,
    judged: {
      sli: objective.sli,
      result: {
        score: 0,
        value: value ?? null,
        displayName: objective.displayName,
        passTargets,
        warningTargets: unevaluated(objective.warning, baseline.aggregate),
        keySli: false,
        status,
      },
      maximum: status === 'info' ? 0 : objective.weight,
      summed: passTargets.length > 0,
      veto: objective.keySli && status === 'fail' ? (value?.message ?? '') : null,
      muted: false,
      missing: value === undefined || !value.success,
      baseline,
      findings: [],
    },
  };
}
