import { monitorEventLoopDelay } from 'node:perf_hooks';

const WINDOW_MS = 1000;
/** At this mean delay a process turns its loop four times a second: whoever reads lists can wait. */
const DELAY_MAX_MS = 250;
/** One long turn (a huge body, a collection of garbage) is no overload: it lasts, or it is none. */
const SLOW_WINDOWS = 3;
const RESOLUTION_MS = 20;
const NANOSECONDS_PER_MS = 1e6;

/** Measures whether this process keeps up. Reads are the first to be refused when it does not. */
export type Load = {
  overloaded(): boolean;
  /** The control plane refused work as overloaded: let the reads rest for a window. */
  note(): void;
  close(): void;
};

export function watchLoad(): Load {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let slowWindows = 0;
  let refusedUntilMs = 0;
  const timer = setInterval(() => {
    slowWindows = delay.mean / NANOSECONDS_PER_MS - RESOLUTION_MS > DELAY_MAX_MS ? slowWindows + 1 : 0;
    delay.reset();
  }, WINDOW_MS);
  timer.unref();
  return {
    overloaded: () => slowWindows >= SLOW_WINDOWS || performance.now() < refusedUntilMs,
    note: () => {
      refusedUntilMs = performance.now() + WINDOW_MS;
    },
    close: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
