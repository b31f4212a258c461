import { decodeSliAnswer, isRecord, type SliAnswer, type SliQuestion } from '@slipway/evaluation';
import type { JsonObject, TaskContext, Triggered } from '@slipway/sdk';
import { patiently, wordsOf } from './patience.ts';
import { type EvaluationClient, type Place, placeOf } from './place.ts';

/** The control plane holds a request at most so long; then it is asked again. */
const WAIT_MAX_S = 30;
const SLIS_NAMED = 5;
const EVENTS_MAX = 200;

export type ProviderAnswer =
  | {
      readonly kind: 'answered';
      readonly answer: SliAnswer;
      readonly details: readonly string[];
      /** Keptn's finished event has the labels of the provider's answer. */
      readonly labels: Readonly<Record<string, string>> | null;
    }
  /** Nobody answered, or what came was no answer. The message names provider, SLIs and the way out. */
  | { readonly kind: 'failed'; readonly message: string };

/**
 * Asks an SLI provider by `get-sli.triggered`, as Keptn's evaluation does. The question is a run of its own that every stage
 * has: durable, claimable, pushed and on the bus like any task. It is never waited for beyond the deadline; an answer after
 * that, or a second one, is kept by the control plane and changes nothing.
 */
export async function askProvider(given: {
  readonly client: EvaluationClient;
  readonly ctx: TaskContext;
  readonly question: SliQuestion;
  readonly deadlineMs: number;
}): Promise<ProviderAnswer> {
  const { client, ctx, question, deadlineMs } = given;
  const place = placeOf(ctx);
  const about = `the SLI provider '${question.sliProvider}' (asked for ${named(question.indicators)})`;
  const deadline = AbortSignal.timeout(deadlineMs);
  const asked: Asked = {
    ...{ client, ctx, untilMs: performance.now() + deadlineMs },
    signal: AbortSignal.any([ctx.signal, deadline]),
    request: { ...place, data: dataOf(question), id: crypto.randomUUID() },
  };
  ctx.progress(undefined, `waits for ${about}`);
  let run: string | undefined;
  try {
    const ended = await untilEnd(asked, (id) => {
      run = id;
    });
    return await readAnswer(asked, ended, about);
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (!deadline.aborted)
      return {
        kind: 'failed',
        message: `${about} could not be asked: ${wordsOf(error, 'events:write and runs:read')}`,
      };
    const state = run === undefined ? 'the control plane did not take the question' : await stateOf(client, run);
    const message = `SLI retrieval timed out: no answer within ${deadlineMs / 1000} s from ${about}; ${state}`;
    return { kind: 'failed', message };
  } finally {
    if (run !== undefined && asked.signal.aborted) await withdraw(client, run, about);
  }
}

interface Asked {
  readonly client: EvaluationClient;
  readonly ctx: TaskContext;
  readonly untilMs: number;
  readonly signal: AbortSignal;
  readonly request: Place & { readonly data: JsonObject; readonly id: string };
}

const named = (slis: readonly string[]): string => {
  const more = slis.length > SLIS_NAMED ? ` and ${slis.length - SLIS_NAMED} more` : '';
  return slis.length === 0 ? 'no SLI' : `${slis.slice(0, SLIS_NAMED).join(', ')}${more}`;
};

/** Empty lists stay away, as on Keptn's wire. */
function dataOf(question: SliQuestion): JsonObject {
  const { sliProvider, start, end, indicators, customFilters, deployment } = question;
  const asked = {
    ...{ sliProvider, start, end },
    ...(indicators.length === 0 ? {} : { indicators }),
    ...(customFilters.length === 0 ? {} : { customFilters }),
  };
  return { 'get-sli': asked, deployment };
}

/** The same trigger is sent again whenever the wait is over: it starts nothing twice, and waits on. */
async function untilEnd(asked: Asked, onRun: (run: string) => void): Promise<Triggered> {
  const { client, ctx, untilMs, signal, request } = asked;
  const labels = Object.keys(ctx.labels).length === 0 ? {} : { labels: ctx.labels };
  const trigger = { ...request, ...labels, sequence: 'get-sli', correlationId: ctx.correlationId };
  // Without a wait first, so that the run is known whatever happens while it is waited for.
  const { run } = await patiently(() => client.trigger(trigger, { signal }), { untilMs, signal });
  onRun(run);
  for (;;) {
    const leftS = Math.ceil((untilMs - performance.now()) / 1000);
    const waitS = Math.min(WAIT_MAX_S, Math.max(1, leftS));
    const ended = await patiently(() => client.trigger({ ...trigger, waitS }, { signal }), { untilMs, signal });
    if (ended.state === 'finished') return ended;
  }
}

/** The finished event itself, because Keptn's rules read fields that a run does not keep. */
async function readAnswer(
  { client, untilMs, signal }: Asked,
  ended: Triggered,
  about: string,
): Promise<ProviderAnswer> {
  const { items } = await patiently(() => client.listRunEvents({ run: ended.run, limit: EVENTS_MAX }, { signal }), {
    untilMs,
    signal,
  });
  const finished = items.find(
    ({ event, direction, ignored }) =>
      direction === 'in' && ignored === undefined && String(event.type).endsWith('get-sli.finished'),
  );
  if (finished === undefined) {
    return { kind: 'failed', message: `${about} gave no answer: ${ended.message ?? 'the question was taken back'}` };
  }
  const { data, source } = finished.event;
  const decoded = decodeSliAnswer(isRecord(data) ? data : null);
  const from = `${about}, source ${String(source)}`;
  if (decoded.ok) {
    const labels = labelsOf(isRecord(data) ? data.labels : undefined);
    return { kind: 'answered', answer: decoded.value, details: [`answered by ${from}`], labels };
  }
  const message = `${decoded.message}; it came from ${from}, which must send {"get-sli": {"indicatorValues": [{"metric", "value", "success"}]}}`;
  return { kind: 'failed', message };
}

function labelsOf(labels: unknown): Record<string, string> | null {
  if (!isRecord(labels)) return null;
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));
}

/** Who has begun and who has not: what to look at depends on it. */
async function stateOf(client: EvaluationClient, run: string): Promise<string> {
  try {
    const { tasks } = await client.getRun({ run });
    const executors = tasks[0]?.attempts.at(-1)?.executors ?? [];
    if (executors.length === 0) {
      return 'no SLI provider started it. Is the provider running, and does it listen to get-sli.triggered?';
    }
    const who = executors.map(({ source }) => source).join(', ');
    return `${who} started on it and has not finished: its log says why; a longer deadline may help`;
  } catch {
    return 'whether it started on it could not be read';
  }
}

/** Nobody waits for it any more: the provider is told, and the run does not stay open. */
async function withdraw(client: EvaluationClient, run: string, about: string): Promise<void> {
  try {
    await client.commandRun({ run, command: 'abort', body: { reason: `the evaluation no longer waits for ${about}` } });
  } catch {
    // It ended meanwhile, or the token may not: it then ends by its own time limit.
  }
}
