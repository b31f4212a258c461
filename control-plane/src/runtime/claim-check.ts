import type { CloudEvent } from '@slipway/contract';
import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';
import { Refusal } from './control-plane.ts';
import { digestOf } from './ids.ts';

const PREFIX = '/v1/data/';
const HOUR_MS = 3_600_000;
/** Longer than any message waits for its reader, with the broker's seven days. */
const KEPT_MS = 8 * 24 * HOUR_MS;
const SWEEP_PAGE = 100;
const UPLOADED = /^d(\d{8})-[0-9a-f]{64}$/;

/**
 * Data that are too large to travel: put here first, and named by the event's `dataref`. What comes in is put in place of
 * its name at once, so that the journal has it; what was put is only kept for as long as its event may still be on its way.
 */
export class ClaimCheck {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #dataOfEvent: (id: string) => Promise<unknown>;

  constructor(options: { store: Store; clock: Clock; dataOfEvent(id: string): Promise<unknown> }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#dataOfEvent = options.dataOfEvent;
  }

  /** Keeps data, durably. Answers what an event names them by. */
  async put(data: unknown): Promise<{ dataref: string }> {
    // By the hour, so that the oldest come first; and by what it is, so that a repeat is the same.
    const hour = String(Math.floor(this.#clock.now() / HOUR_MS)).padStart(8, '0');
    const id = `d${hour}-${digestOf(JSON.stringify(data))}`;
    await this.#store.putDocument('data', id, { data }, 'absent');
    return { dataref: `${PREFIX}${id}` };
  }

  /** What was put, or the data of an event that was sent by reference. */
  async get(id: string): Promise<unknown> {
    if (!UPLOADED.test(id)) return this.#dataOfEvent(id);
    const found = await this.#store.getDocument('data', id);
    if (!found)
      throw new Refusal('not-found', `there are no data '${id}': they are kept for ${KEPT_MS / HOUR_MS} hours`);
    return (found.value as { data: unknown }).data;
  }

  /** Whether an event's data are here and not in it. */
  isReference(event: CloudEvent): boolean {
    return typeof event.dataref === 'string' && event.dataref.startsWith(PREFIX);
  }

  /** The event with its data in place. */
  async resolve(event: CloudEvent): Promise<CloudEvent> {
    const { dataref, ...rest } = event;
    try {
      return { ...rest, data: await this.get(decodeURIComponent(String(dataref).slice(PREFIX.length))) };
    } catch (error) {
      const isOurs = error instanceof URIError || (error instanceof Refusal && error.code === 'not-found');
      if (!isOurs) throw error;
      const detail = `dataref names nothing that is here: POST the data to ${PREFIX.slice(0, -1)} first`;
      throw new Refusal('invalid-data', detail, { errors: [{ code: 'invalid-data', detail, pointer: '/dataref' }] });
    }
  }

  /** Forgets what no event can name any more. */
  async sweep(): Promise<void> {
    for (;;) {
      const found = await this.#store.listDocuments('data', { limit: SWEEP_PAGE });
      const old = found.filter(({ id }) => Number(UPLOADED.exec(id)?.[1]) * HOUR_MS < this.#clock.now() - KEPT_MS);
      for (const { id } of old) await this.#store.deleteDocument('data', id);
      if (old.length < SWEEP_PAGE) return;
    }
  }
}
