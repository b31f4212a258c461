import {
  type FinishedEvaluation,
  finishEvaluation,
  nearest,
  type ParsedSlo,
  type PreviousEvaluation,
  type SliAnswer,
  type SliQuestion,
  type Slo,
  type Started,
  startEvaluation,
} from '@slipway/evaluation';
import { type TaskContext, TerminalError } from '@slipway/sdk';
import { readHistory } from '../offline/read.ts';
import type { Sources } from '../providers/sources.ts';
import { askProvider } from './ask-provider.ts';
import { collect, neededSlis } from './collect.ts';
import { givenValues } from './given-values.ts';
import { BaselineUnreadable, previousEvaluations } from './history.ts';
import type { EvaluateInput } from './input.ts';
import { deploymentsOf, type EvaluationClient, placeOf } from './place.ts';
import { refusing, type SliSource, sliSourceOf } from './sli-source.ts';
import { type ReadSlo, sloOf } from './slo-source.ts';
import { type FoundWindow, readWindow, windowOf, windowRequest } from './window.ts';

export interface EvaluateOptions {
  readonly sources: Sources;
  /** Where SLOs, queries and earlier evaluations are read, and providers are asked. */
  readonly client: EvaluationClient;
  readonly nowMs: () => number;
}

export interface Judged {
  readonly finished: FinishedEvaluation;
  /** Of the files that live with the project. */
  readonly versions: { readonly slo?: string; readonly sli?: Readonly<Record<string, string>> };
  /** It ended errored because something was away. */
  readonly isTransient: boolean;
  /** In place of those of the trigger; null: those. */
  readonly labels: Readonly<Record<string, string>> | null;
  /** Why nothing was judged although nothing is broken: no SLO, or nothing that measures; null: it was judged. */
  readonly missing: 'slo' | 'provider' | null;
}

type Values = SliAnswer['values'];

/** One evaluation under way: what is known before anything is measured. */
interface Case {
  readonly input: EvaluateInput;
  readonly ctx: TaskContext;
  readonly options: EvaluateOptions;
  readonly slo: ReadSlo;
  readonly sli: SliSource;
  readonly given: Values;
}

const NO_SOURCE: SliSource = { indicators: {}, versions: {}, external: null, source: null };
const QUERIES_DEADLINE_MS = 2 * 60_000;
/** Providers may have to wait for their monitoring to see the end of the window. */
const PROVIDER_DEADLINE_MS = 5 * 60_000;

/** `asKeptn`: by the rules of Keptn's own task, down to the order in which mistakes are noticed. */
export async function judge(
  input: EvaluateInput,
  ctx: TaskContext,
  options: EvaluateOptions & { readonly asKeptn: boolean },
): Promise<Judged> {
  const { asKeptn } = options;
  const given = givenValues(input.values);
  const slo = await sloOf(input, ctx, options.client);
  const missing = missingSlis(slo.parsed, given);
  // Without objectives it ends as Keptn says, whether or not the queries can be read.
  const isUsable = slo.source.kind !== 'failed' && slo.parsed?.ok !== false;
  const isAsked = missing.length > 0 || (asKeptn && input.values === undefined);
  const sli = isUsable && isAsked ? await sliSourceOf(input, ctx, options) : NO_SOURCE;
  const found: Case = { input, ctx, options, slo, sli, given };
  const finished = asKeptn || sli.external !== null ? await asked(found) : await measured(found);
  const versions = {
    ...(slo.version === undefined ? {} : { slo: slo.version }),
    ...(Object.keys(sli.versions).length === 0 ? {} : { sli: sli.versions }),
  };
  const isJudged = finished.status === 'errored' || finished.decision !== null;
  return {
    finished,
    versions,
    missing: isJudged ? null : slo.parsed === null ? 'slo' : 'provider',
    isTransient: slo.isTransient === true || finished.isTransient === true,
    labels: finished.labels ?? null,
  };
}

type Finished = FinishedEvaluation & Partial<Pick<Judged, 'isTransient' | 'labels'>>;

const missingSlis = (parsed: ParsedSlo | null, given: Values): string[] =>
  parsed?.ok === true ? neededSlis(parsed.slo).filter((sli) => !given.some(({ metric }) => metric === sli)) : [];

/** Our own task: values that came along need no window, and a name that nobody knows is a mistake. */
async function measured(found: Case): Promise<Finished> {
  const { input, ctx, options, slo, sli } = found;
  const hasQueries = Object.keys(sli.indicators).length > 0;
  const window = windowOf(windowRequest(input, ctx), { hasQueries, nowMs: options.nowMs() });
  if (slo.parsed?.ok === true) refuseUnknownSlis(slo.parsed.slo, found);
  return direct(found, window);
}

/** As Keptn starts it: window, SLO, provider, in this order; then the question, to the provider or to ourselves. */
async function asked(found: Case): Promise<Finished> {
  const { input, ctx, options, slo, sli, given } = found;
  const started = startEvaluation({
    ...placeOf(ctx),
    request: windowRequest(input, ctx),
    deploymentNames: deploymentsOf(ctx),
    slo: slo.source,
    provider: providerName(found),
    nowMs: options.nowMs(),
  });
  if (started.kind === 'finished') return endedAtStart(started.ended);
  const { question } = started;
  if (sli.external === null) {
    const hasQueries = Object.keys(sli.indicators).length > 0;
    return direct(found, readWindow(question, hasQueries));
  }
  const controls = missingSlis(slo.parsed, given).filter((name) => !question.indicators.includes(name));
  const wanted = question.indicators.filter((name) => !given.some(({ metric }) => metric === name));
  return external(found, { ...question, indicators: [...wanted, ...controls] });
}

/** Null, as in Keptn without a configured provider, when there is nothing at all that values could come from. */
function providerName({ input, options, sli }: Case): string | null {
  if (sli.external !== null) return sli.external;
  const hasOwn = input.values !== undefined || Object.keys(sli.indicators).length > 0;
  return hasOwn || options.sources.default !== null ? 'slipway' : null;
}

async function external(found: Case, question: SliQuestion): Promise<Finished> {
  const { input, ctx, options, given } = found;
  const { start, end } = question;
  const deadlineMs = input.deadline ?? PROVIDER_DEADLINE_MS;
  const provided = await askProvider({ client: options.client, ctx, question, deadlineMs });
  if (provided.kind === 'failed') {
    const sli: SliAnswer = { status: 'succeeded', result: 'pass', message: '', start, end, values: [] };
    return finishEvaluation({ ...placeOf(ctx), sli, slo: { kind: 'failed', message: provided.message }, history: [] });
  }
  const sli = { ...provided.answer, values: [...given, ...provided.answer.values] };
  const finished = await concluded(found, sli, readWindow(question, false));
  return { ...finished, details: [...finished.details, ...provided.details], labels: provided.labels };
}

/** Values that came along, and those that this service asks for itself. */
async function direct(found: Case, window: FoundWindow): Promise<Finished> {
  const { input, ctx, options, slo, sli, given } = found;
  const { start, end } = window;
  const answer = { status: 'succeeded', result: 'pass', message: '', start, end, values: given };
  if (slo.parsed === null || !slo.parsed.ok) return concluded(found, answer, window);
  const history = await historyOf(found, slo.parsed.slo, window);
  if (!Array.isArray(history)) return history.errored;
  const values = await collect({
    ...{ slo: slo.parsed.slo, given, history, indicators: sli.indicators },
    sources: { ...options.sources, default: sli.source ?? options.sources.default },
    context: {
      ...placeOf(ctx),
      deployment: deploymentsOf(ctx)[0] ?? '',
      labels: ctx.labels,
      filters: Object.fromEntries(slo.parsed.slo.filter.map(({ key, value }) => [key, value])),
      startMs: window.startMs ?? 0,
      endMs: window.endMs ?? 0,
    },
    deadlineMs: input.deadline ?? QUERIES_DEADLINE_MS,
    timeoutMs: input.timeout,
    signal: ctx.signal,
    onProgress: (done, of) => ctx.progress(done / of, `${done} of ${of} values`),
  });
  return concluded(found, { ...answer, values }, window, history);
}

async function concluded(
  found: Case,
  sli: SliAnswer,
  window: FoundWindow,
  known?: readonly PreviousEvaluation[],
): Promise<Finished> {
  const { ctx, slo } = found;
  const history = known ?? (slo.parsed?.ok === true ? await historyOf(found, slo.parsed.slo, window) : []);
  if ('errored' in history) return history.errored;
  const [deployment] = deploymentsOf(ctx);
  const subject = {
    contextId: ctx.correlationId,
    labels: ctx.labels,
    ...(ctx.stage === undefined ? {} : { stage: ctx.stage }),
    ...(ctx.service === undefined ? {} : { service: ctx.service }),
    ...(deployment === undefined ? {} : { deployment }),
    ...(window.startMs === null ? {} : { windowStart: window.startMs }),
  };
  return finishEvaluation({ ...placeOf(ctx), sli, slo: slo.source, history, subject });
}

async function historyOf(
  { input, ctx, options }: Case,
  slo: Slo,
  window: FoundWindow,
): Promise<PreviousEvaluation[] | { errored: Finished }> {
  if (input.history !== undefined) return refusing(() => readHistory(input.history, 'history'));
  try {
    return await previousEvaluations(options.client, slo, ctx, window.startMs);
  } catch (error) {
    if (!(error instanceof BaselineUnreadable)) throw error;
    const { start, end } = window;
    const sli: SliAnswer = { status: 'succeeded', result: 'pass', message: '', start, end, values: [] };
    const source = { kind: 'failed', message: error.message } as const;
    const finished = finishEvaluation({ ...placeOf(ctx), sli, slo: source, history: [] });
    return { errored: { ...finished, isTransient: true } };
  }
}

function endedAtStart(ended: Extract<Started, { kind: 'finished' }>['ended']): FinishedEvaluation {
  const { status, result, message, timeStart, timeEnd, details } = ended;
  return {
    ...{ status, result, message, details, verdict: result, decision: null },
    evaluation: {
      timeStart,
      timeEnd,
      result,
      score: 0,
      sloFileContent: '',
      indicatorResults: null,
      comparedEvents: [],
    },
  };
}

/** Values under a name that no objective asks for are Keptn's message; a name that nobody knows at all is a typing mistake. */
function refuseUnknownSlis(slo: Slo, { given, sli }: Case): void {
  const needed = neededSlis(slo);
  const known = [...given.map(({ metric }) => metric), ...Object.keys(sli.indicators)];
  if (known.length === 0 || needed.length === 0 || needed.some((name) => known.includes(name))) return;
  const near = nearest(needed[0] ?? '', known);
  const hint = near === null ? '' : `; did you mean '${near}'?`;
  throw new TerminalError(
    `none of the SLIs ${needed.slice(0, 5).join(', ')} has a value or a query; there are ${known.slice(0, 5).join(', ')}${hint}`,
    { code: 'INVALID_INPUT' },
  );
}
