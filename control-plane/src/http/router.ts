import {
  faultInNamingText,
  isName,
  nearestName,
  putOwn,
  type Route,
  routes,
  runCommandSchema,
} from '@slipway/contract';
import type { Express, Request, Response } from 'express';
import express from 'express';
import { BODY_BYTES_MAX, readJson, readText } from './body.ts';
import { NAME_RULE } from './claim.ts';
import { sendCompressed } from './compression.ts';
import { type Door, JSON_TYPE, pathOf, sendEmpty, sendError } from './door.ts';
import { isKnown } from './if-match.ts';
import { quoted, refused } from './problem.ts';
import { readQuery } from './query.ts';
import type { AnyHandler, Handlers, RawRouteId, TableRouteId } from './route-types.ts';
import { refusedBody } from './zod-fault.ts';

const JSON_BYTES_MAX = 1024 * 1024;
const YAML_BYTES_MAX = 256 * 1024;
const RAW: ReadonlySet<string> = new Set<RawRouteId>(['sendEvents', 'claimTasks', 'livez']);

/**
 * Everything but the hot path: one handler for each route of the contract's table, 405 with `Allow` for the table's paths
 * under another method, and `fallback` (the web view, when there is one) for the rest.
 */
export function makeRouter(door: Door, handlers: Handlers, fallback: ((app: Express) => void) | undefined): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  // Upper case, a slash more or a slash less is another path, and there is nothing behind it.
  app.enable('case sensitive routing');
  app.enable('strict routing');

  const methods = new Map<string, Set<string>>();
  for (const route of routes) {
    for (const path of expressPaths(route.path)) {
      const allowed = methods.get(path) ?? new Set();
      methods.set(path, allowed.add(route.method));
      if (isTableRoute(route)) register({ app, door, route, path, handler: handlers[route.id] });
    }
  }
  for (const [path, allowed] of methods) {
    if (allowed.has('GET')) allowed.add('HEAD');
    const allow = [...allowed].join(', ');
    app.all(path, (req, res) => otherMethod({ door, req, res, allow }));
  }
  fallback?.(app);
  app.use((req: Request, res: Response) => nothingThere(door, req, res));
  // Express itself throws for a path whose percent-encoding is broken.
  app.use((error: unknown, req: Request, res: Response, _next: unknown) => {
    const known = error instanceof URIError || (error instanceof Error && 'status' in error && error.status === 400);
    const shown = known ? refused('invalid-request', 'the path is not valid percent-encoded UTF-8') : error;
    sendError(door, { req, res, route: 'none', error: shown });
  });
  return app;
}

type TableRoute = Extract<(typeof routes)[number], { id: TableRouteId }>;

function isTableRoute(route: (typeof routes)[number]): route is TableRoute {
  return !RAW.has(route.id);
}

/** Express spells `{run}` as `:run`. A command is one of a few words, and each is a path of its own. */
function expressPaths(path: string): string[] {
  const spelled = path.replace(/\{(\w+)\}/g, ':$1');
  if (!spelled.includes(':command')) return [spelled];
  return runCommandSchema.options.map((command) => spelled.replace(':command', command));
}

/** Commands that end work or hold it up: they help who is overloaded. */
const ALWAYS: ReadonlySet<string> = new Set(['abort', 'pause']);

type Registration = { app: Express; door: Door; route: Route; path: string; handler: AnyHandler };

function register({ app, door, route, path, handler }: Registration): void {
  const method = ({ GET: 'get', PUT: 'put', POST: 'post', DELETE: 'delete' } as const)[route.method];
  const command = runCommandSchema.options.find((one) => path.endsWith(`/${one}`));
  const isRead = route.method === 'GET' && route.permission.endsWith(':read') && route.permission !== 'metrics:read';

  async function serve(req: Request, res: Response): Promise<void> {
    const startedMs = performance.now();
    if (route.id !== 'stream') {
      res.on('finish', () => door.metrics.observe(route.id, res.statusCode, startedMs));
    }
    const caller = door.auth.require(req, route.permission);
    if (isRead && door.load.level() >= 1) {
      throw refused('overloaded', 'this server is behind with its work: reads wait until it has caught up');
    }
    if (command !== undefined && !ALWAYS.has(command) && door.load.level() >= 3) {
      throw refused('overloaded', 'this server is far behind with its work: for now it takes abort and pause only');
    }
    const params = readParams(route, req.params);
    if (command !== undefined) params.command = command;
    const { query, labels } = readQuery(route, searchOf(req));
    const body = await readBodyOf(route, req, params);
    const call = { params, query, labels, body, caller, req, res };
    // The one place where the types of a Call are claimed: this very route's schemas have just read all of it.
    const reply = await handler(call as never);
    if (reply === undefined) return;
    if (route.method === 'GET' && reply.status === 200 && isUnchanged(req, reply.headers)) {
      sendEmpty(res, 304, [...(reply.headers ?? []), 'vary', 'accept-encoding']);
      return;
    }
    if (reply.body === undefined) sendEmpty(res, reply.status, reply.headers);
    else
      sendCompressed(req, res, {
        status: reply.status,
        contentType: JSON_TYPE,
        text: JSON.stringify(reply.body),
        headers: reply.headers,
      });
  }

  app[method](path, (req, res) => {
    serve(req, res).catch((error: unknown) => sendError(door, { req, res, route: route.id, error }));
  });
}

/** A path's parameters, decoded. What cannot name anything is not looked for. */
function readParams(route: Route, given: Request['params']): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'string') continue;
    putOwn(params, name, value);
    const isNamed = name === 'project' || (name === 'id' && route.path.startsWith('/v1/subscriptions/'));
    if (isNamed && !isName(value)) {
      if (route.method === 'PUT') throw refused('invalid-name', `${quoted(value)} is not a valid name: ${NAME_RULE}`);
      const code = name === 'project' ? 'unknown-project' : 'not-found';
      throw refused(code, `there is nothing of the name ${quoted(value)}: a name has ${NAME_RULE}`);
    }
    if (name === 'run' && !/^[A-Za-z0-9_-]{1,128}$/.test(value)) {
      throw refused('unknown-run', `there is no run ${quoted(value)}`);
    }
    if (value.length > 1024 || faultInNamingText(value) !== undefined) {
      throw refused('invalid-request', `${name} in the path is not a valid name`);
    }
  }
  return params;
}

function searchOf(req: Request): string {
  const start = req.url.indexOf('?');
  return start === -1 ? '' : req.url.slice(start + 1);
}

async function readBodyOf(route: Route, req: Request, params: Readonly<Record<string, string>>): Promise<unknown> {
  if (route.body === undefined) return undefined;
  if (route.bodyType === 'application/yaml') return readText(req, YAML_BYTES_MAX);
  // What others will read is kept as it is, whatever its keys are.
  if (route.id === 'putData') return readJson(req, BODY_BYTES_MAX);
  const json = await readJson(req, JSON_BYTES_MAX);
  const own = withoutIdentity(route, json, params);
  refusePrototypes(own);
  const parsed = route.body.safeParse(own);
  if (parsed.success) return parsed.data;
  if (own === undefined) throw refused('empty-body', 'the body is empty: send JSON, such as {}');
  throw refusedBody(parsed.error, route.body);
}

/** A body may say which thing it is; when the path says another, neither is believed. */
function withoutIdentity(route: Route, json: unknown, params: Readonly<Record<string, string>>): unknown {
  const [key, named] =
    route.id === 'putProject' ? ['name', params.project] : route.id === 'putSubscription' ? ['id', params.id] : [];
  if (key === undefined || typeof json !== 'object' || json === null || !Object.hasOwn(json, key)) return json;
  const { [key]: said, ...rest } = { ...json } as Record<string, unknown>;
  if (said === named) return rest;
  throw refused(
    'identity-mismatch',
    `the body says ${key} ${quoted(String(said))} and the path ${quoted(named ?? '')}`,
    {
      errors: [{ code: 'identity-mismatch', detail: 'is not what the path says', pointer: `/${key}` }],
    },
  );
}

/** A definition has no use for a key that JavaScript takes for the prototype: it is refused, and not dropped in silence. */
function refusePrototypes(value: unknown, pointer = ''): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const isConstructor =
      key === 'constructor' && typeof inner === 'object' && inner !== null && Object.hasOwn(inner, 'prototype');
    if (key === '__proto__' || isConstructor) {
      const detail = `the key ${quoted(key)} is not taken in a definition`;
      throw refused('invalid-input', detail, { errors: [{ code: 'invalid-input', detail, pointer: here }] });
    }
    refusePrototypes(inner, here);
  }
}

function otherMethod({ door, req, res, allow }: { door: Door; req: Request; res: Response; allow: string }): void {
  try {
    door.auth.require(req, undefined);
    if (req.method === 'OPTIONS') {
      sendEmpty(res, 204, ['allow', allow]);
      return;
    }
    throw refused('method-not-allowed', `${req.method} is not for this path: it takes ${allow}`, {
      headers: { allow },
    });
  } catch (error) {
    sendError(door, { req, res, route: 'none', error });
  }
}

/** Whether the client has what `ETag` names already. */
function isUnchanged(req: Request, headers: readonly string[] = []): boolean {
  const at = headers.indexOf('etag');
  return at !== -1 && isKnown(req.headers['if-none-match'], headers[at + 1] ?? '');
}

const knownPaths = (method: string): string[] =>
  routes.filter((route) => route.method === method).flatMap((route) => expressPaths(route.path));

function nothingThere(door: Door, req: Request, res: Response): void {
  let error: unknown;
  try {
    door.auth.require(req, undefined);
    error = refused('not-found', `there is nothing at ${quoted(pathOf(req))}${hintFor(req.method, pathOf(req))}`);
  } catch (unauthorized) {
    error = unauthorized;
  }
  sendError(door, { req, res, route: 'none', error });
}

/** The nearest path of the table for this method, with what stands in the places of its parameters left as it is. */
function hintFor(method: string, path: string): string {
  const steps = path.split('/');
  const candidates = knownPaths(method === 'HEAD' ? 'GET' : method)
    .filter((known) => known.split('/').length === steps.length)
    .map((known) =>
      known
        .split('/')
        .map((step, index) => (step.startsWith(':') ? (steps[index] ?? step) : step))
        .join('/'),
    );
  const nearest = nearestName(path, candidates);
  return nearest === undefined || nearest === path
    ? ': /v1/docs lists what there is'
    : `: did you mean ${quoted(nearest)}?`;
}
