import type { CloudEvent, CodecLimits } from '@slipway/contract';
import { defaultCodecLimits, isObject } from '@slipway/contract';
import type { Delivery } from '../bus/bus.ts';
import type { OutEvent } from '../engine/index.ts';
import { finalEffects } from '../engine/index.ts';
import type { FoldedRun } from './run-folds.ts';

/** Sources that only the control plane may use, in either dialect. */
const OWN_SOURCES: ReadonlySet<string> = new Set(['slipway', 'shipyard-controller']);
const TRIGGER_ID = /^([0-9a-f-]{36})\.triggers\./;
/** Triggers that were published a moment ago and have not come back yet. */
const REMEMBERED_MAX = 1_000;
const REMEMBERED_CHARS_MAX = 4 * 1024 * 1024;

/** What the control plane has made itself may be as large as it became; only the recursion of the codec has a bound. */
export const ownLimits: CodecLimits = {
  ...defaultCodecLimits,
  attributeMax: Number.MAX_SAFE_INTEGER,
  keysMax: Number.MAX_SAFE_INTEGER,
  depthMax: 500,
};

export function isOwnSource(source: string): boolean {
  return OWN_SOURCES.has(source);
}

/** The run whose end sends a trigger with this id. */
export function triggeringRun(eventId: string): string | undefined {
  return TRIGGER_ID.exec(eventId)?.[1];
}

/**
 * Tells the triggers that the control plane sent to itself from those that somebody else made to look like them. Anybody who
 * may publish triggers on the broker may write the control plane's source and the id that the next stage's trigger will have.
 * So such a message counts only if its text is what this process has published, or if the journal of the run that it names
 * says so; then the journal's text is taken, and not the message's.
 */
export class OwnTriggers {
  readonly #load: (run: string) => Promise<FoldedRun | undefined>;
  readonly #published = new Map<string, string>();
  #chars = 0;

  constructor(load: (run: string) => Promise<FoldedRun | undefined>) {
    this.#load = load;
  }

  note(event: OutEvent): void {
    if (event.dispatch !== undefined || triggeringRun(event.id) === undefined) return;
    this.#forget(event.id);
    this.#published.set(event.id, event.json);
    this.#chars += event.json.length;
    for (const id of this.#published.keys()) {
      if (this.#published.size <= REMEMBERED_MAX && this.#chars <= REMEMBERED_CHARS_MAX) break;
      this.#forget(id);
    }
  }

  /** Whether this very text was published by this process a moment ago. */
  isKnown(delivery: Delivery, event: CloudEvent): boolean {
    const json = this.#published.get(event.id);
    if (json === undefined || !Buffer.from(json).equals(delivery.body)) return false;
    this.#forget(event.id);
    return true;
  }

  /** The trigger as the journal of its run has it; undefined where no run has sent it. */
  async find(event: CloudEvent): Promise<CloudEvent | undefined> {
    const id = triggeringRun(event.id);
    const loaded = id === undefined ? undefined : await this.#load(id);
    if (loaded?.run.kind !== 'finished') return undefined;
    for (const effect of finalEffects(loaded.run, loaded.env)) {
      if (effect.kind !== 'publish' || effect.event.id !== event.id) continue;
      const made: unknown = JSON.parse(effect.event.json);
      return isObject(made) ? (made as CloudEvent) : undefined;
    }
    return undefined;
  }

  #forget(id: string): void {
    this.#chars -= this.#published.get(id)?.length ?? 0;
    this.#published.delete(id);
  }
}
