import { putOwn } from '@slipway/contract';
import type { KeptnRoute } from './context.ts';
import { eventStoreRoutes } from './event-store.ts';
import { eventRoutes } from './events.ts';
import { fileRoutes } from './files.ts';
import { metadataRoutes } from './metadata.ts';
import { projectRoutes } from './projects.ts';
import { sequenceRoutes } from './sequences.ts';
import { uniformRoutes } from './uniform.ts';

/** Every route, whatever name it is reached by: Keptn's services have disjoint paths, and none is one of Slipway's own. */
const keptnRoutes: readonly KeptnRoute[] = [
  ...metadataRoutes,
  ...uniformRoutes,
  ...eventRoutes,
  ...eventStoreRoutes,
  ...projectRoutes,
  ...sequenceRoutes,
  ...fileRoutes,
];

/** Keptn's gateway puts a service's name in front; KEPTN_API_ENDPOINT is given with `/api` and without. */
const PREFIXES = ['controlPlane', 'resource-service', 'configuration-service', 'mongodb-datastore', 'secrets'] as const;

export type Found = { route: KeptnRoute; params: Record<string, string> } | { allow: string[] };

/**
 * The path without what the gateway put in front of it. `isGateway`: it had something in front. Undefined: it can't be one of these.
 * Repeated slashes count as one: the command line sends some.
 */
export function keptnPath(url: string): { path: string; isGateway: boolean } | undefined {
  const end = url.indexOf('?');
  let path = (end === -1 ? url : url.slice(0, end)).replace(/\/{2,}/g, '/');
  let isGateway = false;
  if (path.startsWith('/api/')) {
    path = path.slice('/api'.length);
    isGateway = true;
  }
  const first = path.split('/', 2)[1] ?? '';
  if ((PREFIXES as readonly string[]).includes(first)) {
    path = path.slice(first.length + 1);
    isGateway = true;
  }
  return path.startsWith('/v1/') || path.startsWith('/event') ? { path, isGateway } : undefined;
}

type Compiled = { route: KeptnRoute; segments: string[] };
const byLength = compile(keptnRoutes);

/** Undefined: no route has this path. Throws URIError for broken percent-encoding. */
export function findRoute(method: string, path: string): Found | undefined {
  const given = path.split('/').slice(1);
  const allow = new Set<string>();
  for (const { route, segments } of byLength) {
    const params = match(segments, given);
    if (params === undefined) continue;
    if (route.method === method || (method === 'HEAD' && route.method === 'GET')) return { route, params };
    allow.add(route.method);
  }
  return allow.size === 0 ? undefined : { allow: [...allow] };
}

/** Plain paths before those whose last part takes anything. */
function compile(routes: readonly KeptnRoute[]): Compiled[] {
  return routes
    .map((route) => ({ route, segments: route.path.split('/').slice(1) }))
    .toSorted((a, b) => Number(a.route.path.endsWith('*}')) - Number(b.route.path.endsWith('*}')));
}

function match(segments: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const value = given[index];
    if (value === undefined) return undefined;
    if (segment.endsWith('*}')) {
      putOwn(
        params,
        segment.slice(1, -2),
        given
          .slice(index)
          .map((part) => decodeURIComponent(part))
          .join('/'),
      );
      return params;
    }
    if (segment.startsWith('{')) {
      if (value === '') return undefined;
      putOwn(params, segment.slice(1, -1), decodeURIComponent(value));
    } else if (segment !== value) return undefined;
  }
  return segments.length === given.length ? params : undefined;
}
