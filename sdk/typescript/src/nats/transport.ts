import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { CloudEvent, Dialect } from '@slipway/contract';
import { decodeNats, isObject } from '@slipway/contract';
import { insteadOf } from '../answer-refused.ts';
import { backoffMs } from '../backoff.ts';
import { ByReference, EVENT_CHARS_MAX, fetchData, isReference } from '../by-reference.ts';
import { AttemptCancelled } from '../errors.ts';
import { HttpDoor } from '../http/door.ts';
import { parseJson } from '../http/problem.ts';
import { errorText, type Logger } from '../log.ts';
import type { Task } from '../task.ts';
import type { Transport, TransportCounts } from '../transport.ts';
import { type Answer, answerTo, type Filter, matches, readMessage, startedData, type Trigger } from '../trigger.ts';
import type { Channel, Worker } from '../worker.ts';
import { type NatsAddress, openNats } from './connection.ts';
import { ACK_WAIT_MS, ensureDurable } from './durable.ts';
import { durableName, HELLO_SUBJECT, taskSubject } from './names.ts';
import { NatsPublisher } from './publisher.ts';
import { Puller } from './puller.ts';

export interface NatsTransportOptions {
  tasks: readonly Task[];
  worker: Worker;
  log: Logger;
  nats: NatsAddress;
  /** The control plane's HTTP API. */
  server: string;
  token: string | undefined;
  name: string;
  source: string;
  version: string | undefined;
  filter: Filter;
  dialects: readonly Dialect[];
  /** New work is not taken while so many answers wait. */
  queueMax: number;
}

/** A message and the connection it came by: over another one its ack could mean another message. */
interface Delivery {
  message: Msg;
  life: number;
}

interface Source {
  task: string;
  durable: string;
  subject: string;
  puller: Puller;
  /** Which consumer it was, when it was last looked at. */
  created: string | undefined;
}

const WORKING = Buffer.from('+WPI');
const TERM = Buffer.from('+TERM');
const HELLO_MS = 10_000;
const BUSY_DELAY_MS = 200;
const FETCH_RETRY_MS = 2_000;
/** Headers, and what UTF-8 makes of a text. */
const EVENT_ROOM = 64 * 1024;
const NO_COUNTS: TransportCounts = { waiting: 0, sent: 0, retries: 0, over: 0, refused: 0 };
/** Deliveries of one attempt that are remembered. */
const DELIVERIES_MAX = 8;
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * A durable pull consumer for each task and spelling, which replicas share. A message is acked when the finished event of
 * its attempt is stored, kept alive while the handler runs, and given back when the service ends first.
 */
export class NatsTransport implements Transport, Channel {
  readonly #options: NatsTransportOptions;
  /** By attempt, from delivery to ack. Several when the control plane offered an attempt again that runs already. */
  readonly #deliveries = new Map<string, Delivery[]>();
  readonly #timers: NodeJS.Timeout[] = [];
  /** To the control plane, for data that are too large for the broker. */
  readonly #door: HttpDoor;
  readonly #channel: ByReference;
  #connection: NatsConnection | undefined;
  #manager: JetStreamManager | undefined;
  #publisher: NatsPublisher | undefined;
  #sources: Source[] = [];
  /** Counts connections and lives of the stream: acks do not cross from one to the next. */
  #life = 0;
  #leaving = false;
  #restoring = false;
  #isConnected = false;

  constructor(options: NatsTransportOptions) {
    this.#options = options;
    this.#door = new HttpDoor({ server: options.server, token: options.token });
    this.#channel = new ByReference({
      ...{ door: this.#door, log: options.log },
      channel: { send: (answer) => this.#publish(answer) },
      charsMax: () => Math.min(EVENT_CHARS_MAX, this.#payloadMax() - EVENT_ROOM),
      onRefused: (answer, why) => this.#onRefused(answer, why),
    });
    options.worker.onFree = (task) => this.#ask(task);
  }

  async start(): Promise<void> {
    const { name, log, nats } = this.#options;
    const domain = domainOf(nats);
    const connection = await openNats({ address: nats, name, log, isOver: () => this.#leaving });
    if (connection === undefined || this.#leaving) return connection?.close();
    this.#connection = connection;
    this.#isConnected = true;
    this.#publisher = new NatsPublisher({ connection, log, inboxPrefix: inboxPrefixOf(nats) });
    this.#publisher.onRefused = (answer, why) => this.#onRefused(answer, why);
    this.#publisher.onRoom = () => this.#ask();
    // Which figures of the account a restricted user may see is none of our business: no check of the API.
    this.#manager = await jetstreamManager(connection, {
      checkAPI: false,
      ...(domain === undefined ? {} : { domain }),
    });
    for (const task of this.#options.tasks) this.#listen(connection, task.name);
    void this.#watch(connection);
    this.#timers.push(setInterval(() => this.#stillWorking(), ACK_WAIT_MS / 3));
    this.#timers.push(setInterval(() => this.#hello(), HELLO_MS));
    await this.#restore();
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    for (const timer of this.#timers.slice(1)) clearInterval(timer);
    // What the broker has sent until now arrives before this returns, and is given back.
    const stopped = this.#sources.map(({ puller }) => puller.stop());
    const over = Promise.allSettled(stopped);
    if (this.#isConnected) await inTime(over);
  }

  async flush(withinMs: number): Promise<boolean> {
    return (await this.#channel.flush(withinMs)) && ((await this.#publisher?.flush(withinMs)) ?? true);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#channel.stop();
    this.#door.close();
    this.#publisher?.close();
    const connection = this.#connection;
    if (connection === undefined) return;
    // Acks are on their way to the socket: let them arrive.
    await this.#flushConnection();
    await connection.close();
  }

  /** Everything we have written has reached the broker, and what it had written has reached us; unless it is away. */
  async #flushConnection(): Promise<void> {
    if (!this.#isConnected) return;
    await inTime(this.#connection?.flush().catch(() => {}));
  }

  counts(): TransportCounts {
    const { waiting, ...counts } = this.#publisher?.counts ?? NO_COUNTS;
    return { ...counts, waiting: waiting + this.#channel.waiting };
  }

  send(answer: Answer): void {
    this.#channel.send(answer);
  }

  #payloadMax(): number {
    return this.#connection?.info?.max_payload ?? EVENT_CHARS_MAX;
  }

  #publish(answer: Answer): void {
    if (answer.phase !== 'finished') this.#publisher?.publish(answer);
    else this.#publisher?.publish(answer, () => this.#ack(answer.attemptId));
  }

  dropped(attemptId: string, reason: Error): void {
    if (reason instanceof AttemptCancelled) this.#ack(attemptId);
    else this.#giveBack(attemptId);
  }

  #listen(connection: NatsConnection, task: string): void {
    const { name, filter, dialects, nats } = this.#options;
    const inboxPrefix = inboxPrefixOf(nats);
    const domain = domainOf(nats);
    for (const dialect of dialects) {
      const about = { task, dialect, project: dialect === 'plain' ? filter.project : undefined };
      connection.subscribe(taskSubject({ ...about, phase: 'cancelled' }), {
        callback: (error, message) => {
          if (error === null) this.#onCancelled(message);
        },
      });
      const durable = durableName({ service: name, ...about });
      const source: Source = {
        ...{ task, durable, subject: taskSubject({ ...about, phase: 'triggered' }), created: undefined },
        puller: new Puller({
          ...{ connection, inboxPrefix, durable, domain },
          free: () => this.#free(task),
          onMessage: (message) => this.#onMessage(message),
          onGone: (why) => void this.#restore(`${durable}: ${why}`),
        }),
      };
      this.#sources.push(source);
    }
  }

  #free(task: string): number {
    const { worker, queueMax } = this.#options;
    return this.counts().waiting >= queueMax ? 0 : worker.freeSlots(task);
  }

  #ask(task?: string): void {
    for (const source of this.#sources) if (task === undefined || source.task === task) source.puller.askSoon();
  }

  #onMessage(message: Msg): void {
    const { log } = this.#options;
    const decoded = readEvent(message);
    if (!decoded.ok) {
      log.error(
        { subject: message.subject, why: decoded.problem.detail },
        'skipped a message that is not a CloudEvent',
      );
      this.#respond({ message, life: this.#life }, TERM);
      return;
    }
    if (isReference(decoded.event)) void this.#fetch(message, decoded.event);
    else this.#onEvent(message, decoded.event);
  }

  /** The data are with the control plane. While they come the broker waits, as it does for a handler. */
  async #fetch(message: Msg, event: CloudEvent): Promise<void> {
    const life = this.#life;
    try {
      const whole = await fetchData(this.#door, event);
      if (life === this.#life) this.#onEvent(message, whole);
    } catch (error) {
      this.#options.log.warn(
        { id: event.id, error: errorText(error) },
        'the data of an event could not be fetched: it comes again',
      );
      this.#respond({ message, life }, nak(FETCH_RETRY_MS));
    }
  }

  #onEvent(message: Msg, event: CloudEvent): void {
    const { worker, filter } = this.#options;
    const read = readMessage(event);
    if (read.kind !== 'triggered' || !matches(filter, read.trigger.data)) {
      this.#respond({ message, life: this.#life });
      return;
    }
    const { trigger } = read;
    const { id } = trigger.event;
    const delivery = { message, life: this.#life };
    const isNew = !worker.isRunning(id);
    if (isNew && (this.#leaving || worker.freeSlots(trigger.task) === 0)) {
      this.#respond(delivery, nak(this.#leaving ? 0 : BUSY_DELAY_MS));
      return;
    }
    // Before the worker has it: an answer from the ledger comes at once.
    const earlier = this.#deliveries.get(id) ?? [];
    this.#deliveries.set(id, [...earlier.slice(1 - DELIVERIES_MAX), delivery]);
    const taken = worker.take(trigger, this);
    if (taken === 'started') this.#tellStarted(trigger);
    else if (taken === 'unknown-task') this.#ack(id);
  }

  /**
   * Unless it ends in this turn of the loop: `finished` alone says both. Services written for Keptn say both always, and
   * who listens to them may count on it.
   */
  #tellStarted(trigger: Trigger): void {
    const { worker, source } = this.#options;
    const tell = (): void => {
      this.#publisher?.publish(answerTo(trigger, { phase: 'started', source, data: startedData(trigger) }));
    };
    if (trigger.dialect === 'keptn') {
      tell();
    } else {
      setImmediate(() => {
        if (worker.isRunning(trigger.event.id)) tell();
      });
    }
  }

  #onCancelled(message: Msg): void {
    const decoded = decodeNats(message);
    const read = decoded.ok ? readMessage(decoded.event) : undefined;
    if (read?.kind === 'cancelled') this.#options.worker.cancel(read.attemptId, 'the control plane cancelled it');
  }

  #onRefused(answer: Answer, why: string): void {
    const instead = answer.phase === 'finished' ? insteadOf(answer, why) : undefined;
    if (instead !== undefined) this.send(instead);
    else if (answer.phase === 'finished') this.#ack(answer.attemptId);
  }

  #ack(attemptId: string): void {
    this.#end(attemptId);
  }

  #giveBack(attemptId: string): void {
    this.#end(attemptId, nak(0));
  }

  #end(attemptId: string, payload?: Uint8Array): void {
    const deliveries = this.#deliveries.get(attemptId) ?? [];
    this.#deliveries.delete(attemptId);
    for (const delivery of deliveries) this.#respond(delivery, payload);
  }

  #respond({ message, life }: Delivery, payload?: Uint8Array): void {
    // From an earlier life the message comes again by itself, and is answered from the ledger.
    if (life !== this.#life || this.#connection?.isClosed() !== false) return;
    message.respond(payload);
  }

  #stillWorking(): void {
    for (const deliveries of this.#deliveries.values()) {
      for (const delivery of deliveries) this.#respond(delivery, WORKING);
    }
  }

  #hello(): void {
    const { source, tasks, version } = this.#options;
    if (this.#restoring || this.#connection?.isClosed() !== false) return;
    const hello = { source, tasks: tasks.map((task) => task.name), version, way: 'nats', at: Date.now() };
    this.#connection.publish(HELLO_SUBJECT, JSON.stringify(hello));
  }

  async #watch(connection: NatsConnection): Promise<void> {
    const { log } = this.#options;
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        log.warn({ server: status.server }, 'lost the connection to NATS: coming back by itself');
        this.#life++;
        this.#isConnected = false;
        this.#publisher?.disconnected();
        for (const { puller } of this.#sources) puller.pause();
      } else if (status.type === 'reconnect') {
        log.info({ server: status.server }, 'connected to NATS again');
        this.#isConnected = true;
        this.#publisher?.connected();
        void this.#restore();
      } else if (status.type === 'error') {
        log.warn({ error: status.error.message }, 'NATS');
      }
    }
  }

  /** Until every consumer is there; then asks for work, and says hello. */
  async #restore(why?: string): Promise<void> {
    if (this.#restoring) return;
    this.#restoring = true;
    for (let failures = 0; !this.#leaving; failures++) {
      const problem = await this.#ensureAll();
      if (problem === undefined) break;
      if (failures % 20 === 0) this.#options.log.warn({ why: why ?? problem, problem }, 'waiting for JetStream');
      await elapsed(backoffMs(Math.min(failures, RESTORE_FAILURES_MAX)));
    }
    this.#restoring = false;
    if (this.#leaving) return;
    this.#hello();
    for (const { puller } of this.#sources) puller.resume();
  }

  async #ensureAll(): Promise<string | undefined> {
    const manager = this.#manager;
    if (manager === undefined) return 'not connected';
    try {
      for (const source of this.#sources) {
        const created = await ensureDurable(manager, source);
        if (created === undefined)
          return 'the stream SLIPWAY_OUT is not there: the control plane makes it when it runs with --nats';
        // Another consumer: its numbers mean other messages.
        if (source.created !== undefined && source.created !== created) this.#life++;
        source.created = created;
      }
      return undefined;
    } catch (error) {
      return errorText(error);
    }
  }
}

/**
 * The control plane sends whole events as JSON, which need no codec: it has checked them. Whatever else there is on the bus
 * (binary mode, strangers, garbage) goes through it.
 */
function readEvent(message: Msg): ReturnType<typeof decodeNats> {
  const value = parseJson(message.string());
  return isWholeEvent(value) ? { ok: true, event: value, mode: 'structured' } : decodeNats(message);
}

function isWholeEvent(value: unknown): value is CloudEvent {
  return (
    isObject(value) && value.specversion === '1.0' && typeof value.id === 'string' && typeof value.type === 'string'
  );
}

function inboxPrefixOf(address: NatsAddress): string | undefined {
  return typeof address === 'string' ? undefined : address.inboxPrefix;
}

function domainOf(address: NatsAddress): string | undefined {
  return typeof address === 'string' ? undefined : address.domain;
}

/** The pause between two looks for the streams stays below 2 s. */
const RESTORE_FAILURES_MAX = 4;

function nak(delayMs: number): Uint8Array {
  return Buffer.from(delayMs === 0 ? '-NAK' : `-NAK {"delay":${delayMs * 1_000_000}}`);
}

/** As long as somebody who ends should wait for the broker. */
async function inTime(what: Promise<unknown> | undefined): Promise<void> {
  await Promise.race([what, elapsed(CLOSE_TIMEOUT_MS)]);
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
