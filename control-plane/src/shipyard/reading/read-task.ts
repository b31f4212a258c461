import { isObject, type RetryPlan, retrySchema, type TaskPlan, taskSchema } from '@slipway/contract';
import { scopeNames, type Where } from '../expression/where.ts';
import { toJson } from '../yaml/node.ts';
import { checkKeys, type Field, type Fields, missingKey, placeOf, type Reading, readFields } from './fields.ts';
import { readDuration, readName, readNumber, readWhole, readWord } from './scalars.ts';
import { checkTemplateField, readExpression, warnOfExpressions } from './templates.ts';

const EXECUTORS_MAX = 100;
const ATTEMPTS_MAX = 100;
const MINUTE_MS = 60_000;

/** Read, so that nobody's text is misunderstood, and refused by name until the engine knows what they mean. */
const NOT_YET: ReadonlySet<string> = new Set([
  'needs',
  'next',
  'decision',
  'join',
  'forEach',
  'batchSize',
  'parallel',
  'when',
  'publish',
  'sequence',
  'wait',
]);

const TASK_KEYS = {
  all: Object.keys(taskSchema.shape).filter((key) => !NOT_YET.has(key)),
  notYet: NOT_YET,
};
const RETRY_KEYS = { all: Object.keys(retrySchema.shape) };

/** What a task's neighbours are called, for its own key and for the names in its expressions. */
export type TaskNames = {
  /** How often each name was there already. */
  taken: Map<string, number>;
  /** The tasks before this one, and all of them, as expressions name them. */
  before: Set<string>;
  all: ReadonlySet<string>;
  vars: string[];
};

export function readTask(reading: Reading, item: Field, names: TaskNames): TaskPlan | undefined {
  const fields = readFields(reading, item);
  if (fields === undefined) return undefined;
  reading.expressions.task = 0;
  checkKeys(reading, fields, TASK_KEYS, 'a task');
  const name = readTaskName(reading, fields, names);
  const uses = fields.get('uses');
  const type = uses && readName(reading, uses, 'task type');
  const where: Where = {
    names: scopeNames.beforeTask,
    vars: names.vars,
    tasks: { before: names.before, all: names.all },
  };
  const executors = fields.get('executors');
  const task: TaskPlan = {
    key: name?.key ?? '',
    name: name?.name ?? '',
    uses: type ?? name?.name ?? '',
    needs: [],
    join: 'all',
    executors: (executors && readWhole(reading, executors, { min: 1, max: EXECUTORS_MAX })) ?? 1,
    ...readInput(reading, fields, where),
    ...readTimes(reading, fields),
  };
  const retry = fields.get('retry');
  const plan = retry && readRetry(reading, retry, where);
  if (plan !== undefined) task.retry = plan;
  return name === undefined ? undefined : task;
}

/** Keptn lets one sequence have a task twice, and tells them apart by their place; ours by their name. */
function readTaskName(reading: Reading, fields: Fields, names: TaskNames): { name: string; key: string } | undefined {
  const field = fields.get('name');
  if (field === undefined) {
    missingKey(reading, fields, 'name', 'a task has a name');
    return undefined;
  }
  const name = readName(reading, field, 'task');
  if (name === undefined) return undefined;
  const count = (names.taken.get(name) ?? 0) + 1;
  names.taken.set(name, count);
  if (count > 1 && !reading.keptn) {
    reading.problems.add({
      code: 'duplicate-name',
      message: `there is a task named "${name}" already: give this one another name, and "uses: ${name}"`,
      pointer: field.pointer,
      at: placeOf(field),
    });
  }
  return { name, key: count === 1 ? name : `${name}~${count}` };
}

function readInput(reading: Reading, fields: Fields, where: Where): Pick<TaskPlan, 'properties' | 'with'> {
  const input: Pick<TaskPlan, 'properties' | 'with'> = {};
  const properties = fields.get('properties');
  if (properties !== undefined && readFields(reading, properties) !== undefined) {
    warnOfExpressions(reading, properties, 'properties are fixed input');
    const value = toJson(properties.node);
    if (isObject(value)) input.properties = value;
  }
  const computed = fields.get('with');
  if (computed !== undefined) {
    checkTemplateField(reading, computed, where);
    input.with = toJson(computed.node);
  }
  return input;
}

type Times = Pick<TaskPlan, 'timeoutMs' | 'startTimeoutMs' | 'heartbeatMs' | 'triggeredAfterMs'>;

function readTimes(reading: Reading, fields: Fields): Times {
  const times: Times = {};
  for (const [key, property] of [
    ['timeout', 'timeoutMs'],
    ['startTimeout', 'startTimeoutMs'],
    ['heartbeat', 'heartbeatMs'],
    ['triggeredAfter', 'triggeredAfterMs'],
  ] as const) {
    const field = fields.get(key);
    const ms = field && readDuration(reading, field, { allowZero: key === 'triggeredAfter' });
    if (ms !== undefined) times[property] = ms;
  }
  return times;
}

function readRetry(reading: Reading, field: Field, where: Where): RetryPlan | undefined {
  const fields = readFields(reading, field);
  if (fields === undefined) return undefined;
  checkKeys(reading, fields, RETRY_KEYS, 'retry');
  const attempts = fields.get('attempts');
  const delay = fields.get('delay');
  const backoff = fields.get('backoff');
  const maxDelay = fields.get('maxDelay');
  const jitter = fields.get('jitter');
  const condition = fields.get('when');
  const delayMs = (delay && readDuration(reading, delay, { allowZero: true })) ?? 1000;
  const retry: RetryPlan = {
    attempts: (attempts && readWhole(reading, attempts, { min: 1, max: ATTEMPTS_MAX })) ?? 3,
    delayMs,
    backoff: (backoff && readWord(reading, backoff, ['fixed', 'linear', 'exponential'])) ?? 'exponential',
    maxDelayMs: (maxDelay && readDuration(reading, maxDelay, { allowZero: true })) ?? Math.max(5 * MINUTE_MS, delayMs),
    jitter: (jitter && readNumber(reading, jitter, { min: 0, max: 1 })) ?? 0.2,
  };
  const expression =
    condition && readExpression(reading, condition, { ...where, names: scopeNames.afterAttempt, wants: 'bool' });
  if (expression !== undefined) retry.when = expression;
  if (maxDelay !== undefined && retry.maxDelayMs < retry.delayMs) {
    reading.problems.add({
      code: 'out-of-range',
      message: 'maxDelay is shorter than delay',
      pointer: maxDelay.pointer,
      at: placeOf(maxDelay),
    });
  }
  return retry;
}
