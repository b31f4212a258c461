import { phasesOf, type RunPhase, type RunSummary, stateOfPhase } from '@slipway/contract';
import { readCursor, writeCursor } from '../cursor.ts';
import { labelText } from '../label-text.ts';
import { InvalidCursor, type Page, type RunPlace, type RunQuery, type RunTally } from '../store.ts';
import type { Database, Row } from './database.ts';
import type { Heads } from './heads.ts';
import { fromColumn, toColumn } from './text.ts';
import { Where } from './where.ts';

interface SummaryRow extends Row {
  stream: string;
  accepted: string;
  summary: string;
}

interface PlaceRow extends Row {
  project: string;
  stage: string;
  service: string | null;
  open: string;
  last: string | null;
}

/** The lists of runs, and the deletion of runs by retention. */
export class Runs {
  readonly #database: Database;
  readonly #heads: Heads;
  readonly #timeoutMs: number;

  constructor({ database, heads, readTimeoutMs }: { database: Database; heads: Heads; readTimeoutMs: number }) {
    this.#database = database;
    this.#heads = heads;
    this.#timeoutMs = readTimeoutMs;
  }

  async list(query: RunQuery): Promise<Page<RunSummary>> {
    const where = filterOf(query);
    const sql = `SELECT stream, accepted, summary FROM streams WHERE ${where.sql}
      ORDER BY accepted DESC, stream DESC LIMIT ${where.value(query.limit + 1)}`;
    const rows = await this.#database.run<SummaryRow>('runs', this.#timeoutMs, sql, where.values);
    const shown = rows.slice(0, query.limit);
    const items = shown.map((row) => JSON.parse(row.summary) as RunSummary);
    const last = shown.at(-1);
    if (rows.length <= query.limit || last === undefined) return { items };
    return { items, next: writeCursor('runs', `${last.accepted}/${last.stream}`) };
  }

  async get(id: string): Promise<RunSummary | undefined> {
    const sql = 'SELECT summary FROM streams WHERE stream = $1 AND summary IS NOT NULL';
    const [row] = await this.#database.run<{ summary: string }>('run', this.#timeoutMs, sql, [toColumn(id)]);
    return row === undefined ? undefined : (JSON.parse(row.summary) as RunSummary);
  }

  async count({ project, open }: { project: string; open: boolean }): Promise<number> {
    const sql = `SELECT count(*) AS n FROM streams WHERE project = $1 AND finished IS ${open ? '' : 'NOT '}NULL`;
    const [row] = await this.#database.run<{ n: string }>('count runs', this.#timeoutMs, sql, [toColumn(project)]);
    return Number(row?.n ?? 0);
  }

  async tally(query: Omit<RunQuery, 'limit' | 'cursor'>): Promise<RunTally[]> {
    const where = filterOf(query);
    const sql = `SELECT phase, result, count(*) AS n FROM streams WHERE ${where.sql} GROUP BY phase, result`;
    const rows = await this.#database.run<{
      phase: RunPhase;
      result: NonNullable<RunTally['result']> | null;
      n: string;
    }>('run counts', this.#timeoutMs, sql, where.values);
    return rows.map(({ phase, result, n }) => ({
      ...{ phase, state: stateOfPhase(phase), count: Number(n) },
      ...(result === null ? {} : { result }),
    }));
  }

  async places({ project, limit }: { project?: string; limit: number }): Promise<RunPlace[]> {
    const values = project === undefined ? [limit] : [limit, toColumn(project)];
    const rows = await this.#database.run<PlaceRow>(
      'places',
      this.#timeoutMs,
      placesSql(project !== undefined),
      values,
    );
    return rows.map(({ project, stage, service, open, last }) => ({
      ...{ project: fromColumn(project), stage: fromColumn(stage), open: Number(open) },
      ...(service === null ? {} : { service: fromColumn(service) }),
      ...(last === null ? {} : { last: JSON.parse(last) as RunSummary }),
    }));
  }

  async deleteFinished(rule: {
    project: string;
    finishedBefore?: number;
    keep?: number;
    limit: number;
  }): Promise<number> {
    const over = `project = $1 AND finished IS NOT NULL AND NOT open`;
    const ids = new Set<string>();
    const collect = async (sql: string, values: readonly unknown[]): Promise<void> => {
      const rows = await this.#database.run<{ stream: string }>('old runs', this.#timeoutMs, sql, values);
      for (const { stream } of rows) if (ids.size < rule.limit) ids.add(stream);
    };
    const project = toColumn(rule.project);
    if (rule.finishedBefore !== undefined) {
      const sql = `SELECT stream FROM streams WHERE ${over} AND finished < $2 ORDER BY finished LIMIT $3`;
      await collect(sql, [project, rule.finishedBefore, rule.limit]);
    }
    if (rule.keep !== undefined && ids.size < rule.limit) {
      const sql = `SELECT stream FROM streams WHERE ${over} ORDER BY finished DESC OFFSET $2 LIMIT $3`;
      await collect(sql, [project, rule.keep, rule.limit]);
    }
    if (ids.size === 0) return 0;
    for (const id of ids) this.#heads.forget(fromColumn(id));
    // A run that was retried in the meantime is open again, and stays.
    const sql = `WITH gone AS (DELETE FROM streams WHERE stream = ANY($1) AND finished IS NOT NULL AND NOT open RETURNING stream),
      entry AS (DELETE FROM entries USING gone WHERE entries.stream = gone.stream),
      event AS (DELETE FROM events USING gone WHERE events.stream = gone.stream),
      evaluation AS (DELETE FROM evaluations USING gone WHERE evaluations.stream = gone.stream),
      timer AS (DELETE FROM timers USING gone WHERE timers.stream = gone.stream)
      SELECT count(*) AS n FROM gone`;
    const [row] = await this.#database.run<{ n: string }>('delete runs', this.#timeoutMs, sql, [[...ids]]);
    return Number(row?.n ?? 0);
  }
}

/**
 * Steps through the places by their index, one look-up each, instead of reading all runs: `streams_place` has the newest run of each
 * place and state at its end.
 */
function placesSql(ofProject: boolean): string {
  const within = ofProject ? 'project = $2' : 'project IS NOT NULL';
  const next = `SELECT n.project, n.stage, n.service FROM streams n WHERE n.${within}`;
  const order = 'ORDER BY n.project, n.stage, n.service LIMIT 1';
  const same = `s.project = p.project AND s.stage = p.stage AND s.service IS NOT DISTINCT FROM p.service`;
  // NULL sorts last and compares to nothing, so the runs without a service are asked for apart.
  return `
WITH RECURSIVE p(project, stage, service) AS (
  (${next} ${order})
  UNION ALL
  SELECT x.* FROM p CROSS JOIN LATERAL (
    SELECT * FROM (
      (SELECT n.project, n.stage, n.service, 1 AS k FROM streams n WHERE n.${within} AND n.project = p.project AND n.stage = p.stage
        AND p.service IS NOT NULL AND n.service > p.service ORDER BY n.service LIMIT 1)
      UNION ALL
      (SELECT n.project, n.stage, n.service, 2 AS k FROM streams n WHERE n.${within} AND n.project = p.project AND n.stage = p.stage
        AND p.service IS NOT NULL AND n.service IS NULL LIMIT 1)
      UNION ALL
      (SELECT n.project, n.stage, n.service, 3 AS k FROM streams n WHERE n.${within} AND (n.project, n.stage) > (p.project, p.stage)
        ORDER BY n.project, n.stage, n.service LIMIT 1)
    ) c ORDER BY k LIMIT 1
  ) x(project, stage, service, k)
)
SELECT p.project, p.stage, p.service, o.n AS open, l.summary AS last
FROM p
CROSS JOIN LATERAL (SELECT count(*) AS n, max(s.accepted) AS newest FROM streams s WHERE ${same} AND (s.finished IS NOT NULL) = false) o
LEFT JOIN LATERAL (SELECT s.summary, s.accepted FROM streams s WHERE ${same} AND (s.finished IS NOT NULL) = true
  ORDER BY s.accepted DESC, s.stream DESC LIMIT 1) l ON true
ORDER BY greatest(o.newest, l.accepted) DESC, p.project, p.stage, p.service LIMIT $1`.replace(
    'SELECT x.* FROM p',
    'SELECT x.project, x.stage, x.service FROM p',
  );
}

function filterOf(query: Omit<RunQuery, 'limit'>): Where {
  const where = new Where();
  where.add('project IS NOT NULL');
  for (const field of ['project', 'stage', 'sequence', 'service'] as const) {
    const value = query[field];
    where.equal(field, value === undefined ? undefined : toColumn(value));
  }
  // An aborted run has failed, whatever had been found by then.
  if (query.result === 'fail') where.add("(result = 'fail' OR phase = 'aborted')");
  else if (query.result !== undefined) where.add("result = ? AND phase <> 'aborted'", query.result);
  if (query.state !== undefined) where.add('phase = ANY(?::text[])', phasesOf(query.state));
  where.equal('correlation', query.correlationid === undefined ? undefined : toColumn(query.correlationid));
  const labels = Object.entries(query.labels ?? {}).map(([key, value]) => toColumn(labelText(key, value)));
  if (labels.length > 0) where.add('labels @> ?::text[]', labels);
  if (query.since !== undefined) where.add('accepted >= ?', query.since);
  if (query.until !== undefined) where.add('accepted < ?', query.until);
  if (query.cursor !== undefined) {
    const { accepted, id } = placeOf(query.cursor);
    where.add('(accepted, stream) < (?::bigint, ?)', accepted, id);
  }
  return where;
}

function placeOf(cursor: string): { accepted: number; id: string } {
  const place = readCursor('runs', cursor);
  const slash = place.indexOf('/');
  const accepted = Number(place.slice(0, slash));
  if (slash < 1 || !Number.isSafeInteger(accepted)) throw new InvalidCursor('not a cursor of this list');
  return { accepted, id: place.slice(slash + 1) };
}
