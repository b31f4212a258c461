import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Accepted, CloudEvent } from '@slipway/contract';
import { decodeHttp, isByHand, ownValue, parseEventType } from '@slipway/contract';
import { EVENT_BYTES_MAX, type ReceivedEvent } from '../runtime/control-plane.ts';
import type { Caller } from './auth.ts';
import { BODY_BYTES_MAX, readBody } from './body.ts';
import type { Door } from './door.ts';
import { JSON_TYPE, send } from './door.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { faultOfEvent, isProblemCode, quoted, Refused, refused } from './problem.ts';
import { readQuery } from './query.ts';

const WAIT_S_MAX = 300;
const STRUCTURED = 'application/cloudevents';
const BATCH = 'application/cloudevents-batch';

/** `POST /v1/events`. Answers once the events are durable and what they caused is published. Resolves to the status. */
export async function takeEvents(door: Door, req: IncomingMessage, res: ServerResponse): Promise<number> {
  const caller = door.auth.require(req, 'events:write');
  refuseQuery(req.url ?? '');
  const idempotencyKey = idempotencyKeyOf(req);
  const contentType = req.headers['content-type'];
  // In binary mode the type is known before the body is read.
  refuseTriggers(door, [req.headers['ce-type']]);
  const body = await readBody(req, mayBeBatch(contentType) ? BODY_BYTES_MAX : EVENT_BYTES_MAX);
  // Node joins headers that were sent twice with a comma, which in binary mode would be an id nobody sent.
  const headers = contentType?.startsWith(STRUCTURED) ? req.headers : req.headersDistinct;
  const decoded = decodeHttp({ headers, body });
  if (!decoded.ok) throw new Refused(faultOfEvent(decoded.problem));
  if (decoded.mode === 'binary' && decoded.events[0]?.data_base64 !== undefined) throw notJson(contentType);
  const events = decoded.events.map((one) => signed(one, caller));
  const received: ReceivedEvent[] = body.length > EVENT_BYTES_MAX ? weigh(events) : events.map(asIs);
  const [event] = events;
  if (event === undefined) {
    send(res, 200, JSON_TYPE, '{"items":[]}');
    return 200;
  }
  refuseTriggers(
    door,
    decoded.events.map(({ type }) => type),
  );
  const accepted = await door.plane.submit(received, {
    idempotencyKey,
    way: 'http',
    isBatch: decoded.mode === 'batch',
  });
  if (decoded.mode === 'batch') {
    send(res, 202, JSON_TYPE, JSON.stringify(accepted));
    return 202;
  }
  return answerOne(door, { req, res, event, accepted, caller: caller.name });
}

/** New runs wait while there is too much to do; answers, which end work, never do. */
function refuseTriggers(door: Door, types: readonly unknown[]): void {
  if (door.load.level() < 2) return;
  const isTrigger = (type: unknown): boolean => typeof type === 'string' && parseEventType(type)?.of === 'sequence';
  if (types.some(isTrigger))
    throw refused('overloaded', 'this server is behind with its work: send new runs again in a moment');
}

/** The author of an answer by hand is the token's owner; without tokens, the event's own `by` counts. */
function signed(event: CloudEvent, caller: Caller): CloudEvent {
  return caller.way === 'open' || !isByHand(event.source) ? event : { ...event, by: caller.name };
}

/** In binary mode the content type is the type of `data`: bytes that are no JSON would become `data_base64`, which nobody sent. */
function notJson(contentType: string | undefined): Refused {
  const detail = `content-type ${quoted(contentType ?? '')} is not JSON: send the data of the event with content-type application/json`;
  return refused('unsupported-media-type', detail);
}

function asIs(event: CloudEvent): ReceivedEvent {
  return { event };
}

/** In a body larger than one event may be, each event is written out to see whether it is one. */
function weigh(events: readonly CloudEvent[]): ReceivedEvent[] {
  return events.map((event, index) => {
    const json = JSON.stringify(event);
    if (json.length <= EVENT_BYTES_MAX && Buffer.byteLength(json) <= EVENT_BYTES_MAX) return { event, json };
    const detail = `event ${index} is larger than 1 MB: POST its data to /v1/data first, and name what that answers in dataref`;
    throw refused('too-large', detail, { errors: [{ code: 'too-large', detail, pointer: `/${index}` }] });
  });
}

function mayBeBatch(contentType: string | undefined): boolean {
  return contentType === undefined || contentType.startsWith(BATCH) || contentType.startsWith('application/json');
}

type One = { req: IncomingMessage; res: ServerResponse; event: CloudEvent; accepted: Accepted; caller: string };

async function answerOne(door: Door, { req, res, event, accepted, caller }: One): Promise<number> {
  const [item] = accepted.items;
  if (item?.outcome === 'ignored') throw ignored(event, item.code);
  const kind = parseEventType(event.type);
  const isTrigger = kind?.of === 'sequence' && kind.phase === 'triggered';
  if (!isTrigger || item?.run === undefined) {
    send(res, 202, JSON_TYPE, JSON.stringify(accepted));
    return 202;
  }
  const { run } = item;
  const location = `/v1/runs/${encodeURIComponent(run)}`;
  const waitS = waitOf(req);
  if (waitS !== undefined) {
    using client = door.waits.begin({ req, caller });
    const waited = await door.plane.waitForRun(run, waitS * 1000, client.signal);
    const applied = ['location', location, 'preference-applied', `wait=${waitS}`];
    const status = waited === undefined ? 202 : 200;
    send(res, status, JSON_TYPE, JSON.stringify(waited ?? accepted), applied);
    return status;
  }
  const status = item.outcome === 'duplicate' ? 200 : 202;
  send(res, status, JSON_TYPE, JSON.stringify(accepted), ['location', location]);
  return status;
}

/** An answer that came too late, or to nothing. It is kept for people to see, and its sender learns that it was in vain. */
function ignored(event: CloudEvent, reason: string | undefined): Refused {
  if (reason === 'spoof') {
    const detail = `${event.type} does not answer that attempt: its task is another`;
    return refused('identity-mismatch', detail, { errors: [{ code: reason, detail, pointer: '/type' }] });
  }
  const code = reason !== undefined && isProblemCode(reason) ? reason : 'attempt-over';
  const errors = reason === undefined || reason === code ? [] : [{ code: reason, detail: `event ${event.id}` }];
  return refused(code, ownValue(WHY_IGNORED, reason ?? code) ?? WHY_IGNORED[code] ?? `it changed nothing: ${reason}`, {
    errors,
  });
}

const WHY_IGNORED: Readonly<Record<string, string>> = {
  'attempt-over':
    'the attempt that this answers is over (finished, retried, timed out or cancelled): it was kept and changed nothing',
  'duplicate-answer':
    'this source has answered that attempt already, and its first answer stands: this one was kept and changed nothing',
  'id-reused':
    'an event with this source and id came before with another content, and stands: send a new event under an id of its own',
  'unknown-run':
    'there is no run with this attempt, or retention has deleted it: causationid is the id of a triggered event',
  'unknown-attempt': 'its run has no such attempt: causationid is the id of the triggered event that is answered',
};

function refuseQuery(url: string): void {
  const start = url.indexOf('?');
  if (start !== -1) readQuery({}, url.slice(start + 1));
}

/** Seconds of `Prefer: wait=N`. What is no number is no preference (RFC 7240), and nobody waits longer than the bound. */
function waitOf(req: IncomingMessage): number | undefined {
  const { prefer } = req.headers;
  if (prefer === undefined) return undefined;
  const text = Array.isArray(prefer) ? prefer.join(',') : prefer;
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(text)?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), WAIT_S_MAX);
}
