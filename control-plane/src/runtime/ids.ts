import { hash } from 'node:crypto';
import { isObject } from '@slipway/contract';

/**
 * A run's id is a function of its trigger's (source, id): whoever sees a repeat of the trigger, on whatever replica,
 * comes to the same run, and inserting its first entry is what makes it exist once. UUID v5 in form.
 */
export function runIdOf(source: string, id: string): string {
  const hex = hash('sha1', `slipway\n${source}\n${id}`, 'hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Tells a repeat of an event from another event that uses its id. */
export function bodyHashOf(json: string): string {
  return hash('sha1', json, 'base64url').slice(0, 22);
}

/** JSON with the keys of each object in one order: who writes a map out again need not write it as before. */
export function inOneOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOneOrder).join()}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${inOneOrder(value[key])}`).join()}}`;
}

/** Names a text by what it says. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}
