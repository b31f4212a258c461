import { SlipwayProblem } from '@slipway/sdk';
import type { EvaluationClient } from '../src/shell/place.ts';

type Row = Awaited<ReturnType<EvaluationClient['listServiceEvaluations']>>['items'][number];
type Query = Parameters<EvaluationClient['listServiceEvaluations']>[0];

const notFound = (what: string): Promise<never> =>
  Promise.reject(
    new SlipwayProblem({ type: '', title: '', status: 404, code: 'not-found', detail: 'there is none' }, what),
  );
const notAsked = (): Promise<never> => Promise.reject(new Error('this test has no run to ask for'));

export interface Stored {
  readonly slo?: string;
  readonly indicators?: Readonly<Record<string, unknown>>;
  readonly sliProvider?: string;
  readonly rows?: readonly Row[];
}

/** What the control plane would answer, for tests of the tasks alone; whole runs against a real one are in end-to-end.test.ts. */
export function memoryClient(stored: Stored = {}): { client: EvaluationClient; asked: Query[] } {
  const asked: Query[] = [];
  const rows = stored.rows ?? [];
  const client: EvaluationClient = {
    getSlo: async ({ project, stage, service }) =>
      stored.slo === undefined
        ? notFound('GET slo')
        : { project, stage, service, kind: 'slo', version: 'slo-1', text: stored.slo, createdAt: 0, current: true },
    getMergedSli: async ({ project, stage, service }) => ({
      ...{ project, stage, service },
      indicators: Object.fromEntries(
        Object.entries(stored.indicators ?? {}).map(([sli, query]) => [
          sli,
          { query, level: 'service' as const, version: 'sli-1' },
        ]),
      ),
      versions: stored.indicators === undefined ? {} : { service: 'sli-1' },
    }),
    getProject: async ({ project }) => ({
      ...{ name: project, dialect: 'plain', createdAt: 0, updatedAt: 0 },
      config: stored.sliProvider === undefined ? {} : { sliProvider: stored.sliProvider },
      retention: { finishedRunsForMs: null, finishedRunsMax: null },
      limits: { openRunsMax: null },
    }),
    listServiceEvaluations: async (query) => {
      asked.push(query);
      const results = query.result?.split(',');
      const fitting = rows.filter(
        (row) =>
          (results === undefined || results.includes(row.result)) &&
          (query.invalidated !== 'false' || row.invalidated === undefined),
      );
      const from = Number(query.cursor ?? 0);
      const to = from + (query.limit ?? 50);
      return { items: fitting.slice(from, to), ...(to < fitting.length ? { next: String(to) } : {}) };
    },
    listEvaluations: notAsked,
    getEvaluation: async ({ id }) => {
      const row = rows.find((one) => one.id === id || one.event.id === id);
      return row === undefined
        ? notFound('GET evaluation')
        : { ...row, slo: null, decision: null, data: {}, marks: [] };
    },
    trigger: notAsked,
    getRun: notAsked,
    listRunEvents: notAsked,
    commandRun: notAsked,
  };
  return { client, asked };
}

/** A row of the list of evaluations, of one SLI `rt`. */
export function row(id: string, result: 'pass' | 'warning' | 'fail', rt: number, more: Partial<Row> = {}): Row {
  const sli = { sli: 'rt', value: rt, status: result, score: 1, keySli: false, baseline: null };
  return {
    ...{ id: `attempt-${id}`, run: `run-${id}`, task: 'evaluate', project: 'shop', stage: 'staging', service: 'carts' },
    event: { id, source: '/evaluate' },
    ...{ correlationid: `context-${id}`, at: Number(id), status: 'succeeded', result, verdict: result, score: 100 },
    ...{ comparedEvents: [], slis: [sli] },
    ...more,
  };
}
