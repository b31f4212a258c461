import type { Explanation } from '../explain/types.ts';

/** What the page shows: one decision in full, and the runs around it as a heat map. */
export interface ReportInput {
  readonly project: string;
  readonly stage: string;
  readonly service: string;
  readonly window: { readonly start: string; readonly end: string };
  readonly explanation: Explanation;
  /** Oldest first, the explained run last. */
  readonly runs: readonly ReportRun[];
}

export interface ReportRun {
  readonly id: string;
  /** Shown on the axis: a build, a version or a time. */
  readonly label: string;
  readonly time: string;
  readonly result: string;
  readonly score: number | null;
  readonly slis: readonly { readonly metric: string; readonly value: number | null; readonly status: string }[];
}

/** Never by colour alone: every state has a sign and a word. */
export const SIGNS: Readonly<Record<string, string>> = {
  pass: '✓',
  warning: '!',
  fail: '✕',
  info: '·',
  inconclusive: '?',
  none: '',
};

export const statusClass = (status: string): string => (Object.hasOwn(SIGNS, status) ? status : 'none');

/** Short enough for a chart, long enough to tell two builds apart. */
export function compact(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${short(value / 1e9)}G`;
  if (size >= 1e6) return `${short(value / 1e6)}M`;
  if (size >= 1e4) return `${short(value / 1e3)}k`;
  return short(value);
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
