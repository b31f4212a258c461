import { decodeHttp, defaultCodecLimits } from '@slipway/contract';
import { backoffMs } from '../backoff.ts';
import type { ByReference } from '../by-reference.ts';
import { largeByReference, openOutbox } from '../claim/open-outbox.ts';
import type { Outbox } from '../claim/outbox.ts';
import { AttemptCancelled, ServerUnreachable } from '../errors.ts';
import { HttpDoor } from '../http/door.ts';
import { problemOf } from '../http/problem.ts';
import { errorText, type Logger } from '../log.ts';
import type { Task } from '../task.ts';
import type { Transport, TransportCounts } from '../transport.ts';
import { type Answer, answerTo, type Filter, readMessage, type Trigger, whereabouts } from '../trigger.ts';
import type { Channel, Worker } from '../worker.ts';
import { Listener, type PushedAnswer, type PushedRequest, refusal } from './listener.ts';

/** Where attempts are delivered, and what of it the control plane is told. */
/** The outputs of many tasks may come to more keys than one sender may send. The size of a body has its own bound. */
const LIMITS = { ...defaultCodecLimits, keysMax: Number.MAX_SAFE_INTEGER };

export interface PushOptions {
  /** Default 127.0.0.1. Whoever reaches the port can make this service work: listen elsewhere only behind a fence. */
  host?: string;
  /** Default: a free one. */
  port?: number;
  /** How the control plane reaches it, when that is another address than host and port: behind a proxy, or for replicas. */
  url?: string;
  /** How long a delivery waits for its attempt to end and takes the answer with it, before it says 202. Default 10 ms. */
  inlineMs?: number;
}

export interface PushTransportOptions {
  tasks: readonly Task[];
  worker: Worker;
  log: Logger;
  server: string;
  token: string | undefined;
  name: string;
  filter: Filter;
  push: PushOptions;
  queueMax: number;
  /** Who answers: the control plane takes the address of a subscription for the name of its service. */
  onSource: (source: string) => void;
}

const INLINE_MS = 10;
const INLINE_BYTES_MAX = 64 * 1024;
/** Deliveries come one after the other and wait 10 s for their answer: one that finds no slot waits for less than that. */
const SLOT_WAIT_MS = 5_000;
const EVENT_TYPE = 'application/cloudevents+json';

/**
 * Attempts are delivered to a port of this process, by a subscription that it makes for itself. Taking a delivery is
 * `started`; what ends quickly is answered in the response, and everything else by a POST of its own.
 */
export class PushTransport implements Transport {
  readonly #options: PushTransportOptions;
  readonly #door: HttpDoor;
  readonly #outbox: Outbox;
  readonly #channel: ByReference;
  readonly #listener = new Listener((request) => this.#handle(request));
  readonly #slotWaiters: (() => void)[] = [];
  #source = '';
  #leaving = false;

  constructor(options: PushTransportOptions) {
    this.#options = options;
    const { server, token, worker, log, queueMax } = options;
    this.#door = new HttpDoor({ server, token });
    this.#outbox = openOutbox({ door: this.#door, worker, log, queueMax, onDelivered: () => this.#wakeOne() });
    this.#channel = largeByReference({ outbox: this.#outbox, door: this.#door, log });
    worker.onFree = () => this.#wakeOne();
  }

  async start(): Promise<void> {
    const { host = '127.0.0.1', port = 0, url } = this.#options.push;
    const listening = await this.#listener.listen(host, port);
    this.#source = url ?? `http://${host.includes(':') ? `[${host}]` : host}:${listening}/`;
    this.#options.onSource(this.#source);
    await this.#subscribe();
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    while (this.#slotWaiters.length > 0) this.#wakeOne();
  }

  async flush(withinMs: number): Promise<boolean> {
    return (await this.#channel.flush(withinMs)) && this.#outbox.flush(withinMs);
  }

  async close(): Promise<void> {
    // An address of our own ends with us; one that was given belongs to other replicas too. Not before the answers are
    // delivered: ending the subscription gives back what is not finished.
    if (this.#options.push.url === undefined && this.#source !== '') await this.#unsubscribe();
    await this.#listener.close();
    this.#channel.stop();
    this.#outbox.stop();
    this.#door.close();
  }

  counts(): TransportCounts {
    const { waiting, ...counts } = this.#outbox.counts;
    return { ...counts, waiting: waiting + this.#channel.waiting };
  }

  async #handle(request: PushedRequest): Promise<PushedAnswer> {
    if (request.method === 'GET') return { status: 200, body: '{"status":"ok"}' };
    if (request.method !== 'POST') return refusal(405, 'events come by POST');
    const decoded = decodeHttp({ headers: request.headers, body: request.body }, LIMITS);
    if (!decoded.ok) return refusal(decoded.problem.status, decoded.problem.detail);
    const [event] = decoded.events;
    if (event === undefined || decoded.events.length > 1) return refusal(400, 'one event at a time');
    const message = readMessage(event);
    if (message.kind === 'cancelled') this.#options.worker.cancel(message.attemptId, 'the control plane cancelled it');
    if (message.kind !== 'triggered') return { status: 204 };
    return this.#take(message.trigger);
  }

  async #take(trigger: Trigger): Promise<PushedAnswer> {
    const { worker, tasks, push } = this.#options;
    if (!tasks.some((task) => task.name === trigger.task)) {
      return refusal(404, `this service has the tasks ${tasks.map((task) => task.name).join(', ')}`);
    }
    if (!(await this.#slot(trigger))) return { ...refusal(503, 'busy, or about to end'), retryAfterS: 1 };
    const reply = new Reply(this.#channel, push.inlineMs ?? INLINE_MS, (attemptId, reason) =>
      this.#leftBehind(trigger, attemptId, reason),
    );
    if (worker.take(trigger, reply) === 'running') return { status: 202 };
    return reply.answer;
  }

  /** Waits for a free slot and room for the answer. An attempt that runs already needs none. */
  async #slot({ task, event }: Trigger): Promise<boolean> {
    const { worker } = this.#options;
    const isFree = (): boolean => worker.isRunning(event.id) || (worker.freeSlots(task) > 0 && this.#outbox.room > 0);
    const deadline = performance.now() + SLOT_WAIT_MS;
    while (!this.#leaving && !isFree()) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await this.#wait(left);
    }
    return !this.#leaving;
  }

  #wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#slotWaiters.push(() => {
      clearTimeout(timer);
      resolve();
    });
    return promise;
  }

  #wakeOne(): void {
    this.#slotWaiters.shift()?.();
  }

  /** It was taken, so nobody else will get it: there is no lease that could lapse. Say that it may be tried again. */
  #leftBehind(trigger: Trigger, attemptId: string, reason: Error): void {
    if (reason instanceof AttemptCancelled) return;
    const message = `attempt ${attemptId}: ${reason.message}`;
    const data = {
      ...whereabouts(trigger),
      ...{ status: 'errored', result: 'fail', message, error: { code: 'SERVICE_ENDED', message } },
    };
    this.#outbox.send(answerTo(trigger, { phase: 'finished', source: this.#source, data }));
  }

  /** Until the control plane has it. Throws SlipwayProblem when it refuses for good. */
  async #subscribe(): Promise<void> {
    const { tasks, filter, log, name } = this.#options;
    const types = tasks.flatMap((task) => [`${task.name}.triggered`, `${task.name}.cancelled`]);
    const body = JSON.stringify({ sink: this.#source, types, ...filter, mode: 'execute' });
    for (let failures = 0; !this.#leaving; failures++) {
      const why = await this.#put(body);
      if (why === undefined) return;
      if (failures % 20 === 0) log.warn({ service: name, why }, 'could not subscribe: trying again');
      await new Promise((resolve) => setTimeout(resolve, backoffMs(failures)));
    }
  }

  async #put(body: string): Promise<string | undefined> {
    const path = `/v1/subscriptions/${encodeURIComponent(this.#options.name)}`;
    try {
      const headers = { 'content-type': 'application/json' };
      const answer = await this.#door.exchange({ method: 'PUT', path, headers, body });
      if (answer.status < 300) return undefined;
      const problem = problemOf(answer, 'subscribing');
      const isFinal = answer.status < 500 && answer.status !== 429 && !problem.code.startsWith('http-');
      if (isFinal) throw problem;
      return problem.message;
    } catch (error) {
      if (error instanceof ServerUnreachable) return error.message;
      throw error;
    }
  }

  async #unsubscribe(): Promise<void> {
    const path = `/v1/subscriptions/${encodeURIComponent(this.#options.name)}`;
    await this.#door.exchange({ method: 'DELETE', path, timeoutMs: UNSUBSCRIBE_MS }).catch((error: unknown) => {
      this.#options.log.warn({ error: errorText(error) }, 'the subscription was left behind');
    });
  }
}

const UNSUBSCRIBE_MS = 2_000;

/** The response to one delivery: takes the answer along when it comes in time. */
class Reply {
  readonly answer: Promise<PushedAnswer>;
  readonly #channel: Channel;
  readonly #onLeftBehind: (attemptId: string, reason: Error) => void;
  #resolve: ((answer: PushedAnswer) => void) | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(channel: Channel, inlineMs: number, onLeftBehind: (attemptId: string, reason: Error) => void) {
    const { promise, resolve } = Promise.withResolvers<PushedAnswer>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#channel = channel;
    this.#onLeftBehind = onLeftBehind;
    this.#timer = setTimeout(() => this.#respond({ status: 202 }), inlineMs);
  }

  send(answer: Answer): void {
    // Of a longer response only the status would count.
    const isShort = Buffer.byteLength(answer.json) <= INLINE_BYTES_MAX;
    const inTime =
      answer.phase === 'finished' && isShort && this.#respond({ status: 200, body: answer.json, type: EVENT_TYPE });
    if (inTime) return;
    if (answer.phase === 'finished') this.#respond({ status: 202 });
    this.#channel.send(answer);
  }

  dropped(attemptId: string, reason: Error): void {
    // Not said to be taken yet: it is delivered again.
    if (!this.#respond({ status: 503, retryAfterS: 1 })) this.#onLeftBehind(attemptId, reason);
  }

  #respond(answer: PushedAnswer): boolean {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    clearTimeout(this.#timer);
    resolve?.(answer);
    return resolve !== undefined;
  }
}
