import { parseEventType, plainType } from '@slipway/contract';
import { Refusal } from '../runtime/control-plane.ts';
import type { Call, KeptnRoute } from './context.ts';
import { keptnEvent, receivedEvent } from './event-form.ts';
import { KeptnError, pageA, pageOf, type Reply } from './reply.ts';

/** Events in, and the open attempts that remote services poll for. */
export const eventRoutes: readonly KeptnRoute[] = [
  { method: 'POST', path: '/v1/event', permission: 'events:write', handler: takeEvent },
  {
    method: 'GET',
    path: '/v1/event/triggered/{type}',
    permission: 'tasks:claim',
    handler: async ({ plane, params, query }) => {
      const kind = parseEventType(params.type ?? '');
      if (kind?.of !== 'task' || kind.phase !== 'triggered') return pageA('events', [], pageOf(query));
      const [project, stage, service, eventId] = ['project', 'stage', 'service', 'eventID'].map(
        (key) => query.get(key) || undefined,
      );
      const page = pageOf(query);
      const { items, total } = await plane.openAttempts(
        kind.task,
        {
          ...(project === undefined ? {} : { project }),
          ...(stage === undefined ? {} : { stage }),
          ...(service === undefined ? {} : { service }),
          ...(eventId === undefined ? {} : { id: eventId }),
        },
        page,
      );
      const events = items.map((json) => keptnEvent(JSON.parse(json) as Record<string, unknown>));
      const next = page.offset + page.size < total ? String(page.offset + page.size) : '0';
      return { status: 200, body: { events, nextPageKey: next, pageSize: events.length, totalCount: total } };
    },
  },
];

async function takeEvent({ plane, body, log }: Call): Promise<Reply> {
  const event = receivedEvent(body, Date.now());
  const answer: Reply = { status: 200, body: { keptnContext: event.shkeptncontext } };
  const kind = parseEventType(event.type);
  const isOurs = kind !== undefined && isTaken(event.type);
  if (!isOurs) {
    await plane.publishForeign(event);
    return answer;
  }
  const isTrigger = kind.of === 'sequence';
  try {
    await plane.submit([{ event }], { way: 'http', lenient: !isTrigger });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // A person is told what is wrong with a trigger. A service is not: Keptn took any answer, and so does the bus.
    if (isTrigger && !PASSED_ON.has(error.code)) throw new KeptnError(400, error.message);
    if (PASSED_ON.has(error.code)) throw error;
    log('an answer through the Keptn routes was ignored', { code: error.code, id: event.id, type: event.type });
  }
  return answer;
}

/** Codes that mean "later", not "wrong". */
const PASSED_ON: ReadonlySet<string> = new Set([
  'overloaded',
  'store-unavailable',
  'bus-unavailable',
  'draining',
  'rate-limited',
]);

/** What the engine reads; all else is only passed on to the bus. */
function isTaken(type: string): boolean {
  const kind = parseEventType(type);
  if (kind === undefined) return false;
  if (kind.of === 'sequence') return kind.phase === 'triggered';
  // monitoring.configure and the like parse as no task event; a task's triggered is another control plane's word.
  return plainType(type) !== '' && kind.phase !== 'triggered' && kind.phase !== 'cancelled';
}
