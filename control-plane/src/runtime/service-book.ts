import type { ServiceView } from '@slipway/contract';
import type { Clock } from './clock.ts';

type Known = {
  task: string;
  source: string;
  way: 'nats' | 'claim' | 'push' | 'http';
  version: string | undefined;
  lastSeenAt: number;
  waits: number;
};

/** A service that has not been heard of for this long is shown as gone. */
const CONNECTED_MS = 30_000;
const KNOWN_MAX = 10_000;
/** One that has been gone for so long is not shown any more. */
const FORGOTTEN_MS = 24 * 3_600_000;
/** How many of those that were heard of longest ago are looked at when another comes. */
const LOOK_MAX = 4;

/** Who serves which task, as far as this process has heard of them. */
export class ServiceBook {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a sign of life; answers whether the service was not here before. */
  seen(service: { task: string; source: string; way: Known['way']; version: string | undefined }): boolean {
    const known = this.#get(service);
    const fresh = known.lastSeenAt === 0 || this.#clock.now() - known.lastSeenAt > CONNECTED_MS;
    known.lastSeenAt = this.#clock.now();
    if (service.version !== undefined) known.version = service.version;
    return fresh;
  }

  /** A claim begins (+1) or ends (-1) to wait. */
  waits(service: { task: string; source: string; version: string | undefined }, change: 1 | -1): void {
    const known = this.#get({ ...service, way: 'claim' });
    known.way = 'claim';
    known.waits += change;
    known.lastSeenAt = this.#clock.now();
    if (service.version !== undefined) known.version = service.version;
  }

  /** It will not be heard of again. */
  forget({ source, way }: { source: string; way: Known['way'] }): void {
    for (const [key, known] of this.#known)
      if (known.source === source && known.way === way && known.waits === 0) this.#known.delete(key);
  }

  isServed(task: string): boolean {
    for (const known of this.#known.values()) if (known.task === task && this.#connected(known)) return true;
    return false;
  }

  view(options: {
    task?: string;
    waiting: readonly { uses: string; count: number; oldestAt: number | undefined }[];
    held: ReadonlyMap<string, ReadonlyMap<string, number>>;
    hintFor(task: string): string;
  }): ServiceView[] {
    const views: ServiceView[] = [];
    const waiting = new Map(options.waiting.map((one) => [one.uses, one]));
    for (const known of this.#known.values()) {
      if (options.task !== undefined && options.task !== known.task) continue;
      const waits = waiting.get(known.task);
      const view: ServiceView = {
        task: known.task,
        source: known.source,
        way: known.way,
        connected: this.#connected(known),
        lastSeenAt: known.lastSeenAt,
        openAttempts: options.held.get(known.task)?.get(known.source) ?? 0,
        waitingAttempts: waits?.count ?? 0,
      };
      if (known.version !== undefined) view.version = known.version;
      if (waits?.oldestAt !== undefined) view.oldestWaitingAt = waits.oldestAt;
      views.push(view);
    }
    for (const one of options.waiting) {
      if (one.count === 0 || this.isServed(one.uses) || (options.task !== undefined && options.task !== one.uses))
        continue;
      const view: ServiceView = {
        task: one.uses,
        connected: false,
        openAttempts: 0,
        waitingAttempts: one.count,
        hint: options.hintFor(one.uses),
      };
      if (one.oldestAt !== undefined) view.oldestWaitingAt = one.oldestAt;
      views.push(view);
    }
    return views.sort((a, b) =>
      a.task < b.task ? -1 : a.task > b.task ? 1 : (a.source ?? '') < (b.source ?? '') ? -1 : 1,
    );
  }

  #connected(known: Known): boolean {
    return known.waits > 0 || this.#clock.now() - known.lastSeenAt < CONNECTED_MS;
  }

  #get(service: { task: string; source: string; way: Known['way']; version: string | undefined }): Known {
    const key = `${service.task}\n${service.source}`;
    let known = this.#known.get(key);
    if (!known) {
      this.#forgetGone();
      if (this.#known.size >= KNOWN_MAX) this.#forgetOldest();
      known = { ...service, lastSeenAt: 0, waits: 0 };
    } else {
      // The order of the map is that of the last sign of life.
      this.#known.delete(key);
    }
    this.#known.set(key, known);
    return known;
  }

  #forgetGone(): void {
    let looked = 0;
    for (const [key, known] of this.#known) {
      if (++looked > LOOK_MAX || known.waits > 0 || this.#clock.now() - known.lastSeenAt < FORGOTTEN_MS) return;
      this.#known.delete(key);
    }
  }

  #forgetOldest(): void {
    for (const [key, known] of this.#known) {
      if (known.waits > 0) continue;
      this.#known.delete(key);
      return;
    }
  }
}
