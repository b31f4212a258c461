import type { RunSummary } from '@slipway/contract';
import type { AnyBulkWriteOperation } from 'mongodb';
import type { RunPlace } from '../store.ts';
import { duplicatesOf } from './ask.ts';
import type { Collections, PlaceDoc, StreamDoc } from './collections.ts';
import { parseSummary } from './phases.ts';

/** Places that are read; of more, those of the newest finished runs. */
const READ_MAX = 5_000;
const MS_DIGITS = 15;
/** A replica of an older program, which knows no places, may have ended a run so long after it was accepted. */
const OLDER_MS = 3_600_000;
const MARK = 'meta/places';

type Place = Pick<RunSummary, 'project' | 'stage' | 'service'>;
type Ended = Place & { id: string; acceptedAt: number };

/**
 * What makes these runs the last of their places, where none that was accepted later is. Only ever raised, so that it may be
 * repeated, and written by several replicas in any order.
 */
export function placeWrites(runs: readonly Ended[]): AnyBulkWriteOperation<PlaceDoc>[] {
  const lasts = new Map<string, { place: Omit<PlaceDoc, '_id' | 'last'>; last: string }>();
  for (const { project, stage, service, id, acceptedAt } of runs) {
    const place = { project, stage, ...(service === undefined ? {} : { service }) };
    const last = `${String(acceptedAt).padStart(MS_DIGITS, '0')}/${id}`;
    const known = lasts.get(keyOf(place));
    if (known === undefined || known.last < last) lasts.set(keyOf(place), { place, last });
  }
  return [...lasts].map(([_id, { place, last }]) => ({
    updateOne: { filter: { _id }, update: { $max: { last }, $setOnInsert: place }, upsert: true },
  }));
}

/** Notes what ended before there were places, and what a replica without them has ended since somebody last looked. */
export async function findPlaces({ streams, places, documents }: Collections, now: number): Promise<void> {
  const mark = await documents.findOne({ _id: MARK });
  const since = Number(mark?.value ?? 0) - OLDER_MS;
  const found = await streams
    .aggregate<{ _id: Place; newest: { acceptedAt: number; id: string } }>([
      { $match: { accepted: { $gte: since }, live: false } },
      { $group: { _id: PLACE, newest: { $max: { acceptedAt: '$accepted', id: '$_id' } } } },
    ])
    .toArray();
  const writes = placeWrites(found.map(({ _id, newest }) => ({ ..._id, ...newest })));
  // Another replica that opens may make the same documents: the second time they are there.
  const write = (): Promise<unknown> => places.bulkWrite(writes, { ordered: false });
  if (writes.length > 0 && (await duplicatesOf(write)).size > 0) await write();
  const set = { kind: 'meta', id: 'places', value: String(now) };
  const update = { $set: set, $inc: { revision: 1 } };
  await duplicatesOf(() => documents.bulkWrite([{ updateOne: { filter: { _id: MARK }, update, upsert: true } }]));
}

/** What is open is grouped, for it is little; of what has finished only the last of each place is read. */
export async function readPlaces(from: Collections, page: { project?: string; limit: number }): Promise<RunPlace[]> {
  const where = page.project === undefined ? {} : { project: page.project };
  const [docs, open] = await Promise.all([
    from.places.find(where).sort({ last: -1 }).limit(READ_MAX).toArray(),
    from.streams
      .aggregate<{ _id: Place; open: number; newest: number }>([
        { $match: { live: true, ...where } },
        { $group: { _id: PLACE, open: { $sum: 1 }, newest: { $max: '$accepted' } } },
      ])
      .toArray(),
  ]);
  const places = new Map<string, { place: RunPlace; newest: number }>();
  for (const last of await lastsOf(from, docs)) {
    const { project, stage, service, acceptedAt } = last;
    const place = { project, stage, ...(service === undefined ? {} : { service }), open: 0, last };
    places.set(keyOf(place), { place, newest: acceptedAt });
  }
  for (const { _id, open: count, newest } of open) {
    const { project, stage, service } = _id;
    const found = places.get(keyOf(_id)) ?? {
      place: { project, stage, ...(service ? { service } : {}), open: 0 },
      newest,
    };
    places.set(keyOf(_id), { place: { ...found.place, open: count }, newest: Math.max(newest, found.newest) });
  }
  return [...places.values()]
    .toSorted((a, b) => b.newest - a.newest)
    .slice(0, page.limit)
    .map(({ place }) => place);
}

const PLACE = { project: '$project', stage: '$stage', service: '$service' };

async function lastsOf(from: Collections, docs: readonly PlaceDoc[]): Promise<RunSummary[]> {
  const ids = docs.map(runOf);
  const found = await from.streams.find({ _id: { $in: ids } }, { projection: { summary: 1, live: 1 } }).toArray();
  const runs = new Map(found.map((run) => [run._id, run]));
  const lasts = await Promise.all(
    docs.map(async (doc) => {
      const run = runs.get(runOf(doc));
      if (run === undefined) return findLast(from, doc);
      // Its place is told before its row says that it has finished.
      return run.live === false ? run : lastOf(from, doc);
    }),
  );
  return lasts.flatMap((run) => (run?.summary === undefined ? [] : [parseSummary(run.summary)]));
}

/** Retention took the last one: the one before it is the last now, or there is none. */
async function findLast(from: Collections, doc: PlaceDoc): Promise<StreamDoc | undefined> {
  const run = await lastOf(from, doc);
  const asRead = { _id: doc._id, last: doc.last };
  if (run === undefined) await from.places.deleteOne(asRead);
  else {
    const last = `${String(run.accepted).padStart(MS_DIGITS, '0')}/${run._id}`;
    await from.places.updateOne(asRead, { $set: { last } });
  }
  return run;
}

async function lastOf({ streams }: Collections, { project, stage, service }: PlaceDoc): Promise<StreamDoc | undefined> {
  const [run] = await streams
    .find({ live: false, project, stage, service: service ?? { $exists: false } })
    .sort({ accepted: -1, _id: -1 })
    .limit(1)
    .toArray();
  return run;
}

function runOf({ last }: PlaceDoc): string {
  return last.slice(MS_DIGITS + 1);
}

function keyOf({ project, stage, service }: Place): string {
  return JSON.stringify(service ? [project, stage, service] : [project, stage]);
}
