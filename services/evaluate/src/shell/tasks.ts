import {
  type FinishedEvaluation,
  finishEvaluation,
  formatTimestamp,
  isRecord,
  nearest,
  type ParsedSlo,
  type PreviousEvaluation,
  parseTimestamp,
  resolveWindow,
  type Slo,
} from '@slipway/evaluation';
import { type Client, defineTask, outcome, type Task, type TaskContext, TerminalError } from '@slipway/sdk';
import { OfflineProblem } from '../offline/problem.ts';
import { readData, readHistory } from '../offline/read.ts';
import { type Indicators, indicatorsSchema } from '../providers/indicators.ts';
import type { Sources } from '../providers/sources.ts';
import { collect, neededSlis } from './collect.ts';
import { givenValues } from './given-values.ts';
import { previousEvaluations } from './history.ts';
import { type EvaluateInput, evaluateInput, evaluationInput } from './input.ts';
import { evaluateOutput, outputOf } from './output.ts';
import { sloOf } from './slo-source.ts';

export interface EvaluateOptions {
  readonly sources: Sources;
  /** Where earlier evaluations are read. */
  readonly client: Pick<Client, 'listEvents'>;
  readonly nowMs: () => number;
}

/** The tasks of this service: `evaluate`, and `evaluation`, the same under Keptn's name and rules. */
export function evaluateTasks(options: EvaluateOptions): Task[] {
  const named = (name: string, input: typeof evaluateInput | typeof evaluationInput): Task =>
    defineTask({
      name,
      input,
      output: evaluateOutput,
      async run(given, ctx) {
        const finished = await judge(given, ctx, name, options);
        if (finished.status === 'errored') {
          throw new TerminalError([finished.message, ...finished.details].join('; '), { code: 'NOT_EVALUATED' });
        }
        const output = outputOf(finished);
        // Keptn's own task keeps Keptn's messages, also the empty one.
        const message = name === 'evaluation' ? finished.message : finished.message || output.why;
        return outcome({ result: finished.result, output, ...(message === '' ? {} : { message }) });
      },
    });
  return [named('evaluate', evaluateInput), named('evaluation', evaluationInput)];
}

async function judge(
  input: EvaluateInput,
  ctx: TaskContext,
  task: string,
  options: EvaluateOptions,
): Promise<FinishedEvaluation> {
  const { source, parsed } = sloOf(input);
  const indicators = indicatorsOf(input.indicators);
  const given = givenValues(input.values);
  const hasQueries = Object.keys(indicators).length > 0;
  const isNeeded = hasQueries || task === 'evaluation';
  const window = windowOf(input, ctx, { isNeeded, hasQueries, nowMs: options.nowMs() });
  const base = { project: ctx.project, stage: ctx.stage ?? '', service: ctx.service ?? '' };
  const sli = { status: 'succeeded', result: 'pass', message: '', start: window.start, end: window.end, values: given };
  if (parsed === null || !parsed.ok) return finishEvaluation({ ...base, sli, slo: source, history: [] });
  refuseUnknownSlis(
    parsed,
    given.map(({ metric }) => metric),
    indicators,
  );
  const history = await historyOf(input, parsed.slo, ctx, task, options);
  const values = await collect({
    slo: parsed.slo,
    given,
    indicators,
    sources: options.sources,
    context: contextOf(parsed.slo, ctx, window),
    history,
    deadlineMs: input.deadline,
    timeoutMs: input.timeout,
    signal: ctx.signal,
    onProgress: (done, of) => ctx.progress(done / of, `${done} of ${of} values`),
  });
  const subject = {
    contextId: ctx.correlationId,
    ...(ctx.stage === undefined ? {} : { stage: ctx.stage }),
    ...(ctx.service === undefined ? {} : { service: ctx.service }),
    labels: ctx.labels,
    ...(deploymentOf(ctx) === '' ? {} : { deployment: deploymentOf(ctx) }),
    ...(window.startMs === null ? {} : { windowStart: window.startMs }),
  };
  return finishEvaluation({ ...base, sli: { ...sli, values }, slo: source, history, subject });
}

/** Values under a name that no objective asks for are Keptn's message; a name that nobody knows at all is a typing mistake. */
function refuseUnknownSlis(
  parsed: Extract<ParsedSlo, { ok: true }>,
  given: readonly string[],
  indicators: Indicators,
): void {
  const needed = neededSlis(parsed.slo);
  const known = [...given, ...Object.keys(indicators)];
  if (known.length === 0 || needed.length === 0 || needed.some((sli) => known.includes(sli))) return;
  const near = nearest(needed[0] ?? '', known);
  const hint = near === null ? '' : `; did you mean '${near}'?`;
  throw new TerminalError(
    `none of the SLIs ${needed.slice(0, 5).join(', ')} has a value or a query; there are ${known.slice(0, 5).join(', ')}${hint}`,
    { code: 'INVALID_INPUT' },
  );
}

interface FoundWindow {
  readonly start: string;
  readonly end: string;
  readonly startMs: number | null;
  readonly endMs: number | null;
}

/** Values that came with the event need no window; queries do. */
function windowOf(
  input: EvaluateInput,
  ctx: TaskContext,
  about: { isNeeded: boolean; hasQueries: boolean; nowMs: number },
): FoundWindow {
  const { start, end, timeframe } = input;
  const evaluation = { ...(start && { start }), ...(end && { end }), ...(timeframe && { timeframe }) };
  const test = isRecord(ctx.data.test) ? ctx.data.test : {};
  const times = {
    ...(typeof test.start === 'string' && { start: test.start }),
    ...(typeof test.end === 'string' && { end: test.end }),
  };
  const isGiven = Object.keys(evaluation).length > 0 || Object.keys(times).length === 2;
  if (!isGiven && !about.isNeeded) {
    const now = formatTimestamp(about.nowMs);
    return { start: now, end: now, startMs: about.nowMs, endMs: about.nowMs };
  }
  const window = resolveWindow({ evaluation, test: times }, about.nowMs);
  if (!window.ok) {
    const way = isGiven ? '' : '; set timeframe: 5m, or start and end';
    throw new TerminalError(`${window.message}${way}`, { code: 'NOT_EVALUATED' });
  }
  const from = parseTimestamp(window.start);
  const to = parseTimestamp(window.end);
  const unread = [from, to].find((time) => !time.ok);
  // Keptn copies the times of a test without reading them; queries cannot do without.
  if (about.hasQueries && unread?.ok === false) throw new TerminalError(unread.message, { code: 'NOT_EVALUATED' });
  return { start: window.start, end: window.end, startMs: from.ok ? from.ms : null, endMs: to.ok ? to.ms : null };
}

function contextOf(slo: Slo, ctx: TaskContext, window: FoundWindow) {
  return {
    project: ctx.project,
    stage: ctx.stage ?? '',
    service: ctx.service ?? '',
    deployment: deploymentOf(ctx),
    labels: ctx.labels,
    filters: Object.fromEntries(slo.filter.map(({ key, value }) => [key, value])),
    startMs: window.startMs ?? 0,
    endMs: window.endMs ?? 0,
  };
}

function deploymentOf(ctx: TaskContext): string {
  const names = isRecord(ctx.data.deployment) ? ctx.data.deployment.deploymentNames : undefined;
  const [first]: unknown[] = Array.isArray(names) ? names : [];
  return typeof first === 'string' ? first : '';
}

function historyOf(
  input: EvaluateInput,
  slo: Slo,
  ctx: TaskContext,
  task: string,
  options: EvaluateOptions,
): Promise<PreviousEvaluation[]> | PreviousEvaluation[] {
  if (input.history === undefined) return previousEvaluations(options.client, task, slo, ctx);
  return refusing(() => readHistory(input.history, 'history'));
}

function indicatorsOf(given: EvaluateInput['indicators']): Indicators {
  if (given === undefined) return {};
  if (typeof given !== 'string') return given;
  const file = refusing(() => readData(given, 'indicators'));
  const parsed = indicatorsSchema.safeParse(isRecord(file) ? file.indicators : undefined);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = ['indicators', ...(issue?.path.map(String) ?? [])].join('.');
  throw new TerminalError(`sli.yaml: ${place}: ${issue?.message ?? 'cannot be read'}`, { code: 'INVALID_INPUT' });
}

/** What is wrong with the input stays wrong: no repeat helps. */
function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OfflineProblem)) throw error;
    throw new TerminalError(error.message, { code: 'INVALID_INPUT', cause: error });
  }
}
