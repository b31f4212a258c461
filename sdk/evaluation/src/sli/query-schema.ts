import { z } from 'zod';

/** How several values become one. */
const REDUCERS = ['avg', 'min', 'max', 'sum', 'last', 'first', 'median', 'p50', 'p90', 'p95', 'p99'] as const;
export type Reducer = (typeof REDUCERS)[number];

/** What a query of sli.yaml may say that is more than a text. The service reads by it, and the linter checks by it. */
export const sliQuerySchema = z.strictObject({
  source: z.string().optional().describe('A configured source; default the default one'),
  query: z.string().optional().describe('PromQL, a Datadog query, or a path below the address of an http source'),
  range: z.boolean().optional().describe('Prometheus: every step of the window instead of its end'),
  step: z.string().optional().describe('Prometheus: such as 30s; default 1m'),
  reduce: z.enum(REDUCERS).optional(),
  metricSelector: z.string().optional(),
  entitySelector: z.string().optional(),
  mzSelector: z.string().optional(),
  resolution: z.string().optional(),
  url: z.string().optional().describe('Any JSON over HTTP'),
  method: z.enum(['GET', 'POST', 'PUT']).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  path: z.string().optional().describe('JSONPath of the value; default $'),
});
