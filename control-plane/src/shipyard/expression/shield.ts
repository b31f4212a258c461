import { isObject } from '@slipway/contract';

/**
 * The CEL library tells maps from other values by their `constructor`, so an event whose data has a key of that name would fail
 * every expression that touches it. Such objects become maps here; undefined when there are none, which is nearly always.
 */
export function shieldedScope<Scope extends object>(scope: Scope): Scope | undefined {
  if (!mentionsConstructor(scope)) return undefined;
  return { ...scope, ...Object.fromEntries(Object.entries(scope).map(([name, value]) => [name, shield(value)])) };
}

function mentionsConstructor(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(mentionsConstructor);
  return isObject(value) && (Object.hasOwn(value, 'constructor') || Object.values(value).some(mentionsConstructor));
}

function shield(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shield);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, shield(item)]);
  return Object.hasOwn(value, 'constructor') ? new Map(entries) : Object.fromEntries(entries);
}
