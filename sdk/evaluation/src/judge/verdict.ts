import type { Slo } from '../slo/types.ts';
import { decides } from './extended-objective.ts';
import type { Total } from './total.ts';
import type { JudgedObjective, Verdict } from './types.ts';

export interface VerdictInput {
  readonly slo: Slo;
  readonly objectives: readonly JudgedObjective[];
  readonly total: Total;
  /** The total if the objectives had come out like this. */
  readonly decide: (objectives: readonly JudgedObjective[]) => Total;
}

/**
 * The fourth state. What is inconclusive is first taken as passed and then as failed: when both lead to the same
 * result, the open question does not matter and that result stands.
 */
export function verdictOf({ slo, objectives, total, decide }: VerdictInput): { verdict: Verdict; why: string } {
  const missing = tooMuchMissing(slo, objectives);
  if (missing !== null) return { verdict: 'inconclusive', why: missing };
  const open = objectives.filter((objective) => objective.result.status === 'inconclusive' && objective.summed);
  if (open.length === 0) return { verdict: total.result, why: '' };
  const best = decide(objectives.map((objective) => (open.includes(objective) ? asPassed(objective) : objective)));
  const worst = decide(
    objectives.map((objective, i) => (open.includes(objective) ? asFailed(objective, slo, i) : objective)),
  );
  if (best.result === worst.result) return { verdict: total.result, why: '' };
  const names = open.map((objective) => objective.result.displayName || objective.sli).join(', ');
  return {
    verdict: 'inconclusive',
    why: `Evaluation is inconclusive: ${names} could not be decided, and the result would be ${best.result} or ${worst.result} with it`,
  };
}

function tooMuchMissing(slo: Slo, objectives: readonly JudgedObjective[]): string | null {
  const limit = slo.extensions.maxMissingShare;
  const counted = objectives.filter((_, index) => {
    const declared = slo.objectives[index];
    return declared !== undefined && decides(declared);
  });
  if (limit === null || counted.length === 0) return null;
  const missing = counted.filter((objective) => objective.missing).length;
  if (missing / counted.length <= limit) return null;
  return `Evaluation is inconclusive: ${missing} of ${counted.length} objectives have no value, and max_missing allows ${limit * 100}%`;
}

const asPassed = (objective: JudgedObjective): JudgedObjective => ({
  ...objective,
  result: { ...objective.result, score: objective.maximum },
});

function asFailed(objective: JudgedObjective, slo: Slo, index: number): JudgedObjective {
  const declared = slo.objectives[index];
  const group = slo.extensions.groups.get(declared?.extensions.group ?? '');
  const vetoes = declared?.keySli === true || group?.mustPass === true;
  return {
    ...objective,
    result: { ...objective.result, score: 0 },
    veto: vetoes ? 'it could not be decided' : null,
  };
}
