import { canonicalJson, type Plan } from '@slipway/contract';
import { sha256 } from './sha256.ts';

/**
 * The version of a plan: a hash of what it means. Comments, the order of keys and quotes change nothing; the order of lists does,
 * because it is an order.
 */
export function planVersion(plan: Omit<Plan, 'version'>): string {
  return sha256(canonicalJson(plan)).slice(0, 16);
}
