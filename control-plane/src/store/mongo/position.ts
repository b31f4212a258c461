/**
 * A position is `<epoch ms>-<replica>-<counter>`, and `-<index>` within the entry for an event: unique without anybody
 * to ask, ascending within a replica, and near the order in time between replicas.
 *
 * An entry gets its position before it is visible to readers, and several replicas do so at once, so a reader who went to
 * the end could pass by an entry that becomes visible late. Therefore each replica says below which position it will
 * write nothing any more (`low`), and readers stay below the lowest of these: see horizon.ts. That holds however far the
 * clocks are apart; they only decide how far behind the readers are.
 */
const MS_DIGITS = 15;
const COUNTER_DIGITS = 10;
const INDEX_DIGITS = 5;
const ENTRY = /^\d{15}-[0-9a-f]{8}-\d{10}$/;
const EVENT = /^\d{15}-[0-9a-f]{8}-\d{10}-\d{5}$/;

/** After an operation with unknown outcome its entry may still appear; readers wait for it so long. */
const LIMBO_MS = 15_000;

export class PositionClock {
  readonly #replica: string;
  readonly #now: () => number;
  #lastMs = 0;
  #counter = 0;
  /** Given out and not known to be visible or dead, in ascending order. */
  readonly #inFlight = new Set<string>();

  constructor(replica: string, now: () => number) {
    this.#replica = replica;
    this.#now = now;
  }

  /** The next position; later than `after`, so that the entries of one stream are in order whoever wrote them. */
  take(after: string | undefined): string {
    this.#lastMs = Math.max(this.#lastMs, this.#now());
    let position = this.#next();
    if (after !== undefined && position <= after) {
      this.#lastMs = msOf(after) + 1;
      position = this.#next();
    }
    this.#inFlight.add(position);
    return position;
  }

  /** Everybody can see it, or it lost the race for its key. */
  done(position: string): void {
    this.#inFlight.delete(position);
  }

  /** Nobody knows: it may become visible yet. */
  unknown(position: string): void {
    setTimeout(() => this.#inFlight.delete(position), LIMBO_MS).unref();
  }

  /** No position that is not visible yet, or is still to come, is lower than this. */
  low(): string {
    for (const position of this.#inFlight) return position;
    return `${pad(Math.max(this.#lastMs, this.#now()), MS_DIGITS)}-`;
  }

  /** From now on everything is later than what these replicas may have let readers see already. */
  raise(lows: readonly string[]): void {
    for (const low of lows) this.#lastMs = Math.max(this.#lastMs, msOf(low) + 1);
  }

  #next(): string {
    this.#counter += 1;
    return `${pad(this.#lastMs, MS_DIGITS)}-${this.#replica}-${pad(this.#counter, COUNTER_DIGITS)}`;
  }
}

export function eventPosition(entry: string, index: number): string {
  return `${entry}-${pad(index, INDEX_DIGITS)}`;
}

/** The entry and the index of an event's position; undefined when it is none. */
export function parseEventPosition(position: string): { entry: string; index: number } | undefined {
  if (!EVENT.test(position)) return undefined;
  const entry = position.slice(0, -(INDEX_DIGITS + 1));
  return ENTRY.test(entry) ? { entry, index: Number(position.slice(-INDEX_DIGITS)) } : undefined;
}

function msOf(position: string): number {
  return Number(position.slice(0, MS_DIGITS));
}

function pad(value: number, digits: number): string {
  return String(Math.floor(value)).padStart(digits, '0');
}
