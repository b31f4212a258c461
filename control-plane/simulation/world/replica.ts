import type { Bus } from '../../src/bus/bus.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { startPlane } from '../../src/runtime/plane.ts';
import type { Store } from '../../src/store/store.ts';
import { Life } from './life.ts';
import type { Random } from './random.ts';
import { MachineClock, simClock } from './sim-clock.ts';
import type { Timeline } from './timeline.ts';

export type Plane = Awaited<ReturnType<typeof startPlane>>;
export type StartPlane = typeof startPlane;

const START_AGAIN_MS = 1000;
const DRAIN_MAX_MS = 25_000;

/** One machine that runs control planes, one life after the other. */
export class Replica {
  readonly name: string;
  readonly machine = new MachineClock();
  life: Life;
  plane: Plane | undefined;
  /** It was told to stay down. */
  goneForGood = false;
  lives = 0;
  readonly #options: ReplicaOptions;

  constructor(name: string, options: ReplicaOptions) {
    this.name = name;
    this.#options = options;
    this.life = new Life(options.timeline);
    this.life.end();
  }

  get up(): boolean {
    return this.plane !== undefined;
  }

  /** A new process on the same machine: it knows nothing but what is in the store. */
  start(): void {
    if (this.life.alive || this.goneForGood) return;
    const { timeline, random, shared } = this.#options;
    const life = new Life(timeline);
    this.life = life;
    this.lives++;
    const clock = simClock({
      timeline,
      life,
      machine: this.machine,
      random: random.fork(),
      lateMs: this.#options.lateMs(),
    });
    const store = this.#options.openStore(life);
    const bus = this.#options.openBus(life);
    const log = { info: this.#log, warn: this.#log, error: this.#log };
    // So few runs are in a group here that with the usual number none would be kept.
    const limits = { groupSnapshotEvery: 2 };
    this.#options.startPlane({ store, bus, clock, shared, log, limits }).then(
      (plane) => {
        if (this.life === life && life.alive) this.plane = plane;
      },
      (error: unknown) => {
        if (this.life !== life || !life.alive) return;
        this.#log({ error: String(error) }, 'could not start');
        this.crash(START_AGAIN_MS);
      },
    );
  }

  /** kill -9; comes back after `backMs`. */
  crash(backMs: number): void {
    if (!this.life.alive) return;
    this.plane = undefined;
    this.life.end();
    this.#options.timeline.after(backMs, () => this.start());
  }

  /** SIGTERM: drains, then ends; comes back after `backMs`. */
  drain(backMs: number): void {
    const { plane, life } = this;
    if (!plane) return;
    this.plane = undefined;
    const end = (): void => {
      if (this.life === life) this.crash(backMs);
    };
    plane.close().then(end, end);
    life.later(DRAIN_MAX_MS, end);
  }

  readonly #log = (details: Record<string, unknown>, message: string): void =>
    this.#options.onLog(this.name, details, message);
}

export type ReplicaOptions = {
  timeline: Timeline;
  random: Random;
  shared: boolean;
  startPlane: StartPlane;
  lateMs(): number;
  openStore(life: Life): Store;
  openBus(life: Life): Bus;
  onLog(replica: string, details: Record<string, unknown>, message: string): void;
  /** For planted bugs that sit in a clock. */
  wrapClock?(clock: Clock): Clock;
};
