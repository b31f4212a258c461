import { type ConcurrencyPlan, concurrencySchema, isObject, type SequencePlan, type TaskPlan } from '@slipway/contract';
import { scopeNames, taskVariable, type Where } from '../expression/where.ts';
import { toJson } from '../yaml/node.ts';
import { checkKeys, type Field, type Fields, isTooMany, type Reading, readFields, readItems } from './fields.ts';
import { checkInputSchema } from './input-schema.ts';
import { readTask, type TaskNames } from './read-task.ts';
import { readTriggers, type TriggerDraft } from './read-triggers.ts';
import { readDuration, readText, readWhole, readWord } from './scalars.ts';
import { checkTemplateField, warnOfExpressions } from './templates.ts';

const TASKS_MAX = 2_000;
const LIMIT_MAX = 10_000;

/** A sequence whose triggers still have to be looked up among all stages. */
export type SequenceDraft = { plan: SequencePlan; triggers: TriggerDraft[] };

/** Keptn runs one sequence at a time for each stage and service of a project, and queues the rest. */
export const KEPTN_CONCURRENCY: ConcurrencyPlan = { group: '${{ service }}', limit: 1, policy: 'queue' };

const CONCURRENCY_KEYS = { all: Object.keys(concurrencySchema.shape) };
const POLICIES = ['queue', 'cancel-running', 'reject'] as const;
const SUPPORTED_POLICIES = ['queue', 'reject'] as const;

/** Undefined: it has no task, and under Keptn such a sequence cannot be triggered either. */
export function readSequence(
  reading: Reading,
  fields: Fields,
  names: { stage: string; name: string },
): SequenceDraft | undefined {
  reading.expressions.sequence = 0;
  reading.expressions.task = 0;
  const vars = readVars(reading, fields);
  const varNames = Object.keys(vars ?? {});
  const input = readInputSchema(reading, fields);
  const concurrency = readConcurrency(reading, fields, varNames) ?? (reading.keptn ? KEPTN_CONCURRENCY : undefined);
  const timeout = fields.get('timeout');
  const timeoutMs = timeout && readDuration(reading, timeout);
  const triggers = readTriggers(reading, fields);
  const tasks = readTasks(reading, fields, varNames);
  reading.expressions.task = 0;
  const output = readOutput(reading, fields, { tasks: tasks?.map((task) => task.key) ?? [], varNames });
  if (tasks === undefined) return undefined;

  const plan: SequencePlan = { ...names, triggeredOn: [], tasks };
  if (input !== undefined) plan.input = input;
  if (concurrency !== undefined) plan.concurrency = concurrency;
  if (timeoutMs !== undefined) plan.timeoutMs = timeoutMs;
  if (vars !== undefined) plan.vars = vars;
  if (output !== undefined) plan.output = output;
  return { plan, triggers };
}

function readTasks(reading: Reading, fields: Fields, varNames: string[]): TaskPlan[] | undefined {
  const list = fields.get('tasks');
  const items = list && readItems(reading, list);
  if (list !== undefined && items === undefined) return undefined;
  if (items === undefined && fields.misspelled.has('tasks')) return undefined;
  if (items === undefined || items.length === 0) {
    reading.problems.add({
      severity: reading.keptn ? 'warning' : 'error',
      code: 'no-tasks',
      message: 'a sequence has at least one task: this one cannot be triggered',
      pointer: `${fields.pointer}/tasks`,
      at: list?.keyAt ?? fields.at,
    });
    return undefined;
  }
  if (isTooMany(reading, list, items, TASKS_MAX)) return undefined;

  const names: TaskNames = { taken: new Map(), before: new Set(), all: namesOf(items), vars: varNames };
  const tasks: TaskPlan[] = [];
  for (const item of items) {
    const task = readTask(reading, item, names);
    if (task === undefined) continue;
    // A linear sequence is a graph with one path: each task needs the one before it.
    const previous = tasks.at(-1);
    tasks.push(previous === undefined ? task : { ...task, needs: [{ task: previous.key, on: 'success' }] });
    names.before.add(taskVariable(task.key));
  }
  return tasks;
}

/** The names as written, so that an expression that names a later task can be told from a typing error. */
function namesOf(items: Field[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { node } of items) {
    if (node.kind !== 'map') continue;
    const name = node.entries.find((entry) => entry.key === 'name')?.value;
    if (name?.kind === 'scalar') names.add(taskVariable(name.written));
  }
  return names;
}

function readVars(reading: Reading, fields: Fields): Record<string, unknown> | undefined {
  const field = fields.get('vars');
  const inside = field && readFields(reading, field);
  if (field === undefined || inside === undefined) return undefined;
  for (const [name, entry] of inside.entries()) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      reading.problems.add({
        code: 'invalid-name',
        message: 'a variable is read as vars.<name>: letters, digits and _, not beginning with a digit',
        pointer: entry.pointer,
        at: entry.keyAt,
      });
    }
  }
  warnOfExpressions(reading, field, 'a variable is fixed');
  const value = toJson(field.node);
  return isObject(value) ? value : undefined;
}

function readInputSchema(reading: Reading, fields: Fields): Record<string, unknown> | undefined {
  const field = fields.get('input');
  if (field === undefined || readFields(reading, field) === undefined) return undefined;
  const schema = toJson(field.node);
  if (!isObject(schema)) return undefined;
  checkInputSchema(reading, field, schema);
  return schema;
}

function readConcurrency(reading: Reading, fields: Fields, vars: string[]): ConcurrencyPlan | undefined {
  const field = fields.get('concurrency');
  const inside = field && readFields(reading, field);
  if (inside === undefined) return undefined;
  checkKeys(reading, inside, CONCURRENCY_KEYS, 'concurrency');
  const group = inside.get('group');
  const limit = inside.get('limit');
  const policy = inside.get('policy');
  const where: Where = { names: scopeNames.atTrigger, vars };
  if (group !== undefined) checkTemplateField(reading, group, where);
  const word = policy && readWord(reading, policy, POLICIES, SUPPORTED_POLICIES);
  if (policy !== undefined && word === 'cancel-running') {
    reading.problems.add({
      code: 'not-supported-yet',
      message: 'the policy "cancel-running" is not supported yet: queue and reject are',
      pointer: policy.pointer,
      at: policy.node.at,
    });
  }
  return {
    group: (group && readText(reading, group)) ?? KEPTN_CONCURRENCY.group,
    limit: (limit && readWhole(reading, limit, { min: 1, max: LIMIT_MAX })) ?? 1,
    policy: word ?? 'queue',
  };
}

function readOutput(reading: Reading, fields: Fields, known: { tasks: string[]; varNames: string[] }): unknown {
  const field = fields.get('output');
  if (field === undefined) return undefined;
  const all = new Set(known.tasks.map(taskVariable));
  const tasks = { before: all, all };
  checkTemplateField(reading, field, { names: scopeNames.atEnd, vars: known.varNames, tasks });
  return toJson(field.node);
}
