import type { EvaluationQuery, EvaluationRow, ListedEvaluation, Page, Store } from '../../src/store/store.ts';
import type { Database } from './database.ts';

type Call = <T>(what: string, apply: () => T) => Promise<T>;

/** The part of the store that keeps evaluations. */
export function memoryEvaluations(
  database: Database,
  call: Call,
): Pick<Store, 'listEvaluations' | 'findEvaluation' | 'addEvaluations'> {
  return {
    listEvaluations: (query) => call('listEvaluations', () => pageOf(database.evaluations, query)),
    findEvaluation: (id, source) =>
      call('findEvaluation', () =>
        database.evaluations.find((row) => row.id === id && (source === undefined || row.source === source)),
      ),
    addEvaluations: (rows) => call('addEvaluations', () => database.addEvaluations(rows)),
  };
}

function pageOf(rows: readonly EvaluationRow[], query: EvaluationQuery): Page<ListedEvaluation> {
  const all = rows.filter((row) => matches(row, query)).reverse();
  const from = Number(query.cursor ?? 0);
  const items = all.slice(from, from + query.limit).map((row, index) => ({ ...row, cursor: String(from + index + 1) }));
  return from + query.limit < all.length ? { items, next: String(from + query.limit) } : { items };
}

function matches(row: EvaluationRow, query: EvaluationQuery): boolean {
  for (const key of ['project', 'stage', 'service', 'task', 'correlationid'] as const)
    if (query[key] !== undefined && query[key] !== row[key]) return false;
  if (query.results !== undefined && !query.results.includes(row.result)) return false;
  if (query.ids !== undefined && !query.ids.includes(row.id)) return false;
  if (query.except?.includes(row.id) === true) return false;
  return (query.since === undefined || row.at >= query.since) && (query.until === undefined || row.at < query.until);
}
