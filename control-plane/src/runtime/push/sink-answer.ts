import type { Accepted, Subscription } from '@slipway/contract';
import { decodeHttp, plainType } from '@slipway/contract';
import type { StoredEvent } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import type { ReceivedEvent } from '../control-plane.ts';
import { Refusal } from '../control-plane.ts';
import { fullJitter } from './breaker.ts';
import type { PushAnswer } from './push-runner.ts';

const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 10_000;
/** Errors that are no refusal and name no outage are faults of ours: trying on for ever would hold up the subscription. */
const FAULTS_MAX = 20;
/** Refusals that say "later". Every other refusal is final. */
const LATER: ReadonlySet<string> = new Set([
  'draining',
  'overloaded',
  'rate-limited',
  'store-unavailable',
  'bus-unavailable',
]);
const OUTAGES: ReadonlySet<string> = new Set(['StoreUnavailable', 'BusUnavailable']);

/** The trigger of an attempt, which a sink starts by taking it. */
export function isTaskTrigger(event: StoredEvent): boolean {
  return event.direction === 'out' && event.type.endsWith('.triggered') && event.type.split('.').length === 2;
}

/** What a sink's response to the trigger of an attempt says: it has started, and perhaps finished. */
export function answersOf(
  { id, sink }: Subscription,
  event: StoredEvent,
  { body }: PushAnswer,
): { started: ReceivedEvent; finished: ReceivedEvent[]; problem: string | undefined } {
  const sent = JSON.parse(event.json) as Record<string, unknown>;
  const task = event.type.split('.')[0] ?? '';
  const prefix = String(sent.type).startsWith('sh.keptn.event.') ? 'sh.keptn.event.' : '';
  const attempt = String(sent.id);
  const link = { causationid: attempt, triggeredid: attempt, correlationid: event.correlationid };
  const started: ReceivedEvent = {
    event: {
      ...{ specversion: '1.0', id: `${attempt}.started.${id}`, source: sink },
      ...{ type: `${prefix}${task}.started`, ...link },
    },
  };
  if (!body) return { started, finished: [], problem: undefined };
  const decoded = decodeHttp({ headers: body.headers, body: body.text });
  if (!decoded.ok) {
    // A page or a plain "ok" is no answer; what says that it is a CloudEvent and is none was meant as one.
    const isMeant = /^application\/cloudevents/i.test(body.headers['content-type'] ?? '');
    return { started, finished: [], problem: isMeant ? decoded.problem.detail : undefined };
  }
  const finished = decoded.events
    .filter((one) => plainType(one.type) === `${task}.finished`)
    .map((one) => ({ event: { ...link, ...one, source: sink } }));
  return { started, finished, problem: undefined };
}

/**
 * Submits the answer of a sink until it is durable: the sink has done its work and will not say it again. 'refused' is
 * final; 'stopped' means that nobody knows whether it was taken, and the event has to be delivered again.
 */
export async function submitUntilTaken(
  answer: ReceivedEvent,
  options: {
    submit(events: readonly ReceivedEvent[]): Promise<Accepted>;
    clock: Clock;
    isStopped(): boolean;
    onRetry(error: unknown, tries: number): void;
  },
): Promise<{ kind: 'taken' } | { kind: 'stopped' } | { kind: 'refused'; reason: string }> {
  const { submit, clock, isStopped, onRetry } = options;
  let faults = 0;
  for (let tries = 0; ; tries++) {
    if (isStopped()) return { kind: 'stopped' };
    try {
      await submit([answer]);
      return { kind: 'taken' };
    } catch (error) {
      const isRefusal = error instanceof Refusal;
      if (isRefusal && !LATER.has(error.code)) return { kind: 'refused', reason: error.message };
      if (!isRefusal && !(error instanceof Error && OUTAGES.has(error.name)) && ++faults >= FAULTS_MAX)
        return { kind: 'refused', reason: String(error) };
      onRetry(error, tries);
    }
    const waitMs = fullJitter(clock, tries, RETRY_MIN_MS, RETRY_MAX_MS);
    await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
  }
}
