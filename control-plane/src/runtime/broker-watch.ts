import type { Bus, BusMark } from '../bus/bus.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';

const KEEP_MS = 5000;
const KIND = 'meta';
const ID = 'bus';

type BrokerWatchOptions = {
  bus: Bus;
  store: Store;
  clock: Clock;
  onLoss(): void;
  onError(message: string, details: Record<string, unknown>): void;
};

/**
 * Notices when the broker has less than it had: while this process runs, and by what the store keeps of how far it had
 * come, when it was not. Then what is open must be told again (rule R9).
 */
export class BrokerWatch {
  readonly #options: BrokerWatchOptions;
  #kept = '';
  #stop: () => void = () => undefined;

  constructor(options: BrokerWatchOptions) {
    this.#options = options;
  }

  /** Answers whether the broker has lost data since the store was last told how far it had come. */
  async start(): Promise<boolean> {
    const { bus, store, onLoss } = this.#options;
    const isLoss = await this.#hasLost((await store.getDocument(KIND, ID))?.value as BusMark | undefined);
    bus.onLoss(() => onLoss());
    this.#keepLater();
    return isLoss;
  }

  stop(): void {
    this.#stop();
  }

  async #hasLost(mark: BusMark | undefined): Promise<boolean> {
    return mark !== undefined && (await this.#options.bus.hasLost(mark));
  }

  #keepLater(): void {
    const { bus, clock, onError } = this.#options;
    if (bus.mark() === undefined) return;
    this.#stop = clock.after(KEEP_MS, () => {
      this.#keep().then(
        () => this.#keepLater(),
        (error: unknown) => {
          onError('how far the broker has come could not be kept', { error: String(error) });
          this.#keepLater();
        },
      );
    });
  }

  async #keep(): Promise<void> {
    const { bus, store } = this.#options;
    const mark = bus.mark();
    const text = JSON.stringify(mark);
    if (mark === undefined || text === this.#kept) return;
    await store.putDocument(KIND, ID, mark);
    this.#kept = text;
  }
}
