import type { RunView, TaskPlan } from '@slipway/contract';
import { asShown } from './summary.ts';

/** How many attempts a task may have. One whose lease lapsed is no failure of the task, so it is replaced and not counted. */
export function attemptsMaxOf(task: Pick<TaskPlan, 'retry'>, attempts: readonly { outcome: string }[]): number {
  return (task.retry?.attempts ?? 1) + attempts.filter((attempt) => attempt.outcome === 'lost').length;
}

/** A run as the API shows it. */
export function runAsShown(run: RunView): RunView {
  const tasks = run.tasks.map((task) => {
    const lost = task.attempts.filter((attempt) => attempt.state === 'lost').length;
    return lost === 0 ? task : { ...task, attemptsMax: task.attemptsMax + lost };
  });
  return asShown({ ...run, tasks });
}
