import type { RunView, TaskView, Why } from '@slipway/contract';
import type { Client } from '@slipway/sdk';

/** A task that waits although no service for it is connected, and what starts one. */
export type Unserved = { task: string; sentence: string; hint: string | undefined };

/** A service that is just restarting is back by then. */
const PATIENCE_MS = 2_000;
const ASK_EVERY_MS = 4_000;

/** Finds the tasks of a run that no service is connected for. Asks the server only while an attempt waits to be started. */
export function watchUnserved(
  client: Client,
  run: string,
): (view: RunView, signal: AbortSignal) => Promise<Unserved[]> {
  let found: Unserved[] = [];
  let waitingSince: number | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return async (view, signal) => {
    const now = performance.now();
    if (view.state === 'finished' || !view.tasks.some(waitsForService)) {
      waitingSince = undefined;
      found = [];
      return found;
    }
    waitingSince ??= now;
    if (now - waitingSince < PATIENCE_MS || now - askedAt < ASK_EVERY_MS) return found;
    askedAt = now;
    try {
      found = (await client.whyRun({ run }, { signal })).reasons.flatMap((reason) =>
        reason.code === 'no-service' && reason.task !== undefined
          ? [{ task: reason.task, sentence: reason.sentence, hint: hintOf(reason, client) }]
          : [],
      );
    } catch {
      // The next look at the run meets the same error and reports it.
    }
    return found;
  };
}

/** What helps, with the address of the server, which the server does not know. */
export function hintOf(reason: Why['reasons'][number], client: Client): string | undefined {
  return reason.hint?.replaceAll('$SLIPWAY_SERVER', client.server);
}

function waitsForService({ state, attempts }: TaskView): boolean {
  return state === 'open' && (attempts.at(-1)?.executors.length ?? 0) === 0;
}
