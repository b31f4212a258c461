import type { RunSummary, SequencePlan } from '@slipway/contract';
import type { Run } from '../engine/index.ts';

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
  const summary: RunSummary = {
    id: run.id,
    project: run.project,
    stage: run.stage,
    sequence: run.sequence,
    state: stateOf(run),
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
    summary.result = run.result;
    summary.status = run.status;
    if (run.message !== '') summary.message = run.message.slice(0, 1024);
  }
  return summary;
}

export function stateOf(run: Run): RunSummary['state'] {
  if (run.kind === 'finished') return 'finished';
  if (run.parked !== undefined) return 'parked';
  if (run.paused) return 'paused';
  return run.kind === 'waiting' ? 'waiting' : 'running';
}
