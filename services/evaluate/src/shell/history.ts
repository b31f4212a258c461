import type { PreviousEvaluation, Slo } from '@slipway/evaluation';
import { COMPARISON_RESULTS_MAX, previousOf, resultsWanted, slotsOf } from '@slipway/evaluation';
import type { RouteAnswer, RouteArguments, TaskContext } from '@slipway/sdk';
import { patiently, wordsOf } from './patience.ts';
import { deploymentsOf, type EvaluationClient, placeOf } from './place.ts';
import { READ_PATIENCE_MS } from './slo-source.ts';

const HOUR_MS = 60 * 60 * 1000;
/** A run of "the same time yesterday" started within an hour of it, and was judged at the latest a day after. */
const OFFSET_BEFORE_MS = HOUR_MS;
const OFFSET_AFTER_MS = 25 * HOUR_MS;
/** Where runs that fit are rarer than these pages, the older ones do not count. */
const PAGES_MAX = 5;
const PAGE_MAX = 200;

type BaselineSelection = NonNullable<Slo['extensions']['baseline']>;
type Row = RouteAnswer<'listServiceEvaluations'>['items'][number];
type Query = Omit<RouteArguments<'listServiceEvaluations'>, 'project' | 'stage' | 'service'>;

/**
 * Earlier evaluations for a baseline, newest first. By Keptn's rules one request by index answers it: the newest N of this
 * place whose result fits. A selection of the file narrows it down, and may have to turn pages.
 */
export async function previousEvaluations(
  client: EvaluationClient,
  slo: Slo,
  ctx: TaskContext,
  windowStartMs: number | null,
): Promise<PreviousEvaluation[]> {
  const untilMs = performance.now() + READ_PATIENCE_MS;
  const { baseline } = slo.extensions;
  const given: Lookup = { client, slo, ctx, untilMs };
  try {
    if (baseline === null) return (await page(given, keptnQuery(slo))).items.map(previousOf);
    if (baseline.pinned !== null) return await pinned(given, baseline.pinned);
    return await selected(given, baseline, windowStartMs);
  } catch (error) {
    ctx.signal.throwIfAborted();
    // Keptn's sentence; the cause says which door was closed.
    const why = wordsOf(error, 'evaluations:read');
    throw new BaselineUnreadable(`could not retrieve previous evaluation.finished events: ${why}`, { cause: error });
  }
}

/** The store may be asked again by the next attempt. */
export class BaselineUnreadable extends Error {
  override name = 'BaselineUnreadable';
}

interface Lookup {
  readonly client: EvaluationClient;
  readonly slo: Slo;
  readonly ctx: TaskContext;
  readonly untilMs: number;
}

/** A number that Keptn's store refuses is refused by the rules, whatever comes here. */
function keptnQuery(slo: Slo): Query {
  const limit = Math.min(COMPARISON_RESULTS_MAX, Math.max(1, slotsOf(slo.comparison)));
  return { ...baseQuery(slo), limit };
}

function baseQuery(slo: Slo): Query {
  const results = resultsWanted(slo.comparison);
  const compares = slo.objectives.some(({ extensions }) => extensions.compare !== null);
  return {
    invalidated: 'false',
    ...(results === null ? {} : { result: results.join(',') }),
    ...(compares ? { samples: 'true' } : {}),
  };
}

async function selected(
  given: Lookup,
  baseline: BaselineSelection,
  windowStartMs: number | null,
): Promise<PreviousEvaluation[]> {
  const { slo, ctx } = given;
  const wanted = Math.max(slotsOf(slo.comparison), baseline.depth ?? 0);
  const query = { ...baseQuery(slo), ...narrowed(baseline, ctx, windowStartMs), limit: Math.min(PAGE_MAX, wanted * 2) };
  const found: PreviousEvaluation[] = [];
  let fitting = 0;
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const { items, next } = await page(given, { ...query, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...items.map(previousOf));
    fitting += items.filter((row) => !isLeftOut(row, baseline, ctx)).length;
    if (next === undefined || fitting >= wanted) break;
    cursor = next;
  }
  return found;
}

/** What the rules will leave out themselves must not count as found. */
const isLeftOut = (row: Row, baseline: BaselineSelection, ctx: TaskContext): boolean =>
  (baseline.otherContexts && row.correlationid === ctx.correlationId) ||
  (baseline.evaluatedOnly && (row.slis === null || row.slis.length === 0));

function narrowed(baseline: BaselineSelection, ctx: TaskContext, windowStartMs: number | null): Query {
  const [deployment] = deploymentsOf(ctx);
  const labels = baseline.labels.flatMap((key) => {
    const value = Object.hasOwn(ctx.labels, key) ? ctx.labels[key] : undefined;
    return value === undefined ? [] : [[key, value] as const];
  });
  const start = baseline.offsetMs === null || windowStartMs === null ? null : windowStartMs - baseline.offsetMs;
  return {
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
    ...(baseline.sameDeployment && deployment !== undefined ? { deployment } : {}),
    ...(baseline.commit === null ? {} : { commit: baseline.commit }),
    ...(baseline.tag === null ? {} : { tag: baseline.tag }),
    ...(start === null ? {} : { since: Math.max(0, start - OFFSET_BEFORE_MS), until: start + OFFSET_AFTER_MS }),
  };
}

function page({ client, slo, ctx, untilMs }: Lookup, query: Query): Promise<RouteAnswer<'listServiceEvaluations'>> {
  const { baseline } = slo.extensions;
  const { project, ...own } = placeOf(ctx);
  const [stage, service] = [baseline?.stage ?? own.stage, baseline?.service ?? own.service];
  const { signal } = ctx;
  const ask = (): Promise<RouteAnswer<'listServiceEvaluations'>> =>
    stage === '' || service === ''
      ? client.listEvaluations({ project, ...(stage === '' ? {} : { stage }), ...query }, { signal })
      : client.listServiceEvaluations({ project, stage, service, ...query }, { signal });
  return patiently(ask, { untilMs, signal });
}

/** By the id of the evaluation or of its finished event. */
async function pinned({ client, ctx, untilMs }: Lookup, id: string): Promise<PreviousEvaluation[]> {
  const { signal } = ctx;
  const found = await patiently(() => client.getEvaluation({ id }, { signal }), { untilMs, signal });
  return [previousOf(found)];
}
