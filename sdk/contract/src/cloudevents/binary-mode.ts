import { base64ToBytes, bytesOf, bytesToBase64, textOf } from './bytes.ts';
import type { CheckedEvent } from './envelope.ts';
import { checkEvent } from './envelope.ts';
import type { CloudEvent } from './event.ts';
import { decodeHeaderText, encodeHeaderText, undoLatin1 } from './header-text.ts';
import type { EventHeaders } from './headers.ts';
import { jsonTextOf, notUtf8, parseJson } from './json-scan.ts';
import type { CodecLimits } from './limits.ts';
import { dataKindOf, isUtf8, readMediaType, refuseCharset } from './media-type.ts';
import type { EventProblemCode, Refusal } from './problem.ts';
import { quote, refuse } from './problem.ts';

/** Binary mode, in which HTTP and NATS differ in two points only. */
export interface BinaryDialect {
  /** The header of `datacontenttype`: HTTP has one of its own for that, NATS has not. */
  dataContentType: 'content-type' | 'ce-datacontenttype';
  /** Header values arrive as Latin-1 whatever was sent. */
  latin1Values: boolean;
}

export const httpBinary: BinaryDialect = { dataContentType: 'content-type', latin1Values: true };
export const natsBinary: BinaryDialect = { dataContentType: 'ce-datacontenttype', latin1Values: false };

/** The event whose attributes are headers and whose data is the body. */
export function decodeBinary(
  headers: EventHeaders,
  body: Uint8Array | string,
  dialect: BinaryDialect,
  limits: CodecLimits,
): CheckedEvent {
  const members: [string, unknown][] = [];
  for (const [name, values] of headers.attributes) {
    const read = attributeOf(name, values, dialect, limits);
    if (!read.ok) return read;
    members.push([name, read.text]);
  }
  const contentType = headers.contentType?.trim() || undefined;
  if (contentType !== undefined && !headers.attributes.has('datacontenttype')) {
    members.push(['datacontenttype', contentType]);
  }
  // Object.fromEntries defines members and assigns none, so no name in a header reaches a prototype.
  const checked = checkEvent(Object.fromEntries(members), limits);
  if (!checked.ok) return withoutPointer(checked);
  const data = decodeData(body, checked.event.datacontenttype, members.length, limits);
  return data.ok ? { ok: true, event: Object.assign(checked.event, data.members) } : data;
}

/** A header has no place in the JSON text. */
function withoutPointer({ problem }: Refusal): Refusal {
  const { pointer: _, ...others } = problem;
  return { ok: false, problem: others };
}

type AttributeText = { ok: true; text: string } | Refusal;

function attributeOf(
  name: string,
  values: readonly string[],
  dialect: BinaryDialect,
  limits: CodecLimits,
): AttributeText {
  if (name === 'datacontenttype' && dialect.dataContentType === 'content-type') {
    return refuseHeader(name, 'must not be sent in binary mode: content-type says it');
  }
  if (name === 'data' || name === 'data_base64') {
    return refuseHeader(name, 'must not be sent in binary mode: the body is the data');
  }
  const [value = ''] = values;
  if (values.length > 1) return refuseHeader(name, `was sent ${values.length} times`);
  // Twelve characters of percent-encoding are the most that one character takes, so what is longer than this cannot fit.
  if (value.length > ENCODED_MAX * Math.max(limits.uriMax, limits.attributeMax)) {
    return refuseHeader(name, `has ${value.length} characters`, 'attribute-too-long');
  }
  const text = decodeHeaderText(dialect.latin1Values ? undoLatin1(value) : value);
  if (text !== undefined) return { ok: true, text };
  return refuseHeader(name, 'is not UTF-8 once its percent-encoding is undone: write UTF-8 bytes as %XX');
}

function refuseHeader(name: string, reason: string, code: EventProblemCode = 'invalid-attribute'): Refusal {
  const attribute = name.length > 64 ? `${name.slice(0, 64)}...` : name;
  return refuse(code, `the header ${quote(`ce-${name}`)} ${reason}`, { attribute });
}

const ENCODED_MAX = 12;

type DecodedData = { ok: true; members: { data?: unknown; data_base64?: string } } | Refusal;

/** An empty body is an event without data, whatever the content type says. */
function decodeData(
  body: Uint8Array | string,
  contentType: string | undefined,
  attributes: number,
  limits: CodecLimits,
): DecodedData {
  if (body.length === 0) return { ok: true, members: {} };
  // Nobody said what the bytes are, so nothing is made of them: unlike the JSON format, binary mode implies no JSON.
  const kind = contentType === undefined ? 'bytes' : dataKindOf(contentType);
  if (kind === 'bytes') return { ok: true, members: { data_base64: base64Of(body) } };
  if (kind === 'text') {
    const text = typeof body === 'string' ? body : textOf(body);
    return { ok: true, members: text === undefined ? { data_base64: base64Of(body) } : { data: text } };
  }
  const charset = refuseCharset(contentType);
  if (charset !== undefined) return charset;
  const json = jsonTextOf(body);
  if (json === undefined) return refuse('malformed-json', notUtf8(body));
  const parsed = parseJson(json, { batch: false, envelopeDepth: 0, keysBefore: attributes + 1 }, limits);
  return parsed.ok ? { ok: true, members: { data: parsed.value } } : parsed;
}

function base64Of(body: Uint8Array | string): string {
  return bytesToBase64(typeof body === 'string' ? bytesOf(body) : body);
}

export interface BinaryMessage {
  headers: Record<string, string>;
  body: Uint8Array | string;
}

/**
 * The event as headers and body, or undefined when binary mode would change it: bytes that carry the type of text or
 * JSON come out as such, empty data comes out as no data, and over HTTP an event inside an event looks like structured
 * mode.
 */
export function encodeBinary(event: CloudEvent, dialect: BinaryDialect): BinaryMessage | undefined {
  const body = encodeData(event);
  if (body === undefined) return undefined;
  const { specversion, id, source, type, datacontenttype, data, data_base64: _, ...others } = event;
  const isOwnHeader = dialect.dataContentType === 'ce-datacontenttype';
  if (!isOwnHeader && datacontenttype !== undefined && isEventType(datacontenttype)) return undefined;
  const headers: Record<string, string> = {
    'ce-specversion': specversion,
    'ce-id': encodeHeaderText(id),
    'ce-source': encodeHeaderText(source),
    'ce-type': encodeHeaderText(type),
  };
  for (const name in others) {
    const value = others[name];
    if (value !== undefined) headers[`ce-${name}`] = encodeHeaderText(String(value));
  }
  // Without a type the JSON format implies JSON; binary mode does not, so here it is said.
  const contentType = datacontenttype ?? (data === undefined ? undefined : 'application/json');
  if (contentType !== undefined) {
    headers[dialect.dataContentType] = isOwnHeader ? encodeHeaderText(contentType) : contentType;
  }
  return { headers, body };
}

/** True for what makes a receiver read a message in structured or batch mode. */
export function isEventType(contentType: string): boolean {
  return contentType.slice(0, EVENT_TYPE.length).toLowerCase() === EVENT_TYPE;
}

const EVENT_TYPE = 'application/cloudevents';

function encodeData({ data, data_base64: base64, datacontenttype }: CloudEvent): Uint8Array | string | undefined {
  if (data === undefined && base64 === undefined) return '';
  const kind = datacontenttype === undefined && base64 !== undefined ? 'bytes' : dataKindOf(datacontenttype);
  switch (kind) {
    case 'json': {
      const readable = datacontenttype === undefined || isUtf8(readMediaType(datacontenttype));
      return data !== undefined && readable ? JSON.stringify(data) : undefined;
    }
    case 'text':
      return typeof data === 'string' && data !== '' && data.isWellFormed() ? data : undefined;
    case 'bytes':
      return base64 !== undefined && base64 !== '' ? base64ToBytes(base64) : undefined;
  }
}
