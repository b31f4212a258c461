import type { Slo } from '../slo/types.ts';
import type { JudgedObjective } from './types.ts';

/**
 * Group weights: however many objectives stand in a group, together they weigh what the group weighs. And a group that
 * must pass turns each of its failed members into a veto.
 */
export function scaledByGroup(objectives: readonly JudgedObjective[], slo: Slo): readonly JudgedObjective[] {
  if (slo.extensions.groups.size === 0) return objectives;
  const weights = new Map<string, number>();
  for (const [index, objective] of objectives.entries()) {
    const name = slo.objectives[index]?.extensions.group ?? null;
    if (name !== null) weights.set(name, (weights.get(name) ?? 0) + objective.maximum);
  }
  return objectives.map((objective, index) => {
    const name = slo.objectives[index]?.extensions.group ?? null;
    const group = name === null ? undefined : slo.extensions.groups.get(name);
    if (group === undefined) return objective;
    const own = weights.get(name ?? '') ?? 0;
    const factor = group.weight === null || own === 0 ? 1 : group.weight / own;
    const fails = group.mustPass && objective.result.status === 'fail' && !objective.muted;
    return {
      ...objective,
      result: { ...objective.result, score: objective.result.score * factor },
      maximum: objective.maximum * factor,
      veto: objective.veto ?? (fails ? `the group '${name}' must pass` : null),
    };
  });
}
