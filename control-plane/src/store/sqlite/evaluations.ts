import type { EvaluationQuery, EvaluationRow } from '../store.ts';

type Value = string | number | null;

/**
 * Rows come in the order of their commits, so `n` is the order of lists. Each index ends with it and names what is asked
 * for most before: a baseline reads as many rows as it needs, however many there are.
 */
export const EVALUATIONS = `
CREATE TABLE evaluations (
  n INTEGER PRIMARY KEY, sid INTEGER NOT NULL, id TEXT NOT NULL, source INTEGER NOT NULL, task INTEGER NOT NULL, at INTEGER NOT NULL,
  project INTEGER NOT NULL, stage INTEGER NOT NULL, service INTEGER, result INTEGER NOT NULL, value TEXT NOT NULL
);
CREATE UNIQUE INDEX evaluations_id ON evaluations (id, source);
CREATE INDEX evaluations_sid ON evaluations (sid);
CREATE INDEX evaluations_project ON evaluations (project, n);
CREATE INDEX evaluations_place ON evaluations (project, stage, service, n);
CREATE INDEX evaluations_result ON evaluations (project, stage, service, result, n);
`;

export const INSERT_EVALUATION =
  'INSERT INTO evaluations (sid, id, source, task, at, project, stage, service, result, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';

export function evaluationValues(sid: number, row: EvaluationRow, nameOf: (text: string) => number): Value[] {
  const service = row.service === undefined ? null : nameOf(row.service);
  const place = [nameOf(row.project), nameOf(row.stage), service, nameOf(row.result)];
  return [sid, row.id, nameOf(row.source), nameOf(row.task), row.at, ...place, row.value];
}

const COLUMNS = `v.n, v.id, so.text AS source, s.id AS run, t.text AS task, p.text AS project, st.text AS stage, sv.text AS service,
  s.correlation, v.at, r.text AS result, v.value`;
const JOINS = `JOIN streams s ON s.sid = v.sid JOIN names so ON so.n = v.source JOIN names t ON t.n = v.task
  JOIN names p ON p.n = v.project JOIN names st ON st.n = v.stage LEFT JOIN names sv ON sv.n = v.service JOIN names r ON r.n = v.result`;

export const FIND_EVALUATION = `SELECT ${COLUMNS} FROM evaluations v ${JOINS} WHERE v.id = ? ORDER BY v.n`;

/**
 * One statement for each result that is wanted, for each of which an index has the newest first; a single one for several
 * results would read and sort all of them. `before`: the place of the cursor.
 */
export function evaluationSelects(
  query: EvaluationQuery,
  before: number | undefined,
  nameOf: (text: string) => number | undefined,
): { sql: string; values: Value[] }[] {
  const where: string[] = [];
  const values: Value[] = [];
  for (const column of ['project', 'stage', 'service', 'task'] as const) {
    const text = query[column];
    if (text === undefined) continue;
    const number = nameOf(text);
    if (number === undefined) return [];
    where.push(`v.${column} = ?`);
    values.push(number);
  }
  const add = (condition: string, value: Value | undefined): void => {
    if (value === undefined) return;
    where.push(condition);
    values.push(value);
  };
  add('s.correlation = ?', query.correlationid);
  add('v.at >= ?', query.since);
  add('v.at < ?', query.until);
  add('v.n < ?', before);
  // One parameter, however many there are.
  add('v.id IN (SELECT value FROM json_each(?))', query.ids && JSON.stringify(query.ids));
  if (query.except !== undefined && query.except.length > 0)
    add('v.id NOT IN (SELECT value FROM json_each(?))', JSON.stringify(query.except));
  const index = indexFor(query);
  const select = (more: string): string =>
    `SELECT ${COLUMNS} FROM evaluations v ${index} ${JOINS} WHERE ${where.join(' AND ')}${more} ORDER BY v.n DESC LIMIT ?`;
  const { results, limit } = query;
  if (results === undefined) return [{ sql: select(''), values: [...values, limit + 1] }];
  return results.flatMap((result) => {
    const number = nameOf(result);
    return number === undefined ? [] : [{ sql: select(' AND v.result = ?'), values: [...values, number, limit + 1] }];
  });
}

/** SQLite is told which index, for without statistics it guesses. */
function indexFor({ stage, service, results, ids }: EvaluationQuery): string {
  if (ids !== undefined) return 'INDEXED BY evaluations_id';
  if (stage === undefined || service === undefined) return 'INDEXED BY evaluations_project';
  return results === undefined ? 'INDEXED BY evaluations_place' : 'INDEXED BY evaluations_result';
}

export function evaluationRow(row: Readonly<Record<string, unknown>>): EvaluationRow {
  return {
    id: String(row.id),
    source: String(row.source),
    run: String(row.run),
    task: String(row.task),
    project: String(row.project),
    stage: String(row.stage),
    ...(typeof row.service === 'string' ? { service: row.service } : {}),
    correlationid: String(row.correlation),
    at: Number(row.at),
    result: row.result === 'warning' || row.result === 'fail' ? row.result : 'pass',
    value: String(row.value),
  };
}
