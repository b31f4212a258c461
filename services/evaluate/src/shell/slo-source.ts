import { type ParsedSlo, parseSlo, type SloSource, sloFromValue } from '@slipway/evaluation';
import type { EvaluateInput } from './input.ts';

/** What an SLO without `total_score` is judged by when it came as bare objectives. */
const TOTAL_DEFAULT = { pass: '90%', warning: '75%' };

export interface ReadSlo {
  readonly source: SloSource;
  /** Null when there is no SLO at all. */
  readonly parsed: ParsedSlo | null;
}

/** The SLO of a task: text, data, bare objectives, or none. */
export function sloOf(input: EvaluateInput): ReadSlo {
  if (typeof input.slo === 'string') {
    const parsed = input.slo === '' ? null : parseSlo(input.slo);
    return { source: parsed === null ? { kind: 'none' } : { kind: 'text', text: input.slo }, parsed };
  }
  const { objectives, comparison, total_score: total = TOTAL_DEFAULT } = input;
  const value = input.slo ?? (objectives && { objectives, total_score: total, ...(comparison && { comparison }) });
  if (value === undefined) return { source: { kind: 'none' }, parsed: null };
  const parsed = sloFromValue(value);
  return { source: { kind: 'parsed', parsed, text: `${JSON.stringify(value, null, 2)}\n` }, parsed };
}
