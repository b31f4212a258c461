/**
 * Where the characters of a scalar's value stand in the text, so that a problem inside a string is shown at its very place.
 * Undefined where lines were folded or indentation was taken away: then the scalar as a whole has to do.
 */
export function scalarOffsets(written: {
  raw: string;
  value: string;
  style: 'double' | 'single' | 'other';
}): ((index: number) => number) | undefined {
  const { raw, value, style } = written;
  if (raw === value) return (index) => index;
  if (style === 'other' || raw.includes('\n')) return undefined;
  const offsets: number[] = [];
  let at = 0;
  while (at < raw.length) {
    const length = style === 'double' ? escapeLength(raw, at) : raw.startsWith("''", at) ? 2 : 1;
    offsets.push(at);
    // An escape above the basic plane stands for two UTF-16 units.
    if (length === ESCAPE_U32) {
      const code = Number.parseInt(raw.slice(at + 2, at + length), 16);
      if (code > 0xffff) offsets.push(at);
    }
    at += length;
  }
  offsets.push(raw.length);
  return (index) => offsets[index] ?? raw.length;
}

const ESCAPE_U32 = 10;

function escapeLength(raw: string, at: number): number {
  if (raw[at] !== '\\') return 1;
  const kind = raw[at + 1];
  return kind === 'x' ? 4 : kind === 'u' ? 6 : kind === 'U' ? ESCAPE_U32 : 2;
}
