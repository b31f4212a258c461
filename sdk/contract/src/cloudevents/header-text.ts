import { textOf } from './bytes.ts';

// How attribute values are written in headers (HTTP binding 1.0.2, section 3.1.3.2; the NATS binding has the same text).

const PLAIN = /^[\x21\x23\x24\x26-\x7e]*$/;
const NOT_PLAIN = /[^\x21\x23\x24\x26-\x7e]+/g;

/**
 * Percent-encodes space, double quote, percent and everything outside printable ASCII, so a value can never end its
 * header or begin another. `encodeURIComponent` is only shown characters that must be encoded, and encodes all of them.
 */
export function encodeHeaderText(value: string): string {
  if (PLAIN.test(value)) return value;
  return value.toWellFormed().replace(NOT_PLAIN, (run) => encodeURIComponent(run));
}

/**
 * The attribute's text, or undefined when its percent-encoded bytes are not UTF-8. Lenient otherwise: quoted strings of
 * older senders are unquoted, lower-case digits and needless encoding are read, and a percent sign that begins no
 * encoding stands for itself.
 */
export function decodeHeaderText(value: string): string | undefined {
  const text = unquote(trimSpace(value));
  if (!text.includes('%')) return text;
  try {
    return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => decodeURIComponent(run));
  } catch {
    return undefined;
  }
}

/**
 * HTTP hands header bytes over as Latin-1. A sender that does not percent-encode most likely meant UTF-8 (curl in a
 * UTF-8 terminal), so bytes that are UTF-8 are read as such and anything else is left as Latin-1.
 */
export function undoLatin1(value: string): string {
  if (PLAIN.test(value) || !/^[\0-\xff]*$/.test(value)) return value;
  return textOf(Uint8Array.from(value, (char) => char.charCodeAt(0))) ?? value;
}

function trimSpace(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(value.charCodeAt(start))) start++;
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/gs, '$1');
}
