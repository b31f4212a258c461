import { randomUUID } from 'node:crypto';
import type { CloudEvent } from '@slipway/contract';
import { causationOf, correlationOf, plainType, spellType } from '@slipway/contract';
import { KeptnError } from './reply.ts';

const SPEC_VERSION = '0.2.4';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const UUID_BYTES = 16;

/** An event as Keptn's clients read it. They refuse a whole page for one time that isn't RFC 3339. */
export function keptnEvent(event: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const correlation = correlationOf(event);
  const causation = causationOf(event);
  const { contenttype, datacontenttype, correlationid: _c, causationid: _t, ...rest } = event;
  return {
    ...rest,
    contenttype: contenttype ?? datacontenttype ?? 'application/json',
    data: event.data ?? {},
    shkeptnspecversion: SPEC_VERSION,
    ...(correlation === undefined ? {} : { shkeptncontext: correlation }),
    ...(causation === undefined ? {} : { triggeredid: causation }),
    time: timeText(event.time),
    type: spellType(plainType(String(event.type)), 'keptn'),
  };
}

function timeText(time: unknown): string {
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return new Date(Number.isNaN(at) ? 0 : at).toISOString();
}

/** Reads a body of `POST /v1/event`, and fills in what Keptn's own gateway filled in. A given id stays: a client repeats with it. */
export function receivedEvent(body: unknown, now: number): CloudEvent & { shkeptncontext: string } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new KeptnError(400, 'Invalid request format: the body must be a JSON object');
  }
  const { contenttype, datacontenttype, extensions, labels, ...given } = body as Record<string, unknown>;
  const { type, source, id, time, specversion } = given;
  if (typeof type !== 'string' || type === '')
    throw new KeptnError(400, 'Invalid request format: type must not be empty');
  if (typeof source !== 'string' || source === '') {
    throw new KeptnError(400, 'Invalid request format: source must not be empty');
  }
  const event: Record<string, unknown> = { ...given };
  // Go writes null for what is absent.
  for (const [key, value] of Object.entries(event)) if (value === null) delete event[key];
  return {
    ...event,
    specversion: typeof specversion === 'string' && specversion !== '' ? specversion : '1.0',
    id: typeof id === 'string' && id !== '' ? id : randomUUID(),
    source,
    type,
    time: givenTime(time) ?? new Date(now).toISOString(),
    datacontenttype: mediaType(datacontenttype) ?? mediaType(contenttype) ?? 'application/json',
    shkeptncontext: contextId(given.shkeptncontext),
  } as CloudEvent & { shkeptncontext: string };
}

function mediaType(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Go's zero time means no time. */
function givenTime(time: unknown): string | undefined {
  return typeof time === 'string' && time !== '' && !time.startsWith('0001-') ? time : undefined;
}

/** A context that isn't a UUID becomes one of its first sixteen bytes, padded with blanks, as Keptn did. */
export function contextId(given: unknown): string {
  if (typeof given !== 'string' || given === '') return randomUUID();
  if (UUID.test(given)) return given;
  const bytes = Buffer.alloc(UUID_BYTES, ' ');
  Buffer.from(given).copy(bytes, 0, 0, UUID_BYTES);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
