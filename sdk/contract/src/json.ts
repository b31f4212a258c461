import { ownValue, putOwn } from './own-value.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: unknown };

/** A JSON object, as opposed to an array, null or a scalar. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON with the keys of each object in one order: of two values that say the same it is the same, for a hash of them. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value)
    .filter((key) => ownValue(value, key) !== undefined)
    .toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(ownValue(value, key))}`).join(',')}}`;
}

/**
 * Later wins, key by key; objects merge, arrays and scalars are replaced. Neither argument is changed.
 * `__proto__` is a key like any other here (own property), never the prototype.
 */
export function mergeData(earlier: JsonObject, later: JsonObject): JsonObject {
  const merged: JsonObject = { ...earlier };
  for (const key of Object.keys(later)) {
    const value = ownValue(later, key);
    const before = ownValue(merged, key);
    putOwn(merged, key, isObject(value) && isObject(before) ? mergeData(before, value) : value);
  }
  return merged;
}
