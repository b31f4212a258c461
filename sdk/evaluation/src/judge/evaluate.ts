import { aggregateExtended, aggregateKeptn } from '../baseline/aggregate.ts';
import { type BaselineIndex, type BaselineValue, indexCandidates, indexRuns } from '../baseline/index-runs.ts';
import { COMPARISON_RESULTS_MAX, candidates, type Subject, selectKeptn, slotsOf } from '../baseline/select.ts';
import type { Objective, Slo } from '../slo/types.ts';
import type { IndicatorValue, PreviousEvaluation } from '../values.ts';
import { judgeExtended } from './extended-objective.ts';
import { scaledByGroup } from './groups.ts';
import { judgeObjective, type ObjectiveVerdict } from './objective.ts';
import { ValuePool } from './pool.ts';
import { type Threshold, type Total, thresholdsOf, totalOf, type Veto } from './total.ts';
import type { Baseline, Evaluation, JudgedEvaluation, JudgedObjective, Verdict } from './types.ts';
import { verdictOf } from './verdict.ts';

export interface EvaluationInput {
  readonly slo: Slo;
  readonly values: readonly IndicatorValue[];
  /** Earlier evaluations of the same project, stage and service, in any order. */
  readonly history: readonly PreviousEvaluation[];
  readonly subject?: Subject;
}

/** Judges values against objectives: the same input always gives the same answer, on any machine at any time. */
export function evaluate(input: EvaluationInput): Evaluation {
  const { slo } = input;
  const slots = slotsOf(slo.comparison);
  if (slots < 1 || slots > COMPARISON_RESULTS_MAX) {
    return { kind: 'errored', message: 'could not retrieve previous evaluation.finished events' };
  }
  const runs = runsOf(input, slots);
  const comparedEvents = runs.compared.map((run) => run.id);
  const pool = new ValuePool(input.values);
  const controls = new Map(input.values.filter((value) => value.success).map((value) => [value.metric, value.value]));
  const judged: JudgedObjective[] = [];
  for (const objective of slo.objectives) {
    const value = pool.take(objective.sli);
    const baseline = baselineOf(slo, objective, runs.index.valuesOf(objective.sli), controls);
    const verdict: ObjectiveVerdict = slo.extensions.used
      ? judgeExtended(objective, value, baseline)
      : judgeObjective(objective, value, baseline);
    if (!verdict.ok) return { kind: 'refused', message: verdict.message, comparedEvents };
    judged.push(verdict.judged);
  }
  const thresholds = thresholdsOf(slo.totalScore);
  if (!thresholds.ok) return { kind: 'errored', message: thresholds.message };
  const objectives = scaledByGroup(judged, slo);
  return conclude({ slo, objectives, thresholds: thresholds.value, leftOver: pool.leftOver, comparedEvents });
}

/** The runs whose ids are reported as compared, and where their values are looked up. */
function runsOf(
  { slo, history, subject }: EvaluationInput,
  slots: number,
): { compared: readonly PreviousEvaluation[]; index: BaselineIndex } {
  const selection = slo.extensions.baseline;
  if (selection === null) {
    const compared = selectKeptn(history, slo.comparison);
    return { compared, index: indexRuns(compared) };
  }
  const found = candidates(history, slo.comparison, selection, subject ?? {});
  const depth = selection.pinned !== null ? 1 : Math.max(slots, selection.depth ?? slots);
  return { compared: found.slice(0, depth), index: indexCandidates(found, selection, slots) };
}

function baselineOf(
  slo: Slo,
  objective: Objective,
  values: readonly BaselineValue[],
  controls: ReadonlyMap<string, number>,
): Baseline {
  const { control, policy } = objective.extensions;
  if (control !== null) {
    const value = controls.get(control);
    return value === undefined
      ? { values: [], aggregate: null }
      : { values: [{ run: `control ${control}`, value }], aggregate: value };
  }
  if (values.length === 0 || values.length < policy.minBaseline) return { values, aggregate: null };
  const numbers = values.map(({ value }) => value);
  const aggregate = slo.extensions.baseline?.aggregate ?? null;
  return {
    values,
    aggregate: aggregate
      ? aggregateExtended(numbers, aggregate)
      : aggregateKeptn(numbers, slo.comparison.aggregateFunction),
  };
}

interface Conclusion {
  readonly slo: Slo;
  readonly objectives: readonly JudgedObjective[];
  readonly thresholds: Threshold;
  readonly leftOver: readonly string[];
  readonly comparedEvents: readonly string[];
}

function conclude({ slo, objectives, thresholds, leftOver, comparedEvents }: Conclusion): JudgedEvaluation {
  // Without any objective Keptn sets the maximum to 100, so that the score is 0 and not full.
  const maximum = objectives.length === 0 ? 100 : sumOf(objectives, (objective) => objective.maximum);
  const total = totalWith(objectives, maximum, thresholds);
  const { verdict, why } = slo.extensions.used
    ? verdictOf({ slo, objectives, total, decide: (changed) => totalWith(changed, maximum, thresholds) })
    : { verdict: total.result as Verdict, why: '' };
  const extra = total.message === '' && leftOver.length > 0 ? leftOverMessage(leftOver) : total.message;
  return {
    kind: 'judged',
    objectives,
    score: total.score,
    maximum,
    result: verdict === 'inconclusive' ? 'warning' : verdict,
    verdict,
    message: why === '' ? extra : why,
    comparedEvents,
  };
}

function totalWith(objectives: readonly JudgedObjective[], maximum: number, thresholds: Threshold): Total {
  let veto: Veto | null = null;
  for (const { result, veto: why } of objectives) if (why !== null) veto = { name: result.displayName, why };
  const sum = sumOf(objectives, (objective) => (objective.summed ? objective.result.score : 0));
  return totalOf(sum, maximum, thresholds, veto);
}

function sumOf(objectives: readonly JudgedObjective[], of: (objective: JudgedObjective) => number): number {
  let sum = 0;
  for (const objective of objectives) sum += of(objective);
  return sum;
}

const leftOverMessage = (names: readonly string[]): string =>
  `Lighthouse received additional SLIs, which are not specified as SLO: ${names.join(', ')} . Please consider using them as an SLO.`;
