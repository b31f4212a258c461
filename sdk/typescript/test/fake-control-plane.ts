import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { CloudEvent } from '@slipway/contract';
import { decodeHttp } from '@slipway/contract';

/**
 * The control plane's two hot routes over real sockets, and the faults that a test wants from it. It keeps what was
 * answered, and what an attempt's answer would be refused with.
 */
export class FakeControlPlane {
  readonly answers: CloudEvent[] = [];
  /** Sizes of the POSTs to /v1/events. */
  readonly posts: number[] = [];
  readonly claims: { task: string; max: number; lease: string; body: unknown }[] = [];
  readonly requests: string[] = [];
  /** By id: what was PUT. */
  readonly subscriptions = new Map<string, { sink: string; types: string[] }>();
  readonly over = new Set<string>();
  /** Called for each request first; true: it has answered by itself (or broken the connection). */
  fault: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  /** Called after an answer was stored. */
  onAnswer: (event: CloudEvent) => void = () => {};
  readonly #queues = new Map<string, CloudEvent[]>();
  readonly #waiting: { task: string; max: number; response: ServerResponse; timer: NodeJS.Timeout }[] = [];
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  url = '';
  #next = 1;

  /** Claims that wait for work now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  async start(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.url = `http://127.0.0.1:${address.port}`;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** A trigger of `task`, as the control plane would make it. */
  trigger(task: string, input: unknown, more: Partial<CloudEvent> = {}): CloudEvent {
    const id = `run-${this.#next++}.${task}.1`;
    return {
      specversion: '1.0',
      id,
      source: 'slipway',
      type: `${task}.triggered`,
      subject: id.slice(0, id.indexOf('.')),
      datacontenttype: 'application/json',
      correlationid: `context-of-${id}`,
      ...more,
      data: { project: 'default', stage: 'dev', [task]: input, ...(more.data as object | undefined) },
    };
  }

  offer(...events: CloudEvent[]): void {
    for (const event of events) {
      const task = event.type.replace('sh.keptn.event.', '').split('.')[0] ?? '';
      this.#queues.set(task, [...(this.#queues.get(task) ?? []), event]);
    }
    for (const waiter of this.#waiting.splice(0)) {
      if (!this.#give(waiter.task, waiter.max, waiter.response)) this.#waiting.push(waiter);
      else clearTimeout(waiter.timer);
    }
  }

  finished(): CloudEvent[] {
    return this.answers.filter((event) => event.type.endsWith('.finished'));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`);
    if (this.fault(request, response)) return;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', 'http://x');
    const claim = /^\/v1\/tasks\/([^/]+)\/claim$/.exec(url.pathname);
    if (claim?.[1] !== undefined) return this.#claim(claim[1], url, JSON.parse(body.toString()), response);
    if (url.pathname === '/v1/events') return this.#events(request, body, response);
    const id = /^\/v1\/subscriptions\/([^/]+)$/.exec(url.pathname)?.[1];
    if (id !== undefined && request.method === 'PUT') {
      this.subscriptions.set(id, JSON.parse(body.toString()));
      response.writeHead(201, { 'content-type': 'application/json' }).end(body);
    } else if (id !== undefined && request.method === 'DELETE') {
      this.subscriptions.delete(id);
      response.writeHead(204).end();
    } else {
      response.writeHead(404).end();
    }
  }

  #claim(task: string, url: URL, body: unknown, response: ServerResponse): void {
    const max = Number(url.searchParams.get('max'));
    this.claims.push({ task, max, lease: url.searchParams.get('lease') ?? '', body });
    if (this.#give(task, max, response)) return;
    const wait = Number.parseInt(url.searchParams.get('wait') ?? '0', 10);
    const waiter = { task, max, response, timer: setTimeout(() => end(204), wait) };
    const end = (status?: number): void => {
      const at = this.#waiting.indexOf(waiter);
      if (at >= 0) this.#waiting.splice(at, 1);
      clearTimeout(waiter.timer);
      if (status !== undefined) response.writeHead(status).end();
    };
    response.on('close', () => end());
    this.#waiting.push(waiter);
  }

  #give(task: string, max: number, response: ServerResponse): boolean {
    const queue = this.#queues.get(task) ?? [];
    if (queue.length === 0) return false;
    response.setHeader('content-type', 'application/json');
    response.writeHead(200).end(JSON.stringify(queue.splice(0, max)));
    return true;
  }

  #events(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const decoded = decodeHttp({ headers: request.headers, body });
    if (!decoded.ok) {
      response.writeHead(decoded.problem.status, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ type: '/v1/docs#x', title: 'bad', ...decoded.problem }));
      return;
    }
    this.posts.push(decoded.events.length);
    const isOver = (event: CloudEvent): boolean => this.over.has(String(event.causationid ?? event.triggeredid));
    const [first] = decoded.events;
    if (decoded.events.length === 1 && first !== undefined && isOver(first)) {
      this.#store(decoded.events);
      const problem = {
        type: '/v1/docs#problem-attempt-over',
        title: 'over',
        status: 409,
        code: 'attempt-over',
        detail: 'it is over',
      };
      response.writeHead(409, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
      return;
    }
    const items = decoded.events.map((event) =>
      isOver(event)
        ? { id: event.id, outcome: 'ignored', code: 'attempt-over' }
        : { id: event.id, outcome: 'accepted' },
    );
    response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ items }));
    this.#store(decoded.events);
  }

  #store(events: readonly CloudEvent[]): void {
    for (const event of events) {
      this.answers.push(event);
      this.onAnswer(event);
    }
  }
}

/** Until `check` holds; fails with what it was about otherwise. */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
