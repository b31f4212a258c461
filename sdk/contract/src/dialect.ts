/**
 * The two spellings of one protocol. `plain` is ours; `keptn` is what services written for Keptn v1 read and write:
 * types and subjects `sh.keptn.event.<type>`, extensions `shkeptncontext`, `triggeredid`. Known nowhere else.
 */
export type Dialect = 'plain' | 'keptn';

const KEPTN_PREFIX = 'sh.keptn.event.';

/** What Keptn 1.4.5's own control plane wrote into its events. */
const KEPTN_SPEC_VERSION = 'latest';

/** What an event type says, in whichever dialect it is spelled. */
export type EventKind =
  | { of: 'sequence'; phase: 'triggered' | 'started' | 'finished'; stage: string; sequence: string }
  | {
      of: 'task';
      phase: 'triggered' | 'started' | 'status.changed' | 'finished' | 'cancelled' | 'invalidated';
      task: string;
    };

const TASK_PHASES: ReadonlySet<string> = new Set(['triggered', 'started', 'finished', 'cancelled', 'invalidated']);
const SEQUENCE_PHASES: ReadonlySet<string> = new Set(['triggered', 'started', 'finished']);

/** Stage, sequence and task names have no dots, so a type parses by its dots. Undefined: not an event of this protocol. */
export function parseEventType(type: string): EventKind | undefined {
  const parts = (type.startsWith(KEPTN_PREFIX) ? type.slice(KEPTN_PREFIX.length) : type).split('.');
  const [first, second, third] = parts;
  if (!first || !second) return undefined;
  if (parts.length === 2 && TASK_PHASES.has(second)) {
    return { of: 'task', phase: second, task: first } as EventKind;
  }
  if (parts.length === 3 && second === 'status' && third === 'changed') {
    return { of: 'task', phase: 'status.changed', task: first };
  }
  if (parts.length === 3 && third !== undefined && SEQUENCE_PHASES.has(third)) {
    return { of: 'sequence', phase: third, stage: first, sequence: second } as EventKind;
  }
  return undefined;
}

/** The type as it is spelled in a dialect, from its plain spelling. */
export function spellType(plainType: string, dialect: Dialect): string {
  return dialect === 'keptn' ? KEPTN_PREFIX + plainType : plainType;
}

/** The type without Keptn's prefix. */
export function plainType(type: string): string {
  return type.startsWith(KEPTN_PREFIX) ? type.slice(KEPTN_PREFIX.length) : type;
}

/** Whether the sender spelled the type as Keptn does. */
export function dialectOf(type: string): Dialect {
  return type.startsWith(KEPTN_PREFIX) ? 'keptn' : 'plain';
}

/** The NATS subject an event of this (plain) type travels on. */
export function subjectOf(options: { dialect: Dialect; project: string; plainType: string }): string {
  return options.dialect === 'keptn'
    ? KEPTN_PREFIX + options.plainType
    : `slipway.${options.project}.${options.plainType}`;
}

type Attributes = { readonly [name: string]: unknown };

/** The context shared by all runs of one trigger, in either spelling. */
export function correlationOf(event: Attributes): string | undefined {
  return text(event.correlationid) ?? text(event.shkeptncontext);
}

/** The id of the event this one answers, in either spelling. */
export function causationOf(event: Attributes): string | undefined {
  return text(event.causationid) ?? text(event.triggeredid);
}

/** The attributes that carry context and cause in a dialect. */
export function linkAttributes(
  dialect: Dialect,
  link: { correlationId: string; causationId?: string | undefined },
): Record<string, string> {
  if (dialect === 'keptn') {
    return link.causationId === undefined
      ? { shkeptncontext: link.correlationId, shkeptnspecversion: KEPTN_SPEC_VERSION }
      : { shkeptncontext: link.correlationId, triggeredid: link.causationId, shkeptnspecversion: KEPTN_SPEC_VERSION };
  }
  return link.causationId === undefined
    ? { correlationid: link.correlationId }
    : { correlationid: link.correlationId, causationid: link.causationId };
}

/** Who the control plane says it is. Keptn services compare with the name they know. */
export function controlPlaneSource(dialect: Dialect): string {
  return dialect === 'keptn' ? 'shipyard-controller' : 'slipway';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
