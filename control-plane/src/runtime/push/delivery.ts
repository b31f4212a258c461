import { isObject } from '@slipway/contract';
import type { StoredDocument } from '../../store/store.ts';

/** The clocks of two replicas may differ by so much. */
export const SKEW_MAX_MS = 2_000;
/** One replica delivers for a subscription; when it is not heard of for so long, another does. */
export const LEASE_MS = 10_000;

/** What is kept beside a subscription, in a document of its own, so that changing one never overwrites the other. */
export type Delivery = {
  position: string;
  /** Attempts that were open then, when it was made, are to be delivered first; undefined once they are. */
  backlogUntil?: number | undefined;
  owner?: string | undefined;
  until?: number | undefined;
  failures: number;
  /** Events that have matched up to `position`; absent in what an older program wrote. */
  matched?: number;
  lastError?: string;
  lastDeliveredAt?: number;
};

export function deliveryOf(document: StoredDocument | undefined): Delivery {
  const { value } = document ?? {};
  if (isObject(value)) return value as Delivery;
  // As it was before 0.2: the position alone.
  return { position: typeof value === 'string' ? value : '', failures: 0 };
}

/** A time that lies further ahead than any lease was written before a clock was set back. */
export function isHeld({ until = 0 }: Delivery, now: number): boolean {
  return until > now && until <= now + LEASE_MS + SKEW_MAX_MS;
}
