import type { Reducer } from '@slipway/evaluation';
import { faultOfStatus, isRecord, jsonOf, listOf, strange } from './answer.ts';
import { excerpt, ProviderFault } from './fault.ts';
import { exchange } from './http-client.ts';
import { fillIn } from './placeholders.ts';
import { finite, reduce } from './reduce.ts';
import type { Attempt, Measurement } from './types.ts';

export interface PrometheusServer {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly trusted: boolean;
}

export interface PrometheusQuery {
  readonly query: string;
  /** Absent: an instant query at the end of the window, as Keptn's provider asks. */
  readonly range?: { readonly stepMs: number; readonly reduce: Reducer };
}

/** More points per series than this Prometheus refuses. */
const POINTS_MAX = 11_000;

export async function askPrometheus(
  server: PrometheusServer,
  spec: PrometheusQuery,
  attempt: Attempt,
): Promise<Measurement> {
  const { context, timeoutMs, signal } = attempt;
  const form = new URLSearchParams({ query: fillIn(spec.query, context), timeout: `${timeoutMs}ms` });
  if (spec.range === undefined) {
    form.set('time', String(context.endMs / 1000));
  } else {
    const { stepMs } = spec.range;
    const span = context.endMs - context.startMs;
    if (span / stepMs > POINTS_MAX) {
      throw new ProviderFault(
        'caller',
        `would give ${Math.ceil(span / stepMs)} points, Prometheus gives at most ${POINTS_MAX}: use a longer step`,
      );
    }
    form.set('start', String(context.startMs / 1000));
    form.set('end', String(context.endMs / 1000));
    form.set('step', String(stepMs / 1000));
  }
  const path = spec.range === undefined ? 'query' : 'query_range';
  const answer = await exchange({
    url: new URL(`${server.url.pathname.replace(/\/$/, '')}/api/v1/${path}`, server.url),
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...server.headers },
    body: form.toString(),
    timeoutMs,
    signal,
    trusted: server.trusted,
  });
  if (answer.status !== 200) throw faultOfStatus(answer, errorOf);
  const body = jsonOf(answer);
  if (!isRecord(body)) throw strange('not an object');
  if (body.status === 'error')
    throw new ProviderFault('caller', `could not run the query: ${excerpt(errorOf(body) ?? '')}`);
  if (body.status !== 'success' || !isRecord(body.data)) throw strange('no status success with data');
  const warnings = listOf(body.warnings).map((warning) => excerpt(String(warning)));
  return { ...readData(body.data, spec), ...(warnings.length === 0 ? {} : { warnings }) };
}

function errorOf(body: unknown): string | null {
  if (!isRecord(body)) return null;
  return [body.errorType, body.error].filter((part) => typeof part === 'string').join(': ') || null;
}

function readData(data: Readonly<Record<string, unknown>>, spec: PrometheusQuery): Measurement {
  const { resultType, result } = data;
  if (resultType === 'scalar') return { value: finite(listOf(result)[1]) };
  if (resultType === 'vector') {
    const series = single(listOf(result));
    if (series.value === undefined) throw histogram();
    return { value: finite(listOf(series.value)[1]) };
  }
  if (resultType === 'matrix' && spec.range !== undefined) {
    const series = single(listOf(result));
    if (series.values === undefined) throw histogram();
    const samples = listOf(series.values).map((point) => finite(listOf(point)[1]));
    return { value: reduce(samples, spec.range.reduce), samples };
  }
  throw new ProviderFault(
    'caller',
    `answered a ${excerpt(String(resultType))}: an instant query must give one number, such as avg(...)`,
  );
}

function single(result: readonly unknown[]): Readonly<Record<string, unknown>> {
  const [first, ...others] = result;
  if (first === undefined)
    throw new ProviderFault('no-data', 'query did not return any values: does it match a series in this window?');
  if (others.length > 0) {
    throw new ProviderFault(
      'ambiguous',
      `query did return multiple values (${result.length} series): join them with sum(...), avg(...) or max(...)`,
    );
  }
  if (!isRecord(first)) throw strange('a series is not an object');
  return first;
}

const histogram = (): ProviderFault =>
  new ProviderFault('caller', 'answered a native histogram: use histogram_quantile(...) or histogram_avg(...)');
