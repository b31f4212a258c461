import type { RunSummary } from '@slipway/contract';
import type { AnyBulkWriteOperation } from 'mongodb';
import { labelText } from '../label-text.ts';
import { ask } from './ask.ts';
import type { Collections, StreamDoc } from './collections.ts';
import { parseSummary } from './phases.ts';
import { placeWrites } from './places.ts';

const RETRY_MS = 250;
const BULK_MAX = 500;
/** More streams than this wait to be projected: commits wait, too. */
const WAITING_MAX = 4_096;
const TIMEOUT_MS = 15_000;

type Waiting = {
  summary?: { seq: number; json: string };
  closedAt?: number;
};

/**
 * Writes what follows from entries that are in the journal already: summaries for the lists, the end of being open, and
 * timers that are not needed any more. It works behind the commits, newest state only, so that many commits of one run
 * cost one update. Losing all of it to a crash loses nothing: a stream stays open until everything here is written, and
 * whoever walks over the open streams writes it again.
 */
export class Projector {
  readonly #collections: Collections;
  #streams = new Map<string, Waiting>();
  #timers: string[] = [];
  #round: Promise<Error | undefined> | undefined;
  #handedIn = 0;
  #writtenUpTo = 0;
  #isClosed = false;

  constructor(collections: Collections) {
    this.#collections = collections;
  }

  summary(stream: string, seq: number, json: string): void {
    this.#keep(stream, { summary: { seq, json } });
    this.#handIn();
  }

  /** Up to this seq the stream has nothing to tell. */
  closed(stream: string, seq: number): void {
    this.#keep(stream, { closedAt: seq });
    this.#handIn();
  }

  deleteTimers(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#timers.push(...ids);
    this.#handIn();
  }

  /** Resolves when all that was handed in before is written; throws when the server is away. */
  async written(): Promise<void> {
    const target = this.#handedIn;
    while (this.#writtenUpTo < target) {
      this.#begin();
      const failure = await this.#round;
      if (failure !== undefined) throw failure;
    }
  }

  /** For commits: waits while too much is waiting. */
  async room(): Promise<void> {
    if (this.#streams.size > WAITING_MAX) await this.written();
  }

  /** Writes what is left, once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.written();
    } catch {
      // The streams concerned are open still, so the next walk writes it.
    }
  }

  #of(stream: string): Waiting {
    const waiting = this.#streams.get(stream) ?? {};
    this.#streams.set(stream, waiting);
    return waiting;
  }

  #handIn(): void {
    this.#handedIn += 1;
    this.#begin();
  }

  #begin(): void {
    this.#round ??= this.#run();
  }

  /** One round takes all there is. Answers the error that ended it. */
  async #run(): Promise<Error | undefined> {
    // Whatever the same turn still hands in goes along.
    await Promise.resolve();
    const upTo = this.#handedIn;
    const streams = this.#streams;
    const timers = this.#timers;
    this.#streams = new Map();
    this.#timers = [];
    let failure: Error | undefined;
    try {
      await this.#write(streams, timers);
      this.#writtenUpTo = upTo;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      // Nothing here is needed for safety: keep the newest of each and try again.
      for (const [stream, older] of streams) this.#keep(stream, older);
      this.#timers.push(...timers);
    }
    this.#round = undefined;
    if (this.#streams.size > 0 || this.#timers.length > 0) this.#beginSoon(failure === undefined ? 0 : RETRY_MS);
    return failure;
  }

  #beginSoon(delayMs: number): void {
    if (delayMs === 0) this.#begin();
    else if (!this.#isClosed) setTimeout(() => this.#begin(), delayMs).unref();
  }

  #keep(stream: string, { summary, closedAt }: Waiting): void {
    const waiting = this.#of(stream);
    if (summary !== undefined && (waiting.summary === undefined || waiting.summary.seq < summary.seq)) {
      waiting.summary = summary;
    }
    if (closedAt !== undefined) waiting.closedAt = Math.max(closedAt, waiting.closedAt ?? 0);
  }

  async #write(streams: ReadonlyMap<string, Waiting>, timers: readonly string[]): Promise<void> {
    const writes: AnyBulkWriteOperation<StreamDoc>[] = [];
    const ended: RunSummary[] = [];
    for (const [stream, { summary, closedAt }] of [...streams].sort(byKey)) {
      if (summary !== undefined) {
        // An older projection never overwrites a newer one, whichever replica is late.
        const filter = { _id: stream, summarySeq: { $lt: summary.seq } };
        const run = parseSummary(summary.json);
        if (run.state === 'finished') ended.push(run);
        const update = { $set: { ...listFields(run, summary.json), summarySeq: summary.seq } };
        writes.push({ updateOne: { filter, update } });
      }
      if (closedAt !== undefined) {
        writes.push({
          updateOne: { filter: { _id: stream, marked: { $lte: closedAt } }, update: { $unset: { open: '' } } },
        });
      }
    }
    // Before the rows: a run that is listed as finished has its place.
    const places = placeWrites(ended);
    if (places.length > 0)
      await ask('places', TIMEOUT_MS, () =>
        this.#collections.places.bulkWrite(places, { ordered: false, writeConcern: { w: 1 } }),
      );
    for (let from = 0; from < writes.length; from += BULK_MAX) {
      const bulk = writes.slice(from, from + BULK_MAX);
      await ask('project', TIMEOUT_MS, () =>
        this.#collections.streams.bulkWrite(bulk, { ordered: false, writeConcern: { w: 1 } }),
      );
    }
    for (let from = 0; from < timers.length; from += BULK_MAX) {
      const ids = timers.slice(from, from + BULK_MAX);
      await ask('delete timers', TIMEOUT_MS, () =>
        this.#collections.timers.deleteMany({ _id: { $in: ids } }, { writeConcern: { w: 1 } }),
      );
    }
  }
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function listFields(summary: RunSummary, json: string): Partial<StreamDoc> {
  return {
    summary: json,
    project: summary.project,
    stage: summary.stage,
    sequence: summary.sequence,
    state: summary.state,
    phase: summary.phase,
    correlation: summary.correlationid,
    labels: Object.entries(summary.labels ?? {}).map(([key, value]) => labelText(key, value)),
    accepted: summary.acceptedAt,
    live: summary.state !== 'finished',
    ...(summary.service === undefined ? {} : { service: summary.service }),
    ...(summary.result === undefined ? {} : { result: summary.result }),
    ...(summary.finishedAt === undefined ? {} : { finished: summary.finishedAt }),
  };
}
