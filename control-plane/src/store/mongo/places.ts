import type { RunSummary } from '@slipway/contract';
import type { Collection, Filter } from 'mongodb';
import type { RunPlace } from '../store.ts';
import type { StreamDoc } from './collections.ts';

/** Of more places, those that come last by name are read. */
const READ_MAX = 5_000;
const PROJECTS_TOGETHER = 8;

type Streams = Collection<StreamDoc>;
type Found = RunPlace & { newest: number };
type Place = Pick<StreamDoc, 'project' | 'stage' | 'service'>;

/**
 * What is open is grouped, for it is little. Of what has finished nothing is counted: one step along the index finds the
 * newest run of the next place, so that the work is that of the places, however many runs there are.
 */
export async function readPlaces(streams: Streams, page: { project?: string; limit: number }): Promise<RunPlace[]> {
  const places = new Map<string, Found>();
  const at = (place: Place): Found => {
    const { project = '', stage = '', service } = place;
    const key = JSON.stringify([project, stage, service]);
    const found = places.get(key) ?? { project, stage, ...(service ? { service } : {}), open: 0, newest: 0 };
    places.set(key, found);
    return found;
  };
  const projects = page.project === undefined ? await namesOf(streams, 'project', {}) : [page.project];
  const left = [...projects];
  let steps = READ_MAX;
  const read = async (): Promise<void> => {
    for (let project = left.shift(); project !== undefined && steps > 0; project = left.shift()) {
      for await (const { summary, accepted = 0, ...place } of lastOfEach(streams, project)) {
        Object.assign(at(place), { last: JSON.parse(summary ?? 'null') as RunSummary, newest: accepted });
        steps -= 1;
        if (steps <= 0) break;
      }
    }
  };
  await Promise.all(Array.from({ length: PROJECTS_TOGETHER }, read));
  for (const { _id, open, newest } of await openPlaces(streams, page.project)) {
    const place = at(_id);
    place.open = open;
    place.newest = Math.max(place.newest, newest);
  }
  return [...places.values()]
    .toSorted((a, b) => b.newest - a.newest)
    .slice(0, page.limit)
    .map(({ newest: _newest, ...place }) => place);
}

type OpenPlace = { _id: Place; open: number; newest: number };

function openPlaces(streams: Streams, project: string | undefined): Promise<OpenPlace[]> {
  const _id = { project: '$project', stage: '$stage', service: '$service' };
  return streams
    .aggregate<OpenPlace>([
      { $match: { live: true, ...(project === undefined ? {} : { project }) } },
      { $group: { _id, open: { $sum: 1 }, newest: { $max: '$accepted' } } },
    ])
    .toArray();
}

async function* lastOfEach(streams: Streams, project: string): AsyncGenerator<StreamDoc> {
  for (const stage of await namesOf(streams, 'stage', { project })) {
    const without = await newestOf(streams, { project, stage, service: { $exists: false } });
    if (without !== undefined) yield without;
    let next = await newestOf(streams, { project, stage, service: { $gt: '' } });
    while (next !== undefined) {
      yield next;
      next = await newestOf(streams, { project, stage, service: { $gt: '', $lt: next.service ?? '' } });
    }
  }
}

async function namesOf(streams: Streams, field: 'project' | 'stage', of: Filter<StreamDoc>): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const before = names.at(-1);
    const beyond = { [field]: before === undefined ? { $gt: '' } : { $gt: '', $lt: before } };
    const name = (await newestOf(streams, { ...of, ...beyond }))?.[field];
    if (name === undefined || names.length >= READ_MAX) return names;
    names.push(name);
  }
}

/** The first backwards along the index, which is the newest run of the last place that fits. */
async function newestOf(streams: Streams, filter: Filter<StreamDoc>): Promise<StreamDoc | undefined> {
  const [found] = await streams
    .find({ live: false, ...filter }, { projection: { project: 1, stage: 1, service: 1, accepted: 1, summary: 1 } })
    .sort({ project: -1, stage: -1, service: -1, accepted: -1, _id: -1 })
    .limit(1)
    .toArray();
  return found;
}
