import type { AttemptView, EvaluatedSli, RunSummary, TaskView } from '@slipway/contract';

export type Tone = 'pass' | 'warning' | 'fail' | 'running' | 'waiting' | 'idle';
export type Shape =
  | 'check'
  | 'triangle'
  | 'cross'
  | 'slash'
  | 'turn'
  | 'clock'
  | 'bars'
  | 'diamond'
  | 'dots'
  | 'skip'
  | 'queue'
  | 'question'
  | 'note';
/** How a state is shown: always by all three. */
export type Look = { tone: Tone; shape: Shape; word: string };

const looks = {
  pass: { tone: 'pass', shape: 'check', word: 'Passed' },
  warning: { tone: 'warning', shape: 'triangle', word: 'Warning' },
  fail: { tone: 'fail', shape: 'cross', word: 'Failed' },
  aborted: { tone: 'idle', shape: 'slash', word: 'Aborted' },
  running: { tone: 'running', shape: 'turn', word: 'Running' },
  waiting: { tone: 'waiting', shape: 'queue', word: 'Waiting' },
  paused: { tone: 'idle', shape: 'bars', word: 'Paused' },
  parked: { tone: 'fail', shape: 'diamond', word: 'Parked' },
  pending: { tone: 'idle', shape: 'dots', word: 'Not yet' },
  delayed: { tone: 'waiting', shape: 'clock', word: 'Delayed' },
  offered: { tone: 'waiting', shape: 'clock', word: 'Offered' },
  skipped: { tone: 'idle', shape: 'skip', word: 'Skipped' },
  cancelled: { tone: 'idle', shape: 'slash', word: 'Cancelled' },
  timedOut: { tone: 'fail', shape: 'clock', word: 'Timed out' },
  inconclusive: { tone: 'waiting', shape: 'question', word: 'Inconclusive' },
  info: { tone: 'idle', shape: 'note', word: 'Informs' },
  lost: { tone: 'fail', shape: 'clock', word: 'Lost' },
} as const satisfies Record<string, Look>;

export function runLook(run: Pick<RunSummary, 'state' | 'result' | 'status'>): Look {
  if (run.state !== 'finished') return looks[run.state];
  if (run.status === 'aborted') return looks.aborted;
  return looks[run.result ?? 'pass'];
}

export function taskLook(task: TaskView): Look {
  switch (task.state) {
    case 'finished':
      return task.status === 'aborted' ? looks.aborted : looks[task.result ?? 'pass'];
    case 'open':
      return task.attempts.at(-1)?.startedAt === undefined ? looks.offered : looks.running;
    case 'delayed':
    case 'pending':
    case 'skipped':
    case 'cancelled':
      return looks[task.state];
  }
}

export function attemptLook(attempt: AttemptView): Look {
  switch (attempt.state) {
    case 'open':
      return attempt.startedAt === undefined ? looks.offered : looks.running;
    case 'finished':
      return looks[attempt.result ?? 'pass'];
    case 'failed':
      return looks.fail;
    case 'timed-out':
      return looks.timedOut;
    case 'lost':
      return looks.lost;
    case 'cancelled':
      return looks.cancelled;
  }
}

/** Of a whole evaluation, or of one of its indicators. */
export function verdictLook(verdict: EvaluatedSli['status']): Look {
  return looks[verdict];
}

export const pendingLook: Look = looks.pending;
export const passLook: Look = looks.pass;
