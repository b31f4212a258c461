import { z } from 'zod';

/** How the work on a task or sequence ended, technically. */
export const statusSchema = z.enum(['succeeded', 'errored', 'aborted', 'unknown']);
export type Status = z.infer<typeof statusSchema>;

/** What the work found. `warning` goes on like `pass`; `fail` ends a linear sequence. */
export const resultSchema = z.enum(['pass', 'warning', 'fail']);
export type Result = z.infer<typeof resultSchema>;

/** What a failed attempt says of itself, in `data.error` of its finished event. */
export const taskErrorSchema = z.object({
  /** Stable word for `retry.when`, such as `NOT_FOUND`; the control plane's own are TIMEOUT, START_TIMEOUT, HEARTBEAT_LOST, LEASE_LOST, INVALID_RESULT, EXPRESSION. */
  code: z.string().max(256),
  message: z.string().max(8192).optional(),
  /** false: a repeat cannot help (the SDK's TerminalError). */
  retryable: z.boolean().optional(),
  /** The service's own wish for the delay before the next attempt, in ms (the SDK's RetryAfter). */
  retryAfterMs: z.number().int().nonnegative().optional(),
});
export type TaskError = z.infer<typeof taskErrorSchema>;

const RESULT_ORDER: Record<Result, number> = { pass: 0, warning: 1, fail: 2 };

/** fail > warning > pass. */
export function worstResult(a: Result, b: Result): Result {
  return RESULT_ORDER[a] >= RESULT_ORDER[b] ? a : b;
}
