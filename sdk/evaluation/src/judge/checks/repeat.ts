import type { Repeat } from '../../slo/extension-types.ts';

export type RepeatState =
  | { readonly done: false }
  | { readonly done: true; readonly holds: boolean; readonly measured: number; readonly failures: number };

/**
 * What repeated measurements say so far: done as soon as no later one can change it. Failing wins over a run of
 * successes, because the limit of failures is the promise.
 */
export function repeatState(outcomes: readonly boolean[], repeat: Repeat): RepeatState {
  let failures = 0;
  let streak = 0;
  for (const [index, holds] of outcomes.entries()) {
    streak = holds ? streak + 1 : 0;
    if (!holds) failures += 1;
    const measured = index + 1;
    if (failures > repeat.failureLimit) return { done: true, holds: false, measured, failures };
    if (repeat.consecutiveSuccess > 0 && streak >= repeat.consecutiveSuccess) {
      return { done: true, holds: true, measured, failures };
    }
    if (measured >= repeat.count) {
      return { done: true, holds: repeat.consecutiveSuccess === 0, measured, failures };
    }
  }
  return { done: false };
}
