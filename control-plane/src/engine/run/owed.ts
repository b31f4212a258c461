import { ownValue } from '@slipway/contract';
import type { Effect, Env, FinishedRun, OpenRun, Run } from '../types.ts';
import { closeRun } from './finish.ts';

/**
 * What an event caused and is still open, to be published again: rule R6. Decided by the stored cause, never by what a
 * broker says about redelivery.
 */
export function againEffects(run: Run, cause: string, env: Env): Effect[] {
  if (run.kind === 'finished') return finalEffects(run, env);
  const effects: Effect[] = [];
  if (run.kind === 'open') {
    for (const one of openDispatches(run, env)) {
      if (one.cause === cause && one.silentSince === undefined) effects.push(one.effect);
    }
  }
  return effects;
}

type Dispatch = {
  cause: string;
  effect: Extract<Effect, { kind: 'publish' }>;
  /** Somebody has it from the bus, and was heard of last at this time; undefined while it still wants somebody. */
  silentSince: number | undefined;
};

/** The triggered events of all attempts that wait for a service, exactly as they were sent. */
export function openDispatches(run: OpenRun, env: Env): Dispatch[] {
  const found: Dispatch[] = [];
  for (const task of env.sequence?.tasks ?? []) {
    const node = ownValue(run.nodes, task.key);
    if (node?.state !== 'open') continue;
    const { number, json, cause, executors } = node.attempt;
    let silentSince: number | undefined;
    if (Object.keys(executors).length >= task.executors) {
      for (const source of Object.keys(executors)) {
        const executor = ownValue(executors, source);
        // Claims have their leases, and who was sent it over HTTP has it.
        if (executor?.way !== 'nats' || executor.finished) continue;
        silentSince = Math.max(silentSince ?? 0, executor.lastSeenAt);
      }
      if (silentSince === undefined) continue;
    }
    const dispatch = { task: task.key, uses: task.uses, attempt: number };
    const id = `${run.id}.${task.key}.${number}`;
    const event = { id, type: `${task.uses}.triggered`, json, dispatch };
    found.push({ cause, silentSince, effect: { kind: 'publish', again: true, event } });
  }
  return found;
}

/** All that the end of a run tells the world, again: computed as it was the first time. */
export function finalEffects(run: FinishedRun, env: Env): Effect[] {
  const told = new Set(run.triggers.map((one) => one.eventId));
  const followers = env.followers.filter(({ target }) => told.has(`${run.id}.triggers.${target.stage}.${target.name}`));
  // What was told was decided then: nothing is computed again.
  const evaluator: Env['evaluator'] = {
    resolve: () => ({ ok: true, value: run.output }),
    evaluate: () => ({ ok: true, value: true }),
    faultOf: () => undefined,
  };
  const { effects } = closeRun(run, { env: { ...env, followers, evaluator }, at: run.finishedAt }, run);
  const ids = new Set<string>();
  const isNew = (id: string): boolean => ids.size < ids.add(id).size;
  return effects
    .filter((effect) => effect.kind !== 'publish' || isNew(effect.event.id))
    .map((effect) => (effect.kind === 'publish' ? { ...effect, again: true } : effect));
}
