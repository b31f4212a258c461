import { z } from 'zod';
import type { Result, Status } from './outcome.ts';

/**
 * The stages of a run's life. `phase` below says the same in more detail; this one is for programs that only wait for an end.
 * waiting: accepted, its concurrency group is busy. running: tasks are open or about to be. paused: no new attempts.
 * finished: done, with a result. parked: an impossible state was met; nothing goes on until a person looks.
 */
export const runStateSchema = z.enum(['waiting', 'running', 'paused', 'finished', 'parked']);
export type RunState = z.infer<typeof runStateSchema>;

/** The one list of run states that people see: in the API, the command line and the web view, in this order. */
export const runPhases = [
  'working',
  'waiting-worker',
  'waiting-person',
  'waiting-turn',
  'sleeping',
  'paused',
  'parked',
  'passed',
  'warning',
  'failed',
  'aborted',
] as const;
export const runPhaseSchema = z
  .enum(runPhases)
  .describe(
    'What the run does or how it ended. waiting-turn: its concurrency group is busy. sleeping: a retry or a delay is due later. An aborted run is never passed.',
  );
export type RunPhase = z.infer<typeof runPhaseSchema>;

/** What a filter by state accepts: a phase, or a stage of life that stands for several. */
export const runStateFilterSchema = z.enum([...runPhases, 'waiting', 'running', 'finished']);
export type RunStateFilter = z.infer<typeof runStateFilterSchema>;

export const runPhaseLabels: Readonly<Record<RunPhase, string>> = {
  working: 'Working',
  'waiting-worker': 'Waiting for worker',
  'waiting-person': 'Waiting for person',
  'waiting-turn': 'Waiting for turn',
  sleeping: 'Sleeping',
  paused: 'Paused',
  parked: 'Parked',
  passed: 'Passed',
  warning: 'Warning',
  failed: 'Failed',
  aborted: 'Aborted',
};

const STATES: Readonly<Record<RunPhase, RunState>> = {
  working: 'running',
  'waiting-worker': 'running',
  'waiting-person': 'running',
  'waiting-turn': 'waiting',
  sleeping: 'running',
  paused: 'paused',
  parked: 'parked',
  passed: 'finished',
  warning: 'finished',
  failed: 'finished',
  aborted: 'finished',
};

export function stateOfPhase(phase: RunPhase): RunState {
  return STATES[phase];
}

/** The phases that a filter by state stands for. */
export function phasesOf(filter: RunStateFilter): RunPhase[] {
  return runPhases.filter((phase) => phase === filter || STATES[phase] === filter);
}

/** How a run has ended. An abort says nothing of the work, so it outweighs the result. */
export function endPhaseOf(result: Result | undefined, status: Status | undefined): RunPhase {
  if (status === 'aborted') return 'aborted';
  if (result === 'warning') return 'warning';
  return result === 'fail' ? 'failed' : 'passed';
}

/** The phase of a row that an older program wrote, as far as such a row can say it. */
export function phaseOfRow(row: {
  state: RunState;
  result?: Result | undefined;
  status?: Status | undefined;
}): RunPhase {
  if (row.state === 'finished') return endPhaseOf(row.result, row.status);
  if (row.state === 'waiting') return 'waiting-turn';
  return row.state === 'running' ? 'working' : row.state;
}
