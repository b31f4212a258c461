import type { CloudEvent, JsonObject } from '@slipway/contract';
import {
  attemptId,
  controlPlaneSource,
  isObject,
  linkAttributes,
  mergeData,
  ownValue,
  putOwn,
  spellType,
} from '@slipway/contract';
import { type GraphTask, graphOf } from './graph/compile.ts';
import { isoTime } from './iso-time.ts';
import { dataSeenBy, scopeOf } from './scope.ts';
import type { Attempt, Effect, Env, Node, OpenRun, OutEvent, RunBase, Stop } from './types.ts';

/** One decision under way: a copy of the run that may be changed, and the effects so far. Never leaves the engine. */
export type Work = {
  run: OpenRun;
  env: Env;
  at: number;
  /** The id of the event that is being decided. */
  cause: string;
  random: number;
  effects: Effect[];
  /** Something in this step ends the run's tasks: an `end`. */
  stop?: Stop | undefined;
  /** It only begins what was ready before. */
  isContinued?: true;
};

export function openWork(run: OpenRun, env: Env, at: number, cause: string, random: number): Work {
  // In a run of thousands of tasks this copy is most of a decision.
  const nodes = env.ownsRun ? run.nodes : { ...run.nodes };
  return { run: { ...run, nodes }, env, at, cause, random, effects: [] };
}

/** A CloudEvent of the control plane's own, in the run's dialect. */
export function outEvent(
  run: RunBase,
  options: {
    id: string;
    type: string;
    at: number;
    cause?: string | undefined;
    data: JsonObject;
    extensions?: Record<string, unknown>;
  },
): OutEvent {
  const event: CloudEvent = {
    specversion: '1.0',
    id: options.id,
    source: controlPlaneSource(run.dialect),
    type: spellType(options.type, run.dialect),
    subject: run.id,
    time: isoTime(options.at),
    datacontenttype: 'application/json',
    ...linkAttributes(run.dialect, { correlationId: run.correlationId, causationId: options.cause }),
    ...options.extensions,
  };
  if (run.trigger.traceparent !== undefined) event.traceparent = run.trigger.traceparent;
  if (run.trigger.tracestate !== undefined) event.tracestate = run.trigger.tracestate;
  event.data = options.data;
  return { id: options.id, type: options.type, json: JSON.stringify(event) };
}

/** Writes a task's state. What it has heard from its sources stays, and the run counts how many have not ended. */
export function setNode(work: Work, key: string, node: Node): void {
  const before = ownValue(work.run.nodes, key);
  if (node.join === undefined && before?.join !== undefined) node.join = before.join;
  putOwn(work.run.nodes, key, node);
  if (before !== undefined && isOver(before) !== isOver(node)) work.run.left += isOver(node) ? -1 : 1;
}

function isOver({ state }: Node): boolean {
  return state === 'finished' || state === 'skipped' || state === 'cancelled';
}

/** Triggers attempt `number` of a task, or says why its input cannot be computed. */
export function triggerAttempt(
  work: Work,
  task: GraphTask,
  number: number,
): { failed: string; code: string } | undefined {
  const { run, env } = work;
  const { key, plan } = task;
  const node = ownValue(run.nodes, key);
  if (!node) return { failed: `task ${key} does not exist`, code: 'EXPRESSION' };
  const { isLine } = graphOf(env.sequence);
  const data = dataSeenBy(run, env, task);
  let input: unknown = ownValue(data, plan.uses);
  if (plan.properties !== undefined) input = mergeData(isObject(input) ? input : {}, plan.properties);
  if (plan.with !== undefined) {
    const computed = env.evaluator.resolve(plan.with, scopeOf(run, env, {}, task));
    if (!computed.ok) {
      const expression = isLine ? 'EXPRESSION' : 'EXPRESSION_ERROR';
      const code = computed.code === 'template-limit' ? 'TEMPLATE_LIMIT' : expression;
      return { failed: `with${computed.at ?? ''}: ${computed.message}`, code };
    }
    input = isObject(computed.value) ? mergeData(isObject(input) ? input : {}, computed.value) : computed.value;
  }
  data.project = run.project;
  data.stage = run.stage;
  if (run.service !== undefined) data.service = run.service;
  if (input !== undefined) putOwn(data, plan.uses, input);
  const id = attemptId({ run: run.id, task: key, attempt: number });
  const keptn = run.dialect === 'keptn';
  const event = outEvent(run, {
    id,
    type: `${plan.uses}.triggered`,
    at: work.at,
    cause: keptn ? undefined : work.cause,
    data,
    extensions: {
      ...(keptn ? { gitcommitid: run.trigger.gitCommitId ?? run.planVersion } : {}),
      ...heartbeatAttribute(plan.heartbeatMs),
    },
  });
  event.dispatch = { task: key, uses: plan.uses, attempt: number };
  setNode(work, key, {
    state: 'open',
    attempts: node.attempts,
    attempt: {
      number,
      triggeredAt: work.at,
      startedAt: undefined,
      input,
      cause: work.cause,
      executors: {},
      json: event.json,
    },
  });
  work.effects.push({ kind: 'publish', event, again: false });
  if (plan.startTimeoutMs !== undefined) {
    work.effects.push({
      kind: 'schedule',
      name: `start-timeout/${key}/${number}`,
      dueAt: work.at + plan.startTimeoutMs,
    });
  }
  return undefined;
}

/** So that whoever takes the attempt knows how often to give a sign of life. CloudEvents' integers have 32 bits. */
function heartbeatAttribute(heartbeatMs: number | undefined): { heartbeatms?: number } {
  return heartbeatMs === undefined || heartbeatMs > 0x7fffffff ? {} : { heartbeatms: heartbeatMs };
}

/** Ends the open attempt of a task; the node is the caller's to set. Tells those who worked on it when it is not wanted any more. */
export function endAttempt(
  work: Work,
  key: string,
  end: Pick<Attempt, 'outcome' | 'status' | 'result' | 'message' | 'output' | 'error'>,
): Attempt | undefined {
  const node = ownValue(work.run.nodes, key);
  const task = graphOf(work.env.sequence).byKey.get(key)?.plan;
  if (node?.state !== 'open' || !task) return undefined;
  const { json: _sent, ...attempt } = node.attempt;
  const { number } = attempt;
  work.effects.push({ kind: 'withdraw', task: key, attempt: number });
  if (task.startTimeoutMs !== undefined && attempt.startedAt === undefined) {
    work.effects.push({
      kind: 'unschedule',
      name: `start-timeout/${key}/${number}`,
      dueAt: attempt.triggeredAt + task.startTimeoutMs,
    });
  }
  if (task.timeoutMs !== undefined && attempt.startedAt !== undefined) {
    work.effects.push({
      kind: 'unschedule',
      name: `timeout/${key}/${number}`,
      dueAt: attempt.startedAt + task.timeoutMs,
    });
  }
  // Only an answer by hand, or one that outlived a lease, ends an attempt that a service still works on.
  const isLeft = Object.values(attempt.executors).some((executor) => !executor.finished);
  if (isLeft || end.outcome === 'cancelled' || end.outcome === 'timed-out' || end.outcome === 'lost') {
    const data: JsonObject = { project: work.run.project, stage: work.run.stage, message: end.message };
    if (work.run.service !== undefined) data.service = work.run.service;
    const event = outEvent(work.run, {
      id: `${attemptId({ run: work.run.id, task: key, attempt: number })}.cancelled`,
      type: `${task.uses}.cancelled`,
      at: work.at,
      cause: attemptId({ run: work.run.id, task: key, attempt: number }),
      data,
    });
    work.effects.push({ kind: 'publish', event, again: false });
  }
  return { ...attempt, ...end, endedAt: work.at };
}
