import { isObject, type RetryPlan, retrySchema, type TaskPlan, taskSchema } from '@slipway/contract';
import { mentionsExpression } from '../expression/template.ts';
import { scopeNames, type Where } from '../expression/where.ts';
import { toJson } from '../yaml/node.ts';
import { checkKeys, type Field, type Fields, missingKey, placeOf, type Reading, readFields } from './fields.ts';
import { readEdges, readFlag, readJoin } from './graph/read-edges.ts';
import type { TaskDraft } from './graph/task-draft.ts';
import { checkInputSchema } from './input-schema.ts';
import { readDuration, readName, readNumber, readWhole, readWord } from './scalars.ts';
import { checkTemplateField, readExpression, warnOfExpressions } from './templates.ts';

const EXECUTORS_MAX = 100;
const ATTEMPTS_MAX = 100;
const MINUTE_MS = 60_000;

/** Read, so that nobody's text is misunderstood, and refused by name until the engine knows what they mean. */
const NOT_YET: ReadonlySet<string> = new Set(['forEach', 'batchSize', 'parallel', 'sequence', 'wait']);

const TASK_KEYS = {
  all: Object.keys(taskSchema.shape).filter((key) => !NOT_YET.has(key)),
  notYet: NOT_YET,
};
const RETRY_KEYS = { all: Object.keys(retrySchema.shape) };
const BUILT_IN = ['noop', 'wait', 'end'] as const;
/** What only a service can do. */
const SERVICE_KEYS = ['timeout', 'startTimeout', 'heartbeat', 'executors', 'retry', 'output', 'outputSchema'];

/** How often each name was there already. */
export type TakenNames = Map<string, number>;

/** What is read before the names of the other tasks are known; `index` is its place among the tasks of its list. */
export function draftTask(
  reading: Reading,
  item: Field,
  names: { taken: TakenNames; index: number; isFinally: boolean },
): TaskDraft | undefined {
  const fields = readFields(reading, item);
  if (fields === undefined) return undefined;
  checkKeys(reading, fields, TASK_KEYS, 'a task');
  const name = readTaskName(reading, fields, names.taken);
  const written = readEdges(reading, fields);
  const join = fields.get('join');
  const rest = fields.get('rest');
  const onSkip = fields.get('onSkip');
  const ignoreFailure = fields.get('ignoreFailure');
  if (name === undefined) return undefined;
  const draft: TaskDraft = {
    ...{ fields, at: item, index: names.index, ...name, isFinally: names.isFinally, written },
    join: join && readJoin(reading, join),
    rest: rest && readWord(reading, rest, ['keep', 'cancel']),
    onSkip: onSkip && readWord(reading, onSkip, ['cascade', 'continue']),
    hasWhen: fields.get('when') !== undefined,
    ignoresFailure: (ignoreFailure && readFlag(reading, ignoreFailure)) ?? false,
    hasTimeout: ['timeout', 'startTimeout', 'heartbeat'].some((key) => fields.get(key) !== undefined),
    builtIn: builtInOf(reading, fields),
  };
  if (draft.builtIn === 'end' && draft.isFinally) {
    const message = '"end" ends the tasks before "finally", so it cannot stand in it';
    reading.problems.add({ code: 'end-in-finally', message, pointer: item.pointer, at: item.keyAt });
  }
  return draft;
}

/** Keptn knows none of them, so under its `apiVersion` these are names of services. */
function builtInOf(reading: Reading, fields: Fields): TaskDraft['builtIn'] {
  const uses = fields.get('uses');
  const text = uses?.node.kind === 'scalar' ? uses.node.written : undefined;
  const builtIn = reading.keptn ? undefined : BUILT_IN.find((name) => name === text);
  if (builtIn === undefined) return undefined;
  for (const key of SERVICE_KEYS) {
    const field = fields.get(key);
    if (field === undefined) continue;
    const message = `"${key}" means nothing with "uses: ${builtIn}", because no service does it`;
    reading.problems.add({ code: 'unknown-key', message, pointer: field.pointer, at: field.keyAt });
  }
  return builtIn;
}

/** The rest of a task, whose expressions may look at what `where` says. */
export function readTask(reading: Reading, draft: TaskDraft, where: Where, join: TaskPlan['join']): TaskPlan {
  const { fields } = draft;
  const uses = fields.get('uses');
  const type = uses && readName(reading, uses, 'task type');
  const executors = fields.get('executors');
  const task: TaskPlan = {
    key: draft.key,
    name: draft.name,
    uses: type ?? draft.name,
    needs: [],
    join,
    executors: (executors && readWhole(reading, executors, { min: 1, max: EXECUTORS_MAX })) ?? 1,
    ...readInput(reading, fields, where),
    ...readTimes(reading, fields),
    ...readGraphKeys(reading, draft, where),
  };
  const retry = fields.get('retry');
  const plan = retry && readRetry(reading, retry, where);
  if (plan !== undefined) task.retry = plan;
  if (draft.builtIn === 'wait' || draft.builtIn === 'end') checkBuiltInInput(reading, draft.builtIn, draft);
  return task;
}

type GraphKeys = Pick<
  TaskPlan,
  'rest' | 'when' | 'onSkip' | 'ignoreFailure' | 'publish' | 'output' | 'outputSchema' | 'builtIn' | 'finally'
>;

function readGraphKeys(reading: Reading, draft: TaskDraft, where: Where): GraphKeys {
  const { fields } = draft;
  const keys: GraphKeys = {};
  const after = { ...where, names: scopeNames.afterTask };
  const when = fields.get('when');
  const condition = when && readExpression(reading, when, { ...where, wants: 'bool' });
  if (condition !== undefined) keys.when = condition;
  const publish = fields.get('publish');
  const inside = publish && readFields(reading, publish);
  if (publish !== undefined && inside !== undefined) {
    for (const [name, entry] of inside.entries()) checkVariableName(reading, name, entry);
    checkTemplateField(reading, publish, after);
    const value = toJson(publish.node);
    if (isObject(value)) keys.publish = value;
  }
  const output = fields.get('output');
  if (output !== undefined) {
    checkTemplateField(reading, output, after);
    keys.output = toJson(output.node);
  }
  const schema = fields.get('outputSchema');
  const value = schema && readFields(reading, schema) && toJson(schema.node);
  if (schema !== undefined && isObject(value)) {
    checkInputSchema(reading, schema, value);
    keys.outputSchema = value;
  }
  if (draft.rest === 'cancel') keys.rest = 'cancel';
  if (draft.onSkip === 'continue') keys.onSkip = 'continue';
  if (draft.ignoresFailure) keys.ignoreFailure = true;
  if (draft.builtIn !== undefined) keys.builtIn = draft.builtIn;
  if (draft.isFinally) keys.finally = true;
  return keys;
}

const BUILT_IN_INPUT = { wait: ['for', 'until'], end: ['result', 'message'] };

/** What can be said of a built-in's input before it is computed. */
function checkBuiltInInput(reading: Reading, builtIn: 'wait' | 'end', { fields, at }: TaskDraft): void {
  const field = fields.get('with') ?? fields.get('properties');
  if (field === undefined) {
    if (builtIn === 'end') return;
    const message = 'a wait says how long, as in "with: {for: 10m}", or until when, as in "with: {until: ...}"';
    reading.problems.add({ code: 'missing-key', message, pointer: `${at.pointer}/with`, at: at.keyAt, text: '' });
    return;
  }
  // The whole input may be one expression.
  if (field.node.kind === 'scalar') return;
  const inside = readFields(reading, field);
  if (inside === undefined) return;
  checkKeys(reading, inside, { all: BUILT_IN_INPUT[builtIn] }, `the input of "uses: ${builtIn}"`);
  const length = inside.get('for');
  if (length !== undefined && !isComputed(length)) readDuration(reading, length, { allowZero: true });
  const result = inside.get('result');
  if (result !== undefined && !isComputed(result)) readWord(reading, result, ['pass', 'warning', 'fail']);
}

function isComputed({ node }: Field): boolean {
  return node.kind === 'scalar' && typeof node.value === 'string' && mentionsExpression(node.value);
}

export function checkVariableName(reading: Reading, name: string, entry: Field): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return;
  const message = 'a variable is read as vars.<name>: letters, digits and _, not beginning with a digit';
  reading.problems.add({ code: 'invalid-name', message, pointer: entry.pointer, at: entry.keyAt });
}

/** Keptn lets one sequence have a task twice, and tells them apart by their place; ours by their name. */
function readTaskName(reading: Reading, fields: Fields, taken: TakenNames): { name: string; key: string } | undefined {
  const field = fields.get('name');
  if (field === undefined) {
    missingKey(reading, fields, 'name', 'a task has a name');
    return undefined;
  }
  const name = readName(reading, field, 'task');
  if (name === undefined) return undefined;
  const count = (taken.get(name) ?? 0) + 1;
  taken.set(name, count);
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
