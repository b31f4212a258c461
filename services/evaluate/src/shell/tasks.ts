import { defineTask, outcome, type Task, TaskErrored } from '@slipway/sdk';
import { evaluateInput, evaluationInput } from './input.ts';
import { type EvaluateOptions, judge } from './judge.ts';
import { evaluateOutput, outputOf } from './output.ts';

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
        const message = asKeptn ? finished.message : finished.message || output.why;
        return outcome({ result: finished.result, output, ...(message === '' ? {} : { message }), ...labels });
      },
    });
  };
  return [named('evaluate', evaluateInput), named('evaluation', evaluationInput)];
}
