import type { RetryPlan, TaskError } from '@slipway/contract';

const RETRY_AFTER_MAX_MS = 24 * 3_600_000;

/** The delay before attempt `next`, ms. `random` in [0, 1) decides the jittered part. */
export function retryDelayMs(retry: RetryPlan, next: number, random: number, error: TaskError | undefined): number {
  if (error?.retryAfterMs !== undefined) return Math.min(error.retryAfterMs, RETRY_AFTER_MAX_MS);
  const round = Math.max(0, next - 2);
  const factor =
    retry.backoff === 'exponential' ? 2 ** Math.min(round, 52) : retry.backoff === 'linear' ? round + 1 : 1;
  const full = Math.min(retry.delayMs * factor, retry.maxDelayMs);
  return Math.round(full * (1 - retry.jitter * random));
}
