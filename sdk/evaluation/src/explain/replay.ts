import type { Subject } from '../baseline/select.ts';
import { evaluate } from '../judge/evaluate.ts';
import type { Evaluation } from '../judge/types.ts';
import { parseSlo } from '../slo/parse.ts';
import type { SloProblem } from '../slo/types.ts';
import type { IndicatorValue, PreviousEvaluation } from '../values.ts';
import { explain } from './explain.ts';
import type { Explanation } from './types.ts';

/** Everything a decision depends on. Stored with it, it can be made again. */
export interface DecisionInput {
  readonly slo: string;
  readonly values: readonly IndicatorValue[];
  readonly history: readonly PreviousEvaluation[];
  readonly subject?: Subject;
}

export type Decision =
  | { readonly ok: true; readonly evaluation: Evaluation; readonly explanation: Explanation | null }
  | { readonly ok: false; readonly problems: readonly SloProblem[] };

/** Makes a decision, again or for the first time. */
export function decide(input: DecisionInput): Decision {
  const parsed = parseSlo(input.slo);
  if (!parsed.ok) return { ok: false, problems: parsed.problems };
  const { values, history, subject } = input;
  const evaluation = evaluate({ slo: parsed.slo, values, history, ...(subject === undefined ? {} : { subject }) });
  const explanation = evaluation.kind === 'judged' ? explain(parsed.slo, evaluation) : null;
  return { ok: true, evaluation, explanation };
}

export interface WhatIf {
  readonly before: Decision;
  readonly after: Decision;
  /** What would be different, one line each; empty when nothing would. */
  readonly differences: readonly string[];
}

/** The same values under another SLO, another baseline or both. */
export function whatIf(input: DecisionInput, change: Partial<DecisionInput>): WhatIf {
  const before = decide(input);
  const after = decide({ ...input, ...change });
  return { before, after, differences: differences(before, after) };
}

function differences(before: Decision, after: Decision): string[] {
  if (!before.ok || !after.ok) return before.ok === after.ok ? [] : ['one of the two SLOs does not parse'];
  const lines: string[] = [];
  const say = (what: string, a: unknown, b: unknown): void => {
    if (a !== b) lines.push(`${what}: ${String(a)} → ${String(b)}`);
  };
  const [a, b] = [before.evaluation, after.evaluation];
  if (a.kind !== 'judged' || b.kind !== 'judged') {
    say('evaluation', summaryOf(a), summaryOf(b));
    return lines;
  }
  say('verdict', a.verdict, b.verdict);
  say('score', a.score, b.score);
  const names = new Set([...a.objectives, ...b.objectives].map((objective) => objective.sli));
  for (const name of names) {
    const old = a.objectives.find((objective) => objective.sli === name);
    const now = b.objectives.find((objective) => objective.sli === name);
    say(name, old?.result.status ?? 'not judged', now?.result.status ?? 'not judged');
    if (old !== undefined && now !== undefined) {
      say(`${name} baseline`, old.baseline.aggregate ?? 'none', now.baseline.aggregate ?? 'none');
    }
  }
  return lines;
}

const summaryOf = (evaluation: Evaluation): string =>
  evaluation.kind === 'judged'
    ? `${evaluation.verdict} with ${evaluation.score}`
    : `${evaluation.kind}: ${evaluation.message}`;
