import { monitorEventLoopDelay } from 'node:perf_hooks';

const WINDOW_MS = 1000;
/** At the first of these a process turns its loop four times a second: whoever reads lists can wait. Then new runs, then commands. */
const DELAYS_MAX_MS = [250, 1000, 3000] as const;
/** One long turn (a huge body, a collection of garbage) is no overload: it lasts, or it is none. */
const SLOW_WINDOWS = 3;
const RESOLUTION_MS = 20;
const NANOSECONDS_PER_MS = 1e6;

/** Whether this process keeps up: by the control plane's own figures, and by the delay of the event loop. */
export type Load = {
  /** As `ControlPlane.pressure`: 1 refuses reads, 2 new runs, 3 commands. */
  level(): number;
  /** The control plane refused work as overloaded: let the reads rest for a window. */
  note(): void;
  close(): void;
};

export function watchLoad(pressure: () => number): Load {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let slowWindows = 0;
  let slowLevel = 0;
  let refusedUntilMs = 0;
  const timer = setInterval(() => {
    const delayMs = delay.mean / NANOSECONDS_PER_MS - RESOLUTION_MS;
    slowLevel = DELAYS_MAX_MS.filter((most) => delayMs > most).length;
    slowWindows = slowLevel > 0 ? slowWindows + 1 : 0;
    delay.reset();
  }, WINDOW_MS);
  timer.unref();
  return {
    level: () => {
      const byLoop = slowWindows >= SLOW_WINDOWS ? slowLevel : 0;
      return Math.max(byLoop, pressure(), performance.now() < refusedUntilMs ? 1 : 0);
    },
    note: () => {
      refusedUntilMs = performance.now() + WINDOW_MS;
    },
    close: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
