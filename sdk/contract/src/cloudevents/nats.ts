import { decodeBinary, encodeBinary, isEventType, natsBinary } from './binary-mode.ts';
import type { CloudEvent } from './event.ts';
import { stringifyEvent } from './event.ts';
import type { HeaderSource } from './headers.ts';
import { readHeaders } from './headers.ts';
import type { CodecLimits } from './limits.ts';
import { defaultCodecLimits } from './limits.ts';
import { readMediaType } from './media-type.ts';
import type { Refusal } from './problem.ts';
import { quote, refuse } from './problem.ts';
import { decodeJson } from './structured-mode.ts';

/** A message as the NATS client gives it; it has no headers when none were sent. */
export interface NatsMessage {
  headers?: HeaderSource | undefined;
  data: Uint8Array | string;
}

export type NatsDecoded = { ok: true; event: CloudEvent; mode: 'binary' | 'structured' } | Refusal;

/**
 * Reads the event of a NATS message. A content type of CloudEvents means structured mode, `ce-` headers mean binary
 * mode, and neither means structured mode too: so write Keptn's services, and everything older than NATS 2.2.
 * The binding has no batch mode. Never throws.
 */
export function decodeNats(message: NatsMessage, limits: CodecLimits = defaultCodecLimits): NatsDecoded {
  if (message.headers === undefined) return decodeStructured(message.data, undefined, limits);
  const headers = readHeaders(message.headers);
  const { contentType } = headers;
  if (contentType !== undefined && isEventType(contentType)) {
    const { essence } = readMediaType(contentType);
    if (essence === 'application/cloudevents+json' || essence === 'application/cloudevents') {
      return decodeStructured(message.data, contentType, limits);
    }
    const detail = `content-type ${quote(contentType)} cannot be read from the bus: send application/cloudevents+json`;
    return refuse('unsupported-media-type', detail);
  }
  if (!headers.binary) return decodeStructured(message.data, contentType, limits);
  const decoded = decodeBinary(headers, message.data, natsBinary, limits);
  return decoded.ok ? { ok: true, event: decoded.event, mode: 'binary' } : decoded;
}

function decodeStructured(
  data: Uint8Array | string,
  contentType: string | undefined,
  limits: CodecLimits,
): NatsDecoded {
  const decoded = decodeJson(data, contentType, 'structured', limits);
  if (!decoded.ok) return decoded;
  const [event] = decoded.events;
  return event === undefined
    ? refuse('not-an-event', 'the message holds no event')
    : { ok: true, event, mode: 'structured' };
}

export interface EncodedNats {
  headers: Record<string, string>;
  data: Uint8Array | string;
}

/**
 * Writes an event as a NATS message. In binary mode `datacontenttype` is the header `ce-datacontenttype`, as that
 * binding wants it and unlike HTTP. What binary mode would change is written in structured mode.
 */
export function encodeNats(event: CloudEvent, mode: 'binary' | 'structured'): EncodedNats {
  const binary = mode === 'binary' ? encodeBinary(event, natsBinary) : undefined;
  if (binary !== undefined) return { headers: binary.headers, data: binary.body };
  return { headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' }, data: stringifyEvent(event) };
}
