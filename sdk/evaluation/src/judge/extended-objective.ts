import type { PolicyOutcome } from '../slo/extension-types.ts';
import type { Objective } from '../slo/types.ts';
import type { IndicatorStatus, IndicatorValue } from '../values.ts';
import { missingValue } from '../values.ts';
import { checkBudget } from './checks/budget.ts';
import { checkCompare } from './checks/compare.ts';
import { checkAdaptive, checkTrend } from './checks/history.ts';
import { repeatState } from './checks/repeat.ts';
import { isRelative, judgeGroups } from './criteria.ts';
import { judgeObjective, type ObjectiveVerdict } from './objective.ts';
import type { Baseline, Finding, JudgedObjective } from './types.ts';

type Outcome = Finding['outcome'];

/** Which outcome wins when several checks disagree. */
const SEVERITY: Readonly<Record<Outcome, number>> = { pass: 0, warning: 1, inconclusive: 2, fail: 3 };

/**
 * Keptn's judgement first, then what the file asks for beyond it: policies for what is missing, and checks. The worst
 * finding is the status. An objective with checks but without pass criteria counts, although it has no criteria.
 */
export function judgeExtended(
  objective: Objective,
  value: IndicatorValue | undefined,
  baseline: Baseline,
): ObjectiveVerdict {
  const plain = judgeObjective(objective, value, baseline);
  if (!plain.ok) return plain;
  if (!decides(objective)) return plain;
  if (value === undefined || !value.success) {
    const record = value ?? missingValue(objective.sli);
    const { onMissing, onError } = objective.extensions.policy;
    const policy = value === undefined ? onMissing : onError;
    const why = value === undefined ? 'no value came' : `the provider failed: ${record.message || 'no reason given'}`;
    const key = value === undefined ? 'on_missing' : 'on_error';
    return finish(objective, { ...plain.judged, missing: true }, record, [byPolicy(policy, why, key)]);
  }
  const findings: (Finding | 'exclude')[] = [];
  if (objective.pass.length > 0) findings.push(criteriaFinding(objective, value, plain.judged, baseline));
  if (baseline.aggregate === null && needsBaseline(objective)) {
    const policy = objective.extensions.policy.onNoBaseline;
    const why = `there are ${baseline.values.length} earlier values, too few for a baseline`;
    findings.push(byPolicy(policy, why, 'on_no_baseline'));
  } else {
    findings.push(...checks(objective, value, baseline));
  }
  if (objective.extensions.budget !== null) findings.push(checkBudget(objective.extensions.budget, value));
  return finish(objective, plain.judged, plain.judged.result.value ?? value, findings);
}

/** It has criteria or checks; all others only inform. */
export const decides = (objective: Objective): boolean => objective.pass.length > 0 || hasChecks(objective);

function hasChecks({ extensions }: Objective): boolean {
  return extensions.budget !== null || comparesRuns(extensions);
}

const comparesRuns = ({ compare, trend, adaptive }: Objective['extensions']): boolean =>
  compare !== null || trend !== null || adaptive !== null;

function needsBaseline(objective: Objective): boolean {
  return comparesRuns(objective.extensions) || isRelative(objective.pass) || isRelative(objective.warning);
}

function checks({ extensions }: Objective, value: IndicatorValue, baseline: Baseline): Finding[] {
  const found: Finding[] = [];
  if (extensions.compare !== null) found.push(checkCompare(extensions.compare, value, baseline));
  if (extensions.trend !== null) found.push(checkTrend(extensions.trend, value, baseline));
  if (extensions.adaptive !== null) found.push(checkAdaptive(extensions.adaptive, value, baseline));
  return found;
}

function criteriaFinding(
  objective: Objective,
  value: IndicatorValue,
  plain: JudgedObjective,
  baseline: Baseline,
): Finding {
  const { repeat } = objective.extensions;
  const { status } = plain.result;
  if (repeat !== null && value.repeats !== undefined) {
    const outcomes = value.repeats.map((measured) => {
      const verdict = judgeGroups(objective.pass, measured, baseline.aggregate);
      return verdict.ok && verdict.holds;
    });
    const state = repeatState(outcomes, repeat);
    if (!state.done) {
      const sentence = `${outcomes.length} of ${repeat.count} measurements came`;
      return { kind: 'repeat', outcome: 'inconclusive', sentence, data: { outcomes } };
    }
    const sentence = `${state.failures} of ${state.measured} measurements failed, ${repeat.failureLimit} may`;
    return { kind: 'repeat', outcome: state.holds ? 'pass' : 'fail', sentence, data: { outcomes } };
  }
  const outcome = status === 'info' ? 'pass' : status;
  return { kind: 'criteria', outcome, sentence: '', data: {} };
}

function byPolicy(policy: PolicyOutcome, why: string, key: string): Finding | 'exclude' {
  if (policy === 'exclude') return 'exclude';
  const word = policy === 'warning' ? 'warn' : policy;
  return { kind: 'policy', outcome: policy, sentence: `${why}, and ${key} says ${word}`, data: { policy } };
}

function finish(
  objective: Objective,
  plain: JudgedObjective,
  value: IndicatorValue,
  found: readonly (Finding | 'exclude')[],
): ObjectiveVerdict {
  const findings = found.filter((finding) => finding !== 'exclude');
  const worst = findings.reduce<Outcome>(
    (status, finding) => (SEVERITY[finding.outcome] > SEVERITY[status] ? finding.outcome : status),
    'pass',
  );
  // A failed absolute criterion still counts when only the baseline was missing.
  const excluded = found.includes('exclude') && worst !== 'fail';
  const { muted } = objective.extensions;
  const status: IndicatorStatus = excluded ? 'info' : worst;
  const keySli = objective.keySli && !excluded && !plain.missing;
  const vetoes = objective.keySli && status === 'fail' && !muted;
  const emptyCriteria = objective.pass.length > 0 && plain.result.passTargets.length === 0 && !hasChecks(objective);
  const judged: JudgedObjective = {
    ...plain,
    result: { ...plain.result, value, status, keySli, score: scoreOf(status, objective.weight, muted) },
    maximum: excluded || muted ? 0 : objective.weight,
    summed: !excluded && !muted && !emptyCriteria,
    veto: vetoes ? (plain.veto ?? reasonOf(findings)) : null,
    muted,
    findings,
  };
  return { ok: true, judged };
}

const reasonOf = (findings: readonly Finding[]): string =>
  findings.find((finding) => finding.outcome === 'fail')?.sentence || 'failed evaluation with score 0.000000';

/** An inconclusive objective earns what a warning earns: that is what consumers with three states will read. */
function scoreOf(status: IndicatorStatus, weight: number, muted: boolean): number {
  if (muted) return 0;
  if (status === 'pass') return weight;
  return status === 'warning' || status === 'inconclusive' ? 0.5 * weight : 0;
}
