import { useSyncExternalStore } from 'react';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** One clock for the page, not one timer for each time that is shown; it stands while nobody looks. */
class Ticker {
  readonly #stepMs: number;
  readonly #listeners = new Set<() => void>();
  #now = Date.now();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(stepMs: number) {
    this.#stepMs = stepMs;
  }

  read = (): number => this.#now;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#timer === undefined) {
      this.#now = Date.now();
      this.#timer = setInterval(this.#tick, this.#stepMs);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  };

  #tick = (): void => {
    if (document.hidden) return;
    this.#now = Date.now();
    for (const listener of this.#listeners) listener();
  };
}

const seconds = new Ticker(SECOND_MS);
const halfMinutes = new Ticker(MINUTE_MS / 2);

/** The time now, anew each second for what is young and each half minute for what is old. */
export function useNow(since: number): number {
  const ticker = Math.abs(Date.now() - since) < MINUTE_MS ? seconds : halfMinutes;
  return Math.max(
    useSyncExternalStore(ticker.subscribe, ticker.read),
    // A tick may be half a minute old; what happened since then is not in the future.
    since > ticker.read() && since <= Date.now() ? since : 0,
  );
}

/** The time now, each second, while `running`. */
export function useSeconds(running: boolean): number {
  return useSyncExternalStore(running ? seconds.subscribe : neverChanges, running ? seconds.read : zero);
}

const neverChanges = () => () => {};
const zero = () => 0;
