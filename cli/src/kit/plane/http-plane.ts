import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type CloudEvent, decodeHttp, isObject, parseDuration } from '@slipway/contract';
import { Answers, attemptOf } from './answers.ts';
import type { Ask, Fault, Plane } from './plane.ts';
import { PushTarget } from './push-target.ts';

const TOKEN = 'token-of-the-kit';
const BODY_MAX_BYTES = 16 * 1024 * 1024;
const EVENT_BYTES_MAX = 1024 * 1024;

interface Waiter {
  task: string;
  max: number;
  response: ServerResponse;
  timer: NodeJS.Timeout;
}

/** The routes that a task service uses, for claims and for push. */
export class HttpPlane implements Plane {
  readonly answers = new Answers();
  readonly withoutToken: string[] = [];
  readonly asks: Ask[] = [];
  readonly data = new Map<string, string>();
  readonly fetched: string[] = [];
  faultAnswers: Plane['faultAnswers'] = () => undefined;
  faultAsks: Plane['faultAsks'] = () => undefined;
  readonly givenBack = new Set<string>();
  readonly #over = new Set<string>();
  readonly #connect: 'claim' | 'push';
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #port = 0;
  #queue: CloudEvent[] = [];
  #waiting: Waiter[] = [];
  #target: PushTarget | undefined;

  constructor(connect: 'claim' | 'push') {
    this.#connect = connect;
    this.#server = this.#newServer();
  }

  async start(): Promise<this> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address !== null && typeof address !== 'string') this.#port = address.port;
    return this;
  }

  get env(): Record<string, string> {
    return {
      SLIPWAY_CONNECT: this.#connect,
      SLIPWAY_SERVER: `http://127.0.0.1:${this.#port}`,
      SLIPWAY_TOKEN: TOKEN,
    };
  }

  forgetAsks(): void {
    this.#queue.unshift(...(this.#target?.close() ?? []));
    this.#target = undefined;
    for (const waiter of this.#waiting) {
      clearTimeout(waiter.timer);
      waiter.response.destroy();
    }
    this.#waiting = [];
  }

  isAsked(): boolean {
    return this.#connect === 'push' ? this.#target !== undefined : this.#waiting.length > 0;
  }

  offer(...events: readonly CloudEvent[]): void {
    this.#queue.push(...events);
    this.#handOut();
  }

  withdraw(): void {
    this.#queue = [];
  }

  cancel(event: CloudEvent): void {
    this.#over.add(event.id);
    if (this.#connect !== 'push') return;
    const { id, data: _, ...rest } = event;
    const type = event.type.replace(/triggered$/, 'cancelled');
    this.#target?.deliver({ ...rest, id: randomUUID(), type, causationid: id, data: {} });
  }

  async sendGarbage(): Promise<boolean> {
    if (this.#connect === 'push') return (await this.#target?.deliverGarbage()) ?? true;
    const waiter = this.#waiting.shift();
    clearTimeout(waiter?.timer);
    waiter?.response.writeHead(200, { 'content-type': 'application/cloudevents-batch+json' }).end('[{"id": ');
    return true;
  }

  async away(ms: number): Promise<void> {
    await this.#stop();
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#server = this.#newServer();
    await this.start();
  }

  async close(): Promise<void> {
    this.#target?.close();
    await this.#stop();
  }

  #newServer(): Server {
    const server = createServer((request, response) => void this.#handle(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    return server;
  }

  async #stop(): Promise<void> {
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#waiting = [];
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) return;
    const { method = 'GET', url = '/' } = request;
    const { pathname, searchParams } = new URL(url, 'http://kit');
    if (request.headers.authorization !== `Bearer ${TOKEN}`) this.withoutToken.push(`${method} ${pathname}`);
    const claimed = /^\/v1\/tasks\/([^/]+)\/claim$/.exec(pathname)?.[1];
    if (method === 'POST' && claimed !== undefined) return this.#claim(claimed, searchParams, body, request, response);
    if (method === 'POST' && pathname === '/v1/events') return this.#events(request, body, response);
    if (method === 'POST' && pathname === '/v1/data') return this.#putData(body, response);
    const subscription = /^\/v1\/subscriptions\/([^/]+)$/.exec(pathname)?.[1];
    if (subscription !== undefined) return this.#subscription(method, body, response);
    if (method === 'GET' && this.data.has(pathname)) {
      this.fetched.push(pathname);
      return json(response, 200, this.data.get(pathname) ?? '');
    }
    problem(response, { status: 404, code: 'not-found' });
  }

  #claim(task: string, query: URLSearchParams, body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const max = Number(query.get('max') ?? 1);
    const waitMs = durationOf(query.get('wait'), 0);
    const { source } = parsedObject(body);
    this.asks.push({ at: performance.now(), max, waitMs, leaseMs: durationOf(query.get('lease'), 30_000), source });
    if (this.#fail(this.faultAsks(), request, response)) return;
    const waiter: Waiter = { task, max, response, timer: setTimeout(() => this.#leave(waiter, 204), waitMs) };
    this.#waiting.push(waiter);
    // A service that leaves ends its half of the connection.
    const leave = (): void => this.#leave(waiter);
    request.socket.once('end', leave);
    response.on('close', () => {
      request.socket.off('end', leave);
      leave();
    });
    this.#handOut();
    this.answers.changed();
  }

  #leave(waiter: Waiter, status?: number): void {
    clearTimeout(waiter.timer);
    if (!this.#waiting.includes(waiter)) return;
    this.#waiting = this.#waiting.filter((one) => one !== waiter);
    if (status !== undefined) waiter.response.writeHead(status).end();
    this.answers.changed();
  }

  #handOut(): void {
    if (this.#connect === 'push') {
      const target = this.#target;
      if (target !== undefined) for (const event of this.#queue.splice(0)) target.deliver(event);
      return;
    }
    for (const waiter of [...this.#waiting]) {
      const mine = this.#queue.filter((event) => taskOf(event) === waiter.task).slice(0, waiter.max);
      if (mine.length === 0) continue;
      this.#queue = this.#queue.filter((event) => !mine.includes(event));
      clearTimeout(waiter.timer);
      this.#waiting = this.#waiting.filter((one) => one !== waiter);
      json(waiter.response, 200, JSON.stringify(mine), 'application/cloudevents-batch+json');
    }
  }

  #events(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const decoded = decodeHttp({ headers: request.headers, body });
    if (!decoded.ok) {
      this.answers.refuse(decoded.problem.detail);
      problem(response, { status: decoded.problem.status, code: decoded.problem.code });
      return;
    }
    const { events } = decoded;
    const fault = this.faultAnswers(events);
    if (fault?.kind === 'break-after') this.#take(events);
    if (this.#fail(fault, request, response)) return;
    if (events.some((event) => Buffer.byteLength(JSON.stringify(event)) > EVENT_BYTES_MAX)) {
      problem(response, { status: 413, code: 'too-large' });
      return;
    }
    this.#take(events);
    const [first] = events;
    if (events.length === 1 && first !== undefined && this.#over.has(attemptOf(first))) {
      problem(response, { status: 409, code: 'attempt-over' });
      return;
    }
    const items = events.map((event) => ({
      id: event.id,
      ...(this.#over.has(attemptOf(event)) ? { outcome: 'ignored', code: 'attempt-over' } : { outcome: 'accepted' }),
    }));
    json(response, 202, JSON.stringify({ items }));
  }

  #take(events: readonly CloudEvent[]): void {
    for (const event of events) this.answers.add(event, 'POST /v1/events');
  }

  #putData(body: Buffer, response: ServerResponse): void {
    const dataref = `/v1/data/${randomUUID()}`;
    this.data.set(dataref, body.toString());
    json(response, 201, JSON.stringify({ dataref }));
  }

  #subscription(method: string, body: Buffer, response: ServerResponse): void {
    if (method === 'DELETE') {
      // As the control plane does: others may have what this service has not finished.
      for (const id of this.#target?.unfinished() ?? []) {
        this.givenBack.add(id);
        this.#over.add(id);
      }
      this.#target?.close();
      this.#target = undefined;
      this.answers.changed();
      response.writeHead(204).end();
      return;
    }
    const { sink } = parsedObject(body);
    const fault = this.faultAsks();
    if (fault?.kind === 'status') {
      problem(response, fault);
      return;
    }
    this.asks.push({ at: performance.now(), max: 1, waitMs: 0, leaseMs: Number.POSITIVE_INFINITY, source: sink });
    this.#queue.unshift(...(this.#target?.close() ?? []));
    this.#target = new PushTarget(String(sink), this.answers);
    json(response, 201, body.toString());
    this.#handOut();
    this.answers.changed();
  }

  #fail(fault: Fault | undefined, request: IncomingMessage, response: ServerResponse): boolean {
    if (fault === undefined) return false;
    if (fault.kind === 'status') problem(response, fault);
    else request.socket.destroy();
    return true;
  }
}

function taskOf(event: CloudEvent): string {
  return event.type.split('.').at(-2) ?? '';
}

function durationOf(text: string | null, fallback: number): number {
  if (text === null) return fallback;
  const read = parseDuration(text, { allowZero: true });
  return read.ok ? read.ms : Number.NaN;
}

function json(response: ServerResponse, status: number, text: string, type = 'application/json'): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': type }).end(text);
}

function problem(response: ServerResponse, fault: Omit<Extract<Fault, { kind: 'status' }>, 'kind'>): void {
  const { status, code = 'refused', retryAfterS, body } = fault;
  if (retryAfterS !== undefined) response.setHeader('retry-after', retryAfterS);
  const told = { type: `/v1/docs#problem-${code}`, title: code, status, code, detail: `the kit says ${code}` };
  json(response, status, body ?? JSON.stringify(told), body === undefined ? 'application/problem+json' : 'text/html');
}

function parsedObject(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > BODY_MAX_BYTES) return undefined;
      chunks.push(bytes);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
