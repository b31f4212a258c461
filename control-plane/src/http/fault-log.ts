import type { Logger } from 'pino';
import type { Fault } from './problem.ts';

const REFUSALS_LOGGED_MAX = 100;
const WINDOW_MS = 1000;
/** Nothing is broken: it has more to do than it can, or has been told to end. */
const MEANT = new Set(['overloaded', 'draining']);

/** Logs a request that failed, once: `error` when it is ours, so that a person looks; refusals are for who is curious. */
export type FaultLog = (fault: Fault, request: Record<string, unknown>) => void;

/**
 * A client that sends nothing but nonsense must not fill the disk with it, nor must all clients of a store that is away:
 * above a bound requests are only counted. What is `internal` is always logged: its answer names the line.
 */
export function makeFaultLog(log: Logger): FaultLog {
  let windowStartMs = performance.now();
  let refusals = 0;
  return ({ code, status, detail, cause }, request) => {
    if (code === 'internal') {
      log.error({ ...request, code, status, err: cause }, detail);
      return;
    }
    const nowMs = performance.now();
    if (nowMs - windowStartMs > WINDOW_MS) {
      const unlogged = refusals - REFUSALS_LOGGED_MAX;
      if (unlogged > 0) log.warn({ unlogged }, 'more requests were refused than are logged');
      windowStartMs = nowMs;
      refusals = 0;
    }
    if (++refusals > REFUSALS_LOGGED_MAX) return;
    if (status >= 500 && !MEANT.has(code)) log.error({ ...request, code, status, err: cause }, detail);
    else if (status >= 500 || status === 401 || status === 403) log.warn({ ...request, code, status }, detail);
    else log.info({ ...request, code, status }, detail);
  };
}
