const BASE_MS = 100;
const CAP_MS = 10_000;

/**
 * How long to wait before the next try: full jitter between nothing and twice as long each time, so that a thousand
 * services do not come back in the same moment; and never before what the server asked for.
 */
export function backoffMs(failures: number, retryAfterMs = 0): number {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures, 16));
  return Math.min(retryAfterMs, RETRY_AFTER_MAX_MS) + Math.random() * ceiling;
}

/** `Retry-After` in seconds or as a date, in ms from now; 0 when it is not there or not readable. */
export function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : 0;
}

/** Nobody is believed who wants us to be away for longer. */
const RETRY_AFTER_MAX_MS = 60_000;
