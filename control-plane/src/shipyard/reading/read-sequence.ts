import { type ConcurrencyPlan, concurrencySchema, isObject, type SequencePlan } from '@slipway/contract';
import { scopeNames, taskVariable, type Where } from '../expression/where.ts';
import { toJson } from '../yaml/node.ts';
import { checkKeys, type Fields, type Reading, readFields } from './fields.ts';
import { checkInputSchema } from './input-schema.ts';
import { checkVariableName } from './read-task.ts';
import { readTasks } from './read-tasks.ts';
import { readTriggers, type TriggerDraft } from './read-triggers.ts';
import { readDuration, readText, readWhole, readWord } from './scalars.ts';
import { checkTemplateField, readExpression, warnOfExpressions } from './templates.ts';

const FINALLY_TIMEOUT_MS = 10 * 60_000;
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
  const read = readTasks(reading, fields, varNames);
  reading.expressions.task = 0;
  const known = {
    tasks: read?.tasks.map((task) => task.key) ?? [],
    varNames: [...varNames, ...(read?.published ?? [])],
  };
  const output = readOutput(reading, fields, known);
  const result = readResult(reading, fields, known);
  const finallyTimeout = fields.get('finallyTimeout');
  const finallyTimeoutMs = (finallyTimeout && readDuration(reading, finallyTimeout)) ?? FINALLY_TIMEOUT_MS;
  if (read === undefined) return undefined;

  const { tasks, edges } = read;
  const plan: SequencePlan = { ...names, triggeredOn: [], tasks };
  if (input !== undefined) plan.input = input;
  if (concurrency !== undefined) plan.concurrency = concurrency;
  if (timeoutMs !== undefined) plan.timeoutMs = timeoutMs;
  if (vars !== undefined) plan.vars = vars;
  if (output !== undefined) plan.output = output;
  if (edges !== undefined) plan.edges = edges;
  if (result !== undefined) plan.result = result;
  if (tasks.some((task) => task.finally)) plan.finallyTimeoutMs = finallyTimeoutMs;
  return { plan, triggers };
}

function readVars(reading: Reading, fields: Fields): Record<string, unknown> | undefined {
  const field = fields.get('vars');
  const inside = field && readFields(reading, field);
  if (field === undefined || inside === undefined) return undefined;
  for (const [name, entry] of inside.entries()) checkVariableName(reading, name, entry);
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

type KnownAtEnd = { tasks: string[]; varNames: string[] };

function readOutput(reading: Reading, fields: Fields, known: KnownAtEnd): unknown {
  const field = fields.get('output');
  if (field === undefined) return undefined;
  checkTemplateField(reading, field, whereAtEnd(known));
  return toJson(field.node);
}

function readResult(reading: Reading, fields: Fields, known: KnownAtEnd): string | undefined {
  const field = fields.get('result');
  return field && readExpression(reading, field, whereAtEnd(known));
}

function whereAtEnd({ tasks, varNames }: KnownAtEnd): Where {
  const all = new Set(tasks.map(taskVariable));
  return { names: scopeNames.atEnd, vars: varNames, tasks: { before: all, all } };
}
