import type { BaselineValue } from '../baseline/index-runs.ts';
import type { Finding, Verdict } from '../judge/types.ts';
import type { IndicatorStatus, Result } from '../values.ts';

/** Changes whenever the same input could be judged differently: a stored decision names the rules that made it. */
export const RULES_VERSION = 'keptn-1.4.5+slipway-2';

/** A decision as data: everything that led to the result, in the words and numbers of the file. */
export interface Explanation {
  readonly rules: string;
  readonly result: Result;
  readonly verdict: Verdict;
  readonly score: number;
  readonly maximum: number;
  readonly pass: number | null;
  readonly warning: number | null;
  /** One sentence that answers "why?". */
  readonly why: string;
  readonly message: string;
  readonly comparedRuns: readonly string[];
  readonly objectives: readonly ExplainedObjective[];
}

export interface ExplainedObjective {
  readonly sli: string;
  readonly displayName: string;
  readonly status: IndicatorStatus;
  readonly weight: number;
  readonly keySli: boolean;
  readonly score: number;
  readonly maximum: number;
  readonly value: number | null;
  readonly baseline: {
    readonly values: readonly BaselineValue[];
    readonly aggregate: number | null;
    readonly function: string;
  };
  readonly criteria: readonly ExplainedCriterion[];
  readonly findings: readonly Finding[];
  readonly why: string;
}

export interface ExplainedCriterion {
  readonly role: 'pass' | 'warning';
  /** Index of the alternative it belongs to. */
  readonly group: number;
  readonly text: string;
  readonly target: number;
  readonly holds: boolean;
  /** How the target came about, `10 × (100 + 10) ÷ 100 = 11`. */
  readonly formula: string;
}
