import type { EventView, RunSummary } from '@slipway/contract';
import { globOfFilter, matchesGlob, ownValue } from '@slipway/contract';
import { asShown } from '../projection/index.ts';
import type { Store, StoredEvent } from '../store/store.ts';
import type { Committed } from './advance.ts';
import type { Clock } from './clock.ts';
import type { StreamFilter, StreamItem, StreamListener } from './control-plane.ts';

const REPLAY_PAGE = 500;
/** How often other replicas' events are looked for while somebody listens. */
const TAIL_MS = 250;

type Listener = {
  filter: StreamFilter;
  listener: StreamListener;
  /** Replays from the store until it has caught up; live items are left to it. */
  replaying: boolean;
  /** Something was committed while it replayed: look once more before going live. */
  skipped: boolean;
  /** Its position is known. */
  begun: boolean;
  /** A page is on its way from the store. */
  reading: boolean;
  /** It has as much as it can hold: the rest stays in the store until it asks for more. */
  paused: boolean;
  position: string;
  ended: boolean;
};

/**
 * Tells listeners what was committed, in order: first from the store where they left off, then live. A listener that cannot
 * take more is paused, and goes on from the store at its own pace.
 */
export class Hub {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #shared: boolean;
  readonly #onError: (message: string, details: Record<string, unknown>) => void;
  readonly #listeners = new Set<Listener>();
  #tailing = false;

  constructor(options: {
    store: Store;
    clock: Clock;
    shared: boolean;
    onError: (message: string, details: Record<string, unknown>) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#shared = options.shared;
    this.#onError = options.onError;
  }

  get size(): number {
    return this.#listeners.size;
  }

  listen(filter: StreamFilter, after: string | undefined, listener: StreamListener): { end(): void; resume(): void } {
    const state = { replaying: true, skipped: false, begun: false, reading: false };
    const flow = { paused: false, position: '', ended: false };
    const types = filter.type === undefined ? {} : { type: globOfFilter(filter.type) };
    const one: Listener = { filter: { ...filter, ...types }, listener, ...state, ...flow };
    this.#listeners.add(one);
    void this.#begin(one, after).catch((error: unknown) => this.#failed(one, error));
    if (this.#shared) this.#tail();
    return {
      end: () => {
        one.ended = true;
        this.#listeners.delete(one);
      },
      resume: () => {
        one.paused = false;
        void this.#replay(one).catch((error: unknown) => this.#failed(one, error));
      },
    };
  }

  #failed(one: Listener, error: unknown): void {
    this.#onError('a stream could not be replayed', { error: String(error) });
    this.#end(one, 'the store did not answer');
  }

  /** What this process has just committed. */
  publish(batch: readonly Committed[]): void {
    if (this.#listeners.size === 0) return;
    if (this.#shared) return;
    for (const committed of batch) {
      if (!committed.item || !committed.run) continue;
      const events = storedEventsOf(committed);
      for (const one of this.#listeners) {
        if (one.replaying) one.skipped = true;
        if (one.replaying || one.ended) continue;
        this.#tell(one, events, committed.item.summary);
      }
    }
  }

  async #begin(one: Listener, after: string | undefined): Promise<void> {
    const newest = (await this.#store.lastPosition()) ?? '';
    // A store that came back from a backup has less than its listeners have seen: what it will have next is news to them. With
    // replicas positions are times, which pass each that was seen; ahead of here is only what another replica has read.
    one.position = after === undefined || (after > newest && !this.#shared) ? newest : after;
    one.begun = true;
    await this.#replay(one);
  }

  /** From where it is to the newest there is, in the order of positions: who comes back with one has missed nothing before it. */
  async #replay(one: Listener): Promise<void> {
    if (!one.begun || one.reading) return;
    one.reading = true;
    try {
      while (!one.ended && !one.paused) {
        one.skipped = false;
        const { position } = one;
        const events = await this.#store.eventsAfter({ ...(position === '' ? {} : { position }), limit: REPLAY_PAGE });
        if (events.length > 0) await this.#replayPage(one, events);
        else if (!one.skipped) {
          one.replaying = this.#shared;
          return;
        }
      }
    } finally {
      one.reading = false;
    }
  }

  async #replayPage(one: Listener, events: readonly StoredEvent[]): Promise<void> {
    const lastOf = new Map(events.map((event) => [event.stream, event]));
    const summaries = new Map<string, RunSummary | undefined>();
    if (one.filter.kind !== 'event') for (const run of lastOf.keys()) summaries.set(run, await this.#store.getRun(run));
    for (const event of events) {
      const summary = summaries.get(event.stream);
      this.#tellEvent(one, event, summary);
      // A run as it is now, where the last that this page says of it stands.
      if (lastOf.get(event.stream) === event) this.#tellRun(one, summary);
      // What is left of the page is read again: keeping it would cost memory for as long as its client pleases.
      if (one.paused || one.ended) return;
    }
  }

  #tell(one: Listener, events: readonly StoredEvent[], summary: RunSummary | undefined): void {
    for (const event of events) {
      this.#tellEvent(one, event, summary);
      // The run goes with the last event, so that its position is complete.
      if (event === events.at(-1)) this.#tellRun(one, summary);
      if (!one.paused) continue;
      one.replaying = true;
      one.skipped = true;
      return;
    }
    if (events.length === 0) this.#tellRun(one, summary);
  }

  #tellEvent(one: Listener, event: StoredEvent, summary: RunSummary | undefined): void {
    if (event.position <= one.position) return;
    one.position = event.position;
    if (one.filter.kind !== 'run' && matchesEvent(one.filter, event, summary)) this.#send(one, eventItem(event));
  }

  #tellRun(one: Listener, summary: RunSummary | undefined): void {
    if (summary && one.filter.kind !== 'event' && matchesRun(one.filter, summary))
      this.#send(one, { kind: 'run', id: one.position, value: asShown(summary) });
  }

  #send(one: Listener, item: StreamItem): void {
    if (one.ended) return;
    if (!one.listener.onItem(item)) one.paused = true;
  }

  #end(one: Listener, reason: string): void {
    if (one.ended) return;
    one.ended = true;
    this.#listeners.delete(one);
    one.listener.onEnd(reason);
  }

  endAll(reason: string): void {
    for (const one of [...this.#listeners]) this.#end(one, reason);
  }

  /** With other replicas, the store is the only one that knows everything: follow it while somebody listens. */
  #tail(): void {
    if (this.#tailing) return;
    this.#tailing = true;
    const step = async (): Promise<void> => {
      for (const one of this.#listeners) await this.#replay(one);
    };
    const again = (): void => {
      this.#clock.after(TAIL_MS, () => {
        if (this.#listeners.size === 0) {
          this.#tailing = false;
          return;
        }
        step().then(again, (error: unknown) => {
          this.#onError('following the store failed', { error: String(error) });
          again();
        });
      });
    };
    again();
  }
}

function storedEventsOf(committed: Committed): StoredEvent[] {
  const { item, run, positions } = committed;
  if (!item || !run) return [];
  return item.events.map((json, index) => {
    const row = item.rows[index];
    const event: StoredEvent = {
      position: positions[index] ?? '',
      at: item.at,
      direction: row?.direction ?? 'out',
      stream: run.id,
      project: run.project,
      stage: run.stage,
      correlationid: run.correlationId,
      type: row?.type ?? '',
      source: row?.source ?? '',
      json,
    };
    if (run.service !== undefined) event.service = run.service;
    if (row?.ignored !== undefined) event.ignored = row.ignored;
    return event;
  });
}

/** What is only passed on is not parsed: most listeners want the text. */
function eventItem(event: StoredEvent): StreamItem {
  const ignored = event.ignored === undefined ? '' : `,"ignored":${JSON.stringify(event.ignored)}`;
  return {
    kind: 'event',
    id: event.position,
    text: `{"position":"${event.position}","at":${event.at},"direction":"${event.direction}","run":"${event.stream}","event":${event.json}${ignored}}`,
    get value() {
      return eventView(event);
    },
  };
}

export function eventView(event: StoredEvent): EventView {
  const view: EventView = {
    position: event.position,
    at: event.at,
    direction: event.direction,
    run: event.stream,
    event: JSON.parse(event.json) as Record<string, unknown>,
  };
  if (event.ignored !== undefined) view.ignored = event.ignored;
  return view;
}

function matchesEvent(filter: StreamFilter, event: StoredEvent, summary: RunSummary | undefined): boolean {
  if (filter.run !== undefined && filter.run !== event.stream) return false;
  if (filter.project !== undefined && filter.project !== event.project) return false;
  if (filter.stage !== undefined && filter.stage !== event.stage) return false;
  if (filter.service !== undefined && filter.service !== event.service) return false;
  if (filter.correlationid !== undefined && filter.correlationid !== event.correlationid) return false;
  if (filter.type !== undefined && !matchesGlob(filter.type, event.type)) return false;
  if (filter.source !== undefined && filter.source !== event.source) return false;
  if (filter.sequence !== undefined && summary && filter.sequence !== summary.sequence) return false;
  return !filter.labels || !summary || hasLabels(filter.labels, summary);
}

function matchesRun(filter: StreamFilter, summary: RunSummary): boolean {
  if (filter.run !== undefined && filter.run !== summary.id) return false;
  if (filter.project !== undefined && filter.project !== summary.project) return false;
  if (filter.stage !== undefined && filter.stage !== summary.stage) return false;
  if (filter.sequence !== undefined && filter.sequence !== summary.sequence) return false;
  if (filter.service !== undefined && filter.service !== summary.service) return false;
  if (filter.correlationid !== undefined && filter.correlationid !== summary.correlationid) return false;
  return !filter.labels || hasLabels(filter.labels, summary);
}

function hasLabels(labels: Record<string, string>, summary: RunSummary): boolean {
  return Object.entries(labels).every(([key, value]) => ownValue(summary.labels, key) === value);
}
