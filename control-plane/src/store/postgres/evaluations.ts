import { readCursor, writeCursor } from '../cursor.ts';
import { type EvaluationQuery, type EvaluationRow, InvalidCursor, type ListedEvaluation, type Page } from '../store.ts';
import type { Database, Row } from './database.ts';
import { isPosition, numberText, TRANSACTION } from './position.ts';
import { fromColumn, toColumn } from './text.ts';
import { Where } from './where.ts';

interface Found extends Row {
  pos: string;
  id: string;
  source: string;
  stream: string;
  task: string;
  project: string;
  stage: string;
  service: string | null;
  correlation: string;
  at: string;
  result: EvaluationRow['result'];
  value: string;
}

const COLUMNS = 'pos, id, source, stream, task, project, stage, service, correlation, at, result, value';

const ADD = `
INSERT INTO evaluations (${COLUMNS})
SELECT $2::text || ${TRANSACTION} || n, id, source, run, task, project, stage, service, correlationid, at, result, value
FROM json_to_recordset($1::json) AS t(n text, id text, source text, run text, task text, project text, stage text, service text,
  correlationid text, at bigint, result text, value text)
ON CONFLICT (stream, id, source) DO NOTHING`;

export class Evaluations {
  readonly #database: Database;
  readonly #epoch: string;
  readonly #timeoutMs: number;

  /** @param epoch With its dash, as positions begin. */
  constructor({ database, epoch, readTimeoutMs }: { database: Database; epoch: string; readTimeoutMs: number }) {
    this.#database = database;
    this.#epoch = epoch;
    this.#timeoutMs = readTimeoutMs;
  }

  async list(query: EvaluationQuery): Promise<Page<ListedEvaluation>> {
    const where = filterOf(query);
    const sql = `SELECT ${COLUMNS} FROM evaluations WHERE ${where.sql} ORDER BY pos DESC LIMIT ${where.value(query.limit + 1)}`;
    const rows = await this.#database.run<Found>('evaluations', this.#timeoutMs, sql, where.values);
    const items = rows
      .slice(0, query.limit)
      .map((row): ListedEvaluation => ({ ...rowOf(row), cursor: writeCursor('evaluations', row.pos) }));
    const next = items.at(-1)?.cursor;
    return rows.length <= query.limit || next === undefined ? { items } : { items, next };
  }

  async find(id: string, source: string | undefined): Promise<EvaluationRow | undefined> {
    const where = new Where();
    where.equal('id', toColumn(id));
    where.equal('source', source === undefined ? undefined : toColumn(source));
    const sql = `SELECT ${COLUMNS} FROM evaluations WHERE ${where.sql} ORDER BY pos LIMIT 1`;
    const [row] = await this.#database.run<Found>('evaluation', this.#timeoutMs, sql, where.values);
    return row === undefined ? undefined : rowOf(row);
  }

  async add(rows: readonly EvaluationRow[]): Promise<void> {
    if (rows.length === 0) return;
    const numbered = rows.map((row, index) => ({ ...row, n: `-${numberText(index)}` }));
    await this.#database.run('add evaluations', this.#timeoutMs, ADD, [JSON.stringify(numbered), this.#epoch]);
  }
}

function filterOf(query: EvaluationQuery): Where {
  const where = new Where();
  where.equal('project', toColumn(query.project));
  for (const field of ['stage', 'service', 'task'] as const) {
    const value = query[field];
    where.equal(field, value === undefined ? undefined : toColumn(value));
  }
  where.equal('correlation', query.correlationid === undefined ? undefined : toColumn(query.correlationid));
  if (query.results !== undefined) where.add('result = ANY(?::text[])', [...query.results]);
  if (query.since !== undefined) where.add('at >= ?', query.since);
  if (query.until !== undefined) where.add('at < ?', query.until);
  if (query.ids !== undefined) where.add('id = ANY(?::text[])', query.ids.map(toColumn));
  if (query.except !== undefined && query.except.length > 0)
    where.add('id <> ALL(?::text[])', query.except.map(toColumn));
  if (query.cursor !== undefined) {
    const place = readCursor('evaluations', query.cursor);
    if (!isPosition(place)) throw new InvalidCursor('not a cursor of this list');
    where.add('pos < ?', place);
  }
  return where;
}

function rowOf(row: Found): EvaluationRow {
  return {
    id: fromColumn(row.id),
    source: fromColumn(row.source),
    run: fromColumn(row.stream),
    task: fromColumn(row.task),
    project: fromColumn(row.project),
    stage: fromColumn(row.stage),
    ...(row.service === null ? {} : { service: fromColumn(row.service) }),
    correlationid: fromColumn(row.correlation),
    at: Number(row.at),
    result: row.result,
    value: row.value,
  };
}
