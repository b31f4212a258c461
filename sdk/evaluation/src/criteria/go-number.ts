const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const HEX = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/;
const INFINITE = /^([+-]?)(?:inf|infinity)$/i;
const NAN = /^nan$/i;

/**
 * A number as Go's ParseFloat reads it, or null where it would report an error. It differs from `Number(text)` in hex
 * floats, underscores, infinities, and in refusing what is too large instead of answering Infinity.
 */
export function parseGoFloat(text: string): number | null {
  const infinite = INFINITE.exec(text);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (NAN.test(text)) return Number.NaN;
  const plain = text.includes('_') ? withoutUnderscores(text) : text;
  if (plain === null) return null;
  if (DECIMAL.test(plain)) {
    const value = Number(plain);
    return Number.isFinite(value) ? value : null;
  }
  const hex = HEX.exec(plain);
  return hex ? hexFloat(hex) : null;
}

/** An underscore must stand between two digits (or after a `0x`). */
function withoutUnderscores(text: string): string | null {
  const unsigned = text.replace(/^[+-]/, '');
  const hex = /^0[xX]/.test(unsigned);
  const digit = hex ? '[0-9a-fA-FxX]' : '[0-9]';
  const misplaced = new RegExp(`(?<!${digit})_|_(?!${hex ? '[0-9a-fA-F]' : '[0-9]'})`);
  return misplaced.test(unsigned) ? null : text.replaceAll('_', '');
}

/** Mantissas of up to 13 hex digits are exact; beyond that the last bit may differ from Go's rounding. */
function hexFloat(match: RegExpExecArray): number | null {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const mantissa = Number.parseInt(`${whole}${fraction}`, 16);
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  if (!Number.isFinite(value)) return null;
  return sign === '-' ? -value : value;
}
