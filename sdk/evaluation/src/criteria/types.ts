export type Operator = '<' | '<=' | '=' | '>=' | '>';

/** A criterion that Keptn's grammar accepts. */
export interface KeptnCriterion {
  readonly kind: 'keptn';
  readonly operator: Operator;
  readonly value: number;
  readonly percentage: boolean;
  /** True when the target depends on the baseline. */
  readonly comparison: boolean;
  readonly increase: boolean;
}

/** A criterion of the extended grammar. None of them depends on the baseline. */
export type ExtendedCriterion =
  | { readonly kind: 'range'; readonly low: number; readonly high: number; readonly inside: boolean }
  | { readonly kind: 'not-equal'; readonly value: number }
  | { readonly kind: 'near'; readonly value: number; readonly tolerance: number }
  | { readonly kind: 'bound'; readonly operator: Operator; readonly value: number };

/** The text as written, and what it means or why it means nothing. */
export interface Criterion {
  readonly text: string;
  readonly parsed: KeptnCriterion | ExtendedCriterion | InvalidCriterion;
}

export interface InvalidCriterion {
  readonly kind: 'invalid';
  readonly error: CriterionError;
}

/** Keptn's two sentences; people search for them. */
export type CriterionError = 'invalid criteria string' | 'could not parse criteria target value';
