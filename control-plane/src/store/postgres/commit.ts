import type { RunSummary } from '@slipway/contract';
import { labelText } from '../label-text.ts';
import type { CommitItem, CommitResult } from '../store.ts';
import type { Database } from './database.ts';
import { numberText, TRANSACTION } from './position.ts';
import { toColumn } from './text.ts';

/**
 * One statement, one transaction, one round trip: the entries that nobody else wrote first, and with each of them its events,
 * evaluations, row in the lists and timers. A conflicting item contributes nothing.
 *
 * Locks are taken in the order of streams (`ORDER BY`), so that replicas don't wait for each other in a circle.
 */
const COMMIT = `
WITH item AS (
  SELECT * FROM json_to_recordset($1::json) AS t(
    stream text, seq integer, at bigint, header text, open boolean, project text, stage text, sequence text, service text,
    phase text, result text, correlation text, labels text[], accepted bigint, finished bigint, summary text)
), entry AS (
  INSERT INTO entries (stream, seq, at, header)
  SELECT stream, seq, at, header FROM item ORDER BY stream COLLATE "C"
  ON CONFLICT DO NOTHING RETURNING stream, seq
), won AS (
  SELECT item.*, coalesce(item.project, known.project, '') AS in_project, coalesce(item.stage, known.stage, '') AS in_stage,
    CASE WHEN item.project IS NULL THEN known.service ELSE item.service END AS in_service,
    coalesce(item.correlation, known.correlation, '') AS in_correlation
  FROM item JOIN entry USING (stream, seq) LEFT JOIN streams known USING (stream)
), event AS (
  INSERT INTO events (pos, stream, seq, idx, at, sent, project, stage, service, correlation, type, source, id, ignored, json)
  SELECT $4::text || ${TRANSACTION} || e.n, e.stream, e.seq, e.idx, won.at, e.sent, won.in_project, won.in_stage, won.in_service,
    won.in_correlation, e.type, e.source, e.id, e.ignored, e.json
  FROM json_to_recordset($2::json) AS e(
    n text, stream text, seq integer, idx integer, sent boolean, type text, source text, id text, ignored text, json text)
  JOIN won USING (stream, seq)
), evaluation AS (
  INSERT INTO evaluations (pos, id, source, stream, task, project, stage, service, correlation, at, result, value)
  SELECT $4::text || ${TRANSACTION} || v.n, v.id, v.source, v.stream, v.task, v.project, v.stage, v.service, v.correlation, v.at, v.result, v.value
  FROM json_to_recordset($3::json) AS v(
    n text, stream text, seq integer, id text, source text, task text, project text, stage text, service text, correlation text,
    at bigint, result text, value text)
  JOIN won USING (stream, seq)
  ON CONFLICT (stream, id, source) DO NOTHING
), row AS (
  INSERT INTO streams AS s (stream, seq, open, project, stage, sequence, service, phase, result, correlation, labels, accepted, finished, summary)
  SELECT stream, seq, open, project, stage, sequence, service, phase, result, correlation, labels, accepted, finished, summary
  FROM won ORDER BY stream COLLATE "C"
  ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, open = excluded.open,
    project = coalesce(excluded.project, s.project), stage = coalesce(excluded.stage, s.stage),
    sequence = coalesce(excluded.sequence, s.sequence), phase = coalesce(excluded.phase, s.phase),
    service = CASE WHEN excluded.summary IS NULL THEN s.service ELSE excluded.service END,
    result = CASE WHEN excluded.summary IS NULL THEN s.result ELSE excluded.result END,
    correlation = coalesce(excluded.correlation, s.correlation), labels = coalesce(excluded.labels, s.labels),
    accepted = coalesce(excluded.accepted, s.accepted),
    finished = CASE WHEN excluded.summary IS NULL THEN s.finished ELSE excluded.finished END,
    summary = coalesce(excluded.summary, s.summary)
  WHERE s.seq < excluded.seq
), put AS (
  INSERT INTO timers (stream, name, due)
  SELECT t.stream, t.name, t.due FROM json_to_recordset($5::json) AS t(stream text, seq integer, name text, due bigint)
  JOIN entry USING (stream, seq) ORDER BY 1, 2, 3
  ON CONFLICT DO NOTHING
), dropped AS (
  DELETE FROM timers USING json_to_recordset($6::json) AS t(stream text, seq integer, name text, due bigint) JOIN entry USING (stream, seq)
  WHERE timers.stream = t.stream AND timers.name = t.name AND timers.due = t.due
)
SELECT stream, seq, ${TRANSACTION} AS transaction FROM entry`;

interface Committed {
  readonly stream: string;
  readonly seq: number;
  readonly transaction: string;
}

export interface CommitParts {
  readonly database: Database;
  /** With its dash. */
  readonly epoch: string;
  readonly timeoutMs: number;
}

export async function commit(
  items: readonly CommitItem[],
  { database, epoch, timeoutMs }: CommitParts,
): Promise<CommitResult[]> {
  if (items.length === 0) return [];
  let number = 0;
  const tails: string[][] = [];
  const events: unknown[] = [];
  const evaluations: unknown[] = [];
  const put: unknown[] = [];
  const dropped: unknown[] = [];
  for (const { stream, seq, rows, ...item } of items) {
    const key = { stream: toColumn(stream), seq };
    const own: string[] = [];
    for (const [idx, json] of item.events.entries()) {
      const row = rows[idx];
      const n = `-${numberText(number)}`;
      number += 1;
      own.push(n);
      const { id = '', source = '', type = '', direction, ignored } = row ?? {};
      events.push({
        ...key,
        n,
        idx,
        sent: direction === 'out',
        type: toColumn(type),
        source: toColumn(source),
        id: toColumn(id),
        ignored: ignored === undefined ? undefined : toColumn(ignored),
        json,
      });
    }
    tails.push(own);
    for (const { run: _, correlationid, ...row } of item.evaluations ?? []) {
      evaluations.push({
        ...row,
        ...key,
        id: toColumn(row.id),
        source: toColumn(row.source),
        task: toColumn(row.task),
        project: toColumn(row.project),
        stage: toColumn(row.stage),
        service: row.service === undefined ? undefined : toColumn(row.service),
        correlation: toColumn(correlationid),
        n: `-${numberText(number)}`,
      });
      number += 1;
    }
    for (const { name, dueAt } of item.timersPut) put.push({ ...key, name: toColumn(name), due: dueAt });
    for (const { name, dueAt } of item.timersDelete) dropped.push({ ...key, name: toColumn(name), due: dueAt });
  }
  const heads = items.map(({ stream, seq, at, header, open, summary }) => ({
    ...{ stream: toColumn(stream), seq, at, header, open },
    ...(summary === undefined ? {} : listFields(summary)),
  }));
  const values = [heads, events, evaluations].map((list) => JSON.stringify(list));
  values.push(`${epoch}-`, JSON.stringify(put), JSON.stringify(dropped));
  const won = await database.run<Committed>('commit', timeoutMs, COMMIT, values);
  const transactions = new Map(won.map((one) => [one.stream, one.transaction]));
  return items.map(({ stream }, index): CommitResult => {
    const transaction = transactions.get(toColumn(stream));
    if (transaction === undefined) return { outcome: 'conflict' };
    return { outcome: 'committed', positions: (tails[index] ?? []).map((tail) => `${epoch}-${transaction}${tail}`) };
  });
}

/** What the lists filter by, and the summary itself. */
function listFields(run: RunSummary): Record<string, unknown> {
  return {
    project: toColumn(run.project),
    stage: toColumn(run.stage),
    sequence: toColumn(run.sequence),
    service: run.service === undefined ? null : toColumn(run.service),
    phase: run.phase,
    result: run.result,
    correlation: toColumn(run.correlationid),
    labels: Object.entries(run.labels ?? {}).map(([key, value]) => toColumn(labelText(key, value))),
    accepted: run.acceptedAt,
    // Present exactly when the run has finished: the indexes rely on it.
    finished: run.state === 'finished' ? (run.finishedAt ?? run.acceptedAt) : null,
    summary: JSON.stringify(run),
  };
}
