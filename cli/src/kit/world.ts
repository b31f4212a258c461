import type { CloudEvent, JsonObject } from '@slipway/contract';
import { isObject } from '@slipway/contract';
import type { Connect, InputName, KitFile } from './inputs.ts';
import { check, Mismatch, shorten } from './mismatch.ts';
import type { HttpPlane } from './plane/http-plane.ts';
import type { NatsPlane } from './plane/nats-plane.ts';
import type { Received } from './received.ts';
import { ServiceProcess } from './service-process.ts';

const READY_MS = 20_000;

/** What a case works with: the control plane that the kit plays, and the service. */
export class World {
  readonly connect: Connect;
  readonly plane: HttpPlane | NatsPlane;
  readonly task: string;
  readonly file: KitFile;
  /** How long an answer may take. */
  readonly answerMs: number;
  /** What this case has offered. */
  sent: CloudEvent[] = [];
  /** How much had been received when this case began. */
  #receivedBefore = 0;
  #invalidBefore = 0;
  readonly #command: readonly string[];
  #service: ServiceProcess | undefined;
  #next = 1;

  constructor(options: {
    connect: Connect;
    plane: HttpPlane | NatsPlane;
    file: KitFile;
    command: readonly string[];
    answerMs: number;
  }) {
    this.connect = options.connect;
    this.plane = options.plane;
    this.file = options.file;
    this.task = options.file.task;
    this.answerMs = options.answerMs;
    this.#command = options.command;
  }

  /** A case begins: faults and offers of the one before are gone. */
  begin(): void {
    this.sent = [];
    this.#receivedBefore = this.plane.answers.all.length;
    this.#invalidBefore = this.plane.answers.invalid.length;
    this.plane.faultAnswers = () => undefined;
    this.plane.faultAsks = () => undefined;
    this.plane.withdraw();
  }

  get service(): ServiceProcess {
    if (this.#service === undefined) throw new Error('no service was started');
    return this.#service;
  }

  get output(): string {
    return this.#service?.output ?? '';
  }

  /** Starts the service where none runs, and waits until it asks for work. */
  async ready(): Promise<void> {
    if (this.#service?.isRunning !== true) {
      await this.#service?.kill();
      this.plane.forgetAsks();
      this.#service = new ServiceProcess(this.#command, this.plane.env);
    }
    const service = this.#service;
    const asks = (): boolean => this.plane.isAsked() || !service.isRunning;
    const asked = await this.plane.answers.until(asks, READY_MS);
    if (asked && service.isRunning) return;
    // What kept it from starting comes a moment later than its end.
    if (!service.isRunning) await service.ended(1_000);
    const way = { claim: 'claim attempts', push: 'subscribe', nats: 'say hello' }[this.connect];
    const state = service.isRunning ? `nothing for ${READY_MS / 1000} s` : 'it ended';
    throw new Mismatch(
      `the service starts and begins to ${way}`,
      `${state}; it printed: ${service.output || 'nothing'}`,
    );
  }

  /** kill -9. */
  async killService(): Promise<void> {
    await this.#service?.kill();
  }

  input(name: InputName): unknown {
    return this.file.inputs[name];
  }

  /** A triggered event as the control plane makes it. */
  trigger(input: unknown, more: Partial<CloudEvent> & { data?: JsonObject } = {}): CloudEvent {
    const id = `kit-${process.pid}-${this.connect}-${this.#next++}.${this.task}.1`;
    const { data, ...attributes } = more;
    return {
      specversion: '1.0',
      id,
      source: 'slipway',
      type: `${this.task}.triggered`,
      subject: id.slice(0, id.indexOf('.')),
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      correlationid: `context-of-${id}`,
      ...attributes,
      data: { project: 'default', stage: 'dev', [this.task]: input, ...data },
    };
  }

  offer(...events: readonly CloudEvent[]): void {
    this.sent.push(...events);
    this.plane.offer(...events);
  }

  /** Offers it, and waits for the finished event. */
  async do(input: unknown, more: Partial<CloudEvent> & { data?: JsonObject } = {}): Promise<Received> {
    const event = this.trigger(input, more);
    this.offer(event);
    return this.finished(event);
  }

  /** The finished event of an attempt. Throws Mismatch when none comes. */
  async finished(event: CloudEvent, withinMs = this.answerMs): Promise<Received> {
    await this.plane.answers.until(() => this.plane.answers.finished(event.id).length > 0, withinMs);
    const [first] = this.plane.answers.finished(event.id);
    if (first !== undefined) return first;
    throw new Mismatch(
      `${this.task}.finished for the attempt ${event.id} within ${withinMs / 1000} s`,
      this.came() || `nothing; the service ${this.service.isRunning ? 'runs' : 'has ended'}`,
    );
  }

  /** The service still does its task. */
  async stillServes(): Promise<void> {
    const { event } = await this.do(this.input('good'));
    const data = dataOf(event);
    check(statusOf(data) === 'succeeded', 'the service goes on: the next good input succeeds', data);
  }

  /** Until the service works on it: it was handed out and is not answered. */
  async taken(event: CloudEvent): Promise<void> {
    this.offer(event);
    await this.pause(TAKEN_MS);
    check(this.plane.answers.finished(event.id).length === 0, 'the slow input takes longer than 0.4 s', this.came());
  }

  async until(what: string, holds: () => boolean, withinMs = this.answerMs): Promise<void> {
    if (!(await this.plane.answers.until(holds, withinMs))) throw new Mismatch(what, this.came() || 'nothing');
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** What was no event since the case began, and why. */
  get invalid(): string[] {
    return this.plane.answers.invalid.slice(this.#invalidBefore);
  }

  /** What the service has sent since the case began. */
  came(): string {
    const { all } = this.plane.answers;
    const lines = all.slice(this.#receivedBefore).map(({ event, via }) => `${via}: ${shorten(event)}`);
    return [...lines.slice(-LINES_MAX), ...this.invalid].join('\n');
  }
}

const TAKEN_MS = 400;
const LINES_MAX = 8;

export function dataOf(event: CloudEvent): JsonObject {
  return isObject(event.data) ? event.data : {};
}

/** A missing status means succeeded, a missing result pass. */
export function statusOf(data: JsonObject): unknown {
  return data.status ?? 'succeeded';
}

export function resultOf(data: JsonObject): unknown {
  return data.result ?? 'pass';
}
