import { LimitExceeded } from './meter.ts';

/** What bounds a value that leaves an expression. */
export type JsonBounds = { charsMax: number };

const DEPTH_MAX = 64;

/**
 * A CEL value as JSON. Whole numbers become JSON's; times and durations their usual text; bytes base64. What JSON cannot hold
 * is an error and never something near it.
 */
export function celToJson(value: unknown, bounds: JsonBounds): unknown {
  return convert(value, { left: bounds.charsMax, max: bounds.charsMax }, 0);
}

type Room = { left: number; max: number };

function convert(value: unknown, room: Room, depth: number): unknown {
  if (depth > DEPTH_MAX) throw new LimitExceeded(`the value is nested deeper than ${DEPTH_MAX} levels`);
  switch (typeof value) {
    case 'string':
      take(room, value.length + 2);
      return value;
    case 'boolean':
      take(room, 4);
      return value;
    case 'number':
      take(room, 8);
      if (!Number.isFinite(value)) throw new Error(`${value} is not a number that JSON can hold`);
      return value;
    case 'bigint':
      take(room, 8);
      return toNumber(value);
    case 'object':
      take(room, 2);
      return value === null ? null : convertObject(value, room, depth);
    default:
      throw new Error('the expression has no value');
  }
}

function convertObject(value: object, room: Room, depth: number): unknown {
  if (Array.isArray(value)) return convertList(value, room, depth);
  if (value instanceof Set) return convertList([...value], room, depth);
  if (value instanceof Map) return convertEntries([...value], room, depth);
  if (value instanceof Uint8Array) return convert(bytesToBase64(value), room, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return convertPlain(value, room, depth);
  // The library's own: unsigned integers and durations; a date has toISOString.
  const own: unknown = 'value' in value ? value.value : undefined;
  if (typeof own === 'bigint') return toNumber(own);
  if ('toISOString' in value && typeof value.toISOString === 'function')
    return convert(value.toISOString(), room, depth);
  if ('seconds' in value && 'nanos' in value) return convert(String(value), room, depth);
  throw new Error('the value of the expression is a type and no data');
}

/** The same object when nothing in it had to change, which is the usual case. */
function convertPlain(value: object, room: Room, depth: number): unknown {
  const entries = Object.entries(value);
  let changed = false;
  for (const entry of entries) {
    take(room, entry[0].length + 4);
    const before: unknown = entry[1];
    entry[1] = convert(before, room, depth + 1);
    changed ||= entry[1] !== before;
  }
  return changed ? Object.fromEntries(entries) : value;
}

function convertList(value: unknown[], room: Room, depth: number): unknown[] {
  let changed = false;
  const items = value.map((item) => {
    const converted = convert(item, room, depth + 1);
    changed ||= converted !== item;
    return converted;
  });
  return changed ? items : value;
}

function convertEntries(entries: [unknown, unknown][], room: Room, depth: number): unknown {
  return Object.fromEntries(
    entries.map(([key, value]) => {
      take(room, String(key).length + 4);
      return [String(key), convert(value, room, depth + 1)];
    }),
  );
}

function take(room: Room, characters: number): void {
  room.left -= characters;
  if (room.left < 0) throw new LimitExceeded(`the value is longer than ${room.max} characters`);
}

function toNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Error(`${value} is beyond 2^53, which JSON numbers do not hold exactly`);
  return number;
}

/** Base64 of bytes, in pieces that fit a call's arguments. */
export function bytesToBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}
