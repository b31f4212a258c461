const POSITION_DIGITS = 16;

/** 48 bits of two FNV-1a hashes, as a number that SQLite and JavaScript both hold exactly. Only an index: equal hashes are looked at. */
export function hashOf(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) + index;
  }
  return (a >>> 0) * 0x10000 + ((b ^ (b >>> 15)) & 0xffff);
}

/** Positions compare as text. */
export function padPosition(position: number): string {
  return String(position).padStart(POSITION_DIGITS, '0');
}

/** Undefined when `text` is not a position of this store. */
export function parsePosition(text: string): number | undefined {
  return /^[0-9]{16}$/.test(text) ? Number(text) : undefined;
}
