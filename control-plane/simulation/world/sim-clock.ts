import type { Clock } from '../../src/runtime/clock.ts';
import type { Life } from './life.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** A machine's own idea of the time: off by `skewMs`, which somebody may change at any moment. */
export class MachineClock {
  skewMs = 0;
}

/** The clock of one life of a replica: wall time with its machine's error, waits that are sometimes late and never early. */
export function simClock(options: {
  timeline: Timeline;
  life: Life;
  machine: MachineClock;
  random: Random;
  lateMs: number;
}): Clock {
  const { timeline, life, machine, random, lateMs } = options;
  return {
    now: () => Math.floor(timeline.now + machine.skewMs),
    elapsed: () => timeline.elapsed,
    after: (ms, callback) => life.later(Math.min(Math.max(0, ms), 3_600_000) + random.latency(0.5, lateMs), callback),
    soon: (callback) => void life.later(0, callback),
    random: () => random.next(),
  };
}
