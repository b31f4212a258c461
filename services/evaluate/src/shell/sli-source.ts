import { isRecord } from '@slipway/evaluation';
import { type TaskContext, TerminalError } from '@slipway/sdk';
import { OfflineProblem } from '../offline/problem.ts';
import { readData } from '../offline/read.ts';
import { type Indicators, indicatorsSchema } from '../providers/indicators.ts';
import type { Sources } from '../providers/sources.ts';
import type { EvaluateInput } from './input.ts';
import { isTransient, patiently, wordsOf } from './patience.ts';
import { type EvaluationClient, placeOf } from './place.ts';
import { READ_PATIENCE_MS } from './slo-source.ts';

/** Where values come from that are not in the event. */
export interface SliSource {
  readonly indicators: Indicators;
  /** Versions of the sli.yaml files that took part, by level. */
  readonly versions: Readonly<Record<string, string>>;
  /** The SLI provider that is asked by event; null: the queries are asked by this service itself. */
  readonly external: string | null;
  /** Asked by queries that name no source; null: the operator's default. */
  readonly source: string | null;
}

/**
 * The queries: those in the task's input over those that live with the project. Queries in the input are for this service;
 * without any, an SLI provider that the project (or the operator) names is asked instead.
 */
export async function sliSourceOf(
  input: EvaluateInput,
  ctx: TaskContext,
  options: { client: EvaluationClient; sources: Sources },
): Promise<SliSource> {
  const given = givenIndicators(input.indicators);
  const isComplete = Object.keys(given).length > 0 && input.slo !== undefined;
  if (isComplete) return { indicators: given, versions: {}, external: null, source: null };
  const { client, sources } = options;
  const [stored, provider] = await Promise.all([storedIndicators(ctx, client), providerOf(ctx, client, sources)]);
  const indicators = { ...stored.indicators, ...given };
  const source = provider !== null && sources.byName.has(provider) ? provider : null;
  const external = source === null && Object.keys(given).length === 0 ? provider : null;
  return { indicators, versions: stored.versions, external, source };
}

async function storedIndicators(
  ctx: TaskContext,
  client: EvaluationClient,
): Promise<Pick<SliSource, 'indicators' | 'versions'>> {
  const place = placeOf(ctx);
  if (place.stage === '' || place.service === '') return { indicators: {}, versions: {} };
  const { indicators, versions } = await reading(ctx, () => client.getMergedSli({ ...place }, { signal: ctx.signal }));
  const queries = Object.fromEntries(Object.entries(indicators).map(([sli, { query }]) => [sli, query]));
  return { indicators: checked(queries), versions };
}

/** As Keptn's `lighthouse-config-<project>` said it; here `sliProvider` in the config of the project. */
async function providerOf(ctx: TaskContext, client: EvaluationClient, sources: Sources): Promise<string | null> {
  const { config } = await reading(ctx, () => client.getProject({ project: ctx.project }, { signal: ctx.signal }));
  const named = config.sliProvider;
  return typeof named === 'string' && named !== '' ? named : sources.sliProvider;
}

/** A control plane that is away is waited for; then the attempt has failed, and the next one may find it back. */
async function reading<T>({ signal }: TaskContext, ask: () => Promise<T>): Promise<T> {
  try {
    return await patiently(ask, { untilMs: performance.now() + READ_PATIENCE_MS, signal });
  } catch (error) {
    signal.throwIfAborted();
    const message = `where the values come from cannot be read: ${wordsOf(error, 'resources:read and projects:read')}`;
    throw isTransient(error) ? new Error(message, { cause: error }) : new TerminalError(message, { cause: error });
  }
}

function givenIndicators(given: EvaluateInput['indicators']): Indicators {
  if (given === undefined) return {};
  if (typeof given !== 'string') return given;
  const file = refusing(() => readData(given, 'indicators'));
  return checked(isRecord(file) ? file.indicators : undefined);
}

function checked(indicators: unknown): Indicators {
  const parsed = indicatorsSchema.safeParse(indicators);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = ['indicators', ...(issue?.path.map(String) ?? [])].join('.');
  throw new TerminalError(`sli.yaml: ${place}: ${issue?.message ?? 'cannot be read'}`, { code: 'INVALID_INPUT' });
}

/** What is wrong with the input stays wrong: no repeat helps. */
export function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OfflineProblem)) throw error;
    throw new TerminalError(error.message, { code: 'INVALID_INPUT', cause: error });
  }
}
