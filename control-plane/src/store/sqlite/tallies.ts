import { phasesOf } from '@slipway/contract';

/**
 * How many runs there are of each kind, kept by the database itself with every change of a run's row; 0 stands for no service
 * and no result. So a count looks at a few rows however many runs there are, and a list knows which parts of
 * `streams_place` hold what it looks for. An index of each kind's own replaces those on the service and the result alone.
 */
const KEY = ['project', 'stage', 'sequence', 'service', 'state', 'result'] as const;

function valuesOf(row: 'NEW' | 'OLD'): string {
  return KEY.map((column) =>
    column === 'service' || column === 'result' ? `ifnull(${row}.${column}, 0)` : `${row}.${column}`,
  ).join(', ');
}

const ADD = `INSERT INTO tallies VALUES (${valuesOf('NEW')}, 1) ON CONFLICT DO UPDATE SET n = n + 1;`;
const TAKE = `UPDATE tallies SET n = n - 1 WHERE (${KEY.join(', ')}) = (${valuesOf('OLD')});`;

export const TALLIES = `
CREATE TABLE tallies (
  ${KEY.map((column) => `${column} INTEGER NOT NULL`).join(', ')}, n INTEGER NOT NULL, PRIMARY KEY (${KEY.join(', ')})
) WITHOUT ROWID;
INSERT INTO tallies SELECT project, stage, sequence, ifnull(service, 0), state, ifnull(result, 0), count(*) FROM streams
  WHERE project IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;
CREATE TRIGGER tally_inserted AFTER INSERT ON streams WHEN NEW.project IS NOT NULL BEGIN ${ADD} END;
CREATE TRIGGER tally_updated AFTER UPDATE OF state, result ON streams
  WHEN NEW.project IS NOT NULL AND (OLD.state IS NOT NEW.state OR OLD.result IS NOT NEW.result) BEGIN ${TAKE} ${ADD} END;
CREATE TRIGGER tally_deleted AFTER DELETE ON streams WHEN OLD.project IS NOT NULL BEGIN
  ${TAKE}
  DELETE FROM tallies WHERE project = OLD.project AND stage = OLD.stage AND sequence = OLD.sequence AND service = ifnull(OLD.service, 0) AND n = 0;
END;
CREATE INDEX streams_place ON streams (${KEY.join(', ')}) WHERE project IS NOT NULL;
CREATE INDEX streams_finished ON streams (project, finished) WHERE project IS NOT NULL AND finished IS NOT NULL;
DROP INDEX IF EXISTS streams_unfinished;
DROP INDEX IF EXISTS streams_service;
DROP INDEX IF EXISTS streams_result;
`;

/** The numbers of the phases in which a run is over. */
export const ENDED = `(SELECT n FROM names WHERE text IN (${phasesOf('finished')
  .map((phase) => `'${phase}'`)
  .join(', ')}))`;

/** Of each place: how many runs are open, and its newest run that has finished. */
export const PLACES = `
SELECT project, stage, nullif(service, 0) AS service, sum(iif(state IN ${ENDED}, 0, n)) AS open, max(newest) AS newest, max(iif(state IN ${ENDED}, newest, NULL)) AS last FROM (
  SELECT t.*, (
    SELECT max(s.sid) FROM streams s INDEXED BY streams_place WHERE s.project = t.project AND s.stage = t.stage AND s.sequence = t.sequence
      AND s.service IS nullif(t.service, 0) AND s.state = t.state AND s.result IS nullif(t.result, 0)
  ) AS newest FROM tallies t WHERE t.n > 0`;
