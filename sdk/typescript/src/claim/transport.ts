import type { ClaimRequest } from '@slipway/contract';
import type { ByReference } from '../by-reference.ts';
import { HttpDoor } from '../http/door.ts';
import type { Logger } from '../log.ts';
import type { Task } from '../task.ts';
import type { Transport, TransportCounts } from '../transport.ts';
import type { Filter } from '../trigger.ts';
import type { Worker } from '../worker.ts';
import { Claimer } from './claimer.ts';
import { largeByReference, openOutbox } from './open-outbox.ts';
import type { Outbox } from './outbox.ts';

export interface ClaimTransportOptions {
  tasks: readonly Task[];
  worker: Worker;
  log: Logger;
  server: string;
  token: string | undefined;
  source: string;
  version: string | undefined;
  filter: Filter;
  waitMs: number;
  leaseMs: number;
  queueMax: number;
  /** The server refused for good; nothing more will be claimed. */
  onFatal: (error: Error) => void;
}

/** Claims over HTTP: no port of its own, no broker, through any proxy. */
export class ClaimTransport implements Transport {
  readonly #options: ClaimTransportOptions;
  readonly #door: HttpDoor;
  readonly #outbox: Outbox;
  readonly #channel: ByReference;
  readonly #claimers = new Map<string, Claimer>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: ClaimTransportOptions) {
    this.#options = options;
    const { server, token, tasks, worker, log, source, version, filter, waitMs, leaseMs, queueMax } = options;
    this.#door = new HttpDoor({ server, token });
    const wakeAll = (): void => {
      for (const claimer of this.#claimers.values()) claimer.wake();
    };
    this.#outbox = openOutbox({ door: this.#door, worker, log, queueMax, onDelivered: wakeAll });
    this.#channel = largeByReference({ outbox: this.#outbox, door: this.#door, log });
    const request: ClaimRequest = { source, version, ...filter };
    const body = JSON.stringify(request);
    for (const { name } of tasks) {
      const about = {
        door: this.#door,
        worker,
        outbox: this.#outbox,
        channel: this.#channel,
        log,
        body,
        waitMs,
        leaseMs,
      };
      this.#claimers.set(name, new Claimer({ task: name, ...about }));
    }
    worker.onFree = (task) => this.#claimers.get(task)?.wake();
  }

  start(): Promise<void> {
    const runs = [...this.#claimers.values()].map((claimer) => claimer.run().catch(this.#options.onFatal));
    this.#running = Promise.all(runs);
    return Promise.resolve();
  }

  async leave(): Promise<void> {
    for (const claimer of this.#claimers.values()) claimer.leave();
    await this.#running;
  }

  async flush(withinMs: number): Promise<boolean> {
    return (await this.#channel.flush(withinMs)) && this.#outbox.flush(withinMs);
  }

  close(): Promise<void> {
    this.#channel.stop();
    this.#outbox.stop();
    this.#door.close();
    return Promise.resolve();
  }

  counts(): TransportCounts {
    const { waiting, ...counts } = this.#outbox.counts;
    return { ...counts, waiting: waiting + this.#channel.waiting };
  }
}
