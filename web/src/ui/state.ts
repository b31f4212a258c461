import type { AttemptView, EvaluatedSli, RunPhase, RunSummary, TaskView } from '@slipway/contract';

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
  | 'worker'
  | 'person'
  | 'moon'
  | 'note';
/** How a state is shown: always by all three. */
export type Look = { tone: Tone; shape: Shape; word: string };

/** The states of a run, in the order of the contract, and in its words. */
export const phaseLooks: Readonly<Record<RunPhase, Look>> = {
  working: { tone: 'running', shape: 'turn', word: 'Working' },
  'waiting-worker': { tone: 'waiting', shape: 'worker', word: 'Waiting for worker' },
  'waiting-person': { tone: 'waiting', shape: 'person', word: 'Waiting for person' },
  'waiting-turn': { tone: 'waiting', shape: 'queue', word: 'Waiting for turn' },
  sleeping: { tone: 'waiting', shape: 'moon', word: 'Sleeping' },
  paused: { tone: 'idle', shape: 'bars', word: 'Paused' },
  parked: { tone: 'fail', shape: 'diamond', word: 'Parked' },
  passed: { tone: 'pass', shape: 'check', word: 'Passed' },
  warning: { tone: 'warning', shape: 'triangle', word: 'Warning' },
  failed: { tone: 'fail', shape: 'cross', word: 'Failed' },
  aborted: { tone: 'idle', shape: 'slash', word: 'Aborted' },
};

export function isRunPhase(text: string): text is RunPhase {
  return Object.hasOwn(phaseLooks, text);
}

const looks = {
  pass: phaseLooks.passed,
  warning: phaseLooks.warning,
  fail: phaseLooks.failed,
  aborted: phaseLooks.aborted,
  working: phaseLooks.working,
  worker: phaseLooks['waiting-worker'],
  person: phaseLooks['waiting-person'],
  sleeping: phaseLooks.sleeping,
  pending: { tone: 'idle', shape: 'dots', word: 'Not started' },
  skipped: { tone: 'idle', shape: 'skip', word: 'Skipped' },
  cancelled: { tone: 'idle', shape: 'slash', word: 'Cancelled' },
  timedOut: { tone: 'fail', shape: 'clock', word: 'Timed out' },
  inconclusive: { tone: 'waiting', shape: 'question', word: 'Inconclusive' },
  info: { tone: 'idle', shape: 'note', word: 'Informational' },
  lost: { tone: 'fail', shape: 'clock', word: 'Lost' },
} as const satisfies Record<string, Look>;

export function runLook({ phase }: Pick<RunSummary, 'phase'>): Look {
  return phaseLooks[phase];
}

/** Its task waits for a decision of a person, and no program answers it. */
const PERSON_TASK = 'approval';

export function taskLook(task: TaskView): Look {
  switch (task.state) {
    case 'finished':
      return task.status === 'aborted' ? looks.aborted : looks[task.result ?? 'pass'];
    case 'open':
      if (task.uses === PERSON_TASK) return looks.person;
      return task.attempts.at(-1)?.startedAt === undefined ? looks.worker : looks.working;
    case 'delayed':
      return looks.sleeping;
    case 'pending':
    case 'skipped':
    case 'cancelled':
      return looks[task.state];
  }
}

export function attemptLook(attempt: AttemptView): Look {
  switch (attempt.state) {
    case 'open':
      return attempt.startedAt === undefined ? looks.worker : looks.working;
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
