import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readJsonBody } from '@slipway/contract';
import type { Logger } from 'pino';
import { type Auth, faultOfError, type Listen, readBody } from '../http/index.ts';
import type { ControlPlane } from '../runtime/control-plane.ts';
import type { KeptnPermission } from './context.ts';
import { KeptnError, type Reply } from './reply.ts';
import { findRoute, keptnPath } from './router.ts';

const BODY_BYTES_MAX = 8 * 1024 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECTIONS_MAX = 1_024;

export type KeptnDoor = {
  /** Answers a request for one of Keptn's routes. False: it is none, and nothing was done. */
  serve(req: IncomingMessage, res: ServerResponse): boolean;
  /** Opens a listener for services inside the cluster, which send no token. Resolves to its URL. */
  listen(at: Listen): Promise<string>;
  close(): Promise<void>;
};

/** What a service inside the cluster may do without a token. */
const INSIDE: ReadonlySet<KeptnPermission> = new Set([
  'public',
  'events:write',
  'events:read',
  'tasks:claim',
  'services:read',
  'resources:read',
  'projects:read',
]);

type Parts = { plane: ControlPlane; auth: Auth; log: Logger; writesInside?: boolean };

/** Keptn's API on a control plane: an adapter that no other room knows of. */
export function makeKeptnDoor({ plane, auth, log, writesInside = false }: Parts): KeptnDoor {
  const servers: Server[] = [];

  async function answer(req: IncomingMessage, res: ServerResponse, path: string, isInside: boolean): Promise<void> {
    const found = findRoute(req.method ?? 'GET', path);
    if (found === undefined) throw new KeptnError(404, 'Not found');
    if ('allow' in found) {
      send(res, { status: 405, body: { code: 405, message: `method not allowed: ${found.allow.join(', ')}` } });
      return;
    }
    const { route, params } = found;
    if (isInside) requireInside(route.permission);
    else requireToken(req, route.permission);
    const hasBody = route.method === 'POST' || route.method === 'PUT';
    const body = hasBody ? jsonOf(await readBody(req, BODY_BYTES_MAX)) : undefined;
    const query = new URLSearchParams((req.url ?? '').split('?', 2)[1] ?? '');
    const note = (message: string, details: Record<string, unknown>): void => log.warn(details, message);
    send(res, await route.handler({ plane, params, query, body, log: note }));
  }

  function requireInside(permission: KeptnPermission): void {
    if (INSIDE.has(permission) || (writesInside && permission === 'resources:write')) return;
    throw new KeptnError(403, `${permission} is not granted to services without a token: use the gateway's address`);
  }

  function requireToken(req: IncomingMessage, permission: KeptnPermission): void {
    const token = req.headers['x-token'];
    if (auth.open) {
      auth.require(req, 'public');
      return;
    }
    const authorization = typeof token === 'string' ? `Bearer ${token}` : req.headers.authorization;
    const caller = auth.identify({ authorization });
    if (caller.way === 'none') throw new KeptnError(401, 'incorrect api key auth');
    if (permission === 'public' || caller.permissions === '*' || caller.permissions.has(permission)) return;
    throw new KeptnError(403, `the token ${caller.name} lacks the permission ${permission}`);
  }

  function serveAt(req: IncomingMessage, res: ServerResponse, path: string, isInside: boolean): void {
    answer(req, res, path, isInside).catch((error: unknown) => {
      if (res.headersSent || res.destroyed) {
        res.destroy();
        return;
      }
      send(res, replyOf(error, log));
    });
  }

  return {
    serve(req, res) {
      const found = keptnPath(req.url ?? '');
      if (found === undefined) return false;
      if (!found.isGateway && findRoute(req.method ?? 'GET', found.path) === undefined) return false;
      serveAt(req, res, found.path, false);
      return true;
    },
    listen(at) {
      const take = (req: IncomingMessage, res: ServerResponse): void => {
        const found = keptnPath(req.url ?? '');
        if (found === undefined) send(res, { status: 404, body: { code: 404, message: 'Not found' } });
        else serveAt(req, res, found.path, true);
      };
      const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS }, take);
      // An expectation that is not known is none: Node would answer 417 without a body.
      server.on('checkExpectation', take);
      server.maxConnections = CONNECTIONS_MAX;
      servers.push(server);
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(at, () => {
          const address = server.address();
          const port = typeof address === 'object' && address !== null ? address.port : at.port;
          resolve(`http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${port}`);
        });
      });
    },
    async close() {
      await Promise.all(
        servers.map((server) => {
          server.closeIdleConnections();
          setTimeout(() => server.closeAllConnections(), HEADERS_TIMEOUT_MS).unref();
          return new Promise<void>((resolve) => server.close(() => resolve()));
        }),
      );
    },
  };
}

/** Everything is told as `{"code": <integer>, "message": "<text>"}`. */
function replyOf(error: unknown, log: Logger): Reply {
  if (error instanceof KeptnError)
    return { status: error.status, body: { code: error.status, message: error.message } };
  const reference = randomUUID();
  if (error instanceof URIError)
    return { status: 400, body: { code: 400, message: 'the path is not valid percent-encoded UTF-8' } };
  const { status, code, detail, cause } = faultOfError(error, () => reference);
  if (status >= 500)
    log.error({ reference, code, error: String(cause ?? error) }, 'a request to the Keptn routes failed');
  return { status, body: { code: status, message: detail } };
}

function jsonOf(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const read = readJsonBody(bytes, 'application/json');
  if (!read.ok) throw new KeptnError(400, `Invalid request format: ${read.problem.detail}`);
  return read.value;
}

function send(res: ServerResponse, { status, body = {} }: Reply): void {
  const text = JSON.stringify(body);
  res.writeHead(status, [
    ...['content-type', 'application/json', 'content-length', String(Buffer.byteLength(text))],
    ...['cache-control', 'no-store', 'x-content-type-options', 'nosniff'],
  ]);
  res.end(text);
}
