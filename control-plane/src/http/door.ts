import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Project } from '@slipway/contract';
import type { Logger } from 'pino';
import type { ControlPlane } from '../runtime/control-plane.ts';
import { Refusal } from '../runtime/control-plane.ts';
import type { Auth } from './auth.ts';
import type { FaultLog } from './fault-log.ts';
import type { Load } from './load.ts';
import type { HttpMetrics } from './metrics.ts';
import { ClientGone, type Fault, faultOfError, problemText } from './problem.ts';
import type { Waits } from './wait.ts';

/** Bounds of the door. Each may be set lower in a test that has no time. */
export type HttpLimits = {
  headersTimeoutMs: number;
  /** The whole request, headers and body. */
  requestTimeoutMs: number;
  /** How often the two above are looked at. */
  timeoutCheckMs: number;
  keepAliveTimeoutMs: number;
  heartbeatMs: number;
  /** How much waits for a client that reads slowly, beside one event; the rest stays in the store until it has read that. */
  streamBufferBytes: number;
  /** A client that reads nothing at all for so long loses its stream, and may come back with its Last-Event-ID. */
  streamStallMs: number;
  streamsPerCaller: number;
  waitsMax: number;
  /** Requests of one connection that are queued behind an unanswered one; more end the connection. */
  pipelinedMax: number;
  connectionsMax: number;
  /** How long requests under way may take once the door closes. */
  closeMs: number;
};

export const defaultHttpLimits: HttpLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  timeoutCheckMs: 1_000,
  keepAliveTimeoutMs: 65_000,
  heartbeatMs: 15_000,
  streamBufferBytes: 256 * 1024,
  streamStallMs: 60_000,
  streamsPerCaller: 100,
  waitsMax: 4096,
  pipelinedMax: 64,
  connectionsMax: 16_384,
  closeMs: 10_000,
};

/** What every route needs. */
export type Door = {
  plane: ControlPlane;
  auth: Auth;
  log: Logger;
  faultLog: FaultLog;
  metrics: HttpMetrics;
  load: Load;
  limits: HttpLimits;
  /** What holds for a project that has no limit of its own. */
  projectLimits: Project['serverLimits'];
  /** Waits that end when the door closes. */
  waits: Waits;
};

export const JSON_TYPE = 'application/json; charset=utf-8';
/** How long the rest of a body that was refused is read over. */
const LINGER_MS = 500;
const PROBLEM_TYPE = 'application/problem+json';

/** Writes a whole answer at once. `headers` alternates names and values, which is the cheapest form that Node takes. */
export function send(
  res: ServerResponse,
  status: number,
  contentType: string,
  text: string | Buffer,
  headers: readonly string[] = [],
): void {
  const length = String(Buffer.byteLength(text));
  res.writeHead(status, [
    'content-type',
    contentType,
    'content-length',
    length,
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    ...headers,
  ]);
  res.end(text);
}

export function sendEmpty(res: ServerResponse, status: number, headers: readonly string[] = []): void {
  res.writeHead(status, ['cache-control', 'no-store', ...headers]);
  res.end();
}

/** Answers a request that failed, in the one form in which all failures are told, and logs it once. */
export function sendError(
  door: Pick<Door, 'log' | 'faultLog' | 'metrics' | 'load'>,
  { req, res, route, error }: { req: IncomingMessage; res: ServerResponse; route: string; error: unknown },
): void {
  if (error instanceof ClientGone) {
    door.log.debug({ route }, 'the client went away');
    return;
  }
  let reference: string | undefined;
  const found = faultOfError(error, () => {
    reference ??= randomUUID();
    return reference;
  });
  // The control plane's own word: a read that was refused because of it must not prolong it.
  if (error instanceof Refusal && error.code === 'overloaded') door.load.note();
  door.metrics.refused(found.code);
  door.faultLog(found, { route, method: req.method, path: pathOf(req), reference });
  if (res.headersSent || res.destroyed) {
    // Half an answer is told from a whole one by the connection's end alone.
    res.destroy();
    return;
  }
  if (found.code === 'too-large' && !req.complete) {
    refuseRest(req, res, found);
    return;
  }
  const headers = Object.entries(found.headers ?? {}).flat();
  const retryAfterMs = retryAfterOf(found);
  if (retryAfterMs !== undefined) headers.push('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  send(res, found.status, PROBLEM_TYPE, problemText({ ...found, retryAfterMs }, pathOf(req)), headers);
}

/**
 * Answers, and closes the connection: nobody reads the rest of a body that is too large. Not at once, because a client that
 * still sends would lose the answer with the connection.
 */
function refuseRest(req: IncomingMessage, res: ServerResponse, found: Fault): void {
  const text = problemText(found, pathOf(req));
  const length = String(Buffer.byteLength(text));
  res.writeHead(found.status, { 'content-type': PROBLEM_TYPE, 'content-length': length, connection: 'close' });
  res.write(text);
  req.resume();
  const end = (): void => void res.end();
  const timer = setTimeout(end, LINGER_MS);
  req.once('close', () => {
    clearTimeout(timer);
    end();
  });
}

/** Whoever is told to come back comes back at another time than the others that were told so. */
function retryAfterOf({ status, retryAfterMs }: Fault): number | undefined {
  if (retryAfterMs !== undefined) return retryAfterMs;
  return status === 429 || status === 503 ? 1000 + Math.floor(Math.random() * 4000) : undefined;
}

/** Without the query: what is searched for is nobody's business in a log. */
export function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '';
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
