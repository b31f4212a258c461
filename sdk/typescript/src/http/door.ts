import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { ServerUnreachable } from '../errors.ts';

export interface HttpRequest {
  method: string;
  /** With its query. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** From now to the last byte of the answer; 30 s where nothing is said. */
  timeoutMs?: number;
  /** Breaks the connection. */
  signal?: AbortSignal | undefined;
  /**
   * Ends our half of the connection and still takes the answer that may be on its way. The server gives up what it holds
   * for us unless it has answered already, so that nothing falls between the two.
   */
  leave?: AbortSignal | undefined;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** An answer whose body is still coming. */
export interface HttpStream {
  status: number;
  headers: IncomingHttpHeaders;
  body: IncomingMessage;
}

const TIMEOUT_MS = 30_000;
/** More than any answer of the control plane; protects against a server that never stops talking. */
const ANSWER_MAX_BYTES = 256 * 1024 * 1024;
/** How long an answer may still be on its way after we said that we leave. */
const LEAVE_GRACE_MS = 1_000;

/**
 * The way to one server: kept connections, a token, and errors that say what to do. On node:http and not on fetch,
 * because a claim and an answer cost half of the CPU this way.
 */
export class HttpDoor {
  readonly server: string;
  readonly #base: RequestOptions;
  readonly #prefix: string;
  readonly #request: typeof httpRequest;
  readonly #agent: HttpAgent;
  readonly #headers: Record<string, string>;

  constructor(options: { server: string; token?: string | undefined }) {
    const url = readServer(options.server);
    const secure = url.protocol === 'https:';
    this.server = url.origin + url.pathname.replace(/\/+$/, '');
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#agent = secure ? new HttpsAgent(AGENT) : new HttpAgent(AGENT);
    this.#request = secure ? httpsRequest : httpRequest;
    this.#base = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || (secure ? 443 : 80),
      agent: this.#agent,
    };
    this.#headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  }

  /** Asks, and reads the whole answer. Throws ServerUnreachable when there is none. */
  exchange(asked: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const request = this.#open(asked, reject, (response, settled) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > ANSWER_MAX_BYTES)
            request.destroy(new Error(`its answer is larger than ${ANSWER_MAX_BYTES} bytes`));
          chunks.push(chunk);
        });
        response.on('end', () => {
          settled();
          const [first] = chunks;
          const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString() });
        });
      });
      end(request, asked.body);
    });
  }

  /** Asks, and gives the answer as soon as its headers are there; `timeoutMs` ends there. */
  stream(asked: HttpRequest): Promise<HttpStream> {
    return new Promise((resolve, reject) => {
      const request = this.#open(asked, reject, (response, settled) => {
        settled();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
      });
      end(request, asked.body);
    });
  }

  /** Breaks every connection that is left. */
  close(): void {
    this.#agent.destroy();
  }

  #open(
    asked: HttpRequest,
    reject: (error: Error) => void,
    onResponse: (response: IncomingMessage, settled: () => void) => void,
  ): ClientRequest {
    const { method, path, timeoutMs = TIMEOUT_MS, signal, leave } = asked;
    const headers = { ...this.#headers, ...asked.headers };
    const request = this.#request({ ...this.#base, method, path: this.#prefix + path, headers });
    const timer = setTimeout(() => request.destroy(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
    const abort = (): void => void request.destroy(new Error('the caller gave up'));
    let graceTimer: NodeJS.Timeout | undefined;
    const halfClose = (): void => {
      request.socket?.end();
      graceTimer = setTimeout(() => request.destroy(new Error('the caller left')), LEAVE_GRACE_MS);
    };
    const settled = (): void => {
      clearTimeout(timer);
      clearTimeout(graceTimer);
      signal?.removeEventListener('abort', abort);
      leave?.removeEventListener('abort', halfClose);
    };
    const fail = (error: Error): void => {
      settled();
      reject(new ServerUnreachable(this.server, { reason: reasonOf(error), cause: error }));
    };
    request.on('error', fail);
    request.on('response', (response) => {
      response.on('error', fail);
      onResponse(response, settled);
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    if (leave?.aborted) abort();
    else leave?.addEventListener('abort', halfClose, { once: true });
    return request;
  }
}

/** As bytes: Node writes a long string to a socket three times as slowly as it makes bytes of it. */
function end(request: ClientRequest, body: string | Uint8Array | undefined): void {
  if (body === undefined) {
    request.end();
    return;
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  request.setHeader('content-length', bytes.length);
  request.end(bytes);
}

const AGENT = { keepAlive: true, maxFreeSockets: 16, scheduling: 'lifo' } as const;

function readServer(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(
      `${JSON.stringify(server)} is not the address of a server: write for example http://127.0.0.1:8484`,
    );
  }
  return url;
}

function reasonOf(error: Error): string {
  // A host with several addresses fails with one error for each of them.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  if (first instanceof Error && 'code' in first && typeof first.code === 'string') return first.code;
  return error.message || error.name;
}
