import { parseEventType, type Subscription } from '@slipway/contract';
import type { Delivery } from './delivery.ts';

type Wish = {
  types: readonly string[];
  mode?: Subscription['mode'] | Subscription['encoding'] | undefined;
  encoding?: Subscription['encoding'] | undefined;
};

/**
 * What a subscription does with the work it is sent, and how events are encoded. Earlier programs said the encoding by
 * `mode`, and a sink did every task whose trigger it took: there, one that names the trigger of a task still does it.
 */
export function modeOf({ types, mode, encoding }: Wish): Pick<Subscription, 'mode' | 'encoding'> {
  if (mode !== 'binary' && mode !== 'structured')
    return { mode: mode ?? 'observe', encoding: encoding ?? 'structured' };
  return { mode: types.some(namesTask) ? 'execute' : 'observe', encoding: encoding ?? mode };
}

function namesTask(type: string): boolean {
  const kind = parseEventType(type);
  return kind?.of === 'task' && kind.phase === 'triggered' && !type.includes('*');
}

/** As it is stored, also by an earlier program. */
export function readSubscription(value: unknown): Subscription {
  const stored = value as Subscription;
  return { ...stored, ...modeOf(stored) };
}

export function viewOf(subscription: Subscription, delivery: Delivery, matched: number | undefined): Subscription {
  const { failures, lastError, lastDeliveredAt } = delivery;
  return {
    ...subscription,
    matched: matched ?? delivery.matched ?? 0,
    failures,
    ...(lastError === undefined ? {} : { lastError }),
    ...(lastDeliveredAt === undefined ? {} : { lastDeliveredAt }),
  };
}
