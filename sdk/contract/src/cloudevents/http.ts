import { decodeBinary, encodeBinary, httpBinary, isEventType } from './binary-mode.ts';
import type { CloudEvent, ContentMode } from './event.ts';
import { stringifyEvent } from './event.ts';
import type { HeaderSource } from './headers.ts';
import { contentTypeOf, readHeaders } from './headers.ts';
import type { CodecLimits } from './limits.ts';
import { defaultCodecLimits } from './limits.ts';
import { isJson, readMediaType } from './media-type.ts';
import type { Refusal } from './problem.ts';
import { quote, refuse } from './problem.ts';
import { decodeJson } from './structured-mode.ts';

/** A request or a response, read. Bytes are better than a string: only of bytes it is known whether they are UTF-8. */
export interface HttpMessage {
  headers: HeaderSource;
  body: Uint8Array | string;
}

export type HttpDecoded = { ok: true; events: CloudEvent[]; mode: ContentMode } | Refusal;

/**
 * Reads the events of an HTTP message (HTTP binding 1.0.2): structured, batch and binary mode, told apart by the content
 * type. For people with curl, `application/json` is read as structured or batch mode as well when no `ce-` header is
 * there. Never throws; a message that breaks a rule gives a problem that names it.
 */
export function decodeHttp(message: HttpMessage, limits: CodecLimits = defaultCodecLimits): HttpDecoded {
  const contentType = contentTypeOf(message.headers);
  // The one spelling that nearly all senders use, and the one that Slipway's own use, before anything is taken apart.
  if (contentType === STRUCTURED || contentType === STRUCTURED_UTF8) {
    return decodeJson(message.body, undefined, 'structured', limits);
  }
  if (contentType !== undefined && isEventType(contentType)) return decodeEventType(message.body, contentType, limits);
  const headers = readHeaders(message.headers);
  if (headers.binary) {
    const decoded = decodeBinary(headers, message.body, httpBinary, limits);
    return decoded.ok ? { ok: true, events: [decoded.event], mode: 'binary' } : decoded;
  }
  if (message.body.length === 0) return refuse('empty-body', 'the body is empty: send a CloudEvent as JSON');
  if (contentType === undefined || isJson(readMediaType(contentType))) {
    return decodeJson(message.body, contentType, 'either', limits);
  }
  return unknownType(contentType);
}

const STRUCTURED = 'application/cloudevents+json';
const STRUCTURED_UTF8 = 'application/cloudevents+json; charset=utf-8';

function decodeEventType(body: Uint8Array | string, contentType: string, limits: CodecLimits): HttpDecoded {
  switch (readMediaType(contentType).essence) {
    case 'application/cloudevents+json':
    case 'application/cloudevents':
      return decodeJson(body, contentType, 'structured', limits);
    case 'application/cloudevents-batch+json':
    case 'application/cloudevents-batch':
      return decodeJson(body, contentType, 'batch', limits);
    default:
      return unknownType(contentType);
  }
}

function unknownType(contentType: string): Refusal {
  const detail =
    `content-type ${quote(contentType)} is not an event's: send application/cloudevents+json, ` +
    'application/cloudevents-batch+json or application/json, or the attributes as ce- headers';
  return refuse('unsupported-media-type', detail);
}

export interface EncodedHttp {
  /** Names in lower case, values in printable ASCII. */
  headers: Record<string, string>;
  body: Uint8Array | string;
}

/**
 * Writes one event, or a batch, as an HTTP message. The few events that binary mode would change (bytes under a text
 * type, empty data, an event as data) are written in structured mode, which every receiver must read as well.
 */
export function encodeHttp(event: CloudEvent, mode: 'binary' | 'structured'): EncodedHttp;
export function encodeHttp(events: readonly CloudEvent[], mode: 'batch'): EncodedHttp;
export function encodeHttp(content: CloudEvent | readonly CloudEvent[], mode: ContentMode): EncodedHttp {
  if (isBatch(content)) {
    const headers = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' };
    return { headers, body: JSON.stringify(content) };
  }
  const binary = mode === 'binary' ? encodeBinary(content, httpBinary) : undefined;
  if (binary !== undefined) return binary;
  return { headers: { 'content-type': STRUCTURED_UTF8 }, body: stringifyEvent(content) };
}

// Array.isArray does not narrow a readonly array out of a union.
function isBatch(content: CloudEvent | readonly CloudEvent[]): content is readonly CloudEvent[] {
  return Array.isArray(content);
}
