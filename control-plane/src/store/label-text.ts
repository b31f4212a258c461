/**
 * A label as both stores index it. No other key and value give the same text, though a key may hold `=`: it stands there
 * as a control character, which no key has.
 */
export function labelText(key: string, value: string): string {
  return `${key.replaceAll('=', '\u0001')}=${value}`;
}
