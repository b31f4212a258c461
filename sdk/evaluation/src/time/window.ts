import { parseGoDuration } from './duration.ts';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';

const WINDOW_MIN_MS = 60 * 1000;

/** What an `evaluation.triggered` says about time; absent and empty mean the same. */
export interface WindowRequest {
  readonly evaluation?: { readonly start?: string; readonly end?: string; readonly timeframe?: string };
  readonly test?: { readonly start?: string; readonly end?: string };
}

export type Window =
  | { readonly ok: true; readonly start: string; readonly end: string }
  | { readonly ok: false; readonly message: string };

/** Which span of time to judge. Times of a test are copied as they are, unread, as Keptn does. */
export function resolveWindow(request: WindowRequest, nowMs: number): Window {
  const { start = '', end = '', timeframe = '' } = request.evaluation ?? {};
  if ((start !== '' && end !== '') || timeframe !== '') return computed(start, end, timeframe, nowMs);
  const test = request.test ?? {};
  if (test.start && test.end) return { ok: true, start: test.start, end: test.end };
  return failed('evaluation.triggered event does not contain evaluation timeframe');
}

function computed(start: string, end: string, timeframe: string, nowMs: number): Window {
  if (end !== '' && timeframe !== '') return failed("'end' and 'timeframe' are mutually exclusive");
  if (timeframe === '') {
    const from = parseTimestamp(start);
    if (!from.ok) return failed(from.message);
    const to = parseTimestamp(end);
    return to.ok ? checked(from.ms, to.ms) : failed(to.message);
  }
  const duration = parseGoDuration(timeframe);
  if (!duration.ok) return failed(`could not parse provided timeframe: ${duration.message}`);
  if (start === '') return checked(nowMs - duration.ms, nowMs);
  const from = parseTimestamp(start);
  return from.ok ? checked(from.ms, from.ms + duration.ms) : failed(from.message);
}

function checked(startMs: number, endMs: number): Window {
  if (endMs - startMs < WINDOW_MIN_MS) return failed('end date must be at least 1 minute after start date');
  return { ok: true, start: formatTimestamp(startMs), end: formatTimestamp(endMs) };
}

const failed = (message: string): Window => ({ ok: false, message });
