import type { CloudEvent, JsonObject } from '@slipway/contract';
import { isObject, parseEventType, plainType, spellType } from '@slipway/contract';
import type { Faults } from '../world/faults.ts';
import type { Random } from '../world/random.ts';

/** What a task service knows of the attempt that it was asked for. */
export type Asked = { id: string; task: string; keptn: boolean; context: string; project: string };

export function readAsked(json: string): Asked | undefined {
  const event: unknown = JSON.parse(json);
  if (!isObject(event) || typeof event.type !== 'string' || typeof event.id !== 'string') return undefined;
  const kind = parseEventType(event.type);
  if (kind?.of !== 'task' || kind.phase !== 'triggered') return undefined;
  const data = isObject(event.data) ? event.data : {};
  return {
    id: event.id,
    task: kind.task,
    keptn: plainType(event.type) !== event.type,
    context: String(event.correlationid ?? event.shkeptncontext),
    project: String(data.project),
  };
}

export type Phase = 'started' | 'status.changed' | 'finished';

export function answerEvent(asked: Asked, phase: Phase, source: string, nonce: string, data?: JsonObject): CloudEvent {
  const event: CloudEvent = {
    specversion: '1.0',
    id: `${asked.id}/${phase}/${source}/${nonce}`,
    source,
    type: spellType(`${asked.task}.${phase}`, asked.keptn ? 'keptn' : 'plain'),
    ...(asked.keptn
      ? { shkeptncontext: asked.context, triggeredid: asked.id }
      : { correlationid: asked.context, causationid: asked.id }),
  };
  if (data !== undefined) event.data = data;
  return event;
}

/** What a service says at the end: mostly good, sometimes not, on the bus sometimes in words that nobody knows. */
function drawResult(random: Random, asked: Asked, mayBeGarbage: boolean): JsonObject {
  const output = { [asked.task]: { n: random.below(1000) } };
  const kind = random.weighted({ pass: 70, bare: 8, warning: 5, fail: 5, errored: 12 });
  if (mayBeGarbage) return { result: 'maybe', status: 7, ...output };
  if (kind === 'bare') return output;
  if (kind !== 'errored') return { status: 'succeeded', result: kind, ...output };
  const error: JsonObject = { code: random.pick(['BROKEN', 'BUSY']), message: 'it did not work' };
  if (random.chance(0.15)) error.retryable = false;
  if (random.chance(0.15)) error.retryAfterMs = random.below(4000);
  return { status: 'errored', error, ...output };
}

export type Fate = {
  dies: boolean;
  diesAfterAnswer: boolean;
  answersTwice: boolean;
  never: boolean;
  startedLate: boolean;
  workMs: number;
  result: (nonce: number) => JsonObject;
};

/** What will become of one attempt in a service's hands. */
export function drawFate(random: Random, faults: Faults['service'], asked: Asked, onBus: boolean): Fate {
  const late = random.chance(faults.late);
  const garbage = onBus && random.chance(faults.garbage);
  return {
    dies: random.chance(faults.dies),
    diesAfterAnswer: random.chance(faults.diesAfterAnswer),
    answersTwice: random.chance(faults.answersTwice),
    never: random.chance(faults.never),
    startedLate: random.chance(faults.startedLate),
    workMs: late ? 5000 + random.next() * 40_000 : random.latency(150, 4000),
    result: () => drawResult(random, asked, garbage),
  };
}
