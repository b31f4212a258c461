import { faultInNamingText } from '@slipway/contract';
import type { Integration, IntegrationFilter, IntegrationSubscription } from '../runtime/integrations/ports.ts';
import { type KeptnRoute, objectOf, textOf, textsOf } from './context.ts';
import { KeptnError, notFound, pageB } from './reply.ts';

const TEXT_MAX = 256;
const EVENT_MAX = 256;
const FILTER_MAX = 100;
const SUBSCRIPTIONS_READ_MAX = 1_000;
const LINES_MAX = 500;
const ONE = '/v1/uniform/registration/{id}';
const SUBSCRIPTION = `${ONE}/subscription`;

/** Registration of programs: every service on Keptn's SDK asks for it before anything else, and ends when it is refused. */
export const uniformRoutes: readonly KeptnRoute[] = [
  {
    method: 'POST',
    path: '/v1/uniform/registration',
    permission: 'events:write',
    handler: async ({ plane, body }) => {
      const metadata = objectOf(body, 'metadata');
      const kubernetes = objectOf(metadata, 'kubernetesmetadata');
      const given =
        typeof body === 'object' && body !== null ? (body as Record<string, unknown>).subscriptions : undefined;
      const registration = {
        name: nameOf(body, 'name'),
        hostname: nameOf(metadata, 'hostname'),
        namespace: nameOf(kubernetes, 'namespace'),
        podName: nameOf(kubernetes, 'podname'),
        deploymentName: nameOf(kubernetes, 'deploymentname'),
        version: nameOf(metadata, 'integrationversion'),
        distributorVersion: nameOf(metadata, 'distributorversion'),
        location: nameOf(metadata, 'location'),
        subscriptions: (Array.isArray(given) ? given.slice(0, SUBSCRIPTIONS_READ_MAX) : []).map(subscriptionOf),
      };
      for (const key of ['name', 'namespace', 'hostname'] as const) {
        if (registration[key] === '') throw new KeptnError(400, `Invalid request format: ${key} must not be empty`);
      }
      const { id, created } = await plane.integrations.register(registration);
      return { status: created ? 201 : 200, body: { id } };
    },
  },
  {
    method: 'PUT',
    path: `${ONE}/ping`,
    permission: 'events:write',
    handler: async ({ plane, params }) => {
      const found = await plane.integrations.ping(params.id ?? '');
      if (found === undefined) throw notFound('Integration');
      return { status: 200, body: shown(found) };
    },
  },
  {
    method: 'GET',
    path: '/v1/uniform/registration',
    permission: 'services:read',
    handler: async ({ plane, query }) => ({
      status: 200,
      body: (await plane.integrations.list()).filter((one) => fits(one, query)).map(shown),
    }),
  },
  {
    method: 'DELETE',
    path: ONE,
    permission: 'events:write',
    handler: async ({ plane, params }) => {
      await plane.integrations.remove(params.id ?? '');
      return { status: 200 };
    },
  },
  {
    method: 'POST',
    path: SUBSCRIPTION,
    permission: 'events:write',
    handler: async ({ plane, params, body }) => {
      const id = await plane.integrations.addSubscription(params.id ?? '', subscriptionOf(body));
      if (id === undefined) throw notFound('Integration');
      return { status: 201, body: { id } };
    },
  },
  {
    method: 'GET',
    path: SUBSCRIPTION,
    permission: 'services:read',
    handler: async ({ plane, params }) => {
      const found = await plane.integrations.get(params.id ?? '');
      if (found === undefined) throw notFound('Integration');
      return { status: 200, body: found.subscriptions };
    },
  },
  {
    method: 'GET',
    path: `${SUBSCRIPTION}/{sid}`,
    permission: 'services:read',
    handler: async ({ plane, params }) => {
      const found = await plane.integrations.get(params.id ?? '');
      const subscription = found?.subscriptions.find((one) => one.id === params.sid);
      if (subscription === undefined) throw notFound('Subscription');
      return { status: 200, body: subscription };
    },
  },
  {
    method: 'PUT',
    path: `${SUBSCRIPTION}/{sid}`,
    permission: 'events:write',
    handler: async ({ plane, params, body }) => {
      const subscription: IntegrationSubscription = { ...subscriptionOf(body), id: params.sid ?? '' };
      if (!(await plane.integrations.putSubscription(params.id ?? '', subscription))) throw notFound('Subscription');
      return { status: 201, body: { id: subscription.id } };
    },
  },
  {
    method: 'DELETE',
    path: `${SUBSCRIPTION}/{sid}`,
    permission: 'events:write',
    handler: async ({ plane, params }) => {
      if (!(await plane.integrations.removeSubscription(params.id ?? '', params.sid ?? ''))) {
        throw notFound('Subscription');
      }
      return { status: 200 };
    },
  },
  {
    method: 'POST',
    path: '/v1/log',
    permission: 'events:write',
    handler: async ({ plane, body }) => {
      const given = typeof body === 'object' && body !== null ? (body as Record<string, unknown>).logs : undefined;
      const lines = Array.isArray(given) ? given.slice(0, LINES_MAX) : [];
      await plane.integrations.log(
        lines.map((line: unknown) => ({
          integrationId: textOf(line, 'integrationid').slice(0, TEXT_MAX),
          message: textOf(line, 'message'),
          at: timeOf(textOf(line, 'time')),
          correlationId: textOf(line, 'shkeptncontext').slice(0, TEXT_MAX),
          task: textOf(line, 'task').slice(0, TEXT_MAX),
          triggeredId: textOf(line, 'triggeredid').slice(0, TEXT_MAX),
          gitCommitId: textOf(line, 'gitcommitid').slice(0, TEXT_MAX),
        })),
      );
      return { status: 200 };
    },
  },
  {
    method: 'GET',
    path: '/v1/log',
    permission: 'services:read',
    handler: async ({ plane, query }) => {
      const lines = await plane.integrations.logs(logFilter(query));
      const shownLines = lines.map((line) => ({
        integrationid: line.integrationId,
        message: line.message,
        time: new Date(line.at).toISOString(),
        shkeptncontext: line.correlationId,
        task: line.task,
        triggeredid: line.triggeredId,
        gitcommitid: line.gitCommitId,
      }));
      return pageB('logs', shownLines, query);
    },
  },
  {
    method: 'DELETE',
    path: '/v1/log',
    permission: 'events:write',
    handler: async ({ plane, query }) => {
      await plane.integrations.deleteLogs(logFilter(query));
      return { status: 200 };
    },
  },
];

function subscriptionOf(value: unknown): { event: string; filter: IntegrationFilter } {
  const event = textOf(value, 'event');
  if (event === '' || event.length > EVENT_MAX || faultInNamingText(event) !== undefined) {
    throw new KeptnError(400, 'Invalid request format: a subscription needs an event');
  }
  const filter = objectOf(value, 'filter');
  const names = (key: string): string[] =>
    textsOf(filter, key)
      .slice(0, FILTER_MAX)
      .map((name) => name.slice(0, TEXT_MAX));
  return { event, filter: { projects: names('projects'), stages: names('stages'), services: names('services') } };
}

function nameOf(value: unknown, key: string): string {
  const text = textOf(value, key);
  const fault = faultInNamingText(text);
  if (text.length > TEXT_MAX || (text !== '' && fault !== undefined)) {
    throw new KeptnError(400, `Invalid request format: ${key} ${fault ?? `has over ${TEXT_MAX} characters`}`);
  }
  return text;
}

function shown(one: Integration): Record<string, unknown> {
  return {
    id: one.id,
    name: one.name,
    metadata: {
      hostname: one.hostname,
      integrationversion: one.version,
      distributorversion: one.distributorVersion,
      location: one.location,
      kubernetesmetadata: { namespace: one.namespace, podname: one.podName, deploymentname: one.deploymentName },
      lastseen: new Date(one.lastSeenAt).toISOString(),
    },
    subscriptions: one.subscriptions,
  };
}

function fits(one: Integration, query: URLSearchParams): boolean {
  const wanted = (key: string): string | undefined => query.get(key) || undefined;
  const [name, id] = [wanted('name'), wanted('id')];
  if ((name !== undefined && one.name !== name) || (id !== undefined && one.id !== id)) return false;
  const places = [
    ['projects', wanted('project')],
    ['stages', wanted('stage')],
    ['services', wanted('service')],
  ] as const;
  return places.every(
    ([key, value]) => value === undefined || one.subscriptions.some(({ filter }) => filter[key].includes(value)),
  );
}

function logFilter(query: URLSearchParams): { integrationId?: string; from?: number; until?: number } {
  const [id, from, until] = ['integrationId', 'fromTime', 'beforeTime'].map((key) => query.get(key) ?? '');
  return {
    ...(id ? { integrationId: id } : {}),
    ...(from ? { from: parsedTime(from) ?? 0 } : {}),
    ...(until ? { until: parsedTime(until) ?? 0 } : {}),
  };
}

/** Epoch ms; Go's zero time, and what is no time, is now. */
function timeOf(text: string): number {
  return parsedTime(text) ?? Date.now();
}

function parsedTime(text: string): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) || at <= 0 ? undefined : at;
}
