import type { SequencePlan, TaskPlan, Why } from '@slipway/contract';
import { formatDuration, ownValue, stateOfPhase } from '@slipway/contract';
import type { Run } from '../engine/index.ts';
import { attemptsMaxOf } from './attempts-max.ts';
import { phaseOf } from './summary.ts';
import { sourcesOf, taskReason } from './task-reason.ts';

export type WhyContext = {
  sequence: SequencePlan | undefined;
  at: number;
  /** Runs that hold the concurrency group, for a run that waits for it, and its place in the queue (1 is next). */
  group: { holders: readonly string[]; place: number } | undefined;
  /** Whether any service is known to serve a task type now. */
  isServed(uses: string): boolean;
  /** A line that starts a service for a task type. */
  hintFor(uses: string): string;
};

/** A graph has thousands of tasks; these are enough to see what holds it. */
const GRAPH_REASONS_MAX = 20;

type Reason = Why['reasons'][number];
type OpenAttempt = Extract<Run['nodes'][string], { state: 'open' }>['attempt'];

/** What a run waits for, as code and sentence. */
export function whyOf(run: Run, context: WhyContext): Why {
  const phase = phaseOf(run, context.sequence);
  return { run: run.id, state: stateOfPhase(phase), phase, reasons: reasonsOf(run, context) };
}

function reasonsOf(run: Run, context: WhyContext): Reason[] {
  if (run.kind === 'finished') {
    const message = run.message === '' ? '' : `: ${run.message}`;
    // Its result is what had been found by then, as in Keptn: "pass" would be misread.
    const end = run.status === 'aborted' ? 'was aborted' : `ended with ${run.result} (${run.status})`;
    const whole: Reason = { code: 'finished', sentence: ended(`It waits for nothing: it ${end}${message}`) };
    return run.status === 'aborted' ? [whole] : [whole, ...failedTasks(run, context.sequence)];
  }
  if (run.parked !== undefined) {
    return [
      {
        code: 'parked',
        sentence: `It stands still because deciding it failed: ${run.parked}. Abort it, and report this.`,
      },
    ];
  }
  const reasons: Reason[] = [];
  if (run.paused) {
    const pause = run.history.findLast((line) => line.what === 'pause');
    const by = pause?.by === undefined ? '' : ` by ${pause.by}`;
    const because = pause?.reason === undefined ? '' : ` (${pause.reason})`;
    reasons.push({
      code: 'paused',
      sentence: `It is paused${by}${because}: no task is started until it is resumed.`,
      hint: `slipway resume ${run.id}`,
    });
  }
  if (run.kind === 'waiting') {
    // It may hold its place already and not have been told.
    const holder = context.group?.holders.find((one) => one !== run.id);
    const place = context.group && context.group.place > 1 ? `, ${context.group.place - 1} before it in the queue` : '';
    const sentence = holder
      ? `Waiting for run ${holder} in stage ${run.stage}${place}.`
      : `Waiting for its turn in concurrency group ${run.group.replace('group:', '')}.`;
    reasons.push(holder ? { code: 'waiting-for-run', sentence, run: holder } : { code: 'waiting-for-run', sentence });
    return reasons;
  }
  for (const task of context.sequence?.tasks ?? []) {
    const node = ownValue(run.nodes, task.key);
    if (node?.state === 'delayed' && node.reason !== 'wait') {
      const inMs = rounded(node.dueAt - context.at);
      const what =
        node.reason === 'retry'
          ? `Attempt ${node.nextAttempt} of ${attemptsMaxOf(task, node.attempts)} of '${task.key}' in ${formatDuration(inMs)}`
          : `'${task.key}' is triggered in ${formatDuration(inMs)}`;
      const last = node.attempts.at(-1);
      const why = node.reason === 'retry' && last?.message ? `, because the last one failed: ${last.message}` : '';
      reasons.push({
        code: node.reason === 'retry' ? 'retry' : 'delay',
        sentence: ended(`${what}${why}`),
        task: task.key,
        until: node.dueAt,
      });
    }
    if (node?.state === 'open') reasons.push(...openReasons(task, node.attempt, context));
  }
  reasons.push(...graphReasons(run, context));
  if (reasons.length === 0) reasons.push({ code: 'starting', sentence: 'It is about to go on.' });
  return reasons;
}

/** The tasks that made the run fail, and the rule by which they did. */
function failedTasks(run: Run, sequence: SequencePlan | undefined): Reason[] {
  const reasons: Reason[] = [];
  for (const task of sequence?.tasks ?? []) {
    const node = ownValue(run.nodes, task.key);
    if (node?.state !== 'finished' || (node.result !== 'fail' && node.status !== 'errored')) continue;
    if (reasons.length >= GRAPH_REASONS_MAX) break;
    const attempts = node.attempts.length > 1 ? ` after ${node.attempts.length} attempts` : '';
    const skipped = (sequence?.tasks ?? [])
      .filter(
        ({ key, needs }) =>
          ownValue(run.nodes, key)?.state === 'skipped' && needs.some((need) => need.task === task.key),
      )
      .map(({ key }) => `'${key}'`);
    const rule =
      skipped.length === 0 ? '' : ` A task that fails keeps those behind it from running: ${skipped.join(', ')}.`;
    const sentence = `Task '${task.key}' ended with ${node.result} (${node.status})${attempts}.${rule}`;
    reasons.push({ code: 'finished', sentence, task: task.key });
  }
  return reasons;
}

/** What joins wait for that have heard from some of their sources, and what waits for a time. */
function graphReasons(run: Run, { sequence, at }: WhyContext): Reason[] {
  const sources = sourcesOf(run, sequence);
  const reasons: Reason[] = [];
  if (sources === undefined) return reasons;
  for (const task of sequence?.tasks ?? []) {
    if (reasons.length >= GRAPH_REASONS_MAX) break;
    const node = ownValue(run.nodes, task.key);
    const isWait = node?.state === 'delayed' && node.reason === 'wait';
    const isJoin = node?.state === 'pending' && node.join !== undefined && node.join.from === undefined;
    if (!isWait && !isJoin) continue;
    const reason = taskReason(run, task, { sources: sources.get(task.key) ?? [], at });
    if (reason === undefined) continue;
    const sentence = ended(`'${task.key}' ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`);
    if (isWait) reasons.push({ code: 'waiting-for-time', sentence, task: task.key, until: node.dueAt });
    else reasons.push({ code: 'waiting-for-task', sentence, task: task.key });
  }
  return reasons;
}

/** Who works on an attempt, and who is still wanted. */
function openReasons(task: TaskPlan, attempt: OpenAttempt, context: WhyContext): Reason[] {
  const reasons: Reason[] = [];
  const all = Object.entries(attempt.executors);
  const working = all.filter(([, executor]) => !executor.finished);
  for (const [source, executor] of working) {
    const progress = executor.fraction === undefined ? '' : `, ${Math.round(executor.fraction * 100)} % done`;
    const said = executor.progress === undefined ? '' : ` ("${executor.progress}")`;
    const since = formatDuration(rounded(context.at - executor.startedAt));
    const sentence = `${source} works on '${task.key}' since ${since}${progress}${said}.`;
    reasons.push({ code: 'working', sentence, task: task.key });
  }
  if (all.length > 0) {
    const finished = all.length - working.length;
    if (all.length < task.executors)
      reasons.push({
        code: 'waiting-for-service',
        sentence: `'${task.key}' has ${finished} of ${task.executors} answers, and ${all.length} of ${task.executors} services have begun.`,
        task: task.key,
      });
    return reasons;
  }
  const until = task.startTimeoutMs === undefined ? undefined : attempt.triggeredAt + task.startTimeoutMs;
  const limit = until === undefined ? '' : ` It is given up in ${formatDuration(rounded(until - context.at))}.`;
  const place = { task: task.key, ...(until === undefined ? {} : { until }) };
  if (context.isServed(task.uses)) {
    const sentence = `'${task.key}' is offered and waits for a free service.${limit}`;
    return [{ code: 'waiting-for-service', sentence, ...place }];
  }
  const sentence = `No service is connected for task '${task.uses}'.${limit}`;
  return [{ code: 'no-service', sentence, ...place, hint: context.hintFor(task.uses) }];
}

/** People read seconds; below one, milliseconds. */
function rounded(ms: number): number {
  return ms < 1000 ? Math.max(0, ms) : Math.round(ms / 1000) * 1000;
}

/** With a full stop, which would stand beside the caret of a message of several lines. */
function ended(sentence: string): string {
  return sentence.includes('\n') ? sentence : `${sentence}.`;
}
