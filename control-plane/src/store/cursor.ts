import { hash } from 'node:crypto';
import { InvalidCursor } from './store.ts';

const CHECK_LENGTH = 10;
const TEXT_MAX = 1_024;

type List = 'runs' | 'events' | 'evaluations';

/** A place in a list as text that says nothing to whoever holds it, with a check so that a mangled one is noticed. */
export function writeCursor(kind: List, place: string): string {
  return Buffer.from(`${checkOf(kind, place)}${place}`).toString('base64url');
}

export function readCursor(kind: List, cursor: string): string {
  if (cursor.length <= TEXT_MAX) {
    const text = Buffer.from(cursor, 'base64url').toString();
    const place = text.slice(CHECK_LENGTH);
    // Decoding forgives what encoding never writes: only the very text that we gave out is ours.
    if (place !== '' && writeCursor(kind, place) === cursor) return place;
  }
  throw new InvalidCursor(`'${cursor.slice(0, 40)}' is not a cursor of this list`);
}

function checkOf(kind: string, place: string): string {
  return hash('sha256', `${kind} ${place}`, 'base64url').slice(0, CHECK_LENGTH);
}
