import type { CloudEvent, EventKind, JsonObject } from '@slipway/contract';
import {
  canonicalJson,
  causationOf,
  correlationOf,
  faultInNamingText,
  isByHand,
  isName,
  isObject,
  mergeData,
  nearestName,
  ownValue,
  parseAttemptId,
  parseEventType,
  plainType,
  stringifyEvent,
} from '@slipway/contract';
import type { RunInput, Way } from '../engine/index.ts';
import { answerProblem } from '../engine/index.ts';
import type { Clock } from './clock.ts';
import type { ReceivedEvent } from './control-plane.ts';
import { Refusal } from './control-plane.ts';
import { bodyHashOf, runIdOf } from './ids.ts';
import { defaultsOf } from './input-defaults.ts';
import { inputProblem } from './input-schema.ts';
import { isOwnSource, triggeringRun } from './own-triggers.ts';
import type { ProjectBook } from './project-book.ts';

/** A cycle is stopped here, or after as many runs as the shipyard has sequences: no chain without a cycle is longer. */
const TRIGGER_DEPTH_MIN = 32;
const LABELS_MAX = 64;
const LABEL_KEY_MAX_CHARS = 128;
const LABEL_MAX_CHARS = 1024;
const SERVICE_MAX_CHARS = 256;

/** What a received event becomes: an input for a run, or the reason why it is nothing to us. */
export type Ingested =
  | { run: string; input: RunInput; isNew: boolean; correlationId: string | undefined }
  | { run: undefined; ignored: string; detail?: string; correlationId: string | undefined };

export type IngestContext = {
  book: ProjectBook;
  /** Marks what a `<task>.invalidated` is about. */
  evaluations: { noteInvalidated(event: CloudEvent, task: string, project: string | undefined): Promise<void> };
  clock: Clock;
  way: Way;
  /** Over the bus nobody can be told what is wrong: what can be is told by a run that has failed, the rest is ignored. */
  lenient: boolean;
  /** The control plane has sent it to itself: it is true, and no limit of what others may send is for it. */
  isOwn?: boolean;
  /** As the bus' subject names it. */
  project?: string | undefined;
  idempotencyKey?: string | undefined;
};

/** Makes an input of an event, at once when what it needs is in memory. Throws Refusal when the sender must be told. */
export function ingest(received: ReceivedEvent, context: IngestContext): Ingested | Promise<Ingested> {
  const { event } = received;
  if (context.isOwn !== true) {
    if (isOwnSource(event.source))
      return refuse(
        context,
        'reserved-source',
        event,
        `the source '${event.source}' belongs to the control plane: send the event with a source of your own`,
        '/source',
      );
    if (triggeringRun(event.id) !== undefined)
      return refuse(
        context,
        'reserved-id',
        event,
        'ids of the form <run>.triggers.<stage>.<sequence> belong to the control plane: choose another id',
        '/id',
      );
  }
  const kind = parseEventType(event.type);
  if (!kind)
    return refuse(
      context,
      'unknown-event-type',
      event,
      `'${event.type.slice(0, 120)}' is not an event type of this protocol: <stage>.<sequence>.triggered, <task>.started, <task>.status.changed or <task>.finished`,
    );
  // Nobody reads such data: to take the event would be to lose them.
  if (event.data_base64 !== undefined)
    return refuse(
      context,
      'invalid-data',
      event,
      'data_base64 is not read: send a JSON object as data',
      '/data_base64',
    );
  if (kind.of === 'sequence') {
    if (kind.phase !== 'triggered')
      return refuse(context, 'unknown-event-type', event, `${event.type} is sent by the control plane only`);
    return ingestTrigger(received, kind, context);
  }
  if (kind.phase === 'triggered' || kind.phase === 'cancelled') {
    return refuse(
      context,
      'unknown-event-type',
      event,
      `${event.type} is sent by the control plane only; answers are started, status.changed and finished, and a person may send invalidated`,
    );
  }
  const ingested = ingestAnswer(received, kind.task, kind.phase, context);
  if (kind.phase !== 'invalidated' || ingested.run === undefined) return ingested;
  return context.evaluations.noteInvalidated(event, kind.task, context.project).then(() => ingested);
}

function ingestAnswer(
  { event, json }: ReceivedEvent,
  uses: string,
  phase: Extract<RunInput, { kind: 'answer' }>['phase'],
  context: IngestContext,
): Ingested {
  const causation = causationOf(event);
  const ref = causation === undefined ? undefined : parseAttemptId(causation);
  if (!ref) {
    const said =
      causation === undefined
        ? 'it has no causationid'
        : `'${causation.slice(0, 80)}' is not the id of a triggered event`;
    return refuse(
      context,
      'unknown-attempt',
      event,
      `${said}: name the id of the ${uses}.triggered event that is answered`,
    );
  }
  if (!context.lenient) {
    const problem = answerProblem(event.data);
    if (problem)
      throw new Refusal('invalid-result', problem.message, {
        errors: [{ code: 'invalid-result', detail: problem.message, pointer: problem.pointer }],
      });
    refuseLabels(event.data);
  }
  return {
    run: ref.run,
    isNew: false,
    correlationId: correlationOf(event),
    input: {
      kind: 'answer',
      phase,
      at: context.clock.now(),
      task: ref.task,
      attempt: ref.attempt,
      way: context.way,
      ...(context.project === undefined ? {} : { project: context.project }),
      // On the bus any service may write any source.
      ...(context.way === 'http' && phase === 'finished' && isByHand(event.source) ? { byHand: true } : {}),
      random: context.clock.random(),
      event,
      json: oneLine(json, event),
    },
  };
}

function ingestTrigger(
  received: ReceivedEvent,
  kind: Extract<EventKind, { of: 'sequence' }>,
  context: IngestContext,
): Ingested | Promise<Ingested> {
  const { event } = received;
  const data: JsonObject = isObject(event.data) ? event.data : {};
  if (event.data !== undefined && event.data !== null && !isObject(event.data)) {
    return refuse(context, 'invalid-data', event, 'the data of a trigger must be a JSON object');
  }
  const said = typeof data.project === 'string' && data.project !== '' ? data.project : undefined;
  if (context.project !== undefined && said !== undefined && said !== context.project) {
    return refuse(
      context,
      'identity-mismatch',
      event,
      `the subject says project ${context.project}, the data says ${said}`,
    );
  }
  const project = context.project ?? said ?? 'default';
  if (!isName(project))
    return refuse(
      context,
      'invalid-name',
      event,
      `data.project '${String(project).slice(0, 80)}' is not a project's name`,
    );
  // Its lists and logs must stay readable, so not even a run that has failed may carry such a name.
  const unnamed = context.isOwn ? undefined : namingProblem(data);
  if (unnamed) return refuse(context, unnamed.code, event, unnamed.detail, unnamed.pointer);
  const problem = context.isOwn ? undefined : dataProblem(data, kind);
  // Over the bus a run that has failed tells what is wrong, where its project and stage are known.
  const isTold = problem !== undefined && context.lenient && problem.code !== 'identity-mismatch';
  if (problem && !isTold) return refuse(context, problem.code, event, problem.detail, problem.pointer);
  const known = context.book.peek(project);
  if (known) return makeTrigger(received, kind, data, project, known, context, problem?.detail);
  return context.book.load(project).then(async (loaded) => {
    if (loaded) return makeTrigger(received, kind, data, project, loaded, context, problem?.detail);
    if (context.lenient) return { run: undefined, ignored: 'unknown-project', correlationId: correlationOf(event) };
    await context.book.get(project);
    throw new Refusal(
      'no-shipyard',
      `project ${project} has no shipyard yet: PUT one to /v1/projects/${project}/shipyard`,
    );
  });
}

function dataProblem(
  data: JsonObject,
  kind: { stage: string },
): { code: 'identity-mismatch' | 'invalid-data' | 'invalid-input'; detail: string; pointer: string } | undefined {
  if (typeof data.stage === 'string' && data.stage !== '' && data.stage !== kind.stage) {
    return {
      code: 'identity-mismatch',
      detail: `the type says stage ${kind.stage}, data.stage says ${data.stage.slice(0, 80)}`,
      pointer: '/data/stage',
    };
  }
  if (
    data.service !== undefined &&
    data.service !== null &&
    (typeof data.service !== 'string' || data.service.length > SERVICE_MAX_CHARS)
  ) {
    return {
      code: 'invalid-data',
      detail: `data.service must be a text of at most ${SERVICE_MAX_CHARS} characters`,
      pointer: '/data/service',
    };
  }
  return labelsProblem(data.labels);
}

function labelsProblem(labels: unknown): { code: 'invalid-input'; detail: string; pointer: string } | undefined {
  if (labels === undefined || labels === null) return undefined;
  const problem = (detail: string, key?: string) => ({
    code: 'invalid-input' as const,
    detail,
    pointer: `/data/labels${key === undefined ? '' : `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`}`,
  });
  if (!isObject(labels)) return problem('data.labels must be an object of texts');
  const keys = Object.keys(labels);
  if (keys.length > LABELS_MAX) return problem(`data.labels has ${keys.length} labels, and ${LABELS_MAX} is the limit`);
  for (const key of keys) {
    const value = ownValue(labels, key);
    const shown = `'${key.slice(0, 40)}'`;
    if (key.length > LABEL_KEY_MAX_CHARS)
      return problem(`the key of label ${shown} has over ${LABEL_KEY_MAX_CHARS} characters`);
    // As in Keptn, whose labels are texts: null is the empty one.
    if (value !== null && typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      return problem(`label ${shown} must be a text`, key);
    if (String(value).length > LABEL_MAX_CHARS)
      return problem(`label ${shown} has over ${LABEL_MAX_CHARS} characters`, key);
  }
  return undefined;
}

function namingProblem(
  data: JsonObject,
): { code: 'invalid-data' | 'invalid-input'; detail: string; pointer: string } | undefined {
  const unnamed = typeof data.service === 'string' ? faultInNamingText(data.service) : undefined;
  if (unnamed !== undefined)
    return { code: 'invalid-data', detail: `data.service ${unnamed}`, pointer: '/data/service' };
  const labels = isObject(data.labels) ? Object.entries(data.labels) : [];
  // Of more than there may be, the number is refused.
  for (const [key, value] of labels.slice(0, LABELS_MAX)) {
    const fault = namingFaultInLabel(key, value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function namingFaultInLabel(
  key: string,
  value: unknown,
): { code: 'invalid-input'; detail: string; pointer: string } | undefined {
  const fault = faultInNamingText(key) ?? (typeof value === 'string' ? faultInNamingText(value) : undefined);
  if (fault === undefined) return undefined;
  const pointer = `/data/labels/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return { code: 'invalid-input', detail: `a label's key and value ${fault}`, pointer };
}

/** On the bus nobody could be told, and an answer that is dropped would leave its run waiting. */
function refuseLabels(data: unknown): void {
  if (!isObject(data) || !isObject(data.labels)) return;
  for (const [key, value] of Object.entries(data.labels)) {
    const fault = namingFaultInLabel(key, value);
    if (fault !== undefined) throw new Refusal(fault.code, fault.detail, { errors: [fault] });
  }
}

function makeTrigger(
  { event, json }: ReceivedEvent,
  kind: Extract<EventKind, { of: 'sequence' }>,
  data: JsonObject,
  project: string,
  known: NonNullable<ReturnType<ProjectBook['peek']>>,
  context: IngestContext,
  problem: string | undefined,
): Ingested {
  const env = known.envOf(kind.stage, kind.sequence);
  const plan = known.plan;
  if (!env.sequence && !context.lenient) throw unknownSequence(plan, kind);
  // It comes from outside as well, where a negative one would buy a longer chain.
  const depth = Math.max(0, Math.floor(Number(event.triggerdepth ?? 0)) || 0);
  let refusal = problem;
  if (refusal === undefined && depth > TRIGGER_DEPTH_MIN && depth > sequencesIn(plan)) {
    const limit = Math.max(TRIGGER_DEPTH_MIN, sequencesIn(plan));
    const deep = `runs have triggered each other ${depth} times, and ${limit} is the limit`;
    if (!context.lenient)
      throw new Refusal('trigger-depth', deep, {
        errors: [{ code: 'trigger-depth', detail: deep, pointer: '/triggerdepth' }],
      });
    refusal = `trigger-depth: ${deep}`;
  }
  const schema = refusal === undefined ? env.sequence?.input : undefined;
  const defaults = schema ? defaultsOf(schema, data) : undefined;
  const wrong = schema ? inputProblem(schema, defaults ? mergeData(defaults, data) : data) : undefined;
  if (wrong) {
    if (!context.lenient)
      throw new Refusal('invalid-input', `data does not fit the sequence's input: ${wrong.detail}`, {
        errors: wrong.errors,
      });
    refusal = `the trigger's data does not fit the sequence's input: ${wrong.detail}`;
  }
  const text = oneLine(json, event);
  const run =
    context.idempotencyKey === undefined
      ? runIdOf(event.source, event.id)
      : runIdOf('idempotency-key', `${project}\n${context.idempotencyKey}`);
  const correlationId = correlationOf(event) ?? run;
  const triggeredBy = triggeringRun(event.id);
  const input: RunInput = {
    kind: 'trigger',
    at: context.clock.now(),
    run,
    project,
    stage: kind.stage,
    sequence: kind.sequence,
    dialect: known.project.dialect,
    planVersion: plan.version,
    correlationId,
    bodyHash: bodyHashOf(
      context.idempotencyKey === undefined
        ? `${plainType(event.type)}\n${canonicalJson(event.data ?? null)}`
        : context.idempotencyKey,
    ),
    depth,
    lenient: context.lenient,
    event,
    json: text,
  };
  if (triggeredBy !== undefined) input.triggeredBy = triggeredBy;
  if (defaults !== undefined) input.defaults = defaults;
  if (refusal !== undefined) input.refusal = refusal;
  if (env.sequence?.edges !== undefined) input.rules = 2;
  for (const _key in known.project.config) {
    input.config = known.project.config;
    break;
  }
  return { run, input, isNew: true, correlationId };
}

function sequencesIn(plan: { stages: readonly { sequences: readonly unknown[] }[] }): number {
  return plan.stages.reduce((sum, { sequences }) => sum + sequences.length, 0);
}

function unknownSequence(
  plan: { stages: { name: string; sequences: { name: string }[] }[] },
  kind: { stage: string; sequence: string },
): Refusal {
  const stage = plan.stages.find((one) => one.name === kind.stage);
  if (!stage) {
    const names = plan.stages.map((one) => one.name);
    const nearest = nearestName(kind.stage, names);
    const hint = nearest ? `did you mean '${nearest}'?` : `it has: ${names.slice(0, 20).join(', ')}`;
    return new Refusal('unknown-stage', `the shipyard has no stage '${kind.stage}': ${hint}`, {
      errors: [{ code: 'unknown-stage', detail: hint, pointer: '/type', ...(nearest ? { nearest } : {}) }],
    });
  }
  const names = stage.sequences.map((one) => one.name);
  const nearest = nearestName(kind.sequence, names);
  const hint = nearest ? `did you mean '${nearest}'?` : `it has: ${names.slice(0, 20).join(', ')}`;
  return new Refusal('unknown-sequence', `stage '${kind.stage}' has no sequence '${kind.sequence}': ${hint}`, {
    errors: [{ code: 'unknown-sequence', detail: hint, pointer: '/type', ...(nearest ? { nearest } : {}) }],
  });
}

type RefusalCode = ConstructorParameters<typeof Refusal>[0];

function refuse(
  context: IngestContext,
  code: RefusalCode,
  event: CloudEvent,
  detail: string,
  pointer?: string,
): Ingested {
  if (context.lenient) return { run: undefined, ignored: code, detail, correlationId: correlationOf(event) };
  throw new Refusal(code, detail, pointer === undefined ? {} : { errors: [{ code, detail, pointer }] });
}

/** The journal keeps one event a line. */
function oneLine(json: string | undefined, event: CloudEvent): string {
  return json === undefined || json.includes('\n') || json.includes('\r') ? stringifyEvent(event) : json;
}
