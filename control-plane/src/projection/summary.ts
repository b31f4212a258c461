import type { RunPhase, RunSummary, SequencePlan } from '@slipway/contract';
import { endPhaseOf, stateOfPhase } from '@slipway/contract';
import type { Executor, Run } from '../engine/index.ts';

const OPEN_TASKS_SHOWN_MAX = 8;

/** A run's row in the lists. */
export function summarize(run: Run, sequence: SequencePlan | undefined, at: number): RunSummary {
  const openTasks: string[] = [];
  let tasksDone = 0;
  const tasks = sequence?.tasks ?? [];
  for (const task of tasks) {
    const state = run.nodes[task.key]?.state;
    if (state === 'finished') tasksDone++;
    else if ((state === 'open' || state === 'delayed') && openTasks.length < OPEN_TASKS_SHOWN_MAX)
      openTasks.push(task.key);
  }
  const phase = phaseOf(run, sequence);
  const summary: RunSummary = {
    id: run.id,
    project: run.project,
    stage: run.stage,
    sequence: run.sequence,
    state: stateOfPhase(phase),
    phase,
    correlationid: run.correlationId,
    shipyardVersion: run.planVersion,
    tasksTotal: tasks.length,
    tasksDone,
    openTasks,
    acceptedAt: run.acceptedAt,
    updatedAt: at,
  };
  if (run.service !== undefined) summary.service = run.service;
  for (const _key in run.labels) {
    summary.labels = run.labels;
    break;
  }
  if (run.kind === 'open') summary.startedAt = run.startedAt;
  if (run.kind === 'finished') {
    if (run.startedAt !== undefined) summary.startedAt = run.startedAt;
    summary.finishedAt = run.finishedAt;
    // Keptn's events keep the result that was found before the abort; nobody may count such a run as passed.
    summary.result = run.status === 'aborted' ? 'fail' : run.result;
    summary.status = run.status;
    if (run.message !== '') summary.message = run.message.slice(0, 1024);
  }
  return summary;
}

/** Its task waits for a decision of a person, and no program answers it. */
const PERSON_TASK = 'approval';

/**
 * What the run does, as one word. Several tasks can be open at once: a person that is needed comes first, because nothing else
 * would show it; then work that goes on; then work that no worker has taken.
 */
export function phaseOf(run: Run, sequence: SequencePlan | undefined): RunPhase {
  if (run.kind === 'finished') return endPhaseOf(run.result, run.status);
  if (run.parked !== undefined) return 'parked';
  if (run.paused) return 'paused';
  if (run.kind === 'waiting') return 'waiting-turn';
  let isWorking = false;
  let isWaiting = false;
  let isSleeping = false;
  for (const task of sequence?.tasks ?? []) {
    const node = run.nodes[task.key];
    if (node?.state === 'delayed') isSleeping = true;
    if (node?.state !== 'open') continue;
    if (task.uses === PERSON_TASK) return 'waiting-person';
    const { executors } = node.attempt;
    if (hasUnfinished(executors)) isWorking = true;
    else isWaiting = true;
  }
  if (isWorking) return 'working';
  if (isWaiting) return 'waiting-worker';
  return isSleeping ? 'sleeping' : 'working';
}

function hasUnfinished(executors: Readonly<Record<string, Executor>>): boolean {
  for (const source in executors) if (!executors[source]?.finished) return true;
  return false;
}
