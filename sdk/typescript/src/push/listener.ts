import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PushedRequest {
  method: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface PushedAnswer {
  status: number;
  /** JSON. */
  body?: string;
  type?: string;
  retryAfterS?: number;
}

const BODY_MAX_BYTES = 8 * 1024 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than any client keeps an idle connection, so that it is the client who closes it. */
const KEEP_ALIVE_MS = 75_000;

/** A small HTTP server: reads a whole request, asks `handle`, and writes its answer. */
export class Listener {
  readonly #server: Server;

  constructor(handle: (request: PushedRequest) => Promise<PushedAnswer>) {
    this.#server = createServer((request, response) => void serve(request, response, handle));
    this.#server.headersTimeout = HEADERS_TIMEOUT_MS;
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
  }

  /** The port it listens on. */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    // A server on a port and not on a pipe has an address of this kind.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no more connections; resolves when what was asked is answered. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const force = setTimeout(() => this.#server.closeAllConnections(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(force);
  }
}

const CLOSE_TIMEOUT_MS = 2_000;

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: PushedRequest) => Promise<PushedAnswer>,
): Promise<void> {
  const body = await readBody(request).catch(() => 'broken' as const);
  if (body === 'broken') return;
  const { method = 'GET', headers } = request;
  const answer =
    body === 'too-large'
      ? refusal(413, `a request has at most ${BODY_MAX_BYTES} bytes`)
      : await handle({ method, headers, body }).catch((error: unknown) => refusal(500, String(error)));
  if (body === 'too-large') response.setHeader('connection', 'close');
  if (answer.body !== undefined) response.setHeader('content-type', answer.type ?? 'application/json');
  if (answer.retryAfterS !== undefined) response.setHeader('retry-after', answer.retryAfterS);
  response.writeHead(answer.status).end(answer.body);
}

export function refusal(status: number, detail: string): PushedAnswer {
  const problem = { type: 'about:blank', title: 'Refused', status, detail };
  return { status, type: 'application/problem+json', body: JSON.stringify(problem) };
}

async function readBody(request: IncomingMessage): Promise<Buffer | 'too-large'> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > BODY_MAX_BYTES) return 'too-large';
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, size);
}
