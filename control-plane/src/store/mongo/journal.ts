import type { RunSummary } from '@slipway/contract';
import type { AnyBulkWriteOperation } from 'mongodb';
import type { CommitItem, CommitResult, EntryRange, JournalEntry, Timer } from '../store.ts';
import { ask, duplicatesOf } from './ask.ts';
import type { Collections, EventRowDoc, JournalDoc, StreamDoc, TimerDoc } from './collections.ts';
import { evaluationDoc } from './evaluations.ts';
import { eventPosition, type PositionClock } from './position.ts';
import type { Projector } from './projector.ts';
import type { StreamCache, StreamFacts } from './stream-cache.ts';

const BATCH_DOCS_MAX = 256;
/** One command holds 48 MB; the driver would split a larger batch by itself, one after the other. */
const BATCH_CHARS_MAX = 8_000_000;
const BATCHES_IN_FLIGHT = 2;
/** Far longer than an insert that is on its way can take. */
const ABANDONED_MS = 60_000;

export interface JournalParts {
  collections: Collections;
  clock: PositionClock;
  projector: Projector;
  cache: StreamCache;
  /** The server's time. */
  now: () => number;
  timeoutMs: number;
  readTimeoutMs: number;
}

type Mark = { stream: string; seq: number };

/** An item on its way, and where in the answer it belongs. */
type Going = { index: number; item: CommitItem; facts: StreamFacts; doc: JournalDoc };

/**
 * The journal, and the marks that let a walk find every stream that may have something to tell.
 *
 * A commit is three steps, each durable before the next: (1) timers, and `open` on the stream's document where it is not
 * known to be there; (2) the entries, which is the decision; (3) what follows from them, behind the commit (projector.ts).
 * A crash after (1) leaves a timer or a mark too many, which a walk finds to mean nothing. A crash after (2) leaves a
 * stream that is still open, so the walk reads it, which writes (3) again.
 */
export class Journal {
  readonly #parts: JournalParts;

  constructor(parts: JournalParts) {
    this.#parts = parts;
  }

  async commit(items: readonly CommitItem[]): Promise<CommitResult[]> {
    if (items.length === 0) return [];
    await this.#parts.projector.room();
    const facts = await this.#factsOf(items);
    const going = items
      .map((item, index): Going => {
        const known = facts[index] ?? { ...NO_FACTS };
        return { index, item, facts: known, doc: entryDoc(item, known) };
      })
      // Two replicas that lock the same keys in different orders would wait for each other on some servers.
      .sort((a, b) => (a.doc._id < b.doc._id ? -1 : 1));
    await Promise.all([this.#markOpen(going), this.#putTimers(going)]);
    const conflicts = await this.#insert(going);
    const results: CommitResult[] = items.map(() => ({ outcome: 'conflict' }));
    for (const one of going) {
      if (conflicts.has(one.index)) {
        this.#parts.cache.delete(one.item.stream);
      } else {
        const positions = one.doc.events.map((_, index) => eventPosition(one.doc.pos, index));
        results[one.index] = { outcome: 'committed', positions };
        this.#follow(one);
      }
    }
    return results;
  }

  async read(stream: string, { from, to }: EntryRange = {}): Promise<JournalEntry[]> {
    const seq = { ...(from === undefined ? {} : { $gte: from }), ...(to === undefined ? {} : { $lte: to }) };
    const filter = from === undefined && to === undefined ? { stream } : { stream, seq };
    const docs = await ask('read', this.#parts.readTimeoutMs, () =>
      this.#parts.collections.journal
        .find(filter, { projection: { rows: 0 }, readConcern: { level: 'majority' } })
        .toArray(),
    );
    docs.sort((a, b) => a.seq - b.seq);
    // A part that ends before the head says nothing of what is there by now.
    if (to === undefined) this.#learn(stream, docs);
    return docs.map(({ seq, at, header, events }) => ({ stream, seq, at, header, events }));
  }

  async openStreams(page: { after?: string; limit: number }): Promise<string[]> {
    await this.#parts.projector.written();
    const found = await ask('open streams', this.#parts.readTimeoutMs, () =>
      this.#parts.collections.streams
        .find({ open: 1, _id: { $gt: page.after ?? '' } }, { projection: { _id: 1 } })
        .sort({ _id: 1 })
        .limit(page.limit)
        .toArray(),
    );
    return found.map((one) => one._id);
  }

  /**
   * Only a stream whose head this process knows is settled, and only when nobody has marked it for a later entry: another
   * replica may just have written something there that is still to be told. What cannot be settled is walked once more.
   */
  async settle(streams: readonly string[]): Promise<void> {
    await this.#parts.projector.written();
    const writes: AnyBulkWriteOperation<StreamDoc>[] = [];
    for (const stream of [...streams].sort()) {
      const facts = this.#parts.cache.get(stream);
      if (facts === undefined) continue;
      facts.open = false;
      const filter = { _id: stream, marked: { $lte: facts.seq } };
      writes.push({ updateOne: { filter, update: { $unset: { open: '' } } } });
    }
    if (writes.length > 0) {
      const done = await ask('settle', this.#parts.timeoutMs, () =>
        this.#parts.collections.streams.bulkWrite(writes, { ordered: false }),
      );
      if (done.matchedCount === streams.length) return;
    }
    for (const stream of streams) await this.#settleAbandoned(stream);
  }

  /** A mark whose entry never came, because whoever made it died in between, would keep the stream open for ever. */
  async #settleAbandoned(stream: string): Promise<void> {
    const { cache, collections, timeoutMs, now } = this.#parts;
    await ask('settle', timeoutMs, async () => {
      const doc = await collections.streams.findOne({ _id: stream, open: 1 });
      if (doc === null || doc.markedAt > now() - ABANDONED_MS) return;
      const [head] = await collections.journal
        .find({ stream }, { projection: { seq: 1 } })
        .sort({ seq: -1 })
        .limit(1)
        .toArray();
      // Later than what the caller knows, and so not the caller's to settle.
      if (head !== undefined && head.seq > (cache.get(stream)?.seq ?? 0)) return;
      const filter = { _id: stream, marked: doc.marked, markedAt: doc.markedAt };
      if (head === undefined) await collections.streams.deleteOne(filter);
      else await collections.streams.updateOne(filter, { $unset: { open: '' } });
    });
  }

  /** Project, stage and so on of each item: from its summary, from memory, or from the stream's first entries. */
  async #factsOf(items: readonly CommitItem[]): Promise<(StreamFacts | undefined)[]> {
    const { cache, collections, timeoutMs } = this.#parts;
    const missing: string[] = [];
    const facts = items.map((item) => {
      const known = cache.get(item.stream);
      if (known === undefined && item.summary === undefined && item.seq > 1 && item.events.length > 0) {
        missing.push(item.stream);
      }
      return item.summary === undefined ? known : fromSummary(item.summary, known);
    });
    if (missing.length === 0) return facts;
    const docs = await ask('facts', timeoutMs, () =>
      collections.journal
        .find(
          { stream: { $in: missing }, seq: 1 },
          { projection: { stream: 1, project: 1, stage: 1, service: 1, correlation: 1 } },
        )
        .toArray(),
    );
    const found = new Map(docs.map((doc) => [doc.stream, doc]));
    return facts.map((known, index) => {
      const doc = known === undefined ? found.get(items[index]?.stream ?? '') : undefined;
      return doc === undefined ? known : fromDoc(doc, { seq: 0, pos: undefined, open: false });
    });
  }

  async #markOpen(going: readonly Going[]): Promise<void> {
    const { collections, timeoutMs, now } = this.#parts;
    const marks: Mark[] = [];
    for (const { item, facts } of going) {
      // Another replica may settle a group at any time, whose every entry may wake a run; a run it settles when it is over.
      const isKnownOpen = facts.open && item.seq > 1 && (!item.open || !item.stream.startsWith('group:'));
      const isClosing = !item.open && item.seq > 1;
      if (!isKnownOpen && !isClosing) marks.push({ stream: item.stream, seq: item.seq });
    }
    // Nearly always a first entry means a new stream, and inserting is cheaper than asking whether to.
    const fresh = marks.filter((mark) => mark.seq === 1);
    const left = marks.filter((mark) => mark.seq > 1);
    const markedAt = now();
    if (fresh.length > 0) {
      const docs = fresh.map(({ stream }): StreamDoc => ({ _id: stream, open: 1, marked: 1, markedAt, summarySeq: 0 }));
      const known = await ask('mark', timeoutMs, () =>
        duplicatesOf(() => collections.streams.insertMany(docs, { ordered: false })),
      );
      left.push(...fresh.filter((_, index) => known.has(index)));
    }
    if (left.length === 0) return;
    const writes = left.map(({ stream, seq }) => ({
      updateOne: { filter: { _id: stream }, update: { $set: { open: 1 as const, markedAt }, $max: { marked: seq } } },
    }));
    await ask('mark again', timeoutMs, () => collections.streams.bulkWrite(writes, { ordered: false }));
  }

  async #putTimers(going: readonly Going[]): Promise<void> {
    const docs = going.flatMap(({ item }) => item.timersPut.map(timerDoc));
    if (docs.length === 0) return;
    const { collections, timeoutMs } = this.#parts;
    // A timer that is there already is the same timer: its key says all about it.
    await ask('put timers', timeoutMs, () =>
      duplicatesOf(() => collections.timers.insertMany(docs, { ordered: false })),
    );
  }

  /** Answers the indexes of the items that came second. */
  async #insert(going: readonly Going[]): Promise<Set<number>> {
    const conflicts = new Set<number>();
    const batches = batchesOf(going);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
        for (const index of await this.#insertBatch(batch)) conflicts.add(index);
      }
    };
    const workers = Array.from({ length: Math.min(BATCHES_IN_FLIGHT, batches.length) }, work);
    // Everything must have come to its end before anybody may read and decide again.
    const ends = await Promise.allSettled(workers);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return conflicts;
  }

  async #insertBatch(batch: readonly Going[]): Promise<number[]> {
    const { clock, collections, timeoutMs } = this.#parts;
    // As late as possible: readers wait for every position that is given out.
    for (const { doc, facts } of batch) doc.pos = clock.take(facts.pos);
    const insertion = duplicatesOf(() =>
      collections.journal.insertMany(
        batch.map((one) => one.doc),
        { ordered: false },
      ),
    );
    const over = (end: 'done' | 'unknown') => (): void => {
      for (const { doc } of batch) clock[end](doc.pos);
    };
    // Not tied to the limit of time below: a position is free when the server's own word is in.
    insertion.then(over('done'), over('unknown'));
    const duplicates = await ask('commit', timeoutMs, () => insertion);
    return batch.flatMap((one, index) => (duplicates.has(index) ? [one.index] : []));
  }

  /** What follows from an entry that is in. */
  #follow({ item, facts, doc }: Going): void {
    const { projector, cache } = this.#parts;
    if (doc.summary !== undefined) projector.summary(item.stream, item.seq, doc.summary);
    if (!item.open) projector.closed(item.stream, item.seq);
    projector.deleteTimers(item.timersDelete.map(timerKey));
    cache.set(item.stream, { ...facts, seq: item.seq, pos: doc.pos, open: item.open });
  }

  /**
   * Keeps what was read, and writes the newest summary again for a stream that this process meets for the first time:
   * whoever wrote the entry may have died before it wrote that.
   */
  #learn(stream: string, docs: readonly JournalDoc[]): void {
    const { cache, projector } = this.#parts;
    const head = docs.at(-1);
    if (head === undefined) {
      cache.delete(stream);
      return;
    }
    const known = cache.get(stream);
    const open = known !== undefined && known.seq === head.seq && known.open;
    cache.set(stream, fromDoc(head, { seq: head.seq, pos: head.pos, open }));
    if (known !== undefined && known.seq >= head.seq) return;
    const told = docs.findLast((doc) => doc.summary !== undefined);
    if (told?.summary !== undefined) projector.summary(stream, told.seq, told.summary);
  }
}

export function timerKey({ stream, name, dueAt }: Timer): string {
  return `${stream}/${name}/${dueAt}`;
}

function timerDoc(timer: Timer): TimerDoc {
  return { _id: timerKey(timer), stream: timer.stream, name: timer.name, due: timer.dueAt };
}

const NO_FACTS: StreamFacts = {
  project: '',
  stage: '',
  service: undefined,
  correlation: '',
  seq: 0,
  pos: undefined,
  open: false,
};

function fromSummary(summary: RunSummary, known: StreamFacts | undefined): StreamFacts {
  return {
    project: summary.project,
    stage: summary.stage,
    service: summary.service,
    correlation: summary.correlationid,
    seq: known?.seq ?? 0,
    pos: known?.pos,
    open: known?.open ?? false,
  };
}

function fromDoc(
  doc: Pick<JournalDoc, 'project' | 'stage' | 'service' | 'correlation'>,
  head: Pick<StreamFacts, 'seq' | 'pos' | 'open'>,
): StreamFacts {
  return { project: doc.project, stage: doc.stage, service: doc.service, correlation: doc.correlation, ...head };
}

function entryDoc(item: CommitItem, facts: StreamFacts): JournalDoc {
  return {
    _id: `${item.stream}/${item.seq}`,
    stream: item.stream,
    seq: item.seq,
    at: item.at,
    header: item.header,
    events: [...item.events],
    rows: item.rows.map(rowDoc),
    pos: '',
    project: facts.project,
    stage: facts.stage,
    correlation: facts.correlation,
    ...(facts.service === undefined ? {} : { service: facts.service }),
    ...(item.evaluations === undefined
      ? {}
      : { evaluated: facts.project, evaluations: item.evaluations.map(evaluationDoc) }),
    ...(item.summary === undefined ? {} : { summary: JSON.stringify(item.summary) }),
  };
}

function rowDoc({ id, source, type, direction, ignored }: CommitItem['rows'][number]): EventRowDoc {
  const row = { id, source, type, out: direction === 'out' };
  return ignored === undefined ? row : { ...row, ignored };
}

function batchesOf(going: readonly Going[]): Going[][] {
  const batches: Going[][] = [];
  let batch: Going[] = [];
  let chars = 0;
  for (const one of going) {
    const size = one.doc.events.reduce((sum, event) => sum + event.length, one.doc.header.length);
    if (batch.length > 0 && (batch.length >= BATCH_DOCS_MAX || chars + size > BATCH_CHARS_MAX)) {
      batches.push(batch);
      batch = [];
      chars = 0;
    }
    batch.push(one);
    chars += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
