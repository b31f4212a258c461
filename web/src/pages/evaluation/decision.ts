import type { Evaluation } from '@slipway/contract';

/** The parts of a stored decision that the page shows. What an older or another evaluator left out is absent. */
export type Decision = {
  pass: number | undefined;
  warning: number | undefined;
  maximum: number | undefined;
  rules: string | undefined;
  objectives: Objective[];
};
export type Objective = {
  sli: string;
  why: string | undefined;
  weight: number | undefined;
  maximum: number | undefined;
  criteria: Criterion[];
  baseline: { values: { value: number; run: string | undefined }[]; function: string | undefined };
  findings: string[];
};
export type Criterion = {
  role: 'pass' | 'warning';
  group: number;
  text: string;
  target: number;
  holds: boolean;
  formula: string;
};

/** `decision` is open in the contract: an evaluator may be anybody's. What is not as we know it is left out, never guessed. */
export function decisionOf(decision: Evaluation['decision']): Decision | undefined {
  if (decision === null) return undefined;
  return {
    pass: numberOf(decision.pass),
    warning: numberOf(decision.warning),
    maximum: numberOf(decision.maximum),
    rules: textOf(decision.rules),
    objectives: recordsOf(decision.objectives).map(objectiveOf),
  };
}

function objectiveOf(one: Record<string, unknown>): Objective {
  const baseline = recordOf(one.baseline);
  return {
    sli: textOf(one.sli) ?? '',
    why: textOf(one.why),
    weight: numberOf(one.weight),
    maximum: numberOf(one.maximum),
    criteria: recordsOf(one.criteria).flatMap(criterionOf),
    baseline: {
      function: textOf(baseline?.function),
      values: recordsOf(baseline?.values).flatMap((entry) => {
        const value = numberOf(entry.value);
        return value === undefined ? [] : [{ value, run: textOf(entry.run) ?? textOf(entry.id) }];
      }),
    },
    findings: recordsOf(one.findings).flatMap(({ sentence }) => textOf(sentence) ?? []),
  };
}

function criterionOf(one: Record<string, unknown>): Criterion[] {
  const { role, text, holds } = one;
  const target = numberOf(one.target);
  if ((role !== 'pass' && role !== 'warning') || typeof text !== 'string' || target === undefined) return [];
  return [
    { role, text, target, holds: holds === true, group: numberOf(one.group) ?? 0, formula: textOf(one.formula) ?? '' },
  ];
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function recordsOf(value: unknown): Record<string, unknown>[] {
  const entries: unknown[] = Array.isArray(value) ? value : [];
  return entries.map(recordOf).filter((entry) => entry !== undefined);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
