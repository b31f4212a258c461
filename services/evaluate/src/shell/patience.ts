import { setTimeout as sleep } from 'node:timers/promises';
import { ServerUnreachable, SlipwayProblem } from '@slipway/sdk';

const FIRST_MS = 100;
const MAX_MS = 5_000;

/** Asks the control plane, and again while it is away or busy: it may be restarting. What it refuses for good is thrown at once. */
export async function patiently<T>(
  ask: () => Promise<T>,
  options: { untilMs: number; signal: AbortSignal },
): Promise<T> {
  const { untilMs, signal } = options;
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      const delayMs = Math.max(retryAfterMs(error), Math.min(MAX_MS, FIRST_MS * 2 ** tries));
      if (!isTransient(error) || performance.now() + delayMs >= untilMs) throw error;
      await sleep(delayMs, undefined, { signal });
    }
  }
}

export function isTransient(error: unknown): boolean {
  if (error instanceof ServerUnreachable) return true;
  return error instanceof SlipwayProblem && (error.status === 429 || error.status >= 500);
}

const retryAfterMs = (error: unknown): number =>
  error instanceof SlipwayProblem ? (error.problem.retryAfterMs ?? 0) : 0;

/** What an error of the control plane says, and the way out where it is a missing permission. */
export function wordsOf(error: unknown, permission: string): string {
  const why = error instanceof Error ? error.message : String(error);
  return error instanceof SlipwayProblem && error.status === 403 ? `${why}; the token needs ${permission}` : why;
}
