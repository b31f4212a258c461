/**
 * The tables. Names sort by code point (`COLLATE "C"`), as they do in the other stores. Several replicas may run this at once: each
 * takes the same advisory lock first.
 *
 * `events.pos` orders events of all replicas: see position.ts.
 */
export const SCHEMA_VERSION = 1;

export const SCHEMA = `
CREATE TABLE IF NOT EXISTS entries (
  stream text COLLATE "C" NOT NULL,
  seq integer NOT NULL,
  at bigint NOT NULL,
  header text NOT NULL,
  PRIMARY KEY (stream, seq)
);

CREATE TABLE IF NOT EXISTS events (
  pos text COLLATE "C" NOT NULL PRIMARY KEY,
  stream text COLLATE "C" NOT NULL,
  seq integer NOT NULL,
  idx integer NOT NULL,
  at bigint NOT NULL,
  sent boolean NOT NULL,
  project text COLLATE "C" NOT NULL,
  stage text COLLATE "C" NOT NULL,
  service text COLLATE "C",
  correlation text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  ignored text,
  json text NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS events_entry ON events (stream, seq, idx);
CREATE INDEX IF NOT EXISTS events_id ON events (id);
CREATE INDEX IF NOT EXISTS events_correlation ON events (correlation, pos);
CREATE INDEX IF NOT EXISTS events_type ON events (type, pos);
CREATE INDEX IF NOT EXISTS events_source ON events (source, pos);
CREATE INDEX IF NOT EXISTS events_place ON events (project, stage, pos);
CREATE INDEX IF NOT EXISTS events_service ON events (service, pos) WHERE service IS NOT NULL;

CREATE TABLE IF NOT EXISTS streams (
  stream text COLLATE "C" NOT NULL PRIMARY KEY,
  seq integer NOT NULL,
  open boolean NOT NULL,
  project text COLLATE "C",
  stage text COLLATE "C",
  sequence text COLLATE "C",
  service text COLLATE "C",
  phase text COLLATE "C",
  result text COLLATE "C",
  correlation text COLLATE "C",
  labels text[],
  accepted bigint,
  finished bigint,
  summary text
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS streams_open ON streams (stream) WHERE open;
CREATE INDEX IF NOT EXISTS streams_accepted ON streams (accepted, stream) WHERE project IS NOT NULL;
CREATE INDEX IF NOT EXISTS streams_project ON streams (project, accepted, stream) WHERE project IS NOT NULL;
CREATE INDEX IF NOT EXISTS streams_place ON streams (project, stage, service, (finished IS NOT NULL), accepted, stream) WHERE project IS NOT NULL;
CREATE INDEX IF NOT EXISTS streams_result ON streams (result, accepted, stream) WHERE project IS NOT NULL;
CREATE INDEX IF NOT EXISTS streams_unfinished ON streams (accepted, stream) WHERE project IS NOT NULL AND finished IS NULL;
CREATE INDEX IF NOT EXISTS streams_service ON streams (service, accepted, stream) WHERE project IS NOT NULL;
CREATE INDEX IF NOT EXISTS streams_correlation ON streams (correlation) WHERE project IS NOT NULL;
CREATE INDEX IF NOT EXISTS streams_finished ON streams (project, finished) WHERE project IS NOT NULL AND finished IS NOT NULL AND NOT open;
CREATE INDEX IF NOT EXISTS streams_labels ON streams USING gin (labels);

CREATE TABLE IF NOT EXISTS timers (
  stream text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  due bigint NOT NULL,
  PRIMARY KEY (stream, name, due)
);
CREATE INDEX IF NOT EXISTS timers_due ON timers (due);

CREATE TABLE IF NOT EXISTS evaluations (
  pos text COLLATE "C" NOT NULL PRIMARY KEY,
  id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  stream text COLLATE "C" NOT NULL,
  task text COLLATE "C" NOT NULL,
  project text COLLATE "C" NOT NULL,
  stage text COLLATE "C" NOT NULL,
  service text COLLATE "C",
  correlation text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  result text COLLATE "C" NOT NULL,
  value text NOT NULL,
  UNIQUE (stream, id, source)
);
CREATE INDEX IF NOT EXISTS evaluations_id ON evaluations (id);
CREATE INDEX IF NOT EXISTS evaluations_place ON evaluations (project, stage, service, pos);
CREATE INDEX IF NOT EXISTS evaluations_project ON evaluations (project, pos);

CREATE TABLE IF NOT EXISTS documents (
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (kind, id)
);

CREATE TABLE IF NOT EXISTS meta (
  key text COLLATE "C" NOT NULL PRIMARY KEY,
  value bigint NOT NULL
);
`;
