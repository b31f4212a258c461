import type { Indicators } from '../src/providers/indicators.ts';
import type { FakeServer } from './fake-server.ts';

export const END = Date.UTC(2026, 10, 21, 10, 0, 0);
export const START = END - 5 * 60_000;

/** Each provider with a good answer of its own documentation and the query that asks for it. */
export interface Kind {
  readonly name: string;
  readonly indicator: (server: FakeServer) => Indicators[string];
  readonly config: (server: FakeServer) => unknown;
  readonly answer: (value: unknown) => unknown;
  readonly nothing: unknown;
  readonly two: unknown;
}

export const promVector = (...values: unknown[]) => ({
  status: 'success',
  data: {
    resultType: 'vector',
    result: values.map((value, i) => ({ metric: { i: String(i) }, value: [END / 1000, value] })),
  },
});
const ddSeries = (...values: unknown[]) => ({
  status: 'ok',
  res_type: 'time_series',
  series: values.map((value) => ({ metric: 'm', scope: '*', pointlist: [[START + 60_000, value]] })),
});
const dtSeries = (...values: unknown[]) => ({
  totalCount: 1,
  resolution: 'Inf',
  result: [{ metricId: 'm', data: values.map((value) => ({ dimensions: [], timestamps: [END], values: [value] })) }],
});

export const KINDS: readonly Kind[] = [
  {
    name: 'prometheus',
    indicator: () => 'sum(rate(x[$DURATION_SECONDS]))',
    config: (server) => ({ sources: { prometheus: { type: 'prometheus', url: server.url } } }),
    answer: (value) => promVector(value),
    nothing: promVector(),
    two: promVector('1', '2'),
  },
  {
    name: 'datadog',
    indicator: () => 'avg:m{*}',
    config: (server) => ({
      sources: {
        datadog: { type: 'datadog', url: server.url, apiKey: { env: 'DD_API' }, applicationKey: { env: 'DD_APP' } },
      },
    }),
    answer: (value) => ddSeries(value),
    nothing: ddSeries(),
    two: ddSeries(1, 2),
  },
  {
    name: 'dynatrace',
    indicator: () => 'builtin:m:avg',
    config: (server) => ({
      sources: { dynatrace: { type: 'dynatrace', url: server.url, token: { env: 'DT_TOKEN' } } },
    }),
    answer: (value) => dtSeries(value),
    nothing: dtSeries(),
    two: dtSeries(1, 2),
  },
  {
    name: 'http',
    indicator: (server) => ({ url: `${server.url}/stats`, path: '$.value' }),
    config: (server) => ({ allow: [server.host] }),
    answer: (value) => ({ value }),
    nothing: { value: null },
    two: { value: [1, 2] },
  },
];

export const ENV = { DD_API: 'dd-api-key', DD_APP: 'dd-app-key', DT_TOKEN: 'dt-secret' };
