import type { Store, StoredEvent } from '../store/store.ts';
import type { Clock } from './clock.ts';

/** How often the store is asked for attempts that other replicas began. */
const TAIL_MS = 250;
const PAGE = 500;
/** Who claims again within this time has not gone away. */
const LINGER_MS = 120_000;
const SUFFIX = '.triggered';

export type ElsewhereOptions = {
  store: Store;
  clock: Clock;
  /** An attempt that this process gives out already. */
  isKnown(uses: string, id: string): boolean;
  /** Offers what of this run may be claimed. */
  takeUp(run: string): Promise<void>;
  /** Offers whatever may be claimed, of all open runs. */
  takeUpAll(): Promise<void>;
  onError(message: string, details: Record<string, unknown>): void;
};

/**
 * Attempts that other replicas began, for those who wait here for such a task: whichever replica a claim reaches, it gets
 * work at once. What was open before somebody waited is looked for once; from then on the store's events are followed.
 */
export class Elsewhere {
  readonly #options: ElsewhereOptions;
  /** When each task was last waited for. */
  readonly #wanted = new Map<string, number>();
  #position: string | undefined;
  #lookAtAll = false;
  #following = false;
  #stopped = false;

  constructor(options: ElsewhereOptions) {
    this.#options = options;
  }

  /** Somebody begins to wait for this task, or waits again. */
  waitsFor(task: string): void {
    if (!this.#wanted.has(task)) this.#lookAtAll = true;
    this.#wanted.set(task, this.#options.clock.elapsed());
    if (this.#following || this.#stopped) return;
    this.#following = true;
    this.#follow(0);
  }

  stop(): void {
    this.#stopped = true;
  }

  #follow(delayMs: number): void {
    const { clock, onError } = this.#options;
    clock.after(delayMs, () => {
      this.#forget();
      if (this.#stopped || this.#wanted.size === 0) {
        this.#following = false;
        this.#position = undefined;
        return;
      }
      this.#step().then(
        () => this.#follow(TAIL_MS),
        (error: unknown) => {
          if (!this.#stopped) onError('following what other replicas began failed', { error: String(error) });
          this.#follow(TAIL_MS * 4);
        },
      );
    });
  }

  #forget(): void {
    const before = this.#options.clock.elapsed() - LINGER_MS;
    for (const [task, at] of this.#wanted) if (at < before) this.#wanted.delete(task);
  }

  async #step(): Promise<void> {
    const { store, takeUp, takeUpAll } = this.#options;
    // First the position, then all: what begins in between is seen twice, which is harmless.
    this.#position ??= (await store.lastPosition()) ?? '';
    if (this.#lookAtAll) {
      this.#lookAtAll = false;
      await takeUpAll().catch((error: unknown) => {
        this.#lookAtAll = true;
        throw error;
      });
    }
    for (;;) {
      const position: string = this.#position;
      const events: StoredEvent[] = await store.eventsAfter({ ...(position === '' ? {} : { position }), limit: PAGE });
      for (const run of this.#begun(events)) await takeUp(run);
      this.#position = events.at(-1)?.position ?? position;
      if (events.length === 0 || this.#stopped) return;
    }
  }

  #begun(events: readonly StoredEvent[]): Set<string> {
    const runs = new Set<string>();
    for (const { direction, type, stream, json } of events) {
      if (direction !== 'out' || !type.endsWith(SUFFIX)) continue;
      const uses = type.slice(0, -SUFFIX.length);
      if (!this.#wanted.has(uses)) continue;
      const { id } = JSON.parse(json) as { id?: unknown };
      if (!this.#options.isKnown(uses, String(id))) runs.add(stream);
    }
    return runs;
  }
}
