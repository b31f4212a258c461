import { isObject, type Plan } from '@slipway/contract';
import { sha256 } from './sha256.ts';

/**
 * The version of a plan: a hash of what it means. Comments, the order of keys and quotes change nothing; the order of lists does,
 * because it is an order.
 */
export function planVersion(plan: Omit<Plan, 'version'>): string {
  return sha256(canonicalJson(plan)).slice(0, 16);
}

/** JSON with sorted keys. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join(',')}}`;
}
