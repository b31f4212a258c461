/**
 * Until the sixth version the column `state` held only waiting, running, paused, finished or parked. The phase of an open run
 * that an older program wrote is a guess, right from the next change of the run on.
 */
export const PHASES = `
INSERT OR IGNORE INTO names (text) VALUES ('working'), ('waiting-turn'), ('passed'), ('warning'), ('failed'), ('aborted');
UPDATE streams SET state = (
  SELECT p.n FROM names p WHERE p.text =
    CASE (SELECT text FROM names WHERE n = streams.state)
      WHEN 'running' THEN 'working'
      WHEN 'waiting' THEN 'waiting-turn'
      ELSE iif(json_extract(summary, '$.st') = 'aborted', 'aborted',
        CASE (SELECT text FROM names WHERE n = streams.result) WHEN 'fail' THEN 'failed' WHEN 'warning' THEN 'warning' ELSE 'passed' END)
    END
) WHERE project IS NOT NULL AND state IN (SELECT n FROM names WHERE text IN ('running', 'waiting', 'finished'));
`;
