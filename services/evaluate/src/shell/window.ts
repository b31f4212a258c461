import { formatTimestamp, isRecord, parseTimestamp, resolveWindow, type WindowRequest } from '@slipway/evaluation';
import { type TaskContext, TerminalError } from '@slipway/sdk';
import type { EvaluateInput } from './input.ts';

export interface FoundWindow {
  readonly start: string;
  readonly end: string;
  readonly startMs: number | null;
  readonly endMs: number | null;
}

/** What the task's input and an earlier task `test` say about time. */
export function windowRequest({ start, end, timeframe }: EvaluateInput, ctx: TaskContext): WindowRequest {
  const test = isRecord(ctx.data.test) ? ctx.data.test : {};
  return {
    evaluation: { ...(start && { start }), ...(end && { end }), ...(timeframe && { timeframe }) },
    test: {
      ...(typeof test.start === 'string' && { start: test.start }),
      ...(typeof test.end === 'string' && { end: test.end }),
    },
  };
}

/** Values that came with the event need no window; queries do. */
export function windowOf(request: WindowRequest, about: { hasQueries: boolean; nowMs: number }): FoundWindow {
  const { evaluation = {}, test = {} } = request;
  const isGiven = Object.keys(evaluation).length > 0 || Object.keys(test).length === 2;
  if (!isGiven && !about.hasQueries) {
    const now = formatTimestamp(about.nowMs);
    return { start: now, end: now, startMs: about.nowMs, endMs: about.nowMs };
  }
  const window = resolveWindow(request, about.nowMs);
  if (!window.ok) {
    const way = isGiven ? '' : '; set timeframe: 5m, or start and end';
    throw new TerminalError(`${window.message}${way}`, { code: 'NOT_EVALUATED' });
  }
  return readWindow(window, about.hasQueries);
}

/** Keptn copies the times of a test without reading them; queries cannot do without. */
export function readWindow(window: { start: string; end: string }, hasQueries: boolean): FoundWindow {
  const from = parseTimestamp(window.start);
  const to = parseTimestamp(window.end);
  const unread = [from, to].find((time) => !time.ok);
  if (hasQueries && unread?.ok === false) throw new TerminalError(unread.message, { code: 'NOT_EVALUATED' });
  return { start: window.start, end: window.end, startMs: from.ok ? from.ms : null, endMs: to.ok ? to.ms : null };
}
