import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Project } from '@slipway/contract';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ControlPlane } from '../runtime/control-plane.ts';
import { Auth } from './auth.ts';
import { BODY_BYTES_MAX } from './body.ts';
import { claimTasks } from './claim.ts';
import { describe } from './description.ts';
import { type Door, defaultHttpLimits, type HttpLimits, JSON_TYPE, send, sendError } from './door.ts';
import { takeEvents } from './events.ts';
import { makeFaultLog } from './fault-log.ts';
import { makeHandlers } from './handlers.ts';
import { checkListen, type Listen } from './listen.ts';
import { watchLoad } from './load.ts';
import { httpMetrics } from './metrics.ts';
import { fault, problemText } from './problem.ts';
import { makeReadiness } from './readiness.ts';
import type { RawRouteId } from './route-types.ts';
import { makeRouter } from './router.ts';
import { serveWebView } from './static-files.ts';
import { makeStreams } from './stream.ts';
import type { Token } from './token-file.ts';
import { Waits } from './wait.ts';

export type HttpOptions = {
  plane: ControlPlane;
  /** Port 0: any free one. */
  listen: Listen;
  /** Who may call; empty: everybody on this machine may do everything. */
  tokens: readonly Token[];
  log: Logger;
  /** The registry of the whole process. */
  metrics: Registry;
  /** Folder of the built web view; absent or empty: there is none. */
  webRoot?: string | undefined;
  limits?: Partial<HttpLimits> | undefined;
  /** Another API on the same address; made with who may call. Its `serve` answers false for what is not its own. */
  beside?: ((auth: Auth) => { serve(req: IncomingMessage, res: ServerResponse): boolean }) | undefined;
  /** What holds for a project that has no limit of its own. */
  projectLimits?: Project['serverLimits'];
};

export type HttpDoor = {
  /** Such as http://127.0.0.1:8484. */
  url: string;
  /** Takes no more connections, ends waits and streams, and lets requests under way end. */
  close(): Promise<void>;
};

const IDLE_CHECK_MS = 20;

/** Opens the HTTP door of a control plane. */
export async function startHttp(options: HttpOptions): Promise<HttpDoor> {
  const { plane, listen, tokens, log, metrics: registry, webRoot } = options;
  const verdict = checkListen(listen, tokens.length > 0);
  if (!verdict.ok) throw new Error(verdict.reason);

  const limits: HttpLimits = { ...defaultHttpLimits, ...options.limits };
  const waits = new Waits(limits.waitsMax);
  const streams = makeStreams({ plane, limits, log });
  const load = watchLoad(() => plane.pressure());
  const metrics = httpMetrics(registry, { streams: () => streams.count, waits: () => waits.size });
  const door: Door = {
    plane,
    auth: new Auth(tokens),
    log,
    faultLog: makeFaultLog(log),
    metrics,
    load,
    limits,
    projectLimits: options.projectLimits,
    waits,
  };
  const handlers = makeHandlers({ door, streams, registry, description: describe(), readiness: makeReadiness(plane) });
  const beside = options.beside?.(door.auth);
  const routes = makeRouter(door, handlers, webRoot === undefined ? undefined : (app) => serveWebView(app, webRoot));
  const router: Router = (req, res) => {
    if (beside?.serve(req, res) !== true) routes(req, res);
  };

  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      noDelay: true,
    },
    (req, res) => {
      if (res.socket !== null || isQueued(req, res, limits.pipelinedMax)) answer(door, router, req, res);
      else req.socket.destroy();
    },
  );
  server.maxConnections = limits.connectionsMax;
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    // Who asks before sending is not made to send what nobody here would read.
    if (Number(req.headers['content-length']) > BODY_BYTES_MAX) res.shouldKeepAlive = false;
    else res.writeContinue();
    answer(door, router, req, res);
  });
  // An expectation that is not known is none: Node would answer 417 without a body, before a token is looked at.
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => answer(door, router, req, res));
  server.on('clientError', (error, socket) => refuseConnection(error, socket));
  const url = await startListening(server, listen);

  return {
    url,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      waits.endAll();
      streams.close();
      load.close();
      // A connection whose last answer has just gone out would be kept for the client's next request, which never comes.
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
      const deadline = setTimeout(() => server.closeAllConnections(), limits.closeMs);
      await closed;
      clearInterval(idle);
      clearTimeout(deadline);
    },
  };
}

const queued = new WeakMap<Socket, number>();

/** A request that came before the one ahead of it was answered. Each takes memory until its turn, so they are counted. */
function isQueued({ socket }: IncomingMessage, res: ServerResponse, max: number): boolean {
  const count = (queued.get(socket) ?? 0) + 1;
  if (count > max) return false;
  queued.set(socket, count);
  res.once('socket', () => queued.set(socket, (queued.get(socket) ?? 1) - 1));
  return true;
}

const EVENTS = '/v1/events';
const TASKS = '/v1/tasks/';
const CLAIM = '/claim';
type Router = (req: IncomingMessage, res: ServerResponse) => void;

/** The hot path first, by hand; everything else by the router. */
function answer(door: Door, router: Router, req: IncomingMessage, res: ServerResponse): void {
  const { method, url = '' } = req;
  if (method === 'POST') {
    if (url.startsWith(EVENTS) && (url.length === EVENTS.length || url[EVENTS.length] === '?')) {
      serve(door, 'sendEvents', takeEvents, req, res, '');
      return;
    }
    const task = claimedTask(url);
    if (task !== undefined) {
      serve(door, 'claimTasks', claimTasks, req, res, task);
      return;
    }
  } else if ((method === 'GET' || method === 'HEAD') && (url === '/livez' || url.startsWith('/livez?'))) {
    // Answering at all is the proof.
    send(res, 200, JSON_TYPE, '{"status":"ok"}');
    return;
  }
  router(req, res);
}

/** The task in `/v1/tasks/{task}/claim`, as it stands there: a name needs no decoding. */
function claimedTask(url: string): string | undefined {
  if (!url.startsWith(TASKS)) return undefined;
  const query = url.indexOf('?');
  const end = query === -1 ? url.length : query;
  if (!url.startsWith(CLAIM, end - CLAIM.length)) return undefined;
  const task = url.slice(TASKS.length, end - CLAIM.length);
  return task === '' || task.includes('/') ? undefined : task;
}

type Raw = (door: Door, req: IncomingMessage, res: ServerResponse, task: string) => Promise<number>;

function serve(door: Door, route: RawRouteId, raw: Raw, req: IncomingMessage, res: ServerResponse, task: string): void {
  const startedMs = performance.now();
  raw(door, req, res, task).then(
    (status) => door.metrics.observe(route, status, startedMs),
    (error: unknown) => {
      sendError(door, { req, res, route, error });
      if (res.headersSent) door.metrics.observe(route, res.statusCode, startedMs);
    },
  );
}

/** What is no HTTP gets an answer as well where one can be written, and then the connection's end. */
function refuseConnection(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const found = faultOfConnection(error.code);
  const text = problemText(found, '');
  socket.end(
    `HTTP/1.1 ${found.status} ${REASONS[found.status] ?? 'Bad Request'}\r\n` +
      'content-type: application/problem+json\r\n' +
      `content-length: ${Buffer.byteLength(text)}\r\n` +
      `connection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}

const REASONS: Readonly<Record<number, string>> = { 408: 'Request Timeout', 431: 'Request Header Fields Too Large' };

function faultOfConnection(code: string | undefined): ReturnType<typeof fault> {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return fault('request-timeout', 'the request was not complete in time: headers have 10 s, the whole of it 30 s');
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return fault('too-large', 'the headers are larger than 16 KB, the most that is taken', { status: 431 });
  }
  return fault('invalid-request', 'this is not a well-formed HTTP/1.1 request; the connection is closed');
}

function startListening(server: Server, { host, port }: Listen): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: Error & { code?: string }) => {
      const reason =
        cause.code === 'EADDRINUSE'
          ? 'another process listens there. Stop it, or use another port (0 for any free one)'
          : cause.message;
      reject(new Error(`cannot listen on ${host}:${port}: ${reason}`, { cause }));
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host.replace(/^\[|\]$/g, '')}]` : host}:${taken}`);
    });
  });
}
