import type { AttemptView, RunView, TaskView } from '@slipway/contract';

/** What somebody can answer now. */
export function openAttempts(run: RunView): { task: TaskView; attempt: AttemptView }[] {
  return run.tasks.flatMap((task) =>
    task.attempts.filter(({ state }) => state === 'open').map((attempt) => ({ task, attempt })),
  );
}
