import { defineTask, outcome, type Task, type TaskContext, TaskErrored } from '@slipway/sdk';
import { evaluateInput, evaluationInput } from './input.ts';
import { type EvaluateOptions, judge } from './judge.ts';
import { type EvaluateOutput, evaluateOutput, outputOf } from './output.ts';

/** How an event of the keptn dialect spells its type. */
const KEPTN_PREFIX = 'sh.keptn.event.';

/** The tasks of this service: `evaluate`, and `evaluation`, the same under Keptn's name and rules. */
export function evaluateTasks(options: EvaluateOptions): Task[] {
  const named = (name: string, input: typeof evaluateInput | typeof evaluationInput): Task => {
    const asKeptn = name === 'evaluation';
    return defineTask({
      name,
      input,
      output: evaluateOutput,
      async run(given, ctx) {
        const judged = await judge(given, ctx, { ...options, asKeptn });
        const { finished, isTransient } = judged;
        const labels = judged.labels === null ? {} : { labels: judged.labels };
        const output = outputOf(judged);
        // Keptn's own task keeps Keptn's messages, also the empty one; what they lack is in the details.
        if (finished.status === 'errored') {
          const message = asKeptn ? finished.message : [finished.message, ...finished.details].join('; ');
          const code = 'NOT_EVALUATED';
          throw new TaskErrored(message, {
            output,
            result: finished.result,
            code,
            ...(isTransient ? {} : { retryable: false }),
            ...labels,
          });
        }
        if (judged.missing !== null) return unjudged(judged.missing, { said: finished.message, output, labels }, ctx);
        const message = asKeptn ? finished.message : finished.message || output.why;
        return outcome({ result: finished.result, output, ...(message === '' ? {} : { message }), ...labels });
      },
    });
  };
  return [named('evaluate', evaluateInput), named('evaluation', evaluationInput)];
}

const WAYS_OUT = {
  slo: 'upload slo.yaml for the service, or send `slo` or `objectives` with the task',
  provider: 'send `values` or `indicators` with the task, or set an SLI provider',
} as const;

/** A gate that has judged nothing must not open. Only Keptn's users get Keptn's pass, and are warned. */
function unjudged(
  missing: 'slo' | 'provider',
  {
    said,
    output,
    labels,
  }: { said: string; output: EvaluateOutput; labels: { labels?: Readonly<Record<string, string>> } },
  ctx: TaskContext,
) {
  const about = [ctx.project, ctx.stage, ctx.service].filter((name) => name !== undefined).join('/');
  const lacks = missing === 'slo' ? `${about} has no SLO` : `nothing measures the SLIs of ${about}`;
  if (ctx.event.type.startsWith(KEPTN_PREFIX)) {
    ctx.log.warn(
      {},
      `WARNING: ${lacks}, so nothing was judged and the result is pass, as in Keptn: ${WAYS_OUT[missing]}`,
    );
    const message = `${said} (WARNING: nothing was judged, this pass says nothing: ${WAYS_OUT[missing]})`;
    return outcome({ result: 'pass', output, message, ...labels });
  }
  throw new TaskErrored(`${lacks}, so nothing was judged: ${WAYS_OUT[missing]}`, {
    output: { ...output, result: 'fail', verdict: 'inconclusive' },
    ...{ result: 'fail', code: 'NOT_EVALUATED', retryable: false },
    ...labels,
  });
}
