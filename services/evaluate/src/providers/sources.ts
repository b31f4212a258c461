import { z } from 'zod';
import type { DatadogAccount } from './datadog.ts';
import type { DynatraceEnvironment } from './dynatrace.ts';
import type { JsonBase } from './json-http.ts';
import type { PrometheusServer } from './prometheus.ts';

/**
 * Where metrics come from, as the operator configured it. What stands here is trusted, private addresses included;
 * secrets are named by their environment variable and never written down.
 */

const fromEnv = z.strictObject({ env: z.string().min(1), prefix: z.string().default('') });
const secret = z.union([z.string(), fromEnv]);
const url = z.url({ protocol: /^https?$/ });

const sourceSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('prometheus'), url, headers: z.record(z.string(), secret).default({}) }),
  z.strictObject({
    type: z.literal('datadog'),
    url: url.default('https://api.datadoghq.com'),
    apiKey: fromEnv,
    applicationKey: fromEnv,
  }),
  z.strictObject({ type: z.literal('dynatrace'), url, token: fromEnv }),
  z.strictObject({ type: z.literal('http'), url, headers: z.record(z.string(), secret).default({}) }),
]);

const sourcesSchema = z.strictObject({
  default: z.string().optional().describe('The source of queries that name none'),
  allow: z
    .array(z.string())
    .default([])
    .describe('host:port that queries by address may ask although it is not public'),
  sources: z.record(z.string(), sourceSchema).default({}),
  sliProvider: z.string().min(1).optional().describe('Asked by event for projects that name no other'),
});

export type Source =
  | { readonly type: 'prometheus'; readonly name: string; readonly server: PrometheusServer }
  | { readonly type: 'datadog'; readonly name: string; readonly account: DatadogAccount }
  | { readonly type: 'dynatrace'; readonly name: string; readonly environment: DynatraceEnvironment }
  | { readonly type: 'http'; readonly name: string; readonly base: JsonBase };

export interface Sources {
  readonly byName: ReadonlyMap<string, Source>;
  readonly default: string | null;
  /** Who is asked by `get-sli.triggered` where the project does not say it; null: nobody. */
  readonly sliProvider: string | null;
  /** `host:port`, lower case. */
  readonly allowed: ReadonlySet<string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the configuration. `SLIPWAY_PROMETHEUS` alone is enough for the most common case: a Prometheus at that
 * address. Throws a `TypeError` that names the place.
 */
export function readSources(config: unknown, env: Environment): Sources {
  const parsed = sourcesSchema.safeParse(config ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TypeError(`the sources file: ${issue?.path.map(String).join('.') || 'the document'}: ${issue?.message}`);
  }
  const { sources, allow } = parsed.data;
  const byName = new Map(Object.entries(sources).map(([name, given]) => [name, sourceOf(name, given, env)]));
  if (env.SLIPWAY_PROMETHEUS) {
    const address = url.safeParse(env.SLIPWAY_PROMETHEUS);
    if (!address.success)
      throw new TypeError(
        `SLIPWAY_PROMETHEUS is ${JSON.stringify(env.SLIPWAY_PROMETHEUS)}: write an address such as http://127.0.0.1:9090`,
      );
    byName.set('prometheus', {
      type: 'prometheus',
      name: 'prometheus',
      server: { url: new URL(address.data), headers: {}, trusted: true },
    });
  }
  const chosen = parsed.data.default ?? (byName.size === 1 ? [...byName.keys()][0] : undefined);
  if (chosen !== undefined && !byName.has(chosen)) {
    throw new TypeError(
      `the sources file: default is '${chosen}', which is none of the sources: ${[...byName.keys()].join(', ')}`,
    );
  }
  const fromList = (env.SLIPWAY_EVALUATE_ALLOW ?? '').split(',');
  const allowed = [...allow, ...fromList].map((host) => host.trim().toLowerCase()).filter((host) => host !== '');
  const sliProvider = env.SLIPWAY_EVALUATE_SLI_PROVIDER || parsed.data.sliProvider || null;
  return { byName, default: chosen ?? null, sliProvider, allowed: new Set(allowed) };
}

function sourceOf(name: string, given: z.output<typeof sourceSchema>, env: Environment): Source {
  const reveal = (value: z.output<typeof secret>): string => {
    if (typeof value === 'string') return value;
    const found = env[value.env];
    if (found === undefined || found === '') {
      throw new TypeError(`the source '${name}' needs the environment variable ${value.env}, which is not set`);
    }
    return `${value.prefix}${found}`;
  };
  const all = (headers: Readonly<Record<string, z.output<typeof secret>>>): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, reveal(value)]));
  switch (given.type) {
    case 'prometheus':
      return {
        type: 'prometheus',
        name,
        server: { url: new URL(given.url), headers: all(given.headers), trusted: true },
      };
    case 'http':
      return {
        type: 'http',
        name,
        base: { url: new URL(given.url.replace(/\/?$/, '/')), headers: all(given.headers) },
      };
    case 'datadog':
      return {
        type: 'datadog',
        name,
        account: {
          url: new URL(given.url),
          apiKey: reveal(given.apiKey),
          applicationKey: reveal(given.applicationKey),
        },
      };
    case 'dynatrace':
      return { type: 'dynatrace', name, environment: { url: new URL(given.url), token: reveal(given.token) } };
  }
}

/** The port is always part of it, so that allowing a host does not open all of its ports. */
export function isAllowed(sources: Sources, address: URL): boolean {
  const port = address.port || (address.protocol === 'https:' ? '443' : '80');
  return sources.allowed.has(`${address.hostname.toLowerCase()}:${port}`);
}
