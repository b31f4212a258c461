import { AckPolicy, type Consumer, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { parseAttemptId, type RunView, subjectOf } from '@slipway/contract';

export type CloudEvent = { id: string; type: string; correlationid: string; data: Record<string, unknown> };
export type Api = <T>(method: string, path: string, body?: unknown, type?: string) => Promise<T>;

/** A task service that a test drives, one attempt at a time. */
export interface Worker extends AsyncDisposable {
  /** Takes the oldest attempt of the task that nobody works on, and says that it has begun. */
  claim(task: string, project: string, source: string): Promise<CloudEvent>;
  finish(attempt: CloudEvent, data: object, source: string): Promise<void>;
}

const CLAIM_MS = 20_000;
const STREAM = 'SLIPWAY_OUT';

export class HttpWorker implements Worker {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async claim(task: string, project: string, source: string): Promise<CloudEvent> {
    const path = `/v1/tasks/${task}/claim?wait=${CLAIM_MS / 1_000}s&max=1`;
    const [attempt] = await this.#api<CloudEvent[]>('POST', path, { source, project });
    return attempt ?? nothingToClaim(task);
  }

  async finish(attempt: CloudEvent, data: object, source: string): Promise<void> {
    const answer = answerTo(attempt, { phase: 'finished', data, source });
    await this.#api('POST', '/v1/events', answer, 'application/cloudevents+json');
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** On the control plane's streams; over HTTP it only asks whether an attempt is still to be done. */
export class NatsWorker implements Worker {
  readonly #connection: NatsConnection;
  readonly #api: Api;
  readonly #consumers = new Map<string, Promise<Consumer>>();

  private constructor(connection: NatsConnection, api: Api) {
    this.#connection = connection;
    this.#api = api;
  }

  static async connect(url: string, api: Api): Promise<NatsWorker> {
    return new NatsWorker(await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 250 }), api);
  }

  async claim(task: string, project: string, source: string): Promise<CloudEvent> {
    const consumer = await this.#consumerOf(`${task}.triggered`, project);
    const until = Date.now() + CLAIM_MS;
    while (Date.now() < until) {
      const message = await consumer.next({ expires: Math.max(1_000, until - Date.now()) });
      if (message === null) break;
      message.ack();
      const attempt = message.json<CloudEvent>();
      if (!(await this.#isToBeDone(attempt.id))) continue;
      await this.#answer(attempt, { phase: 'started', data: {}, source });
      return attempt;
    }
    return nothingToClaim(task);
  }

  async finish(attempt: CloudEvent, data: object, source: string): Promise<void> {
    await this.#answer(attempt, { phase: 'finished', data, source });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }

  #consumerOf(type: string, project: string): Promise<Consumer> {
    const subject = subjectOf({ dialect: 'plain', project, plainType: type });
    const known = this.#consumers.get(subject);
    if (known !== undefined) return known;
    const consumer = this.#makeConsumer(subject);
    this.#consumers.set(subject, consumer);
    return consumer;
  }

  async #makeConsumer(subject: string): Promise<Consumer> {
    const manager = await jetstreamManager(this.#connection, { timeout: CLAIM_MS });
    const { name } = await manager.consumers.add(STREAM, {
      durable_name: subject.replaceAll('.', '-'),
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
    });
    return jetstream(this.#connection, { timeout: CLAIM_MS }).consumers.get(STREAM, name);
  }

  async #answer(attempt: CloudEvent, about: Answer): Promise<void> {
    const answer = answerTo(attempt, about);
    const project = String(attempt.data.project);
    const subject = subjectOf({ dialect: 'plain', project, plainType: answer.type });
    await jetstream(this.#connection, { timeout: CLAIM_MS }).publish(subject, JSON.stringify(answer));
  }

  /** The stream also holds what was answered by hand, or aborted, before anybody claimed. */
  async #isToBeDone(id: string): Promise<boolean> {
    const { run } = parseAttemptId(id) ?? { run: '' };
    const { state, tasks } = await this.#api<RunView>('GET', `/v1/runs/${run}`);
    const attempt = tasks.flatMap(({ attempts }) => attempts).find((one) => one.id === id);
    return state !== 'finished' && attempt?.state === 'open' && attempt.executors.length === 0;
  }
}

type Answer = { phase: 'started' | 'finished'; data: object; source: string };

function answerTo({ id, type }: CloudEvent, { phase, data, source }: Answer): { type: string } {
  const answer = { specversion: '1.0', id: crypto.randomUUID(), source, causationid: id, data };
  return { ...answer, type: type.replace('.triggered', `.${phase}`) };
}

function nothingToClaim(task: string): never {
  throw new Error(`there was no ${task} to claim`);
}
