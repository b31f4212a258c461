import type { Reducer } from '@slipway/evaluation';
import { faultOfStatus, isRecord, jsonOf, listOf, strange } from './answer.ts';
import { excerpt, ProviderFault } from './fault.ts';
import { exchange } from './http-client.ts';
import { fillIn } from './placeholders.ts';
import { finite, reduce } from './reduce.ts';
import type { Attempt, Measurement } from './types.ts';

export interface DatadogAccount {
  /** Such as https://api.datadoghq.eu. */
  readonly url: URL;
  readonly apiKey: string;
  readonly applicationKey: string;
}

export interface DatadogQuery {
  readonly query: string;
  readonly reduce: Reducer;
}

/** Datadog's metrics query v1. Errors may come with HTTP 200, and no data is an empty list: neither is ever a 0. */
export async function askDatadog(account: DatadogAccount, spec: DatadogQuery, attempt: Attempt): Promise<Measurement> {
  const { startMs, endMs } = attempt.context;
  const url = new URL('/api/v1/query', account.url);
  url.searchParams.set('from', String(Math.floor(startMs / 1000)));
  url.searchParams.set('to', String(Math.floor(endMs / 1000)));
  url.searchParams.set('query', fillIn(spec.query, attempt.context));
  const answer = await exchange({
    url,
    headers: { 'dd-api-key': account.apiKey, 'dd-application-key': account.applicationKey },
    timeoutMs: attempt.timeoutMs,
    signal: attempt.signal,
    trusted: true,
  });
  if (answer.status !== 200)
    throw faultOfStatus(answer, (body) => (isRecord(body) ? listOf(body.errors).join('; ') : null));
  const body = jsonOf(answer);
  if (!isRecord(body)) throw strange('not an object');
  if (body.status === 'error')
    throw new ProviderFault('caller', `could not run the query: ${excerpt(String(body.error ?? body.message ?? ''))}`);
  if (body.status !== 'ok') throw strange('no status ok');
  const series = listOf(body.series);
  if (series.length === 0)
    throw new ProviderFault('no-data', 'found no series: does the query match anything in this window?');
  if (series.length > 1) {
    throw new ProviderFault(
      'ambiguous',
      `found ${series.length} series: join them with sum:, avg: or max: and without "by {...}"`,
    );
  }
  const [only] = series;
  if (!isRecord(only)) throw strange('a series is not an object');
  const samples = listOf(only.pointlist).flatMap((point) => {
    const [at, value] = listOf(point);
    const inside = typeof at === 'number' && at >= startMs && at <= endMs;
    // Datadog aligns buckets to its own clock and pads with null; points outside of the window belong to others.
    return inside && value !== null && value !== undefined ? [finite(value)] : [];
  });
  return { value: reduce(samples, spec.reduce), samples };
}
