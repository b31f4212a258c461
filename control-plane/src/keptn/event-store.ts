import { type EventView, ownValue, plainType } from '@slipway/contract';
import type { ControlPlane } from '../runtime/control-plane.ts';
import { Refusal } from '../runtime/control-plane.ts';
import type { KeptnRoute } from './context.ts';
import { keptnEvent } from './event-form.ts';
import { KeptnError, pageA, pageOf, type Reply } from './reply.ts';

/** Events looked at to answer one question; Keptn's clients ask for a few. */
const LOOKED_AT_MAX = 1_000;
const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

/** Keptn's mongodb-datastore, on Slipway's events. */
export const eventStoreRoutes: readonly KeptnRoute[] = [
  {
    method: 'GET',
    path: '/event',
    permission: 'events:read',
    handler: async ({ plane, query }): Promise<Reply> => {
      const [context, project, eventId] = ['keptnContext', 'project', 'eventID'].map(
        (key) => query.get(key) || undefined,
      );
      if (context === undefined && project === undefined) {
        throw new KeptnError(400, 'query parameter keptnContext or project must be set');
      }
      const found = eventId === undefined ? await list(plane, query) : await byId(plane, eventId);
      return pageA(
        'events',
        found.filter((view) => fits(view, query)).map(({ event }) => keptnEvent(event)),
        pageOf(query),
      );
    },
  },
  {
    method: 'GET',
    path: '/event/type/{type}',
    permission: 'events:read',
    handler: async ({ plane, params, query }): Promise<Reply> => {
      const conditions = conditionsOf(query.get('filter') ?? '');
      const one = (path: string): string | undefined => conditions.get(path)?.[0];
      const [project, context] = [one('data.project'), one('shkeptncontext')];
      if (project === undefined && context === undefined) {
        throw new KeptnError(400, 'the filter must name data.project or shkeptncontext');
      }
      const type = plainType(params.type ?? '');
      const { items } = await plane.listEvents({
        type,
        limit: LOOKED_AT_MAX,
        ...(project === undefined ? {} : { project }),
        ...(context === undefined ? {} : { correlationid: context }),
        ...sinceOf(query),
      });
      const task = type.split('.')[0] ?? '';
      const invalidated =
        query.get('excludeInvalidated') === 'true'
          ? await invalidatedAttempts(plane, `${task}.invalidated`, { project, context })
          : new Set<string>();
      const limit = Math.min(Number(query.get('limit')) || LIMIT_DEFAULT, LIMIT_MAX);
      const events = items
        .map(({ event }) => keptnEvent(event))
        .filter((event) => matches(event, conditions) && !invalidated.has(String(event.triggeredid)))
        .slice(0, limit);
      return { status: 200, body: { events } };
    },
  },
];

async function list(plane: ControlPlane, query: URLSearchParams): Promise<EventView[]> {
  const [context, project, stage, service, source, type] = [
    ...['keptnContext', 'project', 'stage', 'service', 'source', 'type'].map((key) => query.get(key) || undefined),
  ];
  const until = Date.parse(query.get('beforeTime') ?? '');
  const { items } = await plane.listEvents({
    limit: LOOKED_AT_MAX,
    ...(context === undefined ? {} : { correlationid: context }),
    ...(project === undefined ? {} : { project }),
    ...(stage === undefined ? {} : { stage }),
    ...(service === undefined ? {} : { service }),
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type: plainType(type) }),
    ...sinceOf(query),
    ...(Number.isNaN(until) ? {} : { until }),
  });
  return items;
}

async function byId(plane: ControlPlane, id: string): Promise<EventView[]> {
  try {
    return [await plane.getEvent(id)];
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

/** `eventID` alone finds an event whatever else was asked: the rest still holds. */
function fits({ event }: EventView, query: URLSearchParams): boolean {
  const shown = keptnEvent(event);
  const [context, type] = [query.get('keptnContext'), query.get('type')];
  if (context && shown.shkeptncontext !== context) return false;
  return !type || shown.type === type || plainType(String(shown.type)) === plainType(type);
}

function sinceOf(query: URLSearchParams): { since?: number } {
  const since = Date.parse(query.get('fromTime') ?? '');
  return Number.isNaN(since) ? {} : { since };
}

/** `a:b AND c:d,e`: each path with the values that it may have. */
function conditionsOf(filter: string): Map<string, string[]> {
  const parts = filter.split(/\s+AND\s+/).map((part) => part.trim());
  return new Map(
    parts.flatMap((part): [string, string[]][] => {
      const colon = part.indexOf(':');
      return colon < 1 ? [] : [[part.slice(0, colon), part.slice(colon + 1).split(',')]];
    }),
  );
}

function matches(event: Record<string, unknown>, conditions: ReadonlyMap<string, readonly string[]>): boolean {
  return [...conditions].every(([path, values]) => {
    let at: unknown = event;
    for (const key of path.split('.')) {
      at =
        typeof at === 'object' && at !== null && Object.hasOwn(at, key)
          ? ownValue(at as Record<string, unknown>, key)
          : undefined;
    }
    return values.includes(String(at));
  });
}

async function invalidatedAttempts(
  plane: ControlPlane,
  type: string,
  { project, context }: { project: string | undefined; context: string | undefined },
): Promise<Set<string>> {
  const { items } = await plane.listEvents({
    type,
    limit: LOOKED_AT_MAX,
    ...(project === undefined ? {} : { project }),
    ...(context === undefined ? {} : { correlationid: context }),
  });
  return new Set(items.map(({ event }) => String(keptnEvent(event).triggeredid)));
}
