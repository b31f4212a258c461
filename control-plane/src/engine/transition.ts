import type { JsonObject, Result, Status, TaskError, TaskPlan } from '@slipway/contract';
import { attemptId, isObject, mergeData, ownValue, plainType, putOwn, worstResult } from '@slipway/contract';
import { readAnswer } from './answer.ts';
import { graphOf } from './graph/compile.ts';
import { retryDelayMs } from './retry.ts';
import { endWait } from './run/begin-task.ts';
import { closeRun } from './run/finish.ts';
import { finishTask, keepOutput } from './run/finish-task.ts';
import { resultSoFar } from './run/main-end.ts';
import { outputOf } from './run/output.ts';
import { againEffects } from './run/owed.ts';
import { enqueue as makeReady, proceed, startRun, stopRun } from './run/proceed.ts';
import { scopeOf } from './scope.ts';
import type {
  Attempt,
  Effect,
  Env,
  Executor,
  HistoryLine,
  Node,
  OpenAttempt,
  OpenRun,
  Outcome,
  Run,
  RunBase,
  RunInput,
  Step,
  TriggerInput,
  WaitingRun,
} from './types.ts';
import type { Work } from './work.ts';
import { endAttempt, openWork, outEvent, setNode } from './work.ts';

/** A claimant that dies this often in a row fails the task: something kills whoever takes it. */
const LOST_ATTEMPTS_MAX = 10;
/** Lines of history that a run keeps. */
const HISTORY_MAX = 100;
/** Late answers that a run keeps for people to see. */
const IGNORED_KEPT_MAX = 20;

type AnswerInput = Extract<RunInput, { kind: 'answer' }>;

/**
 * Decides what an input does to a run. Pure and total: an input that does not apply returns the same run and no effects.
 * The journal holds the inputs that were applied; folding them through this function gives the run back.
 */
export function transition(run: Run | undefined, input: RunInput, env: Env): Step {
  if (run === undefined) return input.kind === 'trigger' ? begin(input, env) : ignored(undefined, 'unknown-run');
  if (run.parked !== undefined && !(input.kind === 'command' && input.command === 'abort')) {
    if (input.kind === 'command')
      return { run, effects: [], outcome: { kind: 'refused', reason: `the run is parked: ${run.parked}` } };
    return ignored(run, 'parked');
  }
  switch (input.kind) {
    case 'park':
      return run.kind === 'finished' ? nothing(run) : applied({ run: { ...run, parked: input.reason }, effects: [] });
    case 'trigger':
      return repeatOfTrigger(run, input, env);
    case 'granted':
      return granted(run, input.at, env);
    case 'rejected':
      return rejected(run, input, env);
    case 'answer':
      return answer(run, input, env);
    case 'undeliverable':
      return undeliverable(run, input, env);
    case 'lease-lost':
      return leaseLost(run, input, env);
    case 'timer':
      return timer(run, input, env);
    case 'continue':
      return goOn(run, input, env);
    case 'command':
      return command(run, input, env);
  }
}

// ---- beginning

function begin(input: TriggerInput, env: Env): Step {
  const base = baseFromTrigger(input, env);
  const problem = input.refusal ?? (env.sequence === undefined ? unknownSequence(input, env) : undefined);
  if (problem !== undefined) {
    return refuse(base, input.at, env, problem);
  }
  const concurrency = env.sequence?.concurrency;
  if (!concurrency) return start(base, input.at, env, input.event.id, false, []);
  const key = env.evaluator.resolve(concurrency.group, scopeOf(base, env));
  if (!key.ok) return refuse(base, input.at, env, `concurrency.group: ${key.message}`);
  const group = `group:${base.project}/${base.stage}/${String(key.value)}`;
  const waiting: WaitingRun = { ...base, kind: 'waiting', group, paused: false };
  return applied({ run: waiting, effects: [enqueue(waiting, input.at, env)] });
}

/** It ends before it begins, and triggers nothing. */
function refuse(base: RunBase, at: number, env: Env, message: string): Step {
  const end = outputOf(base, env, { status: 'errored', result: 'fail', message });
  return applied(closeRun(base, { env: { ...env, followers: [] }, at }, { ...end, startedAt: undefined }));
}

function enqueue(run: WaitingRun, at: number, env: Env): Effect {
  const { limit, policy } = env.sequence?.concurrency ?? { limit: 1, policy: 'queue' as const };
  return {
    kind: 'send',
    to: run.group,
    input: { kind: 'enqueue', at, run: run.id, acceptedAt: run.acceptedAt, limit, policy },
  };
}

function baseFromTrigger(input: TriggerInput, env: Env): RunBase {
  const { event } = input;
  const given: JsonObject = isObject(event.data) ? event.data : {};
  const sent = input.defaults === undefined ? given : mergeData(input.defaults, given);
  const service = typeof sent.service === 'string' && sent.service !== '' ? sent.service : undefined;
  const data: JsonObject = { ...sent, project: input.project, stage: input.stage };
  const nodes: Record<string, Node> = {};
  for (const task of env.sequence?.tasks ?? []) {
    putOwn(nodes, task.key, { state: 'pending', nextAttempt: 1, delayed: false, attempts: [] });
  }
  return {
    id: input.run,
    project: input.project,
    stage: input.stage,
    sequence: input.sequence,
    service,
    dialect: input.dialect,
    planVersion: input.planVersion,
    correlationId: input.correlationId,
    trigger: {
      id: event.id,
      source: event.source,
      bodyHash: input.bodyHash,
      traceparent: typeof event.traceparent === 'string' ? event.traceparent : undefined,
      tracestate: typeof event.tracestate === 'string' ? event.tracestate : undefined,
      ...(typeof event.gitcommitid === 'string' && event.gitcommitid !== '' ? { gitCommitId: event.gitcommitid } : {}),
      lenient: input.lenient,
    },
    triggeredBy: input.triggeredBy,
    labels: labelsOf(sent.labels),
    input: sent,
    data,
    depth: input.depth,
    config: input.config ?? {},
    acceptedAt: input.at,
    nodes,
    group: undefined,
    history: [],
    ignored: [],
    parked: undefined,
  };
}

/** Texts, whatever the answers of an earlier run have made of them; null is the empty text, as for Keptn. */
function labelsOf(sent: unknown): Record<string, string> {
  if (!isObject(sent)) return {};
  const texts = Object.entries(sent).map(([key, value]): [string, string] => [
    key,
    typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? ''),
  ]);
  // Not by assignment, which would lose the key `__proto__`.
  return Object.fromEntries(texts);
}

/** In Keptn's words, which its users know; both dialects use them. */
function unknownSequence(input: TriggerInput, env: Env): string {
  const stage = env.plan.stages.some((one) => one.name === input.stage);
  return stage
    ? `Unable to start sequence ${input.sequence}: no task sequence with name ${input.sequence} found in stage ${input.stage}`
    : `Unable to start sequence ${input.sequence}: no stage with name ${input.stage}`;
}

function start(base: RunBase, at: number, env: Env, cause: string, paused: boolean, effects: Effect[]): Step {
  const timeoutMs = env.sequence?.timeoutMs;
  const open: OpenRun = {
    ...base,
    kind: 'open',
    paused,
    startedAt: at,
    deadlineAt: timeoutMs === undefined ? undefined : at + timeoutMs,
    ...{ ready: [], begun: 0, left: 0, main: undefined },
  };
  const work = openWork(open, env, at, cause, 0);
  work.effects.push(...effects);
  if (open.deadlineAt !== undefined)
    work.effects.push({ kind: 'schedule', name: 'run-timeout', dueAt: open.deadlineAt });
  if (base.dialect === 'plain') {
    const data: JsonObject = { project: base.project, stage: base.stage };
    if (base.service !== undefined) data.service = base.service;
    const type = `${base.stage}.${base.sequence}.started`;
    const event = outEvent(base, { id: `${base.id}.started`, type, at, cause: base.trigger.id, data });
    work.effects.push({ kind: 'publish', event, again: false });
  }
  return startRun(work);
}

/** A repeat of the trigger starts nothing; what it caused and is still open is told again. */
function repeatOfTrigger(run: Run, input: TriggerInput, env: Env): Step {
  if (run.trigger.bodyHash !== input.bodyHash)
    return { run, effects: [], outcome: { kind: 'ignored', code: 'id-reused' } };
  const effects = run.kind === 'waiting' ? [enqueue(run, input.at, env)] : againEffects(run, input.event.id, env);
  return { run, effects, outcome: { kind: 'duplicate' } };
}

function granted(run: Run, at: number, env: Env): Step {
  if (run.kind === 'waiting') return start(run, at, env, run.trigger.id, run.paused, []);
  if (run.kind === 'finished' && run.group !== undefined) {
    return {
      run,
      effects: [{ kind: 'send', to: run.group, input: { kind: 'release', at, run: run.id } }],
      outcome: { kind: 'duplicate' },
    };
  }
  return { run, effects: againEffects(run, run.trigger.id, env), outcome: { kind: 'duplicate' } };
}

function rejected(run: Run, input: { at: number; message: string }, env: Env): Step {
  if (run.kind !== 'waiting') return { run, effects: [], outcome: { kind: 'duplicate' } };
  const end = outputOf(run, env, { status: 'errored', result: 'fail', message: input.message });
  // It still lets go of the group: a repeat of its question may have been answered otherwise.
  return applied(closeRun(run, { env, at: input.at }, { ...end, startedAt: undefined }));
}

// ---- answers

function answer(run: Run, input: AnswerInput, env: Env): Step {
  const node = ownValue(run.nodes, input.task);
  const task = graphOf(env.sequence).byKey.get(input.task)?.plan;
  if (!node || !task) return keepIgnored(run, input, 'unknown-task');
  if (isSpoof(run, task, input)) return keepIgnored(run, input, 'spoof');
  if (input.phase === 'invalidated') return invalidated(run, node, input);
  const source = executorOf(run, node, input, task.executors);
  if (run.kind !== 'open' || node.state !== 'open' || node.attempt.number !== input.attempt) {
    const past = node.attempts.find((attempt) => attempt.number === input.attempt);
    if (!past) return keepIgnored(run, input, 'unknown-attempt');
    const seen = ownValue(past.executors, source);
    if (input.phase === 'finished' && seen?.finished?.eventId === input.event.id) {
      return { run, effects: againEffects(run, input.event.id, env), outcome: { kind: 'duplicate' } };
    }
    // Delivery is at least once and unordered, so a late 'started' or a last progress is normal and tells nobody anything.
    // Who still reports progress must hear that nobody wants it any more; it is nothing for people to look at.
    if (input.phase === 'status.changed' && seen) return ignored(run, 'attempt-over');
    if (input.phase !== 'finished' && seen) return { run, effects: [], outcome: { kind: 'duplicate' } };
    return keepIgnored(run, input, 'attempt-over');
  }
  const attempt = node.attempt;
  const known = ownValue(attempt.executors, source);
  if (known?.finished) {
    if (input.phase !== 'finished' || known.finished.eventId === input.event.id) {
      return { run, effects: [], outcome: { kind: 'duplicate' } };
    }
    return keepIgnored(run, input, 'duplicate-answer');
  }
  if (input.phase === 'started' && known) {
    const isHeldOnly = input.way === 'claim' && known.way === 'http' && known.leaseMs === undefined;
    if (!isHeldOnly || input.leaseMs === undefined) return { run, effects: [], outcome: { kind: 'duplicate' } };
    // The note of a claim may come after a first sign of life: it is held by its lease all the same, also after a restart.
    const held: Executor = { ...known, way: 'claim', leaseMs: input.leaseMs };
    const work = openWork(run, env, input.at, input.event.id, input.random);
    setNode(work, task.key, { ...node, attempt: { ...attempt, executors: { ...attempt.executors, [source]: held } } });
    return applied({ run: work.run, effects: work.effects });
  }
  // A claim asks before it works, so the one too many can be told; a started that is only told of has begun already.
  if (input.phase === 'started' && input.way === 'claim' && Object.keys(attempt.executors).length >= task.executors)
    return ignored(run, 'attempt-taken');

  const work = openWork(run, env, input.at, input.event.id, input.random);
  const executor: Executor = known
    ? { ...known, lastSeenAt: Math.max(known.lastSeenAt, input.at) }
    : {
        way: input.way,
        startedAt: input.at,
        lastSeenAt: input.at,
        leaseMs: input.leaseMs,
        fraction: undefined,
        progress: undefined,
        finished: undefined,
        ...(isOwnStart(run, input) ? { startedBy: input.event.id } : {}),
      };
  const first = attempt.startedAt === undefined;
  if (!known && Object.keys(attempt.executors).length + 1 >= task.executors) {
    work.effects.push({ kind: 'withdraw', task: task.key, attempt: attempt.number });
  }
  if (input.phase === 'status.changed') {
    const data = isObject(input.event.data) ? input.event.data : {};
    const own = isObject(ownValue(data, task.uses)) ? (ownValue(data, task.uses) as JsonObject) : data;
    if (typeof own.fraction === 'number') executor.fraction = Math.min(1, Math.max(0, own.fraction));
    if (typeof own.message === 'string') executor.progress = own.message.slice(0, 1024);
  }
  if (input.phase === 'finished') {
    const read = readAnswer(input.event.data, task.uses);
    const by = source === input.event.source ? {} : { by: input.event.source };
    executor.finished = { at: input.at, eventId: input.event.id, ...by, ...read };
  }
  const executors = { ...attempt.executors, [source]: executor };
  const startedAt = first ? input.at : attempt.startedAt;
  setNode(work, task.key, { ...node, attempt: { ...attempt, startedAt, executors } });
  const complete = input.phase === 'finished' && isComplete(executors, task.executors);
  if (input.byHand && executor.finished) {
    if (first) startTimers(work, task, attempt, { complete: true });
    work.run.history = [...run.history, lineOfAnswer(run.id, input, task.key, executor.finished)].slice(-HISTORY_MAX);
    return completeAttempt(work, task, { [source]: executor });
  }
  if (first) startTimers(work, task, attempt, { complete });
  return complete ? completeAttempt(work, task, executors) : applied({ run: work.run, effects: work.effects });
}

/**
 * Under whose name an answer is kept. In the keptn dialect answers are counted, whoever sends them: a `finished` of a source that has not
 * started takes the place of the oldest `started` that is open, and a source may start several times.
 */
function executorOf(run: Run, node: Node, { attempt, phase, event }: AnswerInput, wanted: number): string {
  const { source } = event;
  if (run.dialect !== 'keptn') return source;
  const isOpen = node.state === 'open' && node.attempt.number === attempt;
  const executors = isOpen
    ? node.attempt.executors
    : (node.attempts.find(({ number }) => number === attempt)?.executors ?? {});
  const all = Object.keys(executors);
  const isOf = (key: string): boolean => key === source || key.startsWith(`${source} (`);
  const isUnfinished = (key: string): boolean => !ownValue(executors, key)?.finished;
  if (phase === 'started') {
    const mine = all.filter(isOf);
    const repeated = mine.find((key) => ownValue(executors, key)?.startedBy === event.id);
    if (repeated !== undefined || mine.length === 0 || !mine.some((key) => ownValue(executors, key)?.startedBy)) {
      return repeated ?? source;
    }
    return `${source} (${mine.length + 1})`;
  }
  if (phase !== 'finished') return all.find((key) => isOf(key) && isUnfinished(key)) ?? source;
  const answered = all.find((key) => ownValue(executors, key)?.finished?.eventId === event.id);
  if (answered !== undefined) return answered;
  const own = all.filter((key) => isOf(key));
  const open = own.find(isUnfinished);
  // While more services are wanted, this may be one of them whose `started` is late.
  if (open !== undefined || own.length > 0 || all.length < wanted) return open ?? source;
  const others = all.filter(isUnfinished);
  const age = (key: string): number => ownValue(executors, key)?.startedAt ?? 0;
  return others.toSorted((a, b) => age(a) - age(b))[0] ?? source;
}

/** A claim or a push notes a start by itself; the service's own `started` for it is no further one. */
function isOwnStart(run: Run, { phase, way }: AnswerInput): boolean {
  return run.dialect === 'keptn' && phase === 'started' && (way === 'nats' || way === 'http');
}

function lineOfAnswer(
  run: string,
  input: AnswerInput,
  task: string,
  answered: NonNullable<Executor['finished']>,
): HistoryLine {
  const { source, by, onbehalfof } = input.event;
  const attempt = attemptId({ run, task, attempt: input.attempt });
  const line: HistoryLine = { at: input.at, what: 'answer', task, attempt, result: answered.result, source };
  if (typeof by === 'string' && by !== '') line.by = by;
  if (typeof onbehalfof === 'string' && onbehalfof !== '') line.onBehalfOf = onbehalfof;
  if (answered.message !== '') line.reason = answered.message.slice(0, 1024);
  return line;
}

/** Somebody is on it: it was started in time, and from now on other times count, unless it is over at once. */
function startTimers(work: Work, task: TaskPlan, attempt: OpenAttempt, { complete }: { complete: boolean }): void {
  const { number, triggeredAt } = attempt;
  if (task.startTimeoutMs !== undefined) {
    const name = `start-timeout/${task.key}/${number}`;
    work.effects.push({ kind: 'unschedule', name, dueAt: triggeredAt + task.startTimeoutMs });
  }
  if (complete) return;
  if (task.timeoutMs !== undefined) {
    const name = `timeout/${task.key}/${number}`;
    work.effects.push({ kind: 'schedule', name, dueAt: work.at + task.timeoutMs });
  }
  if (task.heartbeatMs !== undefined) {
    const name = `heartbeat/${task.key}/${number}`;
    work.effects.push({ kind: 'schedule', name, dueAt: work.at + task.heartbeatMs });
  }
}

/** It is kept with the run, whose course it does not change. */
function invalidated(run: Run, node: Node, input: AnswerInput): Step {
  const isOpen = node.state === 'open' && node.attempt.number === input.attempt;
  const isKnown = isOpen || node.attempts.some(({ number }) => number === input.attempt);
  return isKnown ? applied({ run, effects: [] }) : keepIgnored(run, input, 'unknown-attempt');
}

/** Who may publish for one task or project must not answer for another: a broker grants its rights by the subject. */
function isSpoof(run: Run, task: TaskPlan, input: AnswerInput): boolean {
  if (plainType(input.event.type) !== `${task.uses}.${input.phase}`) return true;
  return input.project !== undefined && input.project !== run.project;
}

function isComplete(executors: Readonly<Record<string, Executor>>, wanted: number): boolean {
  let finished = 0;
  for (const source of Object.keys(executors)) {
    if (!ownValue(executors, source)?.finished) return false;
    finished++;
  }
  return finished >= wanted;
}

function completeAttempt(work: Work, task: TaskPlan, executors: Readonly<Record<string, Executor>>): Step {
  const answers = Object.values(executors)
    .flatMap((executor) => (executor.finished ? [executor.finished] : []))
    .sort((a, b) => a.at - b.at);
  let merged = {
    status: 'succeeded' as Status,
    result: 'pass' as Result,
    message: '',
    output: undefined as unknown,
    data: {} as JsonObject,
  };
  let error: TaskError | undefined;
  for (const one of answers) {
    merged = {
      status: worstStatus(merged.status, one.status),
      result: worstResult(merged.result, one.result),
      message: one.message,
      output:
        isObject(merged.output) && isObject(one.output)
          ? mergeData(merged.output, one.output)
          : (one.output ?? merged.output),
      data: mergeData(merged.data, one.data),
    };
    error = one.error ?? error;
  }
  const node = graphOf(work.env.sequence).byKey.get(task.key);
  const end = node === undefined ? { ...merged, error } : keepOutput(work, node, { ...merged, error });
  return settleAttempt(work, task, { ...end, outcome: end.status === 'errored' ? 'failed' : 'finished' });
}

const STATUS_ORDER: Record<Status, number> = { succeeded: 0, unknown: 1, aborted: 2, errored: 3 };

function worstStatus(a: Status, b: Status): Status {
  return STATUS_ORDER[a] >= STATUS_ORDER[b] ? a : b;
}

/** The open attempt is over: retry it, or end the task and go on. */
function settleAttempt(
  work: Work,
  task: TaskPlan,
  end: {
    outcome: Attempt['outcome'];
    status: Status;
    result: Result;
    message: string;
    output: unknown;
    data: JsonObject;
    error: TaskError | undefined;
  },
): Step {
  const { data, ...ended } = end;
  const node = graphOf(work.env.sequence).byKey.get(task.key);
  if (node === undefined) throw new Error(`task ${task.key} does not exist`);
  const before = ownValue(work.run.nodes, task.key)?.attempts ?? [];
  const attempt = endAttempt(work, task.key, ended);
  const attempts = attempt ? [...before, attempt] : before;
  const next = (attempt?.number ?? 0) + 1;
  const delayMs = retryDelay(work, task, attempts, end);
  if (delayMs !== undefined) {
    const dueAt = work.at + delayMs;
    if (delayMs === 0) {
      setNode(work, task.key, { state: 'pending', nextAttempt: next, delayed: true, attempts });
      makeReady(work, [node]);
    } else {
      setNode(work, task.key, { state: 'delayed', nextAttempt: next, dueAt, reason: 'retry', attempts });
      work.effects.push({ kind: 'schedule', name: `begin/${task.key}/${next}`, dueAt });
    }
    return proceed(work, []);
  }
  finishTask(work, node, attempts, { ...ended, data, timedOut: end.outcome === 'timed-out' });
  return proceed(work, [node]);
}

/** Undefined: no further attempt. Lost leases do not count as failures of the task, within a bound. */
function retryDelay(
  work: Work,
  task: TaskPlan,
  attempts: readonly Attempt[],
  end: { outcome: Attempt['outcome']; status: Status; result: Result; error: TaskError | undefined },
): number | undefined {
  if (end.outcome === 'lost') {
    const lost = attempts.filter((attempt) => attempt.outcome === 'lost').length;
    return lost <= LOST_ATTEMPTS_MAX ? 0 : undefined;
  }
  const { retry } = task;
  if (!retry) return undefined;
  const used = attempts.filter((attempt) => attempt.outcome !== 'lost').length;
  if (used >= retry.attempts || end.error?.retryable === false) return undefined;
  const errored = end.status === 'errored';
  if (retry.when !== undefined) {
    if (!errored && end.result !== 'fail') return undefined;
    const error = end.error ?? { code: 'FAILED', message: '' };
    const verdict = work.env.evaluator.evaluate(
      retry.when,
      scopeOf(
        work.run,
        work.env,
        {
          error: { message: '', ...error },
          result: end.result,
          status: end.status,
          attempts: used,
        },
        graphOf(work.env.sequence).byKey.get(task.key),
      ),
    );
    // An expression that cannot be evaluated must not loop: it counts as no.
    if (!verdict.ok || verdict.value !== true) return undefined;
  } else if (!errored) {
    // A `fail` that is not an error is a verdict, such as a failed quality gate: asking again would be gambling.
    return undefined;
  }
  return retryDelayMs(retry, used + 1, work.random, end.error);
}

function undeliverable(run: Run, input: Extract<RunInput, { kind: 'undeliverable' }>, env: Env): Step {
  const node = ownValue(run.nodes, input.task);
  const task = graphOf(env.sequence).byKey.get(input.task)?.plan;
  if (run.kind !== 'open' || node?.state !== 'open' || node.attempt.number !== input.attempt || !task)
    return nothing(run);
  // Somebody works on it all the same, by HTTP: the answer will tell. When more executors are wanted than could hear of it,
  // the next dispatch ends it.
  if (Object.values(node.attempt.executors).some((executor) => !executor.finished)) return nothing(run);
  const message = `'${task.uses}' cannot be triggered: ${input.reason}`;
  return settleAttempt(openWork(run, env, input.at, `undeliverable/${input.attempt}`, 0), task, {
    outcome: 'failed',
    status: 'errored',
    result: 'fail',
    message,
    output: undefined,
    data: {},
    error: { code: 'UNDELIVERABLE', message, retryable: false },
  });
}

// ---- time

function leaseLost(run: Run, input: Extract<RunInput, { kind: 'lease-lost' }>, env: Env): Step {
  const node = ownValue(run.nodes, input.task);
  const executor =
    node?.state === 'open' && node.attempt.number === input.attempt
      ? ownValue(node.attempt.executors, input.source)
      : undefined;
  const task = graphOf(env.sequence).byKey.get(input.task)?.plan;
  if (run.kind !== 'open' || !executor || executor.finished || !task) return nothing(run);
  const { leaseMs } = executor;
  const isGivenBack = input.isGivenBack === true;
  if (leaseMs === undefined && !isGivenBack) return nothing(run);
  // Another replica may have heard of it since; where there is none, who holds the lease knows, whatever the clocks say.
  const heardUntil = executor.lastSeenAt + (leaseMs ?? 0);
  if (!isGivenBack && input.heardByOthers !== false && heardUntil > input.at) return nothing(run);
  const work = openWork(run, env, input.at, `lease/${input.attempt}`, 0);
  if (input.keepsAnswers && node?.state === 'open') {
    const { [input.source]: _lost, ...others } = node.attempt.executors;
    if (isComplete(others, task.executors)) return completeAttempt(work, task, others);
  }
  const message = isGivenBack
    ? `the subscription of ${input.source} has ended: the attempt is given back`
    : `${input.source} was silent for ${leaseMs} ms: its lease is lost`;
  return settleAttempt(work, task, {
    outcome: 'lost',
    status: 'errored',
    result: 'fail',
    message,
    output: undefined,
    data: {},
    error: { code: 'LEASE_LOST', message },
  });
}

/** Begins more of what is ready. A repeat finds that other tasks have begun since. */
function goOn(run: Run, input: Extract<RunInput, { kind: 'continue' }>, env: Env): Step {
  if (run.kind !== 'open' || run.paused || run.ready.length === 0 || run.begun !== input.begun) return nothing(run);
  const work = openWork(run, env, input.at, `continue/${input.begun}`, 0);
  work.isContinued = true;
  return proceed(work, []);
}

function timer(run: Run, input: Extract<RunInput, { kind: 'timer' }>, env: Env): Step {
  if (run.kind !== 'open') return nothing(run);
  const [what, key, number] = input.name.split('/');
  const work = openWork(run, env, input.at, `timer/${input.name}`, input.random);
  if (what === 'run-timeout') {
    if (run.deadlineAt === undefined || input.at < run.deadlineAt) return nothing(run);
    const message = `the run did not end within ${run.deadlineAt - run.startedAt} ms`;
    return run.main === undefined
      ? stopRun(work, { status: 'errored', result: 'fail', message, by: 'timeout' })
      : nothing(run);
  }
  if (what === 'finally-timeout') {
    if (run.main === undefined || run.deadlineAt === undefined || input.at < run.deadlineAt) return nothing(run);
    const message = `finally did not end within ${env.sequence?.finallyTimeoutMs} ms`;
    return stopRun(work, { status: 'errored', result: 'fail', message, by: 'timeout' });
  }
  const task = graphOf(env.sequence).byKey.get(key ?? '')?.plan;
  const node = key === undefined ? undefined : ownValue(run.nodes, key);
  if (!task || !node) return nothing(run);
  if (what === 'begin') {
    if (node.state !== 'delayed' || node.nextAttempt !== Number(number) || input.at < node.dueAt) return nothing(run);
    const graphTask = graphOf(env.sequence).byKey.get(task.key);
    if (graphTask === undefined) return nothing(run);
    if (node.reason === 'wait') {
      endWait(work, graphTask, node);
      return proceed(work, [graphTask]);
    }
    const { nextAttempt, attempts } = node;
    setNode(work, task.key, { state: 'pending', nextAttempt, delayed: true, attempts });
    makeReady(work, [graphTask]);
    return proceed(work, []);
  }
  if (node.state !== 'open' || node.attempt.number !== Number(number)) return nothing(run);
  const { attempt } = node;
  if (what === 'start-timeout' && task.startTimeoutMs !== undefined) {
    if (attempt.startedAt !== undefined || input.at < attempt.triggeredAt + task.startTimeoutMs) return nothing(run);
    return timedOut(work, task, 'START_TIMEOUT', `no service started '${task.uses}' within ${task.startTimeoutMs} ms`);
  }
  if (what === 'timeout' && task.timeoutMs !== undefined) {
    if (attempt.startedAt === undefined || input.at < attempt.startedAt + task.timeoutMs) return nothing(run);
    return timedOut(work, task, 'TIMEOUT', `'${task.uses}' did not finish within ${task.timeoutMs} ms`);
  }
  if (what === 'heartbeat' && task.heartbeatMs !== undefined) {
    let silentSince = Number.POSITIVE_INFINITY;
    for (const executor of Object.values(attempt.executors)) {
      if (!executor.finished) silentSince = Math.min(silentSince, executor.lastSeenAt);
    }
    if (silentSince === Number.POSITIVE_INFINITY) return nothing(run);
    const dueAt = silentSince + task.heartbeatMs;
    if (input.at < dueAt) return applied({ run, effects: [{ kind: 'schedule', name: input.name, dueAt }] });
    return timedOut(work, task, 'HEARTBEAT_LOST', `no sign of life from '${task.uses}' for ${task.heartbeatMs} ms`);
  }
  return nothing(run);
}

function timedOut(work: Work, task: TaskPlan, code: string, message: string): Step {
  return settleAttempt(work, task, {
    outcome: 'timed-out',
    status: 'errored',
    result: 'fail',
    message,
    output: undefined,
    data: {},
    error: { code, message },
  });
}

// ---- commands

function command(run: Run, input: Extract<RunInput, { kind: 'command' }>, env: Env): Step {
  const refused = (reason: string): Step => ({ run, effects: [], outcome: { kind: 'refused', reason } });
  if (run.kind === 'finished') return refused(`the run is finished, it cannot ${input.command}`);
  const line: HistoryLine = { at: input.at, what: input.command };
  if (input.by !== undefined) line.by = input.by;
  if (input.reason !== undefined) line.reason = input.reason;
  const history = [...run.history, line].slice(-HISTORY_MAX);
  if (input.command === 'pause') {
    return run.paused
      ? { run, effects: [], outcome: { kind: 'duplicate' } }
      : applied({ run: { ...run, history, paused: true }, effects: [] });
  }
  if (input.command === 'resume') {
    if (!run.paused) return refused('the run is not paused');
    if (run.kind === 'waiting') return applied({ run: { ...run, history, paused: false }, effects: [] });
    return proceed(openWork({ ...run, history, paused: false }, env, input.at, `command/resume`, 0), []);
  }
  // While `finally` runs, a second abort ends it; the same one told twice does not.
  const isSame = (one: HistoryLine): boolean => one.at === line.at && one.by === line.by && one.reason === line.reason;
  if (run.history.some((one) => one.what === 'abort' && isSame(one)))
    return { run, effects: [], outcome: { kind: 'duplicate' } };
  const message = input.reason ?? '';
  if (run.kind === 'waiting') {
    const { result } = resultSoFar(run, env);
    const end = outputOf(run, env, { status: 'aborted', result, message });
    return applied(closeRun({ ...run, history }, { env, at: input.at }, { ...end, startedAt: undefined }));
  }
  const work = openWork({ ...run, history }, env, input.at, 'command/abort', 0);
  return stopRun(work, { status: 'aborted', result: undefined, message, by: 'abort' });
}

// ---- outcomes

function applied(step: { run: Run; effects: readonly Effect[] }): Step {
  return { run: step.run, effects: step.effects, outcome: { kind: 'applied' } };
}

function nothing(run: Run): Step {
  return { run, effects: [], outcome: { kind: 'duplicate' } };
}

function ignored(run: Run | undefined, code: string): Step {
  return { run, effects: [], outcome: { kind: 'ignored', code } };
}

/** The first so many late or wrong answers of a run are kept for people to see; after that they are only counted. */
function keepIgnored(run: Run, input: AnswerInput, code: string): Step {
  const seen = run.ignored.some((one) => one.eventId === input.event.id && one.code === code);
  if (seen || run.ignored.length >= IGNORED_KEPT_MAX) return ignored(run, code);
  const outcome: Outcome = { kind: 'ignored', code };
  return {
    run: { ...run, ignored: [...run.ignored, { at: input.at, eventId: input.event.id, code }] },
    effects: [],
    outcome,
  };
}
