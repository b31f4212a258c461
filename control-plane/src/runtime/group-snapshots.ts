import { emptyGroup, foldGroup, type Group } from '../engine/index.ts';
import type { JournalEntry, Store } from '../store/store.ts';
import { decodeGroupEntry } from './entry.ts';

/** A group as of its journal's entry `seq`; `snapshotAt`: the entry of the snapshot that it was folded from, 0 without one. */
type FoldedGroup = { seq: number; group: Group; snapshotAt: number };

/** `header`: of the entry, by which a journal is known to be the one that this was folded from. */
type Snapshot = { v: number; seq: number; header: string; group: Omit<Group, 'key'> };

/** To be raised when the same inputs make another group: what was folded by the old rules is not to be gone on from. */
const VERSION = 1;
/** A snapshot is one document, and of MongoDB none is larger than 16 MB. */
const PLACES_MAX = 50_000;

/**
 * Groups as they were every so many entries, so that a fold does not begin with all the runs that ever were in one. A cache:
 * one that is lost, older, or of another journal (the store was restored from a backup) means a longer fold and nothing else.
 */
export class GroupSnapshots {
  readonly #store: Store;
  readonly #every: number;
  readonly #prefix: string;

  constructor(options: { store: Store; every: number; prefix: string }) {
    this.#store = options.store;
    this.#every = options.every;
    this.#prefix = options.prefix;
  }

  async fold(stream: string): Promise<FoldedGroup> {
    const snapshot = await this.#find(stream);
    if (snapshot) {
      const [first, ...rest] = await this.#store.read(stream, { from: snapshot.seq });
      if (first?.seq === snapshot.seq && first.header === snapshot.header) {
        const group = foldGroup({ key: this.#keyOf(stream), ...snapshot.group }, rest.flatMap(decodeGroupEntry));
        return { seq: rest.at(-1)?.seq ?? snapshot.seq, group, snapshotAt: snapshot.seq };
      }
    }
    const entries = await this.#store.read(stream);
    const group = foldGroup(emptyGroup(this.#keyOf(stream)), entries.flatMap(decodeGroupEntry));
    return { seq: entries.at(-1)?.seq ?? 0, group, snapshotAt: 0 };
  }

  /** This group was just written. Keeps it when enough has happened since; answers the entry of the newest snapshot. */
  written(entry: Pick<JournalEntry, 'stream' | 'seq' | 'header'>, group: Group, snapshotAt: number): number {
    const { holders, queue, limit } = group;
    const places = holders.length + queue.length;
    // What it costs to keep many places is shared by as many entries.
    if (entry.seq - snapshotAt < Math.max(this.#every, places) || places > PLACES_MAX) return snapshotAt;
    const { stream, seq, header } = entry;
    const snapshot: Snapshot = { v: VERSION, seq, header, group: { limit, holders, queue } };
    // When it is not kept, the next one is.
    this.#store.putDocument('group', stream, snapshot).catch(() => undefined);
    return seq;
  }

  async #find(stream: string): Promise<Snapshot | undefined> {
    const found = (await this.#store.getDocument('group', stream))?.value as Snapshot | undefined;
    return found?.v === VERSION ? found : undefined;
  }

  #keyOf(stream: string): string {
    return stream.slice(this.#prefix.length);
  }
}
