import { isObject } from '../json.ts';
import { bytesOf, textOf } from './bytes.ts';
import type { Position } from './json-fault.ts';
import { findChangedNumber, findDuplicateKey, findSyntaxFault, positionOf } from './json-fault.ts';
import type { CodecLimits } from './limits.ts';
import type { Refusal } from './problem.ts';
import { pointerTo, quote, refuse } from './problem.ts';

export type ParsedJson = { ok: true; value: unknown } | Refusal;

export interface ParseOptions {
  /** The text is an array of events: count them, and count keys for each event on its own. */
  batch: boolean;
  /** Levels of nesting around `data`: 1 in an event, 2 in a batch, 0 when the text is the data itself. */
  envelopeDepth: number;
  /** Keys that belong to the same event but stand outside this text (the headers of binary mode). */
  keysBefore: number;
}

/** JSON as it came and as what it says. Both are needed, and most messages come as bytes: nothing is converted twice. */
export interface JsonText {
  text: string;
  bytes: Uint8Array;
}

/** Why a body is no text. Editors and shells on Windows write UTF-16, which says so by its first two bytes. */
export function notUtf8(body: Uint8Array | string): string {
  const [first, second] = typeof body === 'string' ? [] : body;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isUtf16 ? 'the body is UTF-16: save it as UTF-8 and send it again' : 'the body is not UTF-8';
}

/** The JSON text of a body, without its byte order mark; undefined when it is not UTF-8. */
export function jsonTextOf(body: Uint8Array | string): JsonText | undefined {
  const text = typeof body === 'string' ? body : textOf(body);
  if (text === undefined) return undefined;
  const bytes = typeof body === 'string' ? bytesOf(body) : body;
  if (text.charCodeAt(0) !== BYTE_ORDER_MARK) return { text, bytes };
  return { text: text.slice(1), bytes: bytes.subarray(BYTE_ORDER_MARK_BYTES) };
}

/**
 * `JSON.parse` with what it leaves out: bounds on nesting, keys and events, checked before anything is built, no key twice
 * in any object, and nothing that another reader of the same text would not have (RFC 7493): a number beyond those there
 * are becomes Infinity and is written as null, and half of a pair of surrogates is refused by strict parsers. Never throws.
 *
 * Duplicates cost no table of keys. The scan counts the keys that are written (a colon outside a string is one key),
 * and the parsed value has fewer exactly when a later key has replaced an earlier one. Only then is the text walked
 * again, slowly, to name the key and its place.
 */
export function parseJson(json: JsonText, options: ParseOptions, limits: CodecLimits): ParsedJson {
  const scan = scanJson(json.bytes, options, limits);
  if (scan.fault !== undefined) {
    const before = textOf(json.bytes.subarray(0, scan.at)) ?? '';
    return boundExceeded(positionOf(json.text, before.length), scan.fault, limits);
  }
  let value: unknown;
  try {
    value = JSON.parse(json.text);
  } catch {
    return malformed(json.text);
  }
  const counted: Counted = { keys: 0, isOdd: false };
  countKeys(value, counted);
  if (counted.isOdd || scan.hasSurrogate || !json.text.isWellFormed()) {
    const found = findInData(value, options.envelopeDepth, []);
    if (found !== undefined) return uncarried(found);
    const changed = counted.isOdd ? findChangedNumber(json.text) : undefined;
    if (changed !== undefined) return uncarried(changed);
  }
  if (counted.keys < scan.keys) return duplicated(json.text);
  return { ok: true, value };
}

const BYTE_ORDER_MARK = 0xfeff;
const BYTE_ORDER_MARK_BYTES = 3;
const QUOTATION = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const LETTER_A = 0x61;
const LETTER_D = 0x64;
const LETTER_U = 0x75;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

type Bound = 'too-deep' | 'too-many-keys' | 'batch-too-large';
interface Scan {
  keys: number;
  /** A surrogate is written as an escape, which alone it must not be. */
  hasSurrogate: boolean;
  fault: Bound | undefined;
  at: number;
}

/**
 * One pass over the bytes: every character that matters here is ASCII, and no byte of a longer character looks like one.
 * (Over a text that has just been decoded the same pass takes three times as long.) On text that is not JSON the counts
 * mean nothing, but then `JSON.parse` refuses.
 */
function scanJson(bytes: Uint8Array, options: ParseOptions, limits: CodecLimits): Scan {
  const { length } = bytes;
  const depthMax = limits.depthMax + options.envelopeDepth;
  let depth = 0;
  let keys = 0;
  let eventKeys = options.keysBefore;
  let events = 1;
  let hasSurrogate = false;
  for (let at = 0; at < length; at++) {
    switch (bytes[at]) {
      case QUOTATION:
        for (at++; at < length; at++) {
          const code = bytes[at];
          if (code === QUOTATION) break;
          if (code === BACKSLASH && bytes[++at] === LETTER_U && isD(bytes[at + 1]))
            hasSurrogate ||= isFrom8(bytes[at + 2]);
        }
        break;
      case COLON:
        keys++;
        if (++eventKeys > limits.keysMax) return { keys, hasSurrogate, fault: 'too-many-keys', at };
        break;
      case COMMA:
        if (depth === 1 && options.batch) {
          eventKeys = 0;
          if (++events > limits.batchMax) return { keys, hasSurrogate, fault: 'batch-too-large', at };
        }
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > depthMax) return { keys, hasSurrogate, fault: 'too-deep', at };
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        break;
    }
  }
  return { keys, hasSurrogate, fault: undefined, at: length };
}

/** The second digit of D800 to DFFF, in either case. */
function isFrom8(code: number | undefined): boolean {
  return code !== undefined && (code === 0x38 || code === 0x39 || (code | 0x20) >= LETTER_A);
}

function isD(code: number | undefined): boolean {
  return code !== undefined && (code | 0x20) === LETTER_D;
}

/** `isOdd`: a number is there that may not be the one that was written: without end, -0, or a whole one beyond 2^53. */
type Counted = { keys: number; isOdd: boolean };

/** Every key of every object. Recursive: the scan before it has bounded the depth. */
function countKeys(value: unknown, counted: Counted): void {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) ? Object.is(value, -0) : !(Math.abs(value) < 2 ** 53)) counted.isOdd = true;
  } else if (Array.isArray(value)) {
    for (const item of value) countKeys(item, counted);
  } else if (isObject(value)) {
    // Not `Object.values`: it would build an array for every object of every event.
    for (const key in value) {
      counted.keys++;
      countKeys(value[key], counted);
    }
  }
}

type Uncarried = { path: (string | number)[]; reason: string };

/** In the data alone: an attribute is refused by its own name. */
function findInData(value: unknown, envelopeDepth: number, path: (string | number)[]): Uncarried | undefined {
  if (envelopeDepth === 0) return findUncarried(value, path);
  if (envelopeDepth === 1) return isObject(value) ? findUncarried(value.data, [...path, 'data']) : undefined;
  for (const [index, event] of Array.isArray(value) ? value.entries() : []) {
    const found = findInData(event, 1, [...path, index]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findUncarried(value: unknown, path: (string | number)[]): Uncarried | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return { path, reason: 'the number is too large' };
  if (typeof value === 'string' && !value.isWellFormed()) return { path, reason: HALF };
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = findUncarried(item, [...path, index]);
      if (found !== undefined) return found;
    }
  } else if (isObject(value)) {
    for (const key in value) {
      if (!key.isWellFormed()) return { path, reason: `in a key, ${HALF}` };
      const found = findUncarried(value[key], [...path, key]);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

const HALF = 'half of a pair of surrogates stands alone';

function uncarried({ path, reason }: Uncarried): Refusal {
  const pointer = pointerTo(path);
  const detail = `${reason}, which not every reader of JSON would take as it is: it is at ${pointer === '' ? 'the top' : quote(pointer)}`;
  return refuse('malformed-json', detail, { pointer });
}

function boundExceeded({ line, column }: Position, bound: Bound, limits: CodecLimits): Refusal {
  const where = `line ${line} column ${column}`;
  switch (bound) {
    case 'too-deep':
      return refuse(bound, `data is nested deeper than ${limits.depthMax} levels at ${where}`, { line, column });
    case 'too-many-keys':
      return refuse(
        bound,
        `the event has more than ${limits.keysMax} keys; number ${limits.keysMax + 1} is at ${where}`,
        {
          line,
          column,
        },
      );
    case 'batch-too-large':
      return refuse(bound, `the batch has more than ${limits.batchMax} events: send it in several requests`);
  }
}

function malformed(text: string): Refusal {
  const fault = findSyntaxFault(text);
  if (fault === undefined) return refuse('malformed-json', 'the body is not JSON');
  const { line, column } = positionOf(text, fault.at);
  return refuse('malformed-json', `the body is not JSON: ${fault.reason} at line ${line} column ${column}`, {
    line,
    column,
  });
}

function duplicated(text: string): Refusal {
  const found = findDuplicateKey(text);
  if (found === undefined) return refuse('duplicate-key', 'an object has the same key twice');
  const { line, column } = positionOf(text, found.at);
  const detail = `the key ${quote(found.key)} is written twice in one object, the second time at line ${line} column ${column}`;
  return refuse('duplicate-key', detail, { pointer: pointerTo([...found.path, found.key]), line, column });
}
