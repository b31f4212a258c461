import { type RunView, runPhaseLabels, type TaskView } from '@slipway/contract';
import { firstLine, type Paint, visibleWidth } from '../output/paint.ts';
import { pad } from '../output/table.ts';
import { tookText } from '../output/time.ts';
import { colourOf, currentAttempt, hasPassed, progressOf, taskWord } from './task-words.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** One turn of the spinner. */
const TURN_MS = 800;

/** A run as it is now, for a terminal that draws it again and again. */
export function runFrame(run: RunView, options: { now: number; paint: Paint }): string[] {
  const { now, paint } = options;
  const widths = {
    name: Math.max(...run.tasks.map((task) => visibleWidth(task.key)), 4),
    word: Math.max(...run.tasks.map((task) => visibleWidth(taskWord(task))), 9),
  };
  return [heading(run, options), ...run.tasks.map((task) => taskLine(task, { now, paint, run, widths }))];
}

function heading(run: RunView, { now, paint }: { now: number; paint: Paint }): string {
  const word = runPhaseLabels[run.phase];
  const took = tookText((run.finishedAt ?? now) - run.acceptedAt);
  const about = [run.service, `project ${run.project}`, `run ${run.id}`].filter((part) => part !== undefined);
  return (
    `${symbol(run, now, paint)} ${paint.bold(`${run.stage}.${run.sequence}`)}  ${colourOf(run, paint)(word)}  ${took}` +
    `  ${paint.dim(about.join(', '))}`
  );
}

function taskLine(
  task: TaskView,
  context: { now: number; paint: Paint; run: RunView; widths: { name: number; word: number } },
): string {
  const { now, paint, widths } = context;
  const first = task.attempts[0];
  const last = task.attempts.at(-1);
  const took = first === undefined ? '' : tookText((last?.endedAt ?? now) - first.triggeredAt);
  const line =
    `  ${symbol(task, now, paint)} ${pad(task.key, widths.name)}  ` +
    `${colourOf(task, paint)(pad(taskWord(task), widths.word))}  ${pad(took, 8, 'right')}  ${paint.dim(detailOf(task, now))}`;
  return line.trimEnd();
}

function detailOf(task: TaskView, now: number): string {
  const attempt = currentAttempt(task);
  const parts: string[] = [];
  if (attempt !== undefined && attempt.number > 1) parts.push(`attempt ${attempt.number} of ${task.attemptsMax}`);
  if (task.state === 'delayed' && task.dueAt !== undefined) parts.push(`again in ${tookText(task.dueAt - now)}`);
  if (task.state === 'open') parts.push(progressOf(task));
  const message = task.message ?? attempt?.message;
  if (task.state !== 'open' && message !== undefined && message !== '') parts.push(firstLine(message));
  return parts.filter((part) => part !== '').join(', ');
}

function symbol(of: RunView | TaskView, now: number, paint: Paint): string {
  switch (of.state) {
    case 'running':
    case 'open':
      return paint.cyan(SPINNER[Math.floor((now % TURN_MS) / (TURN_MS / SPINNER.length))] ?? '');
    case 'finished':
      if (!hasPassed(of)) return paint.red('✗');
      return of.result === 'warning' ? paint.yellow('!') : paint.green('✓');
    case 'waiting':
    case 'paused':
    case 'delayed':
      return paint.yellow('◦');
    case 'parked':
      return paint.red('✗');
    case 'pending':
      return paint.dim('·');
    case 'skipped':
    case 'cancelled':
      return paint.dim('-');
  }
}
