import type { Criterion } from '../criteria/types.ts';
import type { Place } from '../yaml/tree.ts';
import type { ObjectiveExtensions, SloExtensions } from './extension-types.ts';

/** slo.yaml as it was meant: every default applied, every criterion read. What does not parse is kept as such. */
export interface Slo {
  readonly filter: readonly Filter[];
  readonly comparison: Comparison;
  readonly objectives: readonly Objective[];
  readonly totalScore: TotalScore | null;
  readonly extensions: SloExtensions;
}

/** One entry of `filter`, passed to the provider as Keptn's `customFilters`. */
export interface Filter {
  readonly key: string;
  readonly value: string;
}

/** Which earlier runs are the baseline and how their values become one. The words stay as they were written. */
export interface Comparison {
  readonly compareWith: string;
  readonly includeResultWithScore: string;
  readonly numberOfComparisonResults: number;
  readonly aggregateFunction: string;
}

export interface Objective {
  readonly sli: string;
  readonly displayName: string;
  /** Groups are alternatives; the criteria of one group must all hold. Empty: the indicator only informs. */
  readonly pass: readonly CriteriaGroup[];
  readonly warning: readonly CriteriaGroup[];
  readonly weight: number;
  readonly keySli: boolean;
  readonly extensions: ObjectiveExtensions;
}

export type CriteriaGroup = readonly Criterion[];

/** Percentages as written, `90%` or `90`: whether they parse is asked only when a score is compared with them. */
export interface TotalScore {
  readonly pass: string;
  readonly warning: string;
}

export interface SloProblem {
  readonly message: string;
  /** Dotted path in the document, `objectives[0].weight`. */
  readonly path: string;
  readonly place: Place | null;
}

/** `reason` is the text of the reference decoder, which Keptn drops and we keep in `details`. */
export type ParsedSlo =
  | { readonly ok: true; readonly slo: Slo }
  | { readonly ok: false; readonly reason: string; readonly problems: readonly SloProblem[] };
