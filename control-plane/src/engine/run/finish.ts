import type { JsonObject, Result, Status } from '@slipway/contract';
import { ownValue } from '@slipway/contract';
import { graphOf } from '../graph/compile.ts';
import { dataSeenBy, scopeOf } from '../scope.ts';
import type { Effect, FinishedRun, HistoryLine, Node, OpenRun, RunBase, RunEnd } from '../types.ts';
import type { Work } from '../work.ts';
import { endAttempt, outEvent, setNode } from '../work.ts';

/** Ends an open run: what is open is cancelled, its followers are triggered, its group is told. */
export function finishRun(work: Work, end: RunEnd): FinishedRun {
  for (const task of work.env.sequence?.tasks ?? []) {
    const node = ownValue(work.run.nodes, task.key);
    if (node?.state === 'open') {
      const message = end.status === 'aborted' ? 'the run was aborted' : 'the run ended';
      const error = { code: 'CANCELLED', message };
      const attempt = endAttempt(work, task.key, {
        outcome: 'cancelled',
        status: 'aborted',
        result: 'fail',
        message,
        output: undefined,
        error,
      });
      setNode(work, task.key, { state: 'cancelled', attempts: attempt ? [...node.attempts, attempt] : node.attempts });
    } else if (node?.state === 'delayed') {
      work.effects.push({ kind: 'unschedule', name: `begin/${task.key}/${node.nextAttempt}`, dueAt: node.dueAt });
      setNode(work, task.key, { state: node.attempts.length > 0 ? 'cancelled' : 'skipped', attempts: node.attempts });
    } else if (node?.state === 'pending') {
      setNode(work, task.key, { state: 'skipped', attempts: node.attempts });
    }
  }
  if (work.run.deadlineAt !== undefined) {
    const name = work.run.main === undefined ? 'run-timeout' : 'finally-timeout';
    work.effects.push({ kind: 'unschedule', name, dueAt: work.run.deadlineAt });
  }
  const { run, effects } = closeRun(work.run, work, { ...end, startedAt: work.run.startedAt });
  work.effects.push(...effects);
  return run;
}

/** The finished run and what its end tells the world, from whatever state it was in. */
export function closeRun(
  base: RunBase,
  context: Pick<Work, 'env' | 'at'>,
  end: RunEnd & { startedAt: number | undefined },
): { run: FinishedRun; effects: Effect[] } {
  const { env, at } = context;
  const effects: Effect[] = [];
  const { status, result, message, output } = end;
  const plainName = `${base.stage}.${base.sequence}`;
  const data: JsonObject = { project: base.project, stage: base.stage };
  if (base.service !== undefined) data.service = base.service;
  if (base.dialect === 'plain' && Object.keys(base.labels).length > 0) data.labels = base.labels;
  data.status = status;
  // Keptn's services know an aborted sequence by its status; its result stays what Keptn's own would be.
  const isKeptnAbort = status === 'aborted' && base.dialect === 'keptn' && !graphOf(env.sequence).isLine;
  // To a program of ours it did not pass, whatever its tasks had come to.
  const isPlainAbort = status === 'aborted' && base.dialect === 'plain';
  data.result = isKeptnAbort ? 'pass' : isPlainAbort ? 'fail' : result;
  if (message !== '') data.message = message;
  if (base.dialect === 'plain' && output !== undefined) data.output = output;
  const finishedId = `${base.id}.finished`;
  effects.push({
    kind: 'publish',
    again: false,
    event: outEvent(base, { id: finishedId, type: `${plainName}.finished`, at, cause: base.trigger.id, data }),
  });
  const triggers: { stage: string; sequence: string; eventId: string }[] = [];
  const history: HistoryLine[] = [...base.history];
  const followed = env.followers.length === 0 ? base.data : dataSeenBy(base, env);
  for (const { target, rule } of env.followers) {
    if (status === 'aborted') continue;
    const verdict = fires(base, context, rule, { result, status, output });
    if (typeof verdict === 'string') {
      // An expression that has no value is not a no: it fires nothing, and people are told.
      const what = `triggeredOn of ${target.stage}.${target.name} could not be decided`;
      history.push({ at, what, reason: verdict });
    }
    if (verdict !== true) continue;
    const id = `${base.id}.triggers.${target.stage}.${target.name}`;
    const handedOn: JsonObject = { ...followed, project: base.project, stage: target.stage };
    if (base.service !== undefined) handedOn.service = base.service;
    const keptn = base.dialect === 'keptn';
    const event = outEvent(base, {
      id,
      type: `${target.stage}.${target.name}.triggered`,
      at,
      cause: keptn ? undefined : finishedId,
      data: handedOn,
      extensions: { triggerdepth: base.depth + 1 },
    });
    triggers.push({ stage: target.stage, sequence: target.name, eventId: id });
    effects.push({ kind: 'publish', again: false, event });
  }
  if (base.group !== undefined)
    effects.push({ kind: 'send', to: base.group, input: { kind: 'release', at, run: base.id } });
  const run: FinishedRun = {
    ...baseOf(base),
    nodes: neverBegun(base.nodes),
    history,
    kind: 'finished',
    startedAt: end.startedAt,
    finishedAt: at,
    status,
    result,
    message,
    output,
    triggers,
  };
  return { run, effects };
}

/** A run that ends before it began has tasks that nobody will begin. */
function neverBegun(nodes: RunBase['nodes']): RunBase['nodes'] {
  const ended = Object.entries(nodes).map(([key, node]): [string, Node] =>
    node.state === 'pending' ? [key, { state: 'skipped', attempts: node.attempts }] : [key, node],
  );
  return Object.fromEntries(ended);
}

/**
 * Whether a follower's rule holds. Keptn's own rule (shipyard-controller, GetTaskSequencesByTrigger): without a
 * selector it fires on pass and warning; with one, `result` or `<last task>.result` must equal the run's result.
 */
function fires(
  base: RunBase,
  { env }: Pick<Work, 'env'>,
  rule: { match?: Record<string, string>; when?: string },
  end: { result: Result; status: Status; output: unknown },
): boolean | string {
  if (rule.when !== undefined) {
    const scope = scopeOf(base, env, { result: end.result, status: end.status, output: end.output ?? null });
    const answer = env.evaluator.evaluate(rule.when, scope);
    return answer.ok ? answer.value === true : answer.message;
  }
  if (rule.match === undefined) return end.result !== 'fail';
  if (rule.match.result === end.result) return true;
  const last = lastTask(base, env);
  return last !== undefined && rule.match[`${last}.result`] === end.result;
}

function lastTask(base: RunBase, env: Work['env']): string | undefined {
  let last: string | undefined;
  for (const task of env.sequence?.tasks ?? [])
    if (ownValue(base.nodes, task.key)?.state === 'finished') last = task.name;
  return last;
}

function baseOf(run: RunBase | OpenRun): RunBase {
  return {
    id: run.id,
    project: run.project,
    stage: run.stage,
    sequence: run.sequence,
    service: run.service,
    dialect: run.dialect,
    planVersion: run.planVersion,
    correlationId: run.correlationId,
    trigger: run.trigger,
    triggeredBy: run.triggeredBy,
    labels: run.labels,
    input: run.input,
    data: run.data,
    depth: run.depth,
    config: run.config,
    acceptedAt: run.acceptedAt,
    nodes: run.nodes,
    group: run.group,
    history: run.history,
    ignored: run.ignored,
    parked: undefined,
  };
}
