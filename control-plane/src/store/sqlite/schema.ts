import type { DatabaseSync } from 'node:sqlite';
import { EVALUATIONS } from './evaluations.ts';
import { EVENT_KINDS } from './event-kinds.ts';
import { HOURS } from './hours.ts';
import { LEFTOVERS } from './leftovers.ts';
import { PHASES } from './phases.ts';
import { TALLIES } from './tallies.ts';

/**
 * `names` gives each project, stage, type, source, ... a small number, so that the rows that lists scan are narrow: a
 * filter that matches nothing has to look at all of them. Journal and events grow at their end; only the two unique
 * indexes are written at random places.
 */
const TABLES = `
CREATE TABLE names (n INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE streams (
  sid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, open INTEGER NOT NULL,
  project INTEGER, stage INTEGER, sequence INTEGER, service INTEGER, state INTEGER, result INTEGER,
  correlation TEXT, accepted INTEGER, finished INTEGER, summary TEXT
);
CREATE INDEX streams_open ON streams (id) WHERE open = 1;
CREATE INDEX streams_correlation ON streams (correlation) WHERE correlation IS NOT NULL;
CREATE INDEX streams_filter ON streams (sid, project, stage, sequence, service, state, result, accepted) WHERE project IS NOT NULL;
CREATE TABLE labels (label TEXT NOT NULL, sid INTEGER NOT NULL, PRIMARY KEY (label, sid)) WITHOUT ROWID;
CREATE TABLE journal (
  jid INTEGER PRIMARY KEY, sid INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, header TEXT NOT NULL, events TEXT NOT NULL
);
CREATE UNIQUE INDEX journal_key ON journal (sid, seq);
CREATE TABLE events (
  pos INTEGER PRIMARY KEY, jid INTEGER NOT NULL, idx INTEGER NOT NULL, sid INTEGER NOT NULL, dir INTEGER NOT NULL,
  type INTEGER NOT NULL, source INTEGER NOT NULL, at INTEGER NOT NULL, ignored INTEGER, project INTEGER, stage INTEGER, service INTEGER,
  idhash INTEGER
);
CREATE INDEX events_jid ON events (jid, pos);
CREATE INDEX events_id ON events (idhash) WHERE idhash IS NOT NULL;
CREATE TABLE timers (stream TEXT NOT NULL, name TEXT NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (stream, name)) WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due);
CREATE TABLE documents (kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
`;

/** Few runs are open among many that are over: a list of them must not look at all. */
const UNFINISHED = 'CREATE INDEX streams_unfinished ON streams (sid) WHERE project IS NOT NULL AND finished IS NULL;';

/** What people look for among many runs that are not like it. */
const RARE = `
CREATE INDEX streams_service ON streams (service, sid) WHERE project IS NOT NULL AND service IS NOT NULL;
CREATE INDEX streams_result ON streams (result, sid) WHERE project IS NOT NULL AND result IS NOT NULL;
`;

/** Each brings a file from the version that is its place in the list to the next one. Only ever add at the end. */
const STEPS = [TABLES, UNFINISHED, RARE, EVALUATIONS, TALLIES + HOURS + EVENT_KINDS, LEFTOVERS, PHASES];

/** Makes the tables in an empty file, brings an older one up to date; refuses a file that a newer program wrote. */
export function prepareSchema(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (version > STEPS.length) {
    throw new Error(
      `this data folder was written by a newer Slipway (schema ${version}, this one knows ${STEPS.length}): use that one, or another --data`,
    );
  }
  const missing = STEPS.slice(version);
  if (missing.length > 0)
    db.exec(`BEGIN IMMEDIATE; ${missing.join(' ')} PRAGMA user_version = ${STEPS.length}; COMMIT;`);
}

/** WAL with a sync at each commit: what was acknowledged survives a power cut. */
export function tune(db: DatabaseSync, readOnly: boolean): void {
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;');
  if (!readOnly)
    db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA foreign_keys = OFF;',
    );
}
