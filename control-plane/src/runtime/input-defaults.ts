import { isObject, type JsonObject, ownValue, putOwn } from '@slipway/contract';
import { targetOf } from '../shipyard/index.ts';

/** Schemas that are looked at for one trigger: `allOf` and `$ref` may lead to many. */
const LOOKS_MAX = 10_000;
const DEPTH_MAX = 32;

type Walk = { root: object; looks: number };

/**
 * The members that a sequence's `input` schema gives a default and the trigger's data lack; undefined where there are none.
 * Only what stands under `properties`, also by `$ref` and `allOf`: what `anyOf` or `if` say depends on the data's validity.
 * Computed once, at the door, and kept with the trigger: a later shipyard must not change what a journal folds to.
 */
export function defaultsOf(schema: Record<string, unknown>, data: JsonObject): JsonObject | undefined {
  const missing = lacking(schema, data, { root: schema, looks: 0 }, 0);
  return Object.keys(missing).length === 0 ? undefined : missing;
}

function lacking(schema: unknown, data: JsonObject, walk: Walk, depth: number): JsonObject {
  const missing: JsonObject = {};
  if (!isObject(schema) || depth > DEPTH_MAX || ++walk.looks > LOOKS_MAX) return missing;
  const parts = [schema.$ref === undefined ? undefined : targetOf(schema.$ref, walk.root)];
  if (Array.isArray(schema.allOf)) parts.push(...schema.allOf);
  for (const part of parts) if (part !== undefined) Object.assign(missing, lacking(part, data, walk, depth + 1));
  if (!isObject(schema.properties)) return missing;
  for (const [key, property] of Object.entries(schema.properties)) {
    if (key === '__proto__' || !isObject(property)) continue;
    const target = property.$ref === undefined ? undefined : targetOf(property.$ref, walk.root);
    const given = property.default ?? (isObject(target) ? target.default : undefined);
    const value = Object.hasOwn(data, key) ? ownValue(data, key) : given;
    if (!Object.hasOwn(data, key) && value !== undefined) putOwn(missing, key, value);
    if (!isObject(value)) continue;
    const within = lacking(property, value, walk, depth + 1);
    const before = ownValue(missing, key);
    if (Object.keys(within).length > 0) putOwn(missing, key, { ...(isObject(before) ? before : {}), ...within });
  }
  return missing;
}
