import { hash } from 'node:crypto';

const POSITION_DIGITS = 16;

/** 48 bits of a hash, as a number that SQLite and JavaScript both hold exactly. */
export function hashOf(text: string): number {
  return Number.parseInt(hash('sha1', text, 'hex').slice(0, 12), 16);
}

/** Positions compare as text. */
export function padPosition(position: number): string {
  return String(position).padStart(POSITION_DIGITS, '0');
}

/** Undefined when `text` is not a position of this store. */
export function parsePosition(text: string): number | undefined {
  return /^[0-9]{16}$/.test(text) ? Number(text) : undefined;
}
