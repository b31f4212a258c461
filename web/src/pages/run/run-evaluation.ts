import type { RunView, TaskView } from '@slipway/contract';

/** The attempt whose evaluation decided how the run ended, and the sentence that explains it. */
export type DecidingEvaluation = { attempt: string; why: string };

/**
 * The message of an evaluation is Keptn's ("failed evaluation with score 0.000000"), because programs search for it. Its own sentence
 * names the objectives, so people read that one. A run with the message of another task keeps it.
 */
export function decidingEvaluation(run: RunView): DecidingEvaluation | undefined {
  if (run.state !== 'finished' || run.result === 'pass' || run.phase === 'aborted') return undefined;
  for (const task of run.tasks.filter(isEvaluation)) {
    const attempt = task.attempts.at(-1);
    if (attempt === undefined || attempt.result === 'pass') continue;
    const why = whyOf(attempt.output, task.uses);
    if (why !== undefined && (run.message ?? '') === (attempt.message ?? '')) return { attempt: attempt.id, why };
  }
  return undefined;
}

/** The id of an evaluation is that of the attempt that made it. */
export function isEvaluation({ uses }: TaskView): boolean {
  return uses === 'evaluate' || uses === 'evaluation';
}

/** The output comes from any program: without a sentence of the right type there is none. */
function whyOf(output: unknown, task: string): string | undefined {
  const whole = fieldsOf(output);
  const why = whole.why ?? fieldsOf(whole[task]).why;
  return typeof why === 'string' && why !== '' ? why : undefined;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
