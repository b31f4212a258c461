import type { Clock } from './clock.ts';

export type Lease = {
  id: string;
  run: string;
  task: string;
  /** The task type, by which services are listed. */
  uses: string;
  attempt: number;
  source: string;
  leaseMs: number;
};

const SWEEP_MS = 500;

/** Claims that are held, and until when: in memory only, for a restart gives each its full time again. */
export class Leases {
  readonly #clock: Clock;
  readonly #onLost: (lease: Lease) => void;
  /** By attempt; nearly always one holder. */
  readonly #held = new Map<string, (Lease & { until: number })[]>();
  #stop: () => void = () => undefined;

  constructor(options: { clock: Clock; onLost(lease: Lease): void }) {
    this.#clock = options.clock;
    this.#onLost = options.onLost;
  }

  get size(): number {
    return this.#held.size;
  }

  hold(lease: Lease): void {
    const until = this.#clock.elapsed() + lease.leaseMs;
    const holders = this.#held.get(lease.id);
    if (!holders) {
      this.#held.set(lease.id, [{ ...lease, until }]);
      return;
    }
    const known = holders.find((one) => one.source === lease.source);
    if (known) known.until = until;
    else holders.push({ ...lease, until });
  }

  /** Takes a lease up; one that is held already keeps its time. */
  holdUnlessHeld(lease: Lease): void {
    if (!this.#held.get(lease.id)?.some((one) => one.source === lease.source)) this.hold(lease);
  }

  /** Who holds an attempt. */
  sourcesOf(id: string): string[] {
    return (this.#held.get(id) ?? []).map((one) => one.source);
  }

  /** A sign of life. */
  renew(id: string, source: string): void {
    const known = this.#held.get(id)?.find((one) => one.source === source);
    if (known) known.until = this.#clock.elapsed() + known.leaseMs;
  }

  /** The attempt is over. */
  end(id: string): void {
    this.#held.delete(id);
  }

  /** Attempts that each service holds, by task type and then by source. */
  countByService(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    const counts = new Map<string, Map<string, number>>();
    for (const holders of this.#held.values()) {
      for (const { uses, source } of holders) {
        const ofTask = counts.get(uses) ?? new Map<string, number>();
        ofTask.set(source, (ofTask.get(source) ?? 0) + 1);
        counts.set(uses, ofTask);
      }
    }
    return counts;
  }

  start(): void {
    this.#stop = this.#clock.after(SWEEP_MS, () => {
      this.#sweep();
      this.start();
    });
  }

  stop(): void {
    this.#stop();
  }

  #sweep(): void {
    const now = this.#clock.elapsed();
    for (const holders of this.#held.values()) {
      for (const one of holders) {
        if (one.until > now) continue;
        // Asked again in a while, in case the word does not reach the run.
        one.until = now + one.leaseMs;
        this.#onLost(one);
      }
    }
  }
}
