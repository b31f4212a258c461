import type { EventView, RunSummary } from '@slipway/contract';
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';
import { type Query, queryText } from './client.ts';

export type StreamItem = { kind: 'run'; value: RunSummary } | { kind: 'event'; value: EventView };

/**
 * connecting: no answer yet. live: what happens is told. cut: it was live and is tried again; nothing is missed, because the
 * server replays from the last id. asleep: the tab is hidden, so the connection is given back (a browser has six for a host).
 */
export type LiveState = 'connecting' | 'live' | 'cut' | 'asleep';

const REFUSED_MAX = 3;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 15_000;
const HIDDEN_MS = 30_000;

/**
 * Follows `GET /v1/stream` while the page is mounted. Items come in batches, at most one a frame, so that a busy server
 * costs one render and not a thousand. `onResync` says that the state must be read again: at the start, and after a gap.
 */
export function useStream(options: {
  filter: Query;
  enabled?: boolean;
  onItems: (items: readonly StreamItem[]) => void;
  onResync: () => void;
}): void {
  const { filter, enabled = true } = options;
  const onItems = useEffectEvent(options.onItems);
  const onResync = useEffectEvent(options.onResync);
  const key = queryText(filter);
  useEffect(() => {
    if (!enabled) return;
    const connection = new Connection(key, { onItems: (items) => onItems(items), onResync: () => onResync() });
    return () => connection.close();
  }, [key, enabled]);
}

class Connection {
  readonly #query: string;
  readonly #listener: { onItems(items: readonly StreamItem[]): void; onResync(): void };
  #source: EventSource | undefined;
  #lastId: string | undefined;
  #batch: StreamItem[] = [];
  #frame = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #sleep: ReturnType<typeof setTimeout> | undefined;
  #retryMs = RETRY_MIN_MS;
  /** Answers in a row that were no stream. */
  #refused = 0;

  constructor(query: string, listener: { onItems(items: readonly StreamItem[]): void; onResync(): void }) {
    this.#query = query;
    this.#listener = listener;
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#open();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    clearTimeout(this.#retry);
    clearTimeout(this.#sleep);
    cancelAnimationFrame(this.#frame);
    this.#source?.close();
    forget(this);
  }

  #open(): void {
    tell(this, this.#lastId === undefined ? 'connecting' : 'cut');
    // A server that refuses again and again may have another store, in which the last id names nothing: begin anew.
    if (this.#refused >= REFUSED_MAX) this.#lastId = undefined;
    const resume =
      this.#lastId === undefined
        ? ''
        : `${this.#query === '' ? '?' : '&'}lastEventId=${encodeURIComponent(this.#lastId)}`;
    const source = new EventSource(`/v1/stream${this.#query}${resume}`);
    this.#source = source;
    source.onopen = () => {
      this.#retryMs = RETRY_MIN_MS;
      this.#refused = 0;
      tell(this, 'live');
      if (this.#lastId === undefined) this.#listener.onResync();
    };
    source.addEventListener('run', (message) => this.#take(message, 'run'));
    source.addEventListener('event', (message) => this.#take(message, 'event'));
    source.addEventListener('gap', () => {
      this.#lastId = undefined;
      this.#listener.onResync();
    });
    source.onerror = () => {
      tell(this, 'cut');
      // The browser comes back by itself after a cut, with the last id; not after an answer that is no stream.
      if (source.readyState !== EventSource.CLOSED) return;
      this.#refused++;
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#open(), this.#retryMs);
      this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
    };
  }

  #take(message: MessageEvent<string>, kind: 'run' | 'event'): void {
    this.#lastId = message.lastEventId;
    this.#batch.push({ kind, value: JSON.parse(message.data) });
    if (this.#batch.length > 1) return;
    // A hidden tab paints no frames: there the batch waits for a timer instead.
    if (document.hidden) setTimeout(this.#flush, 250);
    else this.#frame = requestAnimationFrame(this.#flush);
  }

  #flush = (): void => {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) this.#listener.onItems(batch);
  };

  #onVisibility = (): void => {
    clearTimeout(this.#sleep);
    if (!document.hidden) {
      this.#flush();
      if (this.#source === undefined) this.#open();
      return;
    }
    this.#sleep = setTimeout(() => {
      clearTimeout(this.#retry);
      this.#source?.close();
      this.#source = undefined;
      tell(this, 'asleep');
    }, HIDDEN_MS);
  };
}

const states = new Map<object, LiveState>();
const watchers = new Set<() => void>();

function tell(connection: object, state: LiveState): void {
  if (states.get(connection) === state) return;
  states.set(connection, state);
  for (const watcher of watchers) watcher();
}

function forget(connection: object): void {
  if (states.delete(connection)) for (const watcher of watchers) watcher();
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
