import type { Result, RunPhase, RunSummary, SequencePlan, Status } from '@slipway/contract';
import { endPhaseOf, ownValue, stateOfPhase } from '@slipway/contract';
import type { Executor, Run } from '../engine/index.ts';

const OPEN_TASKS_SHOWN_MAX = 8;
const LABELS_LISTED_MAX = 64;
const LABEL_LISTED_KEY_MAX = 128;
const LABEL_LISTED_MAX = 1024;

/** A run's row in the lists. */
export function summarize(run: Run, sequence: SequencePlan | undefined, at: number): RunSummary {
  const openTasks: string[] = [];
  let tasksDone = 0;
  const tasks = sequence?.tasks ?? [];
  for (const task of tasks) {
    const state = ownValue(run.nodes, task.key)?.state;
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
  const labels = listedLabels(run.labels);
  if (labels !== undefined) summary.labels = labels;
  if (run.kind === 'open') summary.startedAt = run.startedAt;
  if (run.kind === 'finished') {
    if (run.startedAt !== undefined) summary.startedAt = run.startedAt;
    summary.finishedAt = run.finishedAt;
    summary.result = run.result;
    summary.status = run.status;
    if (run.message !== '') summary.message = run.message.slice(0, 1024);
  }
  return summary;
}

/**
 * Answers may give a run more and longer labels than a trigger may have. All of them travel on in the data; lists keep what
 * a trigger could have had, because each label of a row is an entry of an index.
 */
function listedLabels(labels: Readonly<Record<string, string>>): Record<string, string> | undefined {
  let count = 0;
  for (const key in labels) {
    if (++count > LABELS_LISTED_MAX || !isListed(key, labels[key])) return fittingLabels(labels);
  }
  return count === 0 ? undefined : labels;
}

function fittingLabels(labels: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const fitting = Object.entries(labels).filter(([key, value]) => isListed(key, value));
  return fitting.length === 0 ? undefined : Object.fromEntries(fitting.slice(0, LABELS_LISTED_MAX));
}

function isListed(key: string, value: string | undefined): boolean {
  return key.length <= LABEL_LISTED_KEY_MAX && (value?.length ?? 0) <= LABEL_LISTED_MAX;
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
    const node = ownValue(run.nodes, task.key);
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

/**
 * As the API shows it. A run's own result is what had been found before the abort, which the keptn dialect's events tell as
 * Keptn did; but an aborted run may never count as passed.
 */
export function asShown<T extends { result?: Result | undefined; status?: Status | undefined }>(run: T): T {
  return run.status === 'aborted' ? { ...run, result: 'fail' } : run;
}
