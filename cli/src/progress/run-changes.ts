import type { AttemptView, RunView, TaskView } from '@slipway/contract';
import { firstLine, visibleWidth } from '../output/paint.ts';
import { pad } from '../output/table.ts';
import { tookText } from '../output/time.ts';
import { endWord } from './task-words.ts';

type Change = { at: number; what: string; text: string };

/**
 * What happened between two looks at a run, as one line each, for a pipe: `+1.204s  geolookup  started by /geo/1`.
 * Nothing is told twice, and a look that comes late tells everything it missed, in order.
 */
export function runChanges(before: RunView | undefined, after: RunView): string[] {
  const name = `${after.stage}.${after.sequence}`;
  const changes: Change[] = [];
  const tell = (at: number, what: string, text: string): void => void changes.push({ at, what, text });

  if (before === undefined) tell(after.acceptedAt, name, `accepted as run ${after.id}, context ${after.correlationid}`);
  for (const task of after.tasks) {
    const earlier = before?.tasks.find((one) => one.key === task.key);
    taskChanges(earlier, task, after.updatedAt, (at, text) => tell(at, task.key, text));
  }
  if (before?.state !== after.state) {
    if (after.state === 'waiting') tell(after.updatedAt, name, 'waits for another run of its concurrency group');
    if (after.state === 'paused') tell(after.updatedAt, name, 'paused');
    if (after.state === 'running' && before?.state === 'paused') tell(after.updatedAt, name, 'resumed');
    if (after.state === 'parked')
      tell(after.updatedAt, name, `parked: ${firstLine(after.parkedReason ?? 'see its events')}`);
    if (after.state === 'finished') tell(after.finishedAt ?? after.updatedAt, name, endOf(after));
  }
  const width = Math.max(...[name, ...after.tasks.map((task) => task.key)].map(visibleWidth));
  return changes
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what, text }) => `${offset(at - after.acceptedAt)}  ${pad(what, width)}  ${text}`);
}

function taskChanges(
  before: TaskView | undefined,
  after: TaskView,
  now: number,
  tell: (at: number, text: string) => void,
): void {
  for (const attempt of after.attempts) {
    const earlier = before?.attempts.find((one) => one.id === attempt.id);
    attemptChanges(earlier, attempt, { task: after, now, tell });
  }
  if (before?.state === after.state) return;
  if (after.state === 'delayed') {
    const wait = after.dueAt === undefined ? '' : ` in ${tookText(after.dueAt - now)}`;
    tell(now, after.attempts.length > 0 ? `tries again${wait}` : `starts${wait}`);
  }
  if (after.state === 'skipped') tell(now, 'skipped');
  if (after.state === 'cancelled') tell(now, 'cancelled');
}

function attemptChanges(
  before: AttemptView | undefined,
  after: AttemptView,
  context: { task: TaskView; now: number; tell: (at: number, text: string) => void },
): void {
  const { task, now, tell } = context;
  const which = after.number > 1 ? `, attempt ${after.number} of ${task.attemptsMax}` : '';
  if (before === undefined) tell(after.triggeredAt, `triggered${which}`);
  for (const executor of after.executors) {
    const earlier = before?.executors.find((one) => one.source === executor.source);
    if (earlier === undefined) tell(executor.startedAt ?? executor.finishedAt ?? now, `started by ${executor.source}`);
    const progressed = executor.fraction !== earlier?.fraction || executor.message !== earlier?.message;
    if (executor.finishedAt === undefined && progressed) {
      const parts = [
        executor.fraction === undefined ? '' : `${Math.round(executor.fraction * 100)} %`,
        firstLine(executor.message ?? ''),
      ];
      const text = parts.filter((part) => part !== '').join(' ');
      if (text !== '') tell(executor.lastSeenAt ?? now, text);
    }
  }
  if (after.state !== 'open' && before?.state !== after.state) {
    const endedAt = after.endedAt ?? now;
    const word = after.state === 'finished' ? (after.result ?? 'finished') : after.state;
    const why = firstLine(after.error?.message ?? after.message ?? '');
    tell(endedAt, `${word} in ${tookText(endedAt - after.triggeredAt)}${why === '' ? '' : `: ${why}`}`);
  }
}

function endOf(run: RunView): string {
  const took = tookText((run.finishedAt ?? run.updatedAt) - run.acceptedAt);
  const status = run.status === 'errored' || run.status === 'unknown' ? ` (${run.status})` : '';
  const message = run.message === undefined || run.message === '' ? '' : `: ${firstLine(run.message)}`;
  return `finished: ${endWord(run)}${status} in ${took}${message}`;
}

function offset(ms: number): string {
  return `+${(Math.max(0, ms) / 1000).toFixed(3)}s`.padStart(9);
}
