import { nearest, parseDuration, sliQuerySchema } from '@slipway/evaluation';
import { z } from 'zod';
import { askDatadog } from './datadog.ts';
import { askDynatrace } from './dynatrace.ts';
import { ProviderFault } from './fault.ts';
import { askJson, askJsonBelow } from './json-http.ts';
import { askPrometheus } from './prometheus.ts';
import { isAllowed, type Source, type Sources } from './sources.ts';
import type { Attempt, Measurement, Query } from './types.ts';

const STEP_DEFAULT_MS = 60_000;

/** What one SLI asks: a text for the default source, or an object that says more. */
export const indicatorsSchema = z.record(z.string(), z.union([z.string(), sliQuerySchema]));
export type Indicators = z.output<typeof indicatorsSchema>;
type Spec = z.output<typeof sliQuerySchema>;

/**
 * Queries for the SLIs that are asked for. An SLI without a query gets one that fails with the reason: the objective then
 * says more than that no value came.
 */
export function queriesFor(slis: readonly string[], indicators: Indicators, sources: Sources): Query[] {
  return slis.map((sli) => {
    const given = Object.hasOwn(indicators, sli) ? indicators[sli] : undefined;
    if (given === undefined) {
      const near = nearest(sli, Object.keys(indicators));
      return broken(
        sli,
        'indicators',
        `has no query of that name${near === null ? ': add it' : `; did you mean '${near}'?`}`,
      );
    }
    return queryOf(sli, typeof given === 'string' ? { query: given } : given, sources);
  });
}

function queryOf(sli: string, given: Spec, sources: Sources): Query {
  if (given.url !== undefined) return byAddress(sli, given, given.url, sources);
  const name = given.source ?? sources.default;
  const known = [...sources.byName.keys()].join(', ') || 'none';
  if (name === null) {
    return broken(
      sli,
      'evaluate',
      `has no default source (configured: ${known}); set SLIPWAY_PROMETHEUS or a sources file, or name one with 'source'`,
    );
  }
  const source = sources.byName.get(name);
  if (source === undefined) return broken(sli, 'evaluate', `knows no source '${name}' (configured: ${known})`);
  return bySource(sli, given, source);
}

function byAddress(sli: string, given: Spec, url: string, sources: Sources): Query {
  const { method = 'GET', headers = {}, body, path = '$', reduce } = given;
  if (body !== undefined && method === 'GET') return broken(sli, 'indicators', 'has a body with GET: use method POST');
  const query = {
    url,
    method,
    headers,
    path,
    ...(body === undefined ? {} : { body }),
    ...(reduce === undefined ? {} : { reduce }),
  };
  const ask = async (attempt: Attempt): Promise<Measurement> =>
    askJson(query, (address) => isAllowed(sources, address), attempt);
  return { sli, source: `http (${hostOf(url)})`, ask };
}

function bySource(sli: string, given: Spec, source: Source): Query {
  const { query, reduce } = given;
  switch (source.type) {
    case 'prometheus': {
      if (query === undefined) return broken(sli, source.name, "needs 'query'");
      const stepMs = given.step === undefined ? STEP_DEFAULT_MS : parseDuration(given.step);
      if (stepMs === null || stepMs <= 0)
        return broken(sli, source.name, `cannot use the step '${given.step}': write a duration such as 30s`);
      const range = given.range === true ? { range: { stepMs, reduce: reduce ?? 'avg' } } : {};
      return {
        sli,
        source: `${source.name} (${source.server.url.host})`,
        ask: (attempt) => askPrometheus(source.server, { query, ...range }, attempt),
      };
    }
    case 'datadog':
      if (query === undefined) return broken(sli, source.name, "needs 'query'");
      return {
        sli,
        source: `${source.name} (${source.account.url.host})`,
        ask: (attempt) => askDatadog(source.account, { query, reduce: reduce ?? 'avg' }, attempt),
      };
    case 'http': {
      const { method = 'GET', headers = {}, body, path = '$' } = given;
      if (body !== undefined && method === 'GET')
        return broken(sli, source.name, 'has a body with GET: use method POST');
      const asked = {
        ...{ url: query ?? '', method, headers, path },
        ...(body === undefined ? {} : { body }),
        ...(reduce === undefined ? {} : { reduce }),
      };
      return {
        sli,
        source: `${source.name} (${source.base.url.host})`,
        ask: async (attempt) => askJsonBelow(source.base, asked, attempt),
      };
    }
    case 'dynatrace': {
      const metricSelector = given.metricSelector ?? query;
      if (metricSelector === undefined) return broken(sli, source.name, "needs 'metricSelector'");
      const { entitySelector, mzSelector, resolution } = given;
      const asked = {
        metricSelector,
        ...(entitySelector === undefined ? {} : { entitySelector }),
        ...(mzSelector === undefined ? {} : { mzSelector }),
        ...(resolution === undefined ? {} : { resolution }),
        ...(reduce === undefined ? {} : { reduce }),
      };
      return {
        sli,
        source: `${source.name} (${source.environment.url.host})`,
        ask: (attempt) => askDynatrace(source.environment, asked, attempt),
      };
    }
  }
}

const broken = (sli: string, source: string, message: string): Query => ({
  sli,
  source,
  ask: () => Promise.reject(new ProviderFault('caller', message)),
});

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'no address';
}
