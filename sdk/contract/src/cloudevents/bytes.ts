// The contract runs in Node, in browsers and in a compiler that knows neither (`types: []`), so what it uses of the
// platform is declared here, for this file only.
declare const TextDecoder: new (
  encoding: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const atob: (base64: string) => string;
declare const btoa: (binary: string) => string;

// `ignoreBOM: true` means "hand the byte order mark over": it belongs to text data, and the JSON reader drops its own.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text of UTF-8 bytes, or undefined when they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Base64 of RFC 4648 section 4: standard alphabet, padded, nothing else in between. */
export function isBase64(text: string): boolean {
  const { length } = text;
  if (length % 4 !== 0) return false;
  let end = length;
  if (length > 0 && text.charCodeAt(length - 1) === EQUALS) end -= text.charCodeAt(length - 2) === EQUALS ? 2 : 1;
  // A loop and not a pattern: on some megabytes a greedy pattern exhausts the engine's backtracking stack and throws.
  for (let i = 0; i < end; i++) {
    if (!isBase64Digit(text.charCodeAt(i))) return false;
  }
  return true;
}

const EQUALS = 0x3d;

function isBase64Digit(code: number): boolean {
  if (code >= 0x61) return code <= 0x7a;
  if (code >= 0x41) return code <= 0x5a;
  return (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2f;
}

/** The bytes of a base64 text that `isBase64` accepts. */
export function base64ToBytes(base64: string): Uint8Array {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

const CHUNK_BYTES = 8192;

export function bytesToBase64(bytes: Uint8Array): string {
  let binary = '';
  // In chunks, because every byte becomes an argument of one call.
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  }
  return btoa(binary);
}
