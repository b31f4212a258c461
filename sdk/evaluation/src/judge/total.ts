import { parseGoFloat } from '../criteria/go-number.ts';
import type { TotalScore } from '../slo/types.ts';
import type { Result } from '../values.ts';

export interface Threshold {
  readonly pass: number;
  readonly warning: number | null;
}

export type Thresholds =
  | { readonly ok: true; readonly value: Threshold }
  | { readonly ok: false; readonly message: string };

/** Both percentages are read before any score is compared: a bad warning text errs even where the score passes. */
export function thresholdsOf(total: TotalScore | null): Thresholds {
  if (total === null || total.pass === '') return { ok: false, message: 'no target score defined' };
  const pass = percentage(total.pass);
  if (pass === null) return { ok: false, message: 'could not parse pass target percentage' };
  if (total.warning === '') return { ok: true, value: { pass, warning: null } };
  const warning = percentage(total.warning);
  if (warning === null) return { ok: false, message: 'could not parse warning target percentage' };
  return { ok: true, value: { pass, warning } };
}

const percentage = (text: string): number | null => parseGoFloat(text.endsWith('%') ? text.slice(0, -1) : text);

/** The last key objective that failed; the others are not named. */
export interface Veto {
  readonly name: string;
  readonly why: string;
}

export interface Total {
  readonly score: number;
  readonly result: Result;
  readonly message: string;
}

/** Never rounded: 85 of 92 is 92.3913043478261. Nothing to score is a full score, and no veto applies to it. */
export function totalOf(sum: number, maximum: number, thresholds: Threshold, veto: Veto | null): Total {
  if (maximum === 0) return { score: 100, result: 'pass', message: '' };
  const score = 100 * (sum / maximum);
  if (veto !== null) {
    return { score, result: 'fail', message: `Evaluation failed due to key_sli objective '${veto.name}': ${veto.why}` };
  }
  if (score >= thresholds.pass) return { score, result: 'pass', message: '' };
  const { pass, warning } = thresholds;
  const said = `the calculated score of ${numberText(score)}`;
  if (warning === null) {
    return {
      score,
      result: 'fail',
      message: `Evaluation failed since ${said} is below the target value of ${numberText(pass)}`,
    };
  }
  if (score >= warning) {
    const message = `Evaluation returned a warning: ${said} is close to the warning target value of ${numberText(warning)}`;
    return { score, result: 'warning', message };
  }
  return {
    score,
    result: 'fail',
    message: `Evaluation failed since ${said} is below the warning value of ${numberText(warning)}`,
  };
}

/** The shortest text that reads back as the same number, with Go's word for infinity. */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
