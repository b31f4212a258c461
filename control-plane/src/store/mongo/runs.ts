import { phasesOf, type RunPhase, type RunSummary, stateOfPhase } from '@slipway/contract';
import type { Filter } from 'mongodb';
import { readCursor, writeCursor } from '../cursor.ts';
import { labelText } from '../label-text.ts';
import type { Page, RunPlace, RunQuery, RunTally } from '../store.ts';
import { InvalidCursor } from '../store.ts';
import { ask } from './ask.ts';
import type { Collections, StreamDoc } from './collections.ts';
import { parseSummary } from './phases.ts';
import { readPlaces } from './places.ts';
import type { Projector } from './projector.ts';
import type { StreamCache } from './stream-cache.ts';

export interface RunsParts {
  collections: Collections;
  projector: Projector;
  cache: StreamCache;
  readTimeoutMs: number;
}

/** Streams whose journal is deleted in one go. */
const DELETE_TOGETHER = 8;

/** The lists of runs, and what goes when a run is forgotten. */
export class Runs {
  readonly #parts: RunsParts;

  constructor(parts: RunsParts) {
    this.#parts = parts;
  }

  async list(query: RunQuery): Promise<Page<RunSummary>> {
    const filter = filterOf(query);
    const { projector, collections, readTimeoutMs } = this.#parts;
    await projector.written();
    const docs = await ask('runs', readTimeoutMs, () =>
      collections.streams
        .find(filter, { projection: { summary: 1, accepted: 1 } })
        .sort({ accepted: -1, _id: -1 })
        .limit(query.limit + 1)
        .toArray(),
    );
    const shown = docs.slice(0, query.limit);
    const items = shown.map((doc) => parseSummary(doc.summary));
    const last = shown.at(-1);
    if (docs.length <= query.limit || last === undefined) return { items };
    return { items, next: writeCursor('runs', `${last.accepted}/${last._id}`) };
  }

  async get(id: string): Promise<RunSummary | undefined> {
    const { projector, collections, readTimeoutMs } = this.#parts;
    await projector.written();
    const doc = await ask('run', readTimeoutMs, () =>
      collections.streams.findOne({ _id: id }, { projection: { summary: 1 } }),
    );
    return doc?.summary === undefined ? undefined : parseSummary(doc.summary);
  }

  async count({ project, open }: { project: string; open: boolean }): Promise<number> {
    const { projector, collections, readTimeoutMs } = this.#parts;
    await projector.written();
    return ask('count runs', readTimeoutMs, () => collections.streams.countDocuments({ project, live: open }));
  }

  async tally(query: Omit<RunQuery, 'limit' | 'cursor'>): Promise<RunTally[]> {
    const { projector, collections, readTimeoutMs } = this.#parts;
    await projector.written();
    const found = await ask('how many runs', readTimeoutMs, () =>
      collections.streams
        .aggregate<{ _id: { phase: RunPhase; result?: RunTally['result'] }; count: number }>([
          { $match: filterOf(query) },
          { $group: { _id: { phase: '$phase', result: '$result' }, count: { $sum: 1 } } },
        ])
        .toArray(),
    );
    return found.map(({ _id: { phase, result }, count }) => ({
      phase,
      state: stateOfPhase(phase),
      ...(result ? { result } : {}),
      count,
    }));
  }

  async places(page: { project?: string; limit: number }): Promise<RunPlace[]> {
    const { projector, collections, readTimeoutMs } = this.#parts;
    await projector.written();
    return ask('places', readTimeoutMs, () => readPlaces(collections, page));
  }

  async deleteFinished(rule: {
    project: string;
    finishedBefore?: number;
    keep?: number;
    limit: number;
  }): Promise<number> {
    const { projector, readTimeoutMs } = this.#parts;
    await projector.written();
    const over = { project: rule.project, live: false, open: { $exists: false } } satisfies Filter<StreamDoc>;
    const ids = new Set<string>();
    if (rule.finishedBefore !== undefined) {
      const { finishedBefore } = rule;
      const old = await ask('old runs', readTimeoutMs, () =>
        this.#newest({ ...over, finished: { $lt: finishedBefore } }, 0, rule.limit),
      );
      for (const id of old) ids.add(id);
    }
    if (rule.keep !== undefined && ids.size < rule.limit) {
      const { keep } = rule;
      const many = await ask('runs beyond the newest', readTimeoutMs, () => this.#newest(over, keep, rule.limit));
      for (const id of many) if (ids.size < rule.limit) ids.add(id);
    }
    const left = [...ids];
    while (left.length > 0) await Promise.all(left.splice(0, DELETE_TOGETHER).map((id) => this.#delete(id)));
    return ids.size;
  }

  async #newest(filter: Filter<StreamDoc>, skip: number, limit: number): Promise<string[]> {
    const found = await this.#parts.collections.streams
      .find(filter, { projection: { _id: 1 } })
      .sort({ finished: -1 })
      .skip(skip)
      .limit(limit)
      .toArray();
    return found.map((doc) => doc._id);
  }

  /** The row in the list last: a crash in between leaves it, and the next round takes what is left. */
  async #delete(id: string): Promise<void> {
    const { collections, cache, readTimeoutMs } = this.#parts;
    cache.delete(id);
    await ask('delete run', readTimeoutMs, async () => {
      await collections.journal.deleteMany({ stream: id });
      // By the range of their keys, which begin with the stream: `0` comes right after `/`.
      await collections.timers.deleteMany({ _id: { $gte: `${id}/`, $lt: `${id}0` } });
      await collections.streams.deleteOne({ _id: id });
    });
  }
}

function filterOf(query: Omit<RunQuery, 'limit'>): Filter<StreamDoc> {
  const conditions: Filter<StreamDoc>[] = [
    { accepted: { $gte: query.since ?? 0, ...(query.until === undefined ? {} : { $lt: query.until }) } },
  ];
  for (const field of ['project', 'stage', 'sequence', 'service'] as const) {
    const value = query[field];
    if (value !== undefined) conditions.push({ [field]: value });
  }
  // An aborted run has failed, whatever had been found by then.
  if (query.result === 'fail') conditions.push({ $or: [{ result: 'fail' }, { phase: 'aborted' }] });
  else if (query.result !== undefined) conditions.push({ result: query.result, phase: { $ne: 'aborted' } });
  if (query.state !== undefined) conditions.push({ phase: { $in: phasesOf(query.state) } });
  if (query.correlationid !== undefined) conditions.push({ correlation: query.correlationid });
  for (const [key, value] of Object.entries(query.labels ?? {})) conditions.push({ labels: labelText(key, value) });
  if (query.cursor !== undefined) {
    const { accepted, id } = placeOf(query.cursor);
    conditions.push({ $or: [{ accepted: { $lt: accepted } }, { accepted, _id: { $lt: id } }] });
  }
  return { $and: conditions };
}

function placeOf(cursor: string): { accepted: number; id: string } {
  const place = readCursor('runs', cursor);
  const slash = place.indexOf('/');
  const accepted = Number(place.slice(0, slash));
  if (slash < 1 || !Number.isSafeInteger(accepted)) throw new InvalidCursor(`'${cursor}' is not a cursor of this list`);
  return { accepted, id: place.slice(slash + 1) };
}
