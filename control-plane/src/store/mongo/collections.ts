import type { Collection, Db, IndexSpecification } from 'mongodb';

/**
 * The documents as they lie in the database. Field names are short where there are many of them. What lists show is kept
 * as JSON text beside the fields they filter by, so that labels and values may have any key.
 */
export interface JournalDoc {
  /** `<stream>/<seq>`: inserting it is the decision. */
  _id: string;
  stream: string;
  seq: number;
  at: number;
  header: string;
  /** One CloudEvent each, as JSON. */
  events: string[];
  /** One for each event: what lists filter by. They live in the entry, so that no crash can part them from it. */
  rows: EventRowDoc[];
  /** Orders entries of all replicas: see position.ts. */
  pos: string;
  project: string;
  stage: string;
  service?: string;
  correlation: string;
  /** The project, where the entry holds evaluations: their indexes are of such entries only. */
  evaluated?: string;
  evaluations?: EvaluationDoc[];
  /** The summary that came with this entry, as JSON: the projection is repaired from it. */
  summary?: string;
}

export interface EvaluationDoc {
  id: string;
  source: string;
  task: string;
  result: 'pass' | 'warning' | 'fail';
  /** JSON. */
  value: string;
}

export interface EventRowDoc {
  id: string;
  source: string;
  type: string;
  out: boolean;
  ignored?: string;
}

/** What is known of a stream beside its journal. Made before the first entry, so that a walk over the open ones finds it. */
export interface StreamDoc {
  _id: string;
  /** Present while the stream may have something to tell. */
  open?: 1;
  /** At least the highest seq that anybody was about to insert when the stream was marked as open. */
  marked: number;
  /** When that was, in the server's time. */
  markedAt: number;
  /** The entry that the summary below is of; 0: none yet. */
  summarySeq: number;
  /** The fields below are there for runs only. */
  summary?: string;
  project?: string;
  stage?: string;
  sequence?: string;
  service?: string;
  state?: string;
  /** Older programs write none. */
  phase?: string;
  result?: string;
  correlation?: string;
  /** Texts of `labelText`. */
  labels?: string[];
  accepted?: number;
  finished?: number;
  live?: boolean;
}

/** A place in which runs have finished. */
export interface PlaceDoc {
  /** The names of the place, as JSON. */
  _id: string;
  project: string;
  stage: string;
  service?: string;
  /** `<accepted>/<run>` of the last of them; only ever raised, but where retention took it. */
  last: string;
}

export interface TimerDoc {
  /** `<stream>/<name>/<due>`: a timer for another time is another timer, so nobody who loses a race can move one. */
  _id: string;
  stream: string;
  name: string;
  due: number;
}

export interface DocumentDoc {
  _id: string;
  kind: string;
  id: string;
  revision: number;
  /** JSON. */
  value: string;
}

export interface ReplicaDoc {
  _id: string;
  /** No event of this replica will get a position below. */
  low: string;
  /** When it said so, in the server's time. */
  beat: number;
}

export interface Collections {
  journal: Collection<JournalDoc>;
  streams: Collection<StreamDoc>;
  timers: Collection<TimerDoc>;
  documents: Collection<DocumentDoc>;
  replicas: Collection<ReplicaDoc>;
  places: Collection<PlaceDoc>;
}

const JOURNAL_INDEXES: IndexSpecification[] = [
  { stream: 1, seq: 1 },
  { pos: 1 },
  { project: 1, stage: 1, pos: 1 },
  { stage: 1, pos: 1 },
  { service: 1, pos: 1 },
  { correlation: 1, pos: 1 },
  { 'rows.type': 1, pos: 1 },
  { 'rows.source': 1, pos: 1 },
  { 'rows.id': 1 },
  { at: 1 },
];

const EVALUATION_INDEXES: IndexSpecification[] = [
  { evaluated: 1, pos: 1 },
  { evaluated: 1, stage: 1, service: 1, pos: 1 },
  { evaluated: 1, stage: 1, service: 1, 'evaluations.result': 1, pos: 1 },
  { 'evaluations.id': 1 },
];

const STREAM_INDEXES: IndexSpecification[] = [
  { open: 1, _id: 1 },
  { accepted: 1, _id: 1 },
  { project: 1, accepted: 1, _id: 1 },
  { stage: 1, accepted: 1, _id: 1 },
  { sequence: 1, accepted: 1, _id: 1 },
  { service: 1, accepted: 1, _id: 1 },
  { phase: 1, accepted: 1, _id: 1 },
  { result: 1, accepted: 1, _id: 1 },
  { labels: 1, accepted: 1, _id: 1 },
  { correlation: 1 },
  { project: 1, live: 1 },
  { live: 1, project: 1, stage: 1, service: 1, accepted: 1, _id: 1 },
  { project: 1, finished: 1 },
];

export function collectionsOf(db: Db): Collections {
  return {
    journal: db.collection('journal'),
    streams: db.collection('streams'),
    timers: db.collection('timers'),
    documents: db.collection('documents'),
    replicas: db.collection('replicas'),
    places: db.collection('places'),
  };
}

/** Several replicas may do this at once, and on a database that has them it is one cheap question each. */
export async function ensureIndexes({ journal, streams, timers, documents, places }: Collections): Promise<void> {
  await journal.createIndexes(JOURNAL_INDEXES.map(named));
  const ofSome = { partialFilterExpression: { evaluated: { $exists: true } } };
  await journal.createIndexes(EVALUATION_INDEXES.map((key) => ({ ...named(key), ...ofSome })));
  await streams.createIndexes(STREAM_INDEXES.map(named));
  await timers.createIndexes([named({ due: 1 })]);
  await documents.createIndexes([named({ kind: 1, id: 1 })]);
  await places.createIndexes([named({ last: 1 }), named({ project: 1, last: 1 })]);
}

function named(key: IndexSpecification): { key: Record<string, 1> } {
  return { key: key as Record<string, 1> };
}
