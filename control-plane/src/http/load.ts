import { monitorEventLoopDelay } from 'node:perf_hooks';

const WINDOW_MS = 1000;
/** At this mean delay a process turns its loop four times a second: whoever reads lists can wait. */
const DELAY_MAX_MS = 250;
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
  let slow = false;
  let refusedUntilMs = 0;
  const timer = setInterval(() => {
    slow = delay.mean / NANOSECONDS_PER_MS - RESOLUTION_MS > DELAY_MAX_MS;
    delay.reset();
  }, WINDOW_MS);
  timer.unref();
  return {
    overloaded: () => slow || performance.now() < refusedUntilMs,
    note: () => {
      refusedUntilMs = performance.now() + WINDOW_MS;
    },
    close: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
