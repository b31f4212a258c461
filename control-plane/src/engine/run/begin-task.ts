import { isObject, mergeData, ownValue, parseDuration, type Result } from '@slipway/contract';
import type { GraphTask } from '../graph/compile.ts';
import { skipped } from '../graph/settle.ts';
import { scopeOf } from '../scope.ts';
import type { Node } from '../types.ts';
import { endAttempt, setNode, triggerAttempt, type Work } from '../work.ts';
import { finishTask } from './finish-task.ts';

type Pending = Extract<Node, { state: 'pending' }>;
/** `later`: the work of this step is spent, so it begins with the next one. */
type Begun = 'open' | 'over' | 'later';

const OVER: Begun = 'over';

/** Triggers a task, delays it, does it where it is built in, or ends it: skipped, or failed because something has no value. */
export function beginTask(work: Work, task: GraphTask, node: Pending, options: { mayWait: boolean }): Begun {
  const { plan } = task;
  const isFirst = node.nextAttempt === 1 && !node.delayed;
  if (isFirst && plan.when !== undefined) {
    const verdict = work.env.evaluator.evaluate(plan.when, scopeOf(work.run, work.env, {}, task));
    if (!verdict.ok) {
      if (options.mayWait && verdict.code === 'template-limit') return 'later';
      return failed(work, task, node, `when: ${verdict.message}`);
    }
    if (typeof verdict.value !== 'boolean') {
      const shown = JSON.stringify(verdict.value)?.slice(0, 80);
      return failed(work, task, node, `when: the answer must be true or false, and this is ${shown}`);
    }
    if (!verdict.value) {
      setNode(work, task.key, skipped(task, node, 'when'));
      return OVER;
    }
  }
  if (isFirst && plan.triggeredAfterMs !== undefined) {
    return delay(work, task, node, { reason: 'triggered-after', dueAt: work.at + plan.triggeredAfterMs });
  }
  if (plan.builtIn !== undefined && !isServedByOthers(work, plan.builtIn))
    return doBuiltIn(work, task, node, plan.builtIn);
  const problem = triggerAttempt(work, task, node.nextAttempt);
  if (problem === undefined) return 'open';
  if (options.mayWait && problem.code === 'TEMPLATE_LIMIT') return 'later';
  return failed(work, task, node, problem.failed, problem.code);
}

/** A project may have a service of its own for one of these names. */
function isServedByOthers(work: Work, name: string): boolean {
  const { builtins } = work.run.config;
  return isObject(builtins) && ownValue(builtins, name) === false;
}

function delay(
  work: Work,
  task: GraphTask,
  { nextAttempt, attempts }: Pending,
  { reason, dueAt }: { reason: 'triggered-after' | 'wait'; dueAt: number },
): Begun {
  setNode(work, task.key, { state: 'delayed', nextAttempt, dueAt, reason, attempts });
  work.effects.push({ kind: 'schedule', name: `begin/${task.key}/${nextAttempt}`, dueAt });
  return 'open';
}

function failed(work: Work, task: GraphTask, node: Pending, message: string, code = 'EXPRESSION_ERROR'): Begun {
  finishTask(work, task, node.attempts, {
    ...{ status: 'errored', result: 'fail', message, output: undefined, data: {}, error: { code, message } },
    timedOut: false,
  });
  return OVER;
}

// ---- built-in tasks

function doBuiltIn(work: Work, task: GraphTask, node: Pending, name: 'noop' | 'wait' | 'end'): Begun {
  const { plan, key } = task;
  let given: unknown = plan.properties ?? {};
  if (plan.with !== undefined) {
    const computed = work.env.evaluator.resolve(plan.with, scopeOf(work.run, work.env, {}, task));
    if (!computed.ok) return failed(work, task, node, `with${computed.at ?? ''}: ${computed.message}`);
    given = isObject(given) && isObject(computed.value) ? mergeData(given, computed.value) : computed.value;
  }
  const input = isObject(given) ? given : {};
  if (name === 'wait') {
    const until = waitUntil(input, work.at);
    if (typeof until === 'string') return failed(work, task, node, until, 'INVALID_INPUT');
    if (until > work.at) return delay(work, task, node, { reason: 'wait', dueAt: until });
  }
  if (name === 'end') {
    const result = input.result ?? undefined;
    if (result !== undefined && !isResult(result)) {
      const shown = JSON.stringify(result).slice(0, 80);
      return failed(
        work,
        task,
        node,
        `with.result: pass, warning or fail is wanted here, and this is ${shown}`,
        'INVALID_INPUT',
      );
    }
    const message = typeof input.message === 'string' ? input.message.slice(0, 8192) : '';
    passed(work, task, node, result ?? 'pass', message);
    if (ownValue(work.run.nodes, key)?.state === 'finished')
      work.stop = { status: 'succeeded', result, message, by: 'end' };
    return OVER;
  }
  passed(work, task, node, 'pass', '');
  return OVER;
}

/** The time of a `wait` is over. */
export function endWait(work: Work, task: GraphTask, node: Extract<Node, { state: 'delayed' }>): void {
  passed(work, task, node, 'pass', '');
}

function passed(work: Work, task: GraphTask, node: Pick<Node, 'attempts'>, result: Result, message: string): void {
  finishTask(work, task, node.attempts, {
    ...{ status: 'succeeded', result, message, output: undefined, data: {}, error: undefined, timedOut: false },
  });
}

/** When a `wait` is over, or why that cannot be said. */
function waitUntil(input: Record<string, unknown>, now: number): number | string {
  if (typeof input.for === 'string') {
    const duration = parseDuration(input.for, { allowZero: true });
    return duration.ok ? now + duration.ms : `with.for: ${duration.reason}`;
  }
  if (typeof input.until === 'number' && Number.isFinite(input.until)) return Math.round(input.until);
  if (typeof input.until === 'string') {
    const at = parseTime(input.until);
    return at ?? `with.until: "${input.until.slice(0, 80)}" is not a time: write 2026-01-31T12:00:00Z`;
  }
  return 'with: a wait says how long, as in {for: 10m}, or until when, as in {until: "2026-01-31T12:00:00Z"}';
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339, in ms since 1970; the engine has no clock and so no `Date`. */
function parseTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (
    m < 1 ||
    m > 12 ||
    d < 1 ||
    d > daysIn(y, m) ||
    Number(hour) > 23 ||
    Number(minute) > 59 ||
    Number(second ?? 0) > 60
  )
    return undefined;
  const offset = zone === 'Z' || zone === undefined ? 0 : minutesOf(zone);
  const minutes = (daysSince1970(y, m, d) * 24 + Number(hour)) * 60 + Number(minute) - offset;
  return minutes * 60_000 + Number(second ?? 0) * 1000 + Math.floor(Number(`0.${fraction ?? 0}`) * 1000);
}

function minutesOf(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return zone.startsWith('-') ? -minutes : minutes;
}

function daysIn(year: number, month: number): number {
  return daysSince1970(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - daysSince1970(year, month, 1);
}

/** Howard Hinnant's days_from_civil. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

function isResult(value: unknown): value is Result {
  return value === 'pass' || value === 'warning' || value === 'fail';
}

// ---- cancelling

/** Ends a task that has not ended: its edges are dead, and a late answer changes nothing. */
export function cancelTask(work: Work, task: GraphTask, message: string): void {
  const node = ownValue(work.run.nodes, task.key);
  if (node?.state === 'open') {
    const error = { code: 'CANCELLED', message };
    const end = { outcome: 'cancelled', status: 'aborted', result: 'fail', message, output: undefined, error } as const;
    const attempt = endAttempt(work, task.key, end);
    setNode(work, task.key, { state: 'cancelled', attempts: attempt ? [...node.attempts, attempt] : node.attempts });
  } else if (node?.state === 'delayed') {
    work.effects.push({ kind: 'unschedule', name: `begin/${task.key}/${node.nextAttempt}`, dueAt: node.dueAt });
    setNode(work, task.key, { state: 'cancelled', attempts: node.attempts });
  } else if (node?.state === 'pending') {
    setNode(work, task.key, { state: 'cancelled', attempts: node.attempts });
  }
}
