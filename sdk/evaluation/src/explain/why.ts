import { numberText, type Threshold } from '../judge/total.ts';
import type { JudgedEvaluation } from '../judge/types.ts';
import type { ExplainedCriterion, ExplainedObjective } from './types.ts';

/** Names at most this many objectives in one sentence. */
const NAMED_MAX = 3;

/** The sentence for the whole evaluation: the result, the score against its threshold, and who is to blame. */
export function whyEvaluation(
  evaluation: JudgedEvaluation,
  objectives: readonly ExplainedObjective[],
  thresholds: Threshold | null,
): string {
  if (objectives.length === 0) return 'It fails because the SLO has no objective.';
  if (evaluation.maximum === 0) return 'It passes because no objective counts: all of them only inform.';
  if (evaluation.verdict === 'inconclusive') return `${evaluation.message}.`;
  const score = numberText(rounded(evaluation.score));
  const vetoed = evaluation.result === 'fail' && thresholds !== null && evaluation.score >= thresholds.pass;
  // One that is muted does not count, so it is to blame for nothing.
  const blamed = objectives.filter(
    ({ status, maximum }) => maximum !== 0 && (status === 'fail' || status === 'warning'),
  );
  const names = blamed.slice(0, NAMED_MAX).map((objective) => `${nameOf(objective)} (${objective.why})`);
  const more = blamed.length > NAMED_MAX ? ` and ${blamed.length - NAMED_MAX} more` : '';
  const because = names.length === 0 ? '' : `: ${names.join('; ')}${more}`;
  if (vetoed) return `It fails although the score is ${score}, because a key objective failed${because}.`;
  if (evaluation.result === 'pass') {
    const but = names.length === 0 ? '' : `, although not everything holds${because}`;
    return `It passes with a score of ${score}, which reaches ${numberText(thresholds?.pass ?? 0)}${but}.`;
  }
  if (evaluation.result === 'warning') {
    return `It warns with a score of ${score}, below ${numberText(thresholds?.pass ?? 0)} but not below ${numberText(thresholds?.warning ?? 0)}${because}.`;
  }
  const limit = thresholds?.warning ?? thresholds?.pass ?? 0;
  const key = evaluation.message.includes('key_sli') ? ', and a key objective failed' : '';
  if (evaluation.score >= limit) return `It fails with a score of ${score} because a key objective failed${because}.`;
  return `It fails with a score of ${score}, below ${numberText(limit)}${key}${because}.`;
}

export const nameOf = (objective: { readonly displayName: string; readonly sli: string }): string =>
  objective.displayName || objective.sli;

const rounded = (score: number): number => Number(score.toFixed(2));

/** The clause for one objective, without a full stop, so that it can stand in the sentence of the evaluation. */
export function whyObjective(
  objective: Omit<ExplainedObjective, 'why'>,
  about: { readonly muted: boolean; readonly message: string },
): string {
  const muted = about.muted ? ', muted' : '';
  return `${clause(objective, about.message)}${muted}`;
}

function clause(objective: Omit<ExplainedObjective, 'why'>, message: string): string {
  const { value, status, findings } = objective;
  const policy = findings.find((finding) => finding.kind === 'policy' && finding.outcome === status);
  if (policy !== undefined) return policy.sentence;
  if (status === 'info')
    return value === null ? `it only informs, and ${message || 'no value came'}` : 'it only informs';
  if (value === null) return message || 'the provider reported a failure without a reason';
  const finding = findings.find(({ kind, outcome }) => kind !== 'criteria' && outcome === status);
  if (finding !== undefined && status !== 'pass') return finding.sentence;
  const role = status === 'warning' ? 'warning' : 'pass';
  const criteria = objective.criteria.filter((criterion) => criterion.role === role);
  if (status === 'fail')
    return failed(
      objective.criteria.filter((criterion) => criterion.role === 'pass'),
      value,
    );
  if (criteria.length === 0) return finding?.sentence ?? 'there is no criterion to violate';
  const group = holdingGroup(criteria);
  const held = criteria.filter((criterion) => criterion.group === group).map(describe);
  if (held.length === 0) return 'a group without criteria always holds';
  const sentence = `${shown(value)} meets ${held.join(' and ')}`;
  return status === 'warning' ? `${sentence}, which is a warning` : sentence;
}

/** The alternative that is nearest to holding says the most: the one with the fewest violations. */
function failed(criteria: readonly ExplainedCriterion[], value: number): string {
  const groups = [...new Set(criteria.map((criterion) => criterion.group))];
  const violations = groups.map((group) =>
    criteria.filter((criterion) => criterion.group === group && !criterion.holds),
  );
  const nearest = violations.toSorted((a, b) => a.length - b.length)[0] ?? [];
  return `${shown(value)} violates ${nearest.map(describe).join(' and ')}`;
}

function holdingGroup(criteria: readonly ExplainedCriterion[]): number | undefined {
  const groups = [...new Set(criteria.map((criterion) => criterion.group))];
  return groups.find((group) => criteria.every((criterion) => criterion.group !== group || criterion.holds));
}

function describe(criterion: ExplainedCriterion): string {
  if (criterion.formula === numberText(criterion.target)) return criterion.text;
  if (!criterion.formula.includes(' = ')) return `${criterion.text} (${criterion.formula})`;
  return `${criterion.text} (${shown(criterion.target)})`;
}

/** Sentences round for the eye; targets, formulas and data keep every digit. */
export const shown = (value: number): string => numberText(Number(value.toPrecision(5)));
