import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { CloudEvent } from '@slipway/contract';
import { startNats } from '../../../tools/test-servers.ts';

type Server = Awaited<ReturnType<typeof startNats>>;

/** A real nats-server with the control plane's two streams, and a hand to publish triggers and read answers. */
export class NatsWorld {
  readonly answers: CloudEvent[] = [];
  readonly hellos: Record<string, unknown>[] = [];
  readonly #server: Server;
  #connection: NatsConnection;
  #next = 1;

  private constructor(server: Server, connection: NatsConnection) {
    this.#server = server;
    this.#connection = connection;
  }

  static async start(): Promise<NatsWorld> {
    const server = await startNats();
    const world = new NatsWorld(server, await connect({ servers: server.url }));
    await world.makeStreams();
    world.#listen();
    return world;
  }

  get url(): string {
    return this.#server.url;
  }

  async makeStreams(): Promise<void> {
    const { streams } = await jetstreamManager(this.#connection);
    const into = ['slipway.*.*.started', 'slipway.*.*.finished', 'slipway.*.*.status.changed'];
    await streams.add({
      name: 'SLIPWAY_IN',
      subjects: [...into, 'sh.keptn.event.*.started', 'sh.keptn.event.*.finished'],
    });
    await streams.add({ name: 'SLIPWAY_OUT', subjects: ['slipway.*.*.triggered', 'sh.keptn.event.*.triggered'] });
  }

  async removeStreams(): Promise<void> {
    const { streams } = await jetstreamManager(this.#connection);
    for (const name of ['SLIPWAY_IN', 'SLIPWAY_OUT']) await streams.delete(name);
  }

  /** kill -9, and back on the same port with what it had kept. */
  async restart(): Promise<void> {
    await this.#server.kill();
    const again = await startNats({ port: this.#server.port, storeDir: this.#server.storeDir });
    this.#extra.push(again);
  }
  readonly #extra: Server[] = [];

  trigger(task: string, input: unknown, more: Partial<CloudEvent> = {}): CloudEvent {
    const id = more.id ?? `run-${this.#next++}.${task}.1`;
    const event: CloudEvent = {
      ...{ specversion: '1.0', id, source: 'slipway', type: `${task}.triggered`, correlationid: 'context' },
      ...more,
      data: { project: 'default', stage: 'dev', [task]: input, ...(more.data as object | undefined) },
    };
    const project = (event.data as { project: string }).project;
    const subject = event.type.startsWith('sh.keptn') ? event.type : `slipway.${project}.${event.type}`;
    this.#connection.publish(subject, JSON.stringify(event));
    return event;
  }

  publish(subject: string, event: unknown): void {
    this.#connection.publish(subject, JSON.stringify(event));
  }

  finished(): CloudEvent[] {
    return this.answers.filter((event) => event.type.endsWith('.finished'));
  }

  /** Messages of the task service's consumer that are delivered and not acked, and those not delivered. */
  async left(durable: string): Promise<number> {
    const { consumers } = await jetstreamManager(this.#connection);
    const info = await consumers.info('SLIPWAY_OUT', durable);
    return info.num_ack_pending + info.num_pending;
  }

  /** Requests for messages that the broker would serve. */
  async waiting(durable: string): Promise<number> {
    const { consumers } = await jetstreamManager(this.#connection);
    return (await consumers.info('SLIPWAY_OUT', durable)).num_waiting;
  }

  async stored(stream: string): Promise<number> {
    return (await (await jetstreamManager(this.#connection)).streams.info(stream)).state.messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
    for (const server of this.#extra) await server.kill();
    await this.#server.stop();
  }

  #listen(): void {
    const onAnswer = (error: Error | null, message: { json: () => unknown }): void => {
      if (error === null) this.answers.push(message.json() as CloudEvent);
    };
    for (const end of ['started', 'finished', 'status.changed']) {
      this.#connection.subscribe(`slipway.*.*.${end}`, { callback: onAnswer });
      this.#connection.subscribe(`sh.keptn.event.*.${end}`, { callback: onAnswer });
    }
    this.#connection.subscribe('slipway-hello', {
      callback: (_, message) => void this.hellos.push(message.json()),
    });
  }
}
