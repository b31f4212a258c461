/** What an objective becomes when a policy decides instead of a criterion. `exclude` takes it out of the maximum. */
export type PolicyOutcome = 'pass' | 'warning' | 'fail' | 'inconclusive' | 'exclude';

export type Direction = 'increase' | 'decrease' | 'either';

/** Keys of the whole file that Keptn ignores. Every default below is Keptn's behaviour. */
export interface SloExtensions {
  /** `strict` refuses what Keptn tolerates: words it does not know, weights it bends. */
  readonly strict: boolean;
  /** True for `grammar: extended`: what Keptn's criteria parser rejects is tried with ours. */
  readonly extendedGrammar: boolean;
  readonly policy: MissingPolicy;
  /** Above this share of counted objectives without a value the evaluation is inconclusive; null never. */
  readonly maxMissingShare: number | null;
  readonly baseline: BaselineSelection | null;
  readonly groups: ReadonlyMap<string, Group>;
  readonly lateData: Retry | null;
  /** True as soon as the file uses any of our keys: only then may a result differ from Keptn's. */
  readonly used: boolean;
}

export interface ObjectiveExtensions {
  readonly policy: MissingPolicy;
  readonly group: string | null;
  /** Measured and shown, never counted and never a veto. */
  readonly muted: boolean;
  readonly compare: Compare | null;
  readonly budget: Budget | null;
  readonly trend: Trend | null;
  readonly adaptive: Adaptive | null;
  readonly repeat: Repeat | null;
  /** Name of another SLI, asked at the same time, whose value is the baseline (a live control). */
  readonly control: string | null;
}

export interface MissingPolicy {
  readonly onMissing: PolicyOutcome;
  readonly onError: PolicyOutcome;
  readonly onNoBaseline: PolicyOutcome;
  /** Fewer earlier values than this count as no baseline. */
  readonly minBaseline: number;
}

/** Distribution against distribution: needs samples, from providers that return them. */
export interface Compare {
  readonly method: 'mann_whitney';
  readonly confidence: number;
  readonly direction: Direction;
  readonly maxShift: Amount;
  /** A confidence interval that straddles the limit is inconclusive below this many samples on either side. */
  readonly minSamples: number;
}

/** Relative to |baseline|, or in the SLI's own unit. */
export type Amount =
  | { readonly kind: 'percent'; readonly value: number }
  | { readonly kind: 'absolute'; readonly value: number };

export interface Budget {
  readonly target: number;
  readonly windowMs: number;
  readonly pairs: readonly BurnPair[];
}

/** Both windows of a pair must burn faster than the rate. */
export interface BurnPair {
  readonly windows: readonly string[];
  readonly burnRate: number;
  readonly outcome: 'fail' | 'warning';
}

/** Theil-Sen slope per run with Kendall's p over this run and the runs before it. */
export interface Trend {
  readonly runs: number;
  readonly direction: Direction;
  readonly pMax: number;
  readonly slopeMax: Amount;
  readonly outcome: 'fail' | 'warning';
}

/** Threshold from the runs before: median ± k·MAD. */
export interface Adaptive {
  readonly k: number;
  readonly minRuns: number;
  readonly direction: Direction;
  readonly outcome: 'fail' | 'warning';
}

export interface Repeat {
  readonly intervalMs: number;
  readonly count: number;
  readonly failureLimit: number;
  readonly consecutiveSuccess: number;
}

export interface Retry {
  readonly attempts: number;
  readonly delayMs: number;
}

/** Groups weigh together what their members weigh apart; `mustPass` makes each failed member a veto. */
export interface Group {
  readonly weight: number | null;
  readonly mustPass: boolean;
}

export interface BaselineSelection {
  /** Keys of labels whose values must equal those of this run. */
  readonly labels: readonly string[];
  readonly sameDeployment: boolean;
  readonly commit: string | null;
  readonly tag: string | null;
  readonly stage: string | null;
  readonly service: string | null;
  /** Id of one evaluation that is the baseline whatever came after it. */
  readonly pinned: string | null;
  /** The run whose window started this long before ours, within a tolerance. */
  readonly offsetMs: number | null;
  /** How far back to look for a run that has the SLI; null keeps Keptn's slots. */
  readonly depth: number | null;
  readonly otherContexts: boolean;
  readonly evaluatedOnly: boolean;
  /** Statuses of the single SLI that may enter; null takes every successful value. */
  readonly indicatorStatus: readonly string[] | null;
  readonly aggregate: Aggregate | null;
}

export type Aggregate =
  | { readonly kind: 'avg' | 'min' | 'max' | 'median' }
  | { readonly kind: 'percentile'; readonly quantile: number }
  | { readonly kind: 'trimmed-mean'; readonly share: number }
  | { readonly kind: 'ewma'; readonly alpha: number };

export const KEPTN_POLICY: MissingPolicy = {
  onMissing: 'fail',
  onError: 'fail',
  onNoBaseline: 'pass',
  minBaseline: 1,
};

export const NO_SLO_EXTENSIONS: SloExtensions = {
  strict: false,
  extendedGrammar: false,
  policy: KEPTN_POLICY,
  maxMissingShare: null,
  baseline: null,
  groups: new Map(),
  lateData: null,
  used: false,
};

export const NO_OBJECTIVE_EXTENSIONS: ObjectiveExtensions = {
  policy: KEPTN_POLICY,
  group: null,
  muted: false,
  compare: null,
  budget: null,
  trend: null,
  adaptive: null,
  repeat: null,
  control: null,
};
