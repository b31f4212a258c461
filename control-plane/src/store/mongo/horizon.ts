import type { Db } from 'mongodb';
import { toStoreError } from './ask.ts';
import type { Collections } from './collections.ts';
import { PositionClock } from './position.ts';

const BEAT_MS = 500;
/** Others are asked so often at most: how old their word may be. */
const REFRESH_MS = 200;
/** A replica that has said nothing for so long is dead, and readers wait for it no longer. */
const DEAD_MS = 10_000;
const FORGET_MS = 3_600_000;
const CLOCK_MS = 10_000;

/**
 * How far readers of events may go. Each replica writes down its `low` twice a second; a reader stays below the lowest
 * of all that live. Its own `low` it knows exactly, so a single replica reads everything at once, and several see each
 * other's events about half a second late. A replica that dies holds readers up for ten seconds.
 */
export class Horizon {
  readonly clock: PositionClock;
  readonly #replica: string;
  readonly #collections: Collections;
  readonly #db: Db;
  #offsetMs = 0;
  #clockReadAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  #others: Promise<readonly string[]> = Promise.resolve([]);
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(db: Db, collections: Collections, replica: string) {
    this.#db = db;
    this.#collections = collections;
    this.#replica = replica;
    this.clock = new PositionClock(replica, () => this.now());
  }

  /** The server's time, as far as it told us. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /**
   * Joins the others. First a word that stops all readers, then a look at how far they may have got, and only then a
   * promise that lies beyond: between the three nobody can read past an event of ours.
   */
  async join(): Promise<void> {
    await this.#readClock();
    const { replicas } = this.#collections;
    await replicas.updateOne({ _id: this.#replica }, { $set: { low: '', beat: this.now() } }, { upsert: true });
    const known = await replicas.find({}).toArray();
    this.clock.raise(known.filter((one) => one._id !== this.#replica).map((one) => one.low));
    await this.#beat();
    const gone = known.filter((one) => one.beat < this.now() - FORGET_MS).map((one) => one._id);
    await Promise.all(gone.map((id) => replicas.deleteOne({ _id: id })));
    this.#timer = setInterval(() => {
      this.#beating = this.#beat().catch(() => {
        // The server is away: nobody can read either, and the next beat tells.
      });
    }, BEAT_MS);
  }

  /** Events at and above this text may not all be visible yet. */
  async edge(): Promise<string> {
    if (performance.now() - this.#askedAt > REFRESH_MS) {
      this.#askedAt = performance.now();
      this.#others = this.#readOthers();
      this.#others.catch(() => {
        this.#askedAt = Number.NEGATIVE_INFINITY;
      });
    }
    let others: readonly string[];
    try {
      others = await this.#others;
    } catch (error) {
      throw toStoreError('replicas', error);
    }
    let edge = this.clock.low();
    for (const low of others) if (low < edge) edge = low;
    return edge;
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.#collections.replicas.deleteOne({ _id: this.#replica });
  }

  async #readOthers(): Promise<readonly string[]> {
    const all = await this.#collections.replicas.find({}).toArray();
    const alive = this.now() - DEAD_MS;
    return all.filter((one) => one._id !== this.#replica && one.beat > alive).map((one) => one.low);
  }

  async #beat(): Promise<void> {
    if (performance.now() - this.#clockReadAt > CLOCK_MS) await this.#readClock();
    await this.#collections.replicas.updateOne(
      { _id: this.#replica },
      { $set: { low: this.clock.low(), beat: this.now() } },
      { upsert: true, writeConcern: { w: 1 } },
    );
  }

  async #readClock(): Promise<void> {
    const before = Date.now();
    const answer = await this.#db.command({ hello: 1 });
    const after = Date.now();
    this.#clockReadAt = performance.now();
    // A server that does not tell its time leaves us with ours.
    if (answer.localTime instanceof Date) this.#offsetMs = answer.localTime.getTime() - (before + after) / 2;
  }
}
