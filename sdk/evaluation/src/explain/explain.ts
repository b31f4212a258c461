import { thresholdsOf } from '../judge/total.ts';
import type { JudgedEvaluation, JudgedObjective } from '../judge/types.ts';
import type { CriteriaGroup, Objective, Slo } from '../slo/types.ts';
import type { Target } from '../values.ts';
import { formulaOf } from './formula.ts';
import { type ExplainedCriterion, type ExplainedObjective, type Explanation, RULES_VERSION } from './types.ts';
import { whyEvaluation, whyObjective } from './why.ts';

/** The decision as data. It adds nothing to the judgement: it only puts beside each number where it came from. */
export function explain(slo: Slo, evaluation: JudgedEvaluation): Explanation {
  const objectives = evaluation.objectives.flatMap((judged, index) => {
    const declared = slo.objectives[index];
    return declared === undefined ? [] : [explainObjective(slo, declared, judged)];
  });
  const thresholds = thresholdsOf(slo.totalScore);
  return {
    rules: RULES_VERSION,
    result: evaluation.result,
    verdict: evaluation.verdict,
    score: evaluation.score,
    maximum: evaluation.maximum,
    pass: thresholds.ok ? thresholds.value.pass : null,
    warning: thresholds.ok ? thresholds.value.warning : null,
    why: whyEvaluation(evaluation, objectives, thresholds.ok ? thresholds.value : null),
    message: evaluation.message,
    comparedRuns: evaluation.comparedEvents,
    objectives,
  };
}

function explainObjective(slo: Slo, declared: Objective, judged: JudgedObjective): ExplainedObjective {
  const { result, baseline, findings, maximum } = judged;
  const measured = result.value?.success ? result.value.value : null;
  const how = { aggregate: baseline.aggregate, applied: measured !== null && declared.pass.length > 0 };
  const criteria = [
    ...explainGroups('pass', declared.pass, result.passTargets, how),
    ...explainGroups('warning', declared.warning, result.warningTargets, how),
  ];
  const explained = {
    sli: judged.sli,
    displayName: result.displayName,
    status: result.status,
    weight: declared.weight,
    keySli: declared.keySli,
    score: result.score,
    maximum,
    value: measured,
    baseline: {
      values: baseline.values,
      aggregate: baseline.aggregate,
      function: slo.extensions.baseline?.aggregate?.kind ?? slo.comparison.aggregateFunction,
    },
    criteria,
    findings,
  };
  return { ...explained, why: whyObjective(explained, { muted: judged.muted, message: result.value?.message ?? '' }) };
}

/** Targets come flat and without the criteria that do not parse; the groups say where each belongs. */
function explainGroups(
  role: 'pass' | 'warning',
  groups: readonly CriteriaGroup[],
  targets: readonly Target[],
  how: Parameters<typeof formulaOf>[2],
): ExplainedCriterion[] {
  let next = 0;
  return groups.flatMap((group, index) =>
    group.flatMap((criterion): ExplainedCriterion[] => {
      const target = targets[next];
      if (criterion.parsed.kind === 'invalid' || target === undefined) return [];
      next += 1;
      const formula = formulaOf(criterion.parsed, target.targetValue, how);
      return [
        { role, group: index, text: criterion.text, target: target.targetValue, holds: !target.violated, formula },
      ];
    }),
  );
}
