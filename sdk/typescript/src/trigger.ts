import type { CloudEvent, Dialect, JsonObject } from '@slipway/contract';
import {
  causationOf,
  correlationOf,
  dialectOf,
  isObject,
  linkAttributes,
  parseAttemptId,
  parseEventType,
  spellType,
} from '@slipway/contract';

/** A `<task>.triggered` event, read: one attempt of one task. */
export interface Trigger {
  readonly event: CloudEvent;
  readonly dialect: Dialect;
  readonly task: string;
  readonly data: JsonObject;
  readonly correlationId: string;
  /** The silence that the shipyard allows between signs of life; undefined when it says nothing of it. */
  readonly heartbeatMs: number | undefined;
}

/** Which projects, stages and services a task service works for; all where nothing is said. */
export interface Filter {
  project?: string | undefined;
  stage?: string | undefined;
  service?: string | undefined;
}

/** What an event says to a task service: do this, leave it, or nothing that concerns it. */
export type Message =
  | { kind: 'triggered'; trigger: Trigger }
  | { kind: 'cancelled'; attemptId: string }
  | { kind: 'other' };

export function readMessage(event: CloudEvent): Message {
  const kind = parseEventType(event.type);
  if (kind?.of !== 'task') return { kind: 'other' };
  if (kind.phase === 'cancelled') {
    const attemptId = causationOf(event);
    return attemptId === undefined ? { kind: 'other' } : { kind: 'cancelled', attemptId };
  }
  if (kind.phase !== 'triggered') return { kind: 'other' };
  return { kind: 'triggered', trigger: readTrigger(event, kind.task) };
}

function readTrigger(event: CloudEvent, task: string): Trigger {
  const data = isObject(event.data) ? event.data : {};
  const correlationId = correlationOf(event) ?? event.id;
  return { event, dialect: dialectOf(event.type), task, data, correlationId, heartbeatMs: heartbeatOf(event) };
}

/** A number, or its digits where the event came in headers. */
function heartbeatOf({ heartbeatms }: CloudEvent): number | undefined {
  const ms = typeof heartbeatms === 'number' || typeof heartbeatms === 'string' ? Number(heartbeatms) : 0;
  return ms > 0 ? ms : undefined;
}

export function projectOf(data: JsonObject): string {
  return textOf(data.project) ?? 'default';
}

/** The run that an attempt belongs to, and which attempt it is; Keptn's own events name neither. */
export function placeOf(trigger: Trigger): { runId: string; attempt: number } {
  const ref = parseAttemptId(trigger.event.id);
  return { runId: ref?.run ?? trigger.event.subject ?? trigger.correlationId, attempt: ref?.attempt ?? 1 };
}

export function matches(filter: Filter, data: JsonObject): boolean {
  return (
    (filter.project === undefined || filter.project === projectOf(data)) &&
    (filter.stage === undefined || filter.stage === data.stage) &&
    (filter.service === undefined || filter.service === data.service)
  );
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** An event that answers a trigger, as it goes out. */
export interface Answer {
  readonly id: string;
  readonly attemptId: string;
  readonly phase: 'started' | 'status.changed' | 'finished';
  readonly dialect: Dialect;
  readonly project: string;
  /** Without Keptn's prefix. */
  readonly plainType: string;
  /** The CloudEvent, one line of JSON. */
  readonly json: string;
}

export function answerTo(
  trigger: Trigger,
  answer: { phase: Answer['phase']; source: string; data: JsonObject },
): Answer {
  const { event, dialect, task } = trigger;
  // It begins as the attempt's own id does: who looks for the event finds its run without an index.
  const id = `${event.id}.${answer.phase}.${crypto.randomUUID().slice(0, 13)}`;
  const plainType = `${task}.${answer.phase}`;
  const link = linkAttributes(dialect, { correlationId: trigger.correlationId, causationId: event.id });
  const carried =
    event.traceparent === undefined ? undefined : { traceparent: event.traceparent, tracestate: event.tracestate };
  const json = JSON.stringify({
    specversion: '1.0',
    id,
    source: answer.source,
    type: spellType(plainType, dialect),
    subject: event.subject,
    time: isoNow(),
    datacontenttype: 'application/json',
    ...link,
    ...carried,
    data: answer.data,
  });
  return { id, attemptId: event.id, phase: answer.phase, dialect, project: projectOf(trigger.data), plainType, json };
}

let lastAt = 0;
let lastText = '';

/** Answers come many in a millisecond, and the text of a time is dearer than its event's id. */
function isoNow(): string {
  const at = Date.now();
  if (at !== lastAt) {
    lastAt = at;
    lastText = new Date(at).toISOString();
  }
  return lastText;
}

/** Where an answer belongs, as Keptn's services repeat it. */
export function whereabouts(trigger: Trigger): JsonObject {
  const { project, stage, service, labels } = trigger.data;
  const where: JsonObject = { project: textOf(project) ?? 'default' };
  if (stage !== undefined) where.stage = stage;
  if (service !== undefined) where.service = service;
  if (trigger.dialect === 'keptn' && labels !== undefined) where.labels = labels;
  return where;
}

/** What a started event says. Keptn's services repeat what the trigger said of the task before, and call it succeeded. */
export function startedData(trigger: Trigger): JsonObject {
  const where = whereabouts(trigger);
  if (trigger.dialect !== 'keptn') return where;
  const { result, message } = trigger.data;
  where.status = 'succeeded';
  if (textOf(result) !== undefined) where.result = result;
  if (textOf(message) !== undefined) where.message = message;
  return where;
}
