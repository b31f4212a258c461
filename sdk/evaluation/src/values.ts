/** One measurement as a provider reports it. `samples` and `windows` are ours, for the extensions. */
export interface IndicatorValue {
  readonly metric: string;
  readonly value: number;
  readonly comparedValue: number;
  readonly success: boolean;
  readonly message: string;
  /** Single observations behind the value, for a comparison of distributions. */
  readonly samples?: readonly number[];
  /** Share of bad events by window (`5m`, `1h`), for burn rates. */
  readonly windows?: Readonly<Record<string, number>>;
  /** Results of repeated measurements, oldest first. */
  readonly repeats?: readonly number[];
}

/** An earlier `evaluation.finished`, as far as a baseline needs it. */
export interface PreviousEvaluation {
  /** Of the finished event, which is what compared events are named by. */
  readonly id: string;
  /** Of the evaluation, by which a file may name it as well. */
  readonly evaluation?: string;
  readonly at: number;
  readonly result: string;
  readonly invalidated: boolean;
  /** Null when that run evaluated nothing. */
  readonly indicators: readonly PreviousIndicator[] | null;
  readonly contextId?: string;
  readonly stage?: string;
  readonly service?: string;
  readonly deployment?: string;
  readonly commit?: string;
  readonly tag?: string;
  readonly windowStart?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PreviousIndicator {
  readonly metric: string;
  readonly value: number;
  readonly success: boolean;
  readonly status?: string;
  readonly samples?: readonly number[];
}

export type IndicatorStatus = 'pass' | 'warning' | 'fail' | 'info' | 'inconclusive';
export type Result = 'pass' | 'warning' | 'fail';

/** One criterion after it was applied. */
export interface Target {
  readonly criteria: string;
  readonly targetValue: number;
  readonly violated: boolean;
}

export interface IndicatorResult {
  readonly score: number;
  readonly value: IndicatorValue | null;
  readonly displayName: string;
  readonly passTargets: readonly Target[];
  readonly warningTargets: readonly Target[];
  readonly keySli: boolean;
  readonly status: IndicatorStatus;
}

const NO_VALUE_MESSAGE = 'no value received from SLI provider';

/** What a missing value becomes, so that the result still says for which SLI nothing came. */
export function missingValue(metric: string): IndicatorValue {
  return { metric, value: 0, comparedValue: 0, success: false, message: NO_VALUE_MESSAGE };
}
