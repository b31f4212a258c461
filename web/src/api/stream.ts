import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';
import { type Query, queryText } from './client.ts';
import type { LiveState, Told } from './stream-hub.ts';
import type { StreamItem } from './stream-item.ts';
import { join, leave } from './stream-share.ts';

export type { LiveState, StreamItem };

const HIDDEN_MS = 30_000;
/** With more changes than this in a second they are painted once a second: faster than that nobody can read. */
const CALM_MAX = 5;
const SECOND_MS = 1_000;

/**
 * Follows `GET /v1/stream` while the page is mounted. Items come in batches: one a frame, or one a second while more changes than
 * anybody can read come in. `onResync` asks to read the state again: at the start, and after a gap.
 */
export function useStream(options: {
  filter: Query;
  enabled?: boolean;
  /** false: each frame, also when much changes, for a page that has a pace of its own. */
  paced?: boolean;
  onItems: (items: readonly StreamItem[]) => void;
  onResync: () => void;
}): void {
  const { filter, enabled = true, paced = true } = options;
  const onItems = useEffectEvent(options.onItems);
  const onResync = useEffectEvent(options.onResync);
  const key = queryText(filter);
  useEffect(() => {
    if (!enabled) return;
    const follower = new Follower(key, paced, {
      onItems: (items) => onItems(items),
      onResync: () => onResync(),
    });
    return () => follower.close();
  }, [key, enabled, paced]);
}

let followers = 0;

class Follower {
  readonly #id = String(++followers);
  readonly #query: string;
  readonly #paced: boolean;
  readonly #listener: { onItems(items: readonly StreamItem[]): void; onResync(): void };
  #batch: StreamItem[] = [];
  /** What changed within the last second: a run that goes through ten states is one change. */
  readonly #recent = new Map<string, number>();
  #flushedAt = 0;
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sleep: ReturnType<typeof setTimeout> | undefined;
  #joined = false;

  constructor(
    query: string,
    paced: boolean,
    listener: { onItems(items: readonly StreamItem[]): void; onResync(): void },
  ) {
    this.#query = query;
    this.#paced = paced;
    this.#listener = listener;
    document.addEventListener('visibilitychange', this.#onVisibility);
    // A tab that is opened in the background hears of no change of its visibility until somebody looks at it.
    if (document.hidden) tell(this, 'asleep');
    else this.#join();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    clearTimeout(this.#sleep);
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    leave(this.#id);
    forget(this);
  }

  #join(): void {
    this.#joined = true;
    tell(this, 'connecting');
    join(this.#id, this.#query, this.#hear);
  }

  readonly #hear = (told: Told): void => {
    if (!this.#joined) return;
    if (told.kind === 'state') tell(this, told.state);
    else if (told.kind === 'resync') this.#listener.onResync();
    else this.#take(told.item);
  };

  #take(item: StreamItem): void {
    const now = performance.now();
    const key = item.kind === 'run' ? item.value.id : item.value.position;
    this.#recent.delete(key);
    this.#recent.set(key, now);
    this.#batch.push(item);
    if (this.#batch.length > 1) return;
    // A hidden tab paints no frames: there the batch waits for a timer instead.
    const wait = this.#isBusy(now) ? Math.max(0, this.#flushedAt + SECOND_MS - now) : document.hidden ? 250 : 0;
    if (wait > 0) this.#timer = setTimeout(this.#flush, wait);
    else this.#frame = requestAnimationFrame(this.#flush);
  }

  #isBusy(now: number): boolean {
    for (const [key, at] of this.#recent) {
      if (now - at < SECOND_MS) break;
      this.#recent.delete(key);
    }
    return this.#paced && this.#recent.size > CALM_MAX;
  }

  readonly #flush = (): void => {
    this.#flushedAt = performance.now();
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) this.#listener.onItems(batch);
  };

  readonly #onVisibility = (): void => {
    clearTimeout(this.#sleep);
    if (!document.hidden) {
      this.#flush();
      if (!this.#joined) this.#join();
      return;
    }
    this.#sleep = setTimeout(() => {
      this.#joined = false;
      leave(this.#id);
      tell(this, 'asleep');
    }, HIDDEN_MS);
  };
}

const states = new Map<object, LiveState>();
const watchers = new Set<() => void>();

function tell(follower: object, state: LiveState): void {
  if (states.get(follower) === state) return;
  states.set(follower, state);
  for (const watcher of watchers) watcher();
}

function forget(follower: object): void {
  if (states.delete(follower)) for (const watcher of watchers) watcher();
}

/** The worst of what is followed now; undefined when this page follows nothing. */
export function useLiveState(): LiveState | undefined {
  return useSyncExternalStore(subscribe, () => {
    const all = [...states.values()];
    return (['cut', 'connecting', 'asleep', 'live'] as const).find((state) => all.includes(state));
  });
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
