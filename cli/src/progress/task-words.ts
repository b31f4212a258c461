import type { AttemptView, Result, Status, TaskView } from '@slipway/contract';
import { firstLine, type Paint } from '../output/paint.ts';

/** The one word for how it stands with a task. */
export function taskWord(task: TaskView): string {
  if (task.state === 'finished') return task.result ?? task.status ?? 'finished';
  if (task.state === 'open') return isStarted(task) ? 'running' : 'triggered';
  return task.state;
}

/** What an open task does, as far as anybody said: `40 %, resizing, /photo/1`. */
export function progressOf(task: TaskView): string {
  const attempt = currentAttempt(task);
  if (attempt === undefined) return '';
  if (!isStarted(task)) return `waiting for a service that does '${task.uses}'`;
  const working = attempt.executors.filter((executor) => executor.finishedAt === undefined);
  return working
    .map(({ fraction, message, source }) =>
      [fraction === undefined ? '' : `${Math.round(fraction * 100)} %`, firstLine(message ?? ''), source]
        .filter((part) => part !== '')
        .join(', '),
    )
    .join('; ');
}

export function currentAttempt(task: TaskView): AttemptView | undefined {
  return task.attempts.at(-1);
}

function isStarted(task: TaskView): boolean {
  const attempt = currentAttempt(task);
  return attempt?.startedAt !== undefined || (attempt?.executors.length ?? 0) > 0;
}

type End = { result?: Result | undefined; status?: Status | undefined };

/** The one word for how a run ended. One that was aborted did not pass, whatever its tasks had found by then. */
export function endWord({ result, status }: End): string {
  return status === 'aborted' ? status : (result ?? status ?? '');
}

/** It did what it should. */
export function hasPassed({ result, status }: End): boolean {
  const worked = status === undefined || status === 'succeeded';
  return worked && (result === 'pass' || result === 'warning');
}

export function colourOf(of: End & { state: string }, paint: Paint): (text: string) => string {
  if (of.state === 'finished') return endColour(of, paint);
  if (of.state === 'parked') return paint.red;
  if (of.state === 'paused' || of.state === 'waiting' || of.state === 'delayed') return paint.yellow;
  return of.state === 'running' || of.state === 'open' ? paint.cyan : paint.dim;
}

export function endColour(end: End, paint: Paint): (text: string) => string {
  if (!hasPassed(end)) return paint.red;
  return end.result === 'warning' ? paint.yellow : paint.green;
}
