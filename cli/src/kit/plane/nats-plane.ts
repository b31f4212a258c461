import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { type CloudEvent, decodeNats } from '@slipway/contract';
import { badUsage } from '../../exit-code.ts';
import type { Answers } from './answers.ts';
import { HttpPlane } from './http-plane.ts';
import type { Ask, Plane } from './plane.ts';

const OUT = ['slipway.*.*.triggered', 'slipway.*.*.cancelled', 'sh.keptn.event.*.triggered'];
const IN = ['started', 'finished', 'status.changed'].flatMap((phase) => [
  `slipway.*.*.${phase}`,
  `sh.keptn.event.*.${phase}`,
]);
const READY_MS = 10_000;

/** A broker of its own with the control plane's streams, and the control plane's HTTP for data that are too large for it. */
export class NatsPlane implements Plane {
  /** None: no subscription of the control plane ends with a service on NATS. */
  readonly givenBack: ReadonlySet<string> = new Set();
  readonly answers: Answers;
  readonly asks: readonly Ask[] = [];
  readonly #http: HttpPlane;
  readonly #program: string;
  readonly #port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'slipway-kit-'));
  #child: ChildProcess | undefined;
  #connection: NatsConnection | undefined;
  #hellos = 0;
  /** Offered before the service asked for work: a new consumer begins with what comes then. */
  #queue: CloudEvent[] = [];

  private constructor(http: HttpPlane, program: string, port: number) {
    this.#http = http;
    this.answers = http.answers;
    this.#program = program;
    this.#port = port;
  }

  static async start(program: string): Promise<NatsPlane> {
    const plane = new NatsPlane(await new HttpPlane('claim').start(), program, await freePort());
    await plane.#begin();
    await plane.#makeStreams();
    return plane;
  }

  get env(): Record<string, string> {
    return { ...this.#http.env, SLIPWAY_CONNECT: 'nats', SLIPWAY_NATS: `nats://127.0.0.1:${this.#port}` };
  }

  get data(): Map<string, string> {
    return this.#http.data;
  }
  get fetched(): string[] {
    return this.#http.fetched;
  }
  get withoutToken(): string[] {
    return this.#http.withoutToken;
  }
  faultAnswers: Plane['faultAnswers'] = () => undefined;
  faultAsks: Plane['faultAsks'] = () => undefined;

  isAsked(): boolean {
    return this.#hellos > 0;
  }

  offer(...events: readonly CloudEvent[]): void {
    this.#queue.push(...events);
    if (this.isAsked()) for (const event of this.#queue.splice(0)) this.#publish(event);
  }

  withdraw(): void {
    this.#queue = [];
  }

  cancel(event: CloudEvent): void {
    const { id, data, ...rest } = event;
    const type = event.type.replace(/triggered$/, 'cancelled');
    this.#publish({ ...rest, id: randomUUID(), type, causationid: id, data: { project: projectOf(data) } });
  }

  async sendGarbage(): Promise<boolean> {
    this.#connection?.publish('slipway.default.kit-garbage.triggered', '[{"id": ');
    for (const task of this.#tasks) this.#connection?.publish(`slipway.default.${task}.triggered`, '[{"id": ');
    await this.#connection?.flush();
    return true;
  }
  readonly #tasks = new Set<string>();

  async away(ms: number): Promise<void> {
    await this.#end();
    await new Promise((resolve) => setTimeout(resolve, ms));
    await this.#begin();
  }

  forgetAsks(): void {
    this.#hellos = 0;
  }

  async close(): Promise<void> {
    await this.#end();
    await this.#http.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #publish(event: CloudEvent): void {
    const [task = ''] = event.type.replace('sh.keptn.event.', '').split('.');
    this.#tasks.add(task);
    const isKeptn = event.type.startsWith('sh.keptn.event.');
    const subject = isKeptn ? event.type : `slipway.${projectOf(event.data)}.${event.type}`;
    this.#connection?.publish(subject, JSON.stringify(event));
  }

  async #begin(): Promise<void> {
    const args = ['-a', '127.0.0.1', '-p', String(this.#port), '-js', '-sd', this.#folder];
    this.#child = spawn(this.#program, args, { stdio: 'ignore' });
    this.#child.on('error', () => {});
    this.#connection = await this.#dial();
    for (const subject of IN) this.#connection.subscribe(subject, { callback: (_, message) => this.#read(message) });
    this.#connection.subscribe('slipway-hello', {
      callback: () => {
        this.#hellos++;
        if (this.#queue.length > 0) this.offer();
        this.answers.changed();
      },
    });
    await this.#connection.flush();
  }

  async #dial(): Promise<NatsConnection> {
    const deadline = performance.now() + READY_MS;
    for (;;) {
      try {
        return await connect({ servers: `127.0.0.1:${this.#port}`, reconnect: false });
      } catch (error) {
        if (performance.now() > deadline || this.#child?.pid === undefined) {
          throw badUsage(`no NATS server could be started with ${this.#program}: name one with --nats-server`, [
            String(error),
          ]);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #makeStreams(): Promise<void> {
    if (this.#connection === undefined) return;
    const { streams } = await jetstreamManager(this.#connection);
    await streams.add({ name: 'SLIPWAY_OUT', subjects: OUT });
    await streams.add({ name: 'SLIPWAY_IN', subjects: IN });
  }

  #read(message: Msg): void {
    const decoded = decodeNats({ headers: message.headers, data: message.data });
    if (decoded.ok) this.answers.add(decoded.event, 'NATS');
    else this.answers.refuse(`on ${message.subject}: ${decoded.problem.detail}`);
  }

  async #end(): Promise<void> {
    await this.#connection?.close();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

function projectOf(data: unknown): string {
  const project = typeof data === 'object' && data !== null && 'project' in data ? data.project : undefined;
  return typeof project === 'string' ? project : 'default';
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
