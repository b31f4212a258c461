import { parseTypePattern } from '@slipway/contract';
import type { Registry } from 'prom-client';
import type { ListQuery, PlaneStatus } from '../runtime/control-plane.ts';
import { modeOf } from '../runtime/push/subscription.ts';
import { settingsVersion } from '../runtime/settings-version.ts';
import { sessionCookie } from './auth.ts';
import type { Description } from './description.ts';
import { type Door, send } from './door.ts';
import { makeEvaluationHandlers } from './evaluation-handlers.ts';
import { etag, isKnown, versionsOf } from './if-match.ts';
import { quoted, refused } from './problem.ts';
import { forStrangers } from './readiness.ts';
import type { Handlers } from './route-types.ts';
import { STREAM_HEADERS, type Streams } from './stream.ts';

const PAGE_SIZE = 50;

type Dependencies = {
  door: Door;
  streams: Streams;
  description: Description;
  registry: Registry;
  readiness: () => Promise<PlaneStatus>;
};

/** What each route of the table does. Parsing and permissions are done; what is left is to ask the control plane. */
export function makeHandlers({ door, streams, description, registry, readiness }: Dependencies): Handlers {
  const { plane, auth, projectLimits } = door;
  const serverLimits = projectLimits === undefined ? {} : { serverLimits: projectLimits };
  return {
    listEvents: async ({ query }) => ok(await plane.listEvents(paged(query))),
    putData: async ({ body }) => {
      if (body === undefined) throw refused('empty-body', 'the body is empty: send the data of the event as JSON');
      return { status: 201, body: await plane.putData(body) };
    },
    getData: async ({ params }) => ok(await plane.getData(params.id)),
    getEvent: async ({ params, query }) => ok(await plane.getEvent(params.id, query.source)),

    listProjects: async ({ query }) => ok(await plane.listProjects(paged(query))),
    getProject: async ({ params }) => {
      const project = await plane.getProject(params.project);
      return { status: 200, body: { ...project, ...serverLimits }, headers: ['etag', etag(settingsVersion(project))] };
    },
    putProject: async ({ params, body, req }) => {
      const ifVersions = versionsOf(req.headers['if-match']);
      const { project, created } = await plane.putProject(params.project, body, ifVersions);
      const headers = ['etag', etag(settingsVersion(project))];
      return { status: created ? 201 : 200, body: { ...project, ...serverLimits }, headers };
    },
    deleteProject: async ({ params }) => {
      await plane.deleteProject(params.project);
      return { status: 204 };
    },

    putShipyard: async ({ params, query, body, req }) => {
      const { project } = params;
      const dryRun = query.dryRun === 'true';
      const put = await plane.putShipyard(project, body, { dryRun, ifVersions: versionsOf(req.headers['if-match']) });
      const { version, changed, warnings, plan } = put;
      const answer = { project, version, changed, dryRun, warnings, plan };
      return { status: changed && !dryRun ? 201 : 200, body: answer, headers: ['etag', etag(version)] };
    },
    getShipyard: async ({ params }) => {
      const shipyard = await plane.getShipyard(params.project);
      return { status: 200, body: shipyard, headers: ['etag', etag(shipyard.version)] };
    },
    listShipyards: async ({ params, query }) => ok(await plane.listShipyards(params.project, paged(query))),
    getShipyardVersion: async ({ params }) => ok(await plane.getShipyard(params.project, params.version)),

    ...makeEvaluationHandlers(door),

    listRuns: async ({ query, labels }) => ok(await plane.listRuns({ ...paged(query), ...withLabels(labels) })),
    countRuns: async ({ query, labels }) => ok(await plane.countRuns({ ...query, ...withLabels(labels) })),
    getEnvironment: async ({ query }) => ok({ items: await plane.environment(query.project) }),
    getRun: async ({ params, req }) => {
      const tag = etag(`${await plane.runVersion(params.run)}-${description.tag}`);
      const headers = ['etag', tag];
      if (isKnown(req.headers['if-none-match'], tag)) return { status: 304, headers };
      return { status: 200, body: await plane.getRun(params.run), headers };
    },
    listRunEvents: async ({ params, query }) => ok(await plane.listRunEvents(params.run, paged(query))),
    whyRun: async ({ params }) => ok(await plane.why(params.run)),
    getContext: async ({ params }) => ok(await plane.getContext(params.correlationid)),
    commandRun: async ({ params, body, caller }) => {
      // Who it was is what the token says; only where nobody is known may somebody say it himself.
      const by = caller.way === 'open' ? body?.by : caller.name;
      return ok(await plane.command(params.run, params.command, { by, reason: body?.reason }));
    },

    listServices: async ({ query }) => ok({ items: await plane.listServices(query) }),
    listSubscriptions: async ({ query }) => ok(await plane.listSubscriptions(paged(query))),
    getSubscription: async ({ params }) => ok(await plane.getSubscription(params.id)),
    putSubscription: async ({ params, body, caller }) => {
      const { types = [], mode, encoding, ...rest } = body;
      refusePatterns(types);
      const { subscription, created } = await plane.putSubscription(params.id, {
        ...{ ...rest, types, createdBy: caller.name },
        ...modeOf({ types, mode, encoding }),
      });
      return { status: created ? 201 : 200, body: subscription };
    },
    deleteSubscription: async ({ params }) => {
      await plane.deleteSubscription(params.id);
      return { status: 204 };
    },

    stream: async ({ query, labels, caller, req, res }) => {
      const { kind = 'all', lastEventId, ...filter } = query;
      const header = req.headers['last-event-id'];
      const after = typeof header === 'string' && header !== '' ? header : lastEventId;
      if (after !== undefined) await plane.checkPosition(after);
      if (req.method === 'HEAD') {
        res.writeHead(200, STREAM_HEADERS).end();
        return undefined;
      }
      streams.open({ filter: { kind, ...filter, ...withLabels(labels) }, after, caller: caller.name, res });
      return undefined;
    },

    getSession: ({ caller }) => ok(sessionOf(caller)),
    createSession: ({ body, req }) => {
      if (auth.open) return ok(sessionOf(auth.identify(req.headers)));
      const caller = auth.check(body.token);
      if (caller === undefined) {
        // No challenge: a browser would answer it with a dialog of its own.
        throw refused('unauthorized', 'this token is not known here');
      }
      const cookie = sessionCookie(body.token, req.headers);
      return { status: 200, body: sessionOf(caller), headers: ['set-cookie', cookie] };
    },
    deleteSession: ({ req }) => ({ status: 204, headers: ['set-cookie', sessionCookie(undefined, req.headers)] }),

    getOpenApi: ({ res }) => {
      send(res, 200, 'application/json; charset=utf-8', description.json);
      return undefined;
    },
    getDocs: ({ res }) => {
      send(res, 200, 'text/html; charset=utf-8', description.html, description.htmlHeaders);
      return undefined;
    },
    readyz: async ({ caller }) => {
      const status = await readiness();
      return { status: status.ready ? 200 : 503, body: caller.way === 'none' ? forStrangers(status) : status };
    },
    metrics: async ({ res }) => {
      send(res, 200, registry.contentType, await registry.metrics());
      return undefined;
    },
  };
}

/** Each type of a subscription that could never match, with its place. */
function refusePatterns(types: readonly string[]): void {
  const errors = types.flatMap((type, index) => {
    const parsed = parseTypePattern(type);
    if (parsed.ok) return [];
    const { column, nearest } = parsed;
    const hint = nearest === undefined ? '' : `: did you mean ${nearest}?`;
    const detail = `the type ${quoted(type)} ${parsed.problem}${hint}`;
    const place = { pointer: `/types/${index}`, line: 1, column };
    return [{ code: 'invalid-pattern', detail, ...place, ...(nearest === undefined ? {} : { nearest }) }];
  });
  const [first] = errors;
  if (first) throw refused('invalid-request', first.detail, { status: 422, errors });
}

function ok(body: unknown): { status: number; body: unknown } {
  return { status: 200, body };
}

function paged<Q extends Partial<Pick<ListQuery, 'limit'>>>(query: Q): Omit<Q, 'limit'> & { limit: number } {
  return { ...query, limit: query.limit ?? PAGE_SIZE };
}

function withLabels(labels: Record<string, string>): { labels?: Record<string, string> } {
  return Object.keys(labels).length === 0 ? {} : { labels };
}

function sessionOf({ way, name, permissions }: ReturnType<Door['auth']['identify']>): unknown {
  const authenticated = way !== 'none';
  return {
    authenticated,
    way,
    ...(authenticated ? { name } : {}),
    permissions: permissions === '*' ? ['*'] : [...permissions],
  };
}
