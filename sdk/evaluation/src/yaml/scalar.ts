import type { ScalarTag } from './tree.ts';

const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const BOOLS = new Set(['true', 'True', 'TRUE', 'false', 'False', 'FALSE']);
const TRUE_WORDS = new Set(['true', 'True', 'TRUE', 'y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']);
const FALSE_WORDS = new Set(['false', 'False', 'FALSE', 'n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF']);
const NOT_FINITE = /^([+-]?)\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;
const INTEGER = /^[+-]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/;
const FLOAT = /^[+-]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]+)?$/;
const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * What an unquoted word means. These are the rules of the decoder that Keptn used: YAML 1.2's words with 1.1's octal
 * numbers and underscores. `yes` and `on` stay text here and become true only where a boolean is wanted
 * (`truthOf`), which is why no ready schema of a YAML library fits.
 */
export function resolvePlain(text: string): { tag: ScalarTag; number?: number } {
  if (NULLS.has(text)) return { tag: '!!null' };
  if (BOOLS.has(text)) return { tag: '!!bool' };
  const first = text.charCodeAt(0);
  const numeric = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (!numeric) return { tag: '!!str' };
  const special = NOT_FINITE.exec(text);
  if (special) {
    if (special[1] === undefined) return { tag: '!!float', number: Number.NaN };
    return { tag: '!!float', number: special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY };
  }
  if (TIMESTAMP.test(text)) return { tag: '!!timestamp' };
  const plain = first === 46 ? text : text.replaceAll('_', '');
  if (INTEGER.test(plain)) return { tag: '!!int', number: integerOf(plain) };
  if (FLOAT.test(plain)) {
    const number = Number(plain);
    if (Number.isFinite(number)) return { tag: '!!float', number };
  }
  return { tag: '!!str' };
}

function integerOf(plain: string): number {
  const negative = plain.startsWith('-');
  const digits = /^[+-]/.test(plain) ? plain.slice(1) : plain;
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = Number(octal);
  return negative ? -value : value;
}

/**
 * The boolean a scalar stands for where a boolean is wanted, or null. A quoted "yes" counts and a quoted "true" does
 * not: the reference decoder compares words only after it has failed to find a typed boolean.
 */
export function truthOf(scalar: { text: string; tag: ScalarTag; quoted: boolean }): boolean | null {
  if (scalar.quoted && BOOLS.has(scalar.text)) return null;
  if (scalar.tag !== '!!bool' && scalar.tag !== '!!str') return null;
  if (TRUE_WORDS.has(scalar.text)) return true;
  if (FALSE_WORDS.has(scalar.text)) return false;
  return null;
}
