import type { Reducer } from '@slipway/evaluation';
import { faultOfStatus, isRecord, jsonOf, listOf, strange } from './answer.ts';
import { excerpt, ProviderFault } from './fault.ts';
import { exchange } from './http-client.ts';
import { fillIn } from './placeholders.ts';
import { finite, reduce } from './reduce.ts';
import type { Attempt, Measurement } from './types.ts';

export interface DynatraceEnvironment {
  /** Such as https://abc12345.live.dynatrace.com. */
  readonly url: URL;
  readonly token: string;
}

export interface DynatraceQuery {
  readonly metricSelector: string;
  readonly entitySelector?: string;
  readonly mzSelector?: string;
  readonly resolution?: string;
  /** Without it, several values are an error, as in Keptn's provider. */
  readonly reduce?: Reducer;
}

/** Dynatrace's metrics query v2: exactly one collection and one series, and one value unless a reducer is named. */
export async function askDynatrace(
  environment: DynatraceEnvironment,
  spec: DynatraceQuery,
  attempt: Attempt,
): Promise<Measurement> {
  const { context, timeoutMs, signal } = attempt;
  const url = new URL(`${environment.url.pathname.replace(/\/$/, '')}/api/v2/metrics/query`, environment.url);
  url.searchParams.set('metricSelector', fillIn(spec.metricSelector, context));
  url.searchParams.set('from', String(Math.floor(context.startMs)));
  url.searchParams.set('to', String(Math.floor(context.endMs)));
  if (spec.entitySelector !== undefined) url.searchParams.set('entitySelector', fillIn(spec.entitySelector, context));
  if (spec.mzSelector !== undefined) url.searchParams.set('mzSelector', fillIn(spec.mzSelector, context));
  if (spec.resolution !== undefined) url.searchParams.set('resolution', spec.resolution);
  const headers = { authorization: `Api-Token ${environment.token}` };
  const answer = await exchange({ url, headers, timeoutMs, signal, trusted: true });
  if (answer.status !== 200) throw faultOfStatus(answer, errorOf);
  const body = jsonOf(answer);
  if (!isRecord(body) || !Array.isArray(body.result)) throw strange('no list result');
  const { warnings, values } = readResult(body.result);
  const told = warnings.length === 0 ? {} : { warnings };
  if (spec.reduce !== undefined) {
    const samples = values.filter((value) => value !== null).map(finite);
    return { value: reduce(samples, spec.reduce), samples, ...told };
  }
  if (values.length !== 1) {
    const way = 'fold them with :fold() or resolution: Inf, or set reduce';
    throw new ProviderFault(
      values.length === 0 ? 'no-data' : 'ambiguous',
      `Metrics API v2 returned ${values.length} values but only one is supported: ${way}`,
    );
  }
  if (values[0] === null)
    throw new ProviderFault('no-data', "Metrics API v2 returned 'null' as value: there is no data in this window");
  return { value: finite(values[0]), ...told };
}

function readResult(result: readonly unknown[]): { warnings: string[]; values: readonly unknown[] } {
  if (result.length !== 1) {
    throw new ProviderFault(
      'ambiguous',
      `Metrics API v2 returned ${result.length} metric series collections: select one metric`,
    );
  }
  const [collection] = result;
  if (!isRecord(collection)) throw strange('a collection is not an object');
  const warnings = listOf(collection.warnings).map((warning) => excerpt(String(warning)));
  const series = listOf(collection.data);
  const because = warnings.length === 0 ? '' : ` (${warnings.join('; ')})`;
  if (series.length === 0) {
    throw new ProviderFault(
      'no-data',
      `Metrics API v2 returned zero metric series${because}: does the selector match in this window?`,
    );
  }
  if (series.length > 1) {
    throw new ProviderFault(
      'ambiguous',
      `Metrics API v2 returned ${series.length} metric series but only one is supported${because}: add :splitBy()`,
    );
  }
  const [only] = series;
  if (!isRecord(only) || !Array.isArray(only.values)) throw strange('a series without values');
  return { warnings, values: only.values };
}

function errorOf(body: unknown): string | null {
  if (!isRecord(body) || !isRecord(body.error)) return null;
  const { message, constraintViolations } = body.error;
  const violations = listOf(constraintViolations).map((violation) =>
    isRecord(violation) ? String(violation.message ?? '') : '',
  );
  return [String(message ?? ''), ...violations].filter((part) => part !== '').join('; ');
}
