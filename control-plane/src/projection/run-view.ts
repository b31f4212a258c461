import type { AttemptView, RunCommand, RunView, SequencePlan, TaskPlan, TaskView } from '@slipway/contract';
import { attemptId, ownValue } from '@slipway/contract';
import type { Attempt, AttemptBase, Node, Run } from '../engine/index.ts';
import { summarize } from './summary.ts';
import { type SawValues, type Sources, sourcesOf, taskReason } from './task-reason.ts';

export type ViewContext = {
  sequence: SequencePlan | undefined;
  at: number;
  /** What an expression saw, for the reason of a skip; undefined: the reason goes without. */
  saw?: SawValues;
  /** The run an event id triggers, for the runs that this one's end triggered. */
  runIdOfTrigger(eventId: string): string;
};

/** One run with its tasks and attempts, as the API shows it. */
export function runView(run: Run, context: ViewContext): RunView {
  const sources = sourcesOf(run, context.sequence);
  const view: RunView = {
    ...summarize(run, context.sequence, context.at),
    trigger: { id: run.trigger.id, source: run.trigger.source, data: run.input },
    dialect: run.dialect,
    depth: run.depth,
    tasks: (context.sequence?.tasks ?? []).map((task) => taskView(run, task, context, sources)),
    triggers:
      run.kind === 'finished'
        ? run.triggers.map(({ stage, sequence, eventId }) => ({
            run: context.runIdOfTrigger(eventId),
            stage,
            sequence,
          }))
        : [],
    commands: allowedCommands(run),
    history: run.history.map((line) => ({ ...line })),
    ignored: run.ignored.map((one) => ({ ...one })),
  };
  view.updatedAt = lastChangeAt(run);
  if (run.triggeredBy !== undefined) view.triggeredBy = run.triggeredBy;
  if (run.kind === 'finished' && run.output !== undefined) view.output = run.output;
  if (run.kind === 'open' && run.deadlineAt !== undefined) view.deadlineAt = run.deadlineAt;
  if (run.parked !== undefined) view.parkedReason = run.parked;
  return view;
}

/** The commands the state permits. */
export function allowedCommands(run: Run): RunCommand[] {
  if (run.kind === 'finished') return [];
  if (run.parked !== undefined) return ['abort'];
  return [run.paused ? 'resume' : 'pause', 'abort'];
}

function taskView(run: Run, task: TaskPlan, { saw, at }: ViewContext, all: Sources | undefined): TaskView {
  const node = ownValue(run.nodes, task.key);
  const attempts = (node?.attempts ?? []).map((attempt) => pastAttempt(run.id, task.key, attempt));
  const view: TaskView = {
    key: task.key,
    name: task.name,
    uses: task.uses,
    needs: all === undefined ? task.needs.map((need) => need.task) : (all.get(task.key) ?? []).map((one) => one.task),
    state: node?.state ?? 'pending',
    attemptsMax: task.retry?.attempts ?? 1,
    attempts,
  };
  if (node?.state === 'open') attempts.push({ ...attemptBase(run.id, task.key, node.attempt), state: 'open' });
  if (node?.state === 'delayed') view.dueAt = node.dueAt;
  if (node?.state === 'finished') putEnd(view, node);
  if (all !== undefined) {
    const sources = all.get(task.key) ?? [];
    view.sources = [...sources];
    if (task.finally) view.finally = true;
    const reason = taskReason(run, task, { sources, saw, at });
    if (reason !== undefined) view.reason = reason;
  } else if (node?.state === 'skipped') {
    view.reason = skippedBecause(run, task);
  }
  return view;
}

/** In a linear sequence: the task before it, or the end of the run. */
function skippedBecause(run: Run, task: TaskPlan): string {
  for (const need of task.needs) {
    const before = ownValue(run.nodes, need.task);
    if (before?.state === 'finished' && (before.result === 'fail' || before.status === 'errored'))
      return `Task '${need.task}' before it ended with ${before.result} (${before.status}).`;
    if (before?.state === 'skipped') return `Task '${need.task}' before it was skipped.`;
  }
  return run.kind === 'finished' && run.status === 'aborted' ? 'The run was aborted.' : 'The run ended before it.';
}

function putEnd(view: TaskView, node: Extract<Node, { state: 'finished' }>): void {
  view.result = node.result;
  view.status = node.status;
  if (node.message !== '') view.message = node.message;
  if (node.output !== undefined) view.output = node.output;
  if (node.error !== undefined) view.error = node.error;
}

function pastAttempt(run: string, key: string, attempt: Attempt): AttemptView {
  const view: AttemptView = { ...attemptBase(run, key, attempt), state: attempt.outcome, endedAt: attempt.endedAt };
  view.status = attempt.status;
  view.result = attempt.result;
  if (attempt.message !== '') view.message = attempt.message;
  if (attempt.output !== undefined) view.output = attempt.output;
  if (attempt.error !== undefined) view.error = attempt.error;
  return view;
}

function attemptBase(run: string, key: string, attempt: AttemptBase): AttemptView {
  const view: AttemptView = {
    id: attemptId({ run, task: key, attempt: attempt.number }),
    number: attempt.number,
    state: 'open',
    triggeredAt: attempt.triggeredAt,
    executors: Object.entries(attempt.executors).map(([source, executor]) => {
      const one: AttemptView['executors'][number] = {
        source,
        way: executor.way,
        startedAt: executor.startedAt,
        lastSeenAt: executor.lastSeenAt,
      };
      if (executor.leaseMs !== undefined && !executor.finished) one.leaseUntil = executor.lastSeenAt + executor.leaseMs;
      if (executor.fraction !== undefined) one.fraction = executor.fraction;
      if (executor.progress !== undefined) one.message = executor.progress;
      if (executor.finished) {
        one.finishedAt = executor.finished.at;
        if (executor.finished.by !== undefined) one.answeredBy = executor.finished.by;
        one.status = executor.finished.status;
        one.result = executor.finished.result;
      }
      return one;
    }),
  };
  if (attempt.startedAt !== undefined) view.startedAt = attempt.startedAt;
  if (attempt.input !== undefined) view.input = attempt.input;
  return view;
}

function lastChangeAt(run: Run): number {
  let last = run.kind === 'waiting' ? run.acceptedAt : run.kind === 'open' ? run.startedAt : run.finishedAt;
  for (const line of run.history) last = Math.max(last, line.at);
  for (const node of Object.values(run.nodes)) {
    for (const attempt of node.attempts) last = Math.max(last, attempt.endedAt);
    if (node.state === 'open') {
      last = Math.max(last, node.attempt.triggeredAt);
      for (const executor of Object.values(node.attempt.executors)) last = Math.max(last, executor.lastSeenAt);
    }
  }
  return last;
}
