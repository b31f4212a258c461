import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Bus, BusMark, BusMessage, BusStatus, Delivery, ServiceHello } from '../bus.ts';
import { readHello } from './hello.ts';
import { Publisher } from './publisher.ts';
import { Puller } from './puller.ts';
import { Pulse } from './pulse.ts';
import { apiPrefix, CONSUMER, HELLO_SUBJECT, IN_STREAM } from './subjects.ts';
import { ensureTopology, type Life, lastSequences, type TopologyOptions } from './topology.ts';

export interface NatsBusSettings {
  topology: TopologyOptions;
  inHandMax: number;
  ackTimeoutMs: number;
  inboxPrefix: string | undefined;
  domain: string | undefined;
  onNotice: (notice: string) => void;
}

const UNACKED_MAX = 2_000;
const WAITING_MAX = 20_000;
const RESTORE_RETRY_MS = 250;
const RESTORE_RETRY_MAX_MS = 5_000;
const COUNT_MS = 2_000;
const CLOSE_TIMEOUT_MS = 5_000;

/**
 *   ready --disconnect, silence--> away --reconnect, pong--> restoring --streams and consumer are there--> ready
 *     |                    ^----- disconnect, silence ---------'                              |
 *     '----- a stream or the consumer is missing -----------> restoring                       '--close--> closed
 *
 * Only in `ready` is anything published, asked for or acked. `restoring` makes what is missing, and finds out whether the
 * streams are still the ones we knew.
 */
type State = 'ready' | 'away' | 'restoring' | 'closed';

export class NatsBus implements Bus {
  readonly kind = 'nats';
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #settings: NatsBusSettings;
  readonly #publisher: Publisher;
  readonly #pulse: Pulse;
  #puller: Puller | undefined;
  #life: Life;
  #state: State = 'ready';
  #lastError: string | undefined;
  #pending: number | undefined;
  #counting: NodeJS.Timeout | undefined;
  #onLoss: () => void = () => {};
  /** Counts the restores begun, so that an older one notices that it was overtaken. */
  #restore = 0;

  constructor(connection: NatsConnection, manager: JetStreamManager, life: Life, settings: NatsBusSettings) {
    this.#connection = connection;
    this.#manager = manager;
    this.#life = life;
    this.#settings = settings;
    this.#publisher = new Publisher(connection, {
      unackedMax: UNACKED_MAX,
      waitingMax: WAITING_MAX,
      ackTimeoutMs: settings.ackTimeoutMs,
      inboxPrefix: settings.inboxPrefix,
      onNoStream: () => this.#beginRestore('a stream is missing'),
    });
    this.#pulse = new Pulse(connection, {
      onSilence: (forMs) => this.#onLost(`${connection.getServer()} has not answered a ping for ${forMs} ms`),
      onAnswer: () => this.#beginRestore(`${connection.getServer()} answers again`),
    });
    this.#pulse.resume();
    void this.#watch();
  }

  publish(messages: readonly BusMessage[]): Promise<void> {
    return this.#publisher.publish(messages);
  }

  passOn(type: string, json: string): void {
    if (this.#state === 'ready') this.#connection.publish(type, json);
  }

  async consume(handler: (deliveries: readonly Delivery[]) => void): Promise<void> {
    if (this.#puller !== undefined) throw new Error('consume may be called once');
    this.#puller = new Puller(this.#connection, handler, {
      inHandMax: this.#settings.inHandMax,
      inboxPrefix: this.#settings.inboxPrefix,
      api: apiPrefix(this.#settings.domain),
      onNoConsumer: () => this.#beginRestore('the consumer is missing'),
    });
    if (this.#state !== 'ready') this.#puller.pause();
    this.#puller.start();
    this.#counting = setInterval(() => void this.#countPending(), COUNT_MS);
    void this.#countPending();
  }

  onHello(handler: (hello: ServiceHello) => void): void {
    this.#connection.subscribe(HELLO_SUBJECT, {
      callback: (error, message) => {
        const hello = error === null ? readHello(message, Date.now()) : undefined;
        if (hello !== undefined) handler(hello);
      },
    });
  }

  mark(): BusMark {
    return {
      streams: this.#life.streams,
      in: this.#puller?.lastSequence() ?? 0,
      out: this.#publisher.lastOutSequence(),
    };
  }

  async hasLost(mark: BusMark): Promise<boolean> {
    if (mark.streams !== this.#life.streams) return true;
    const last = await lastSequences(this.#manager);
    return last.in < mark.in || last.out < mark.out;
  }

  onLoss(handler: () => void): void {
    this.#onLoss = handler;
  }

  status(): BusStatus {
    return {
      connected: this.#state === 'ready',
      ...(this.#pending === undefined ? {} : { pending: this.#pending }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  async stopConsuming(): Promise<void> {
    await this.#puller?.stop();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    clearInterval(this.#counting);
    this.#pulse.pause();
    const wasReady = this.#state === 'ready';
    await this.#puller?.stop();
    this.#puller?.close();
    this.#state = 'closed';
    this.#publisher.close();
    if (wasReady) {
      // Acks are on their way to the socket: let them arrive, unless the broker has just gone.
      await Promise.race([this.#connection.flush().catch(() => {}), elapsed(CLOSE_TIMEOUT_MS)]);
    }
    await this.#connection.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (this.#state === 'closed') return;
      if (status.type === 'disconnect') {
        this.#pulse.pause();
        this.#onLost(`lost the connection to ${status.server}`);
      } else if (status.type === 'reconnect') {
        this.#pulse.resume();
        this.#beginRestore(`connected to ${status.server} again`);
      } else if (status.type === 'error') this.#note(`NATS: ${status.error.message}`);
    }
    // The status ends when the client has given up, which it does only when it was told to close.
    if (this.#state !== 'closed') this.#onLost('lost the connection to any server');
  }

  #onLost(why: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'away';
    this.#restore += 1;
    this.#note(why);
    this.#puller?.pause();
    this.#publisher.pause(`${why}, before it acknowledged`);
  }

  #beginRestore(why: string): void {
    if (this.#state === 'closed' || this.#state === 'restoring') return;
    this.#state = 'restoring';
    this.#restore += 1;
    this.#note(why);
    this.#puller?.pause();
    this.#publisher.pause(`${why}; the bus is being restored`);
    void this.#runRestore(this.#restore);
  }

  async #runRestore(turn: number): Promise<void> {
    for (
      let delayMs = RESTORE_RETRY_MS;
      turn === this.#restore;
      delayMs = Math.min(delayMs * 2, RESTORE_RETRY_MAX_MS)
    ) {
      try {
        const before = this.mark();
        const life = await ensureTopology(this.#manager, this.#settings.topology);
        const last = await lastSequences(this.#manager);
        if (turn !== this.#restore || this.#state !== 'restoring') return;
        const isShorter = last.in < before.in || last.out < before.out;
        const found = life.streams !== this.#life.streams ? 'new streams' : isShorter ? 'shorter' : 'the same';
        const sameNumbers = found === 'the same' && life.consumer === this.#life.consumer;
        this.#life = life;
        this.#state = 'ready';
        this.#note(`the bus is ready again${foundNotice(found, sameNumbers)}`);
        this.#publisher.resume();
        this.#puller?.resume(sameNumbers);
        if (found !== 'the same') {
          this.#publisher.forgetSequence();
          this.#onLoss();
        }
        return;
      } catch (error) {
        if (turn === this.#restore) this.#note(error instanceof Error ? error.message : String(error));
        await elapsed(delayMs);
      }
    }
  }

  /** Deliveries tell how many wait behind them, but none come while the handler is full, which is when it matters. */
  async #countPending(): Promise<void> {
    if (this.#state !== 'ready') return;
    try {
      this.#pending = (await this.#manager.consumers.info(IN_STREAM, CONSUMER)).num_pending;
    } catch {
      this.#pending = undefined;
    }
  }

  #note(notice: string): void {
    this.#lastError = notice;
    this.#settings.onNotice(notice);
  }
}

function foundNotice(found: 'new streams' | 'shorter' | 'the same', sameNumbers: boolean): string {
  if (found === 'new streams') return '; its streams were made anew';
  if (found === 'shorter') return '; it has lost the end of its streams';
  return sameNumbers ? '' : '; its consumer was made anew';
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
