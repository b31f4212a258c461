import { hash } from 'node:crypto';

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

/** Names a text by what it says. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}
