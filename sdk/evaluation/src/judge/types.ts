import type { BaselineValue } from '../baseline/index-runs.ts';
import type { IndicatorResult, IndicatorStatus, Result } from '../values.ts';

/** What an objective was compared with. `aggregate` is null when there was nothing to compare with. */
export interface Baseline {
  readonly values: readonly BaselineValue[];
  readonly aggregate: number | null;
}

/** One reason for an objective's status, with the numbers behind it. */
export interface Finding {
  readonly kind: 'criteria' | 'policy' | 'compare' | 'budget' | 'trend' | 'adaptive' | 'repeat';
  readonly outcome: Exclude<IndicatorStatus, 'info'>;
  readonly sentence: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An objective after judgement: the part that goes on the wire, and what only the total and the explanation need. */
export interface JudgedObjective {
  readonly sli: string;
  readonly result: IndicatorResult;
  /** What the objective adds to the maximum: its weight, or 0 when it only informs. */
  readonly maximum: number;
  /** Only scores of objectives with at least one pass target are added up, which Keptn counts after the fact. */
  readonly summed: boolean;
  /** Why a key objective vetoes the evaluation, or null. */
  readonly veto: string | null;
  readonly muted: boolean;
  /** No value, or one that the provider marked as failed. */
  readonly missing: boolean;
  readonly baseline: Baseline;
  readonly findings: readonly Finding[];
}

export type Verdict = Result | 'inconclusive';

export type Evaluation =
  | JudgedEvaluation
  /** The evaluation could not take place: status errored, result fail. */
  | { readonly kind: 'errored'; readonly message: string }
  /** A pass criterion does not parse: status succeeded, result fail, no indicator results. */
  | { readonly kind: 'refused'; readonly message: string; readonly comparedEvents: readonly string[] };

export interface JudgedEvaluation {
  readonly kind: 'judged';
  readonly objectives: readonly JudgedObjective[];
  readonly score: number;
  readonly maximum: number;
  readonly result: Result;
  /** The fourth state; `result` then is `warning` for those who know only three. */
  readonly verdict: Verdict;
  readonly message: string;
  readonly comparedEvents: readonly string[];
}
