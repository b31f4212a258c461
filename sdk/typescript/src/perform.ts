import type { JsonObject, Result, Status, TaskError } from '@slipway/contract';
import { isObject, ownValue } from '@slipway/contract';
import { z } from 'zod';
import { RetryAfter, TaskErrored, TerminalError } from './errors.ts';
import type { Task, TaskContext } from './task.ts';
import { Outcome } from './task.ts';

/** How one attempt ended, as its finished event will say. */
export interface Ended {
  status: Status;
  result: Result;
  message?: string;
  output?: object;
  error?: TaskError;
  labels?: Readonly<Record<string, string>>;
}

/** Does the task once: checks the input, calls the handler, checks the output. Whatever is thrown becomes an ending. */
export async function perform(task: Task, ctx: TaskContext): Promise<Ended> {
  try {
    const own = Object.hasOwn(ctx.data, task.name) ? ownValue(ctx.data, task.name) : undefined;
    const input = parse(task.input, own ?? {});
    const checked = input instanceof Promise ? await input : input;
    if (!checked.success)
      return invalid('INVALID_INPUT', `the input of ${task.name}`, checked.error, ownValue(ctx.data, task.name));
    return await finish(task, await task.run(checked.data, ctx));
  } catch (error) {
    return error instanceof TaskErrored ? erroredWithOutput(task, error) : errored(error);
  }
}

async function finish(task: Task, returned: unknown): Promise<Ended> {
  const found = returned instanceof Outcome ? returned : new Outcome({ output: returned });
  const ended: Ended = { status: 'succeeded', result: found.result };
  if (found.message !== undefined) ended.message = cut(found.message);
  if (found.labels !== undefined) ended.labels = found.labels;
  if (found.output === undefined && found.result === 'fail') return ended;
  const output = parse(task.output, found.output ?? {});
  const checked = output instanceof Promise ? await output : output;
  if (!checked.success) return invalid('INVALID_OUTPUT', `the output of ${task.name}`, checked.error, found.output);
  if (!isObject(checked.data)) {
    throw new TerminalError(`the output of ${task.name} must be an object`, { code: 'INVALID_OUTPUT' });
  }
  ended.output = checked.data;
  return ended;
}

/** Schemas with asynchronous checks exist, and are rare: only they pay for a promise. */
function parse<T extends z.ZodType>(
  schema: T,
  value: unknown,
): z.ZodSafeParseResult<z.output<T>> | Promise<z.ZodSafeParseResult<z.output<T>>> {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (error instanceof z.core.$ZodAsyncError) return schema.safeParseAsync(value);
    throw error;
  }
}

const ISSUES_MAX = 5;

/** Names each place: `the input of checknumber is not valid: number: expected string, received number`. */
function invalid(code: string, what: string, error: z.ZodError, value: unknown): Ended {
  const absent = value === undefined ? ' (there was none)' : '';
  const message = cut(`${what} is not valid${absent}: ${whereNot(error)}`);
  return { status: 'errored', result: 'fail', message, error: { code, message, retryable: false } };
}

function whereNot(error: z.ZodError): string {
  const issues = error.issues
    .slice(0, ISSUES_MAX)
    .map((issue) => `${issue.path.length === 0 ? '(root)' : issue.path.map(String).join('.')}: ${issue.message}`);
  const more = error.issues.length - issues.length;
  return `${issues.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/** An output that does not fit is left out and said: why the task failed must not be lost over it. */
async function erroredWithOutput(task: Task, thrown: TaskErrored): Promise<Ended> {
  const { labels } = thrown;
  const ended = { ...errored(thrown), ...(labels === undefined ? {} : { labels }) };
  const checked = await task.output.safeParseAsync(thrown.output);
  if (checked.success && isObject(checked.data)) return { ...ended, result: thrown.result, output: checked.data };
  const why = checked.success ? 'it must be an object' : whereNot(checked.error);
  const message = cut(`${ended.message}; the output of ${task.name} was left out, it is not valid: ${why}`);
  return { ...ended, result: thrown.result, message };
}

/** What a thrown value means to the control plane. Node's own codes (ENOENT, ECONNREFUSED) stay what they are. */
function errored(thrown: unknown): Ended {
  const message = cut(thrown instanceof Error ? thrown.message || thrown.name : String(thrown));
  const error: TaskError = { code: codeOf(thrown), message };
  if (thrown instanceof TerminalError) error.retryable = false;
  if (thrown instanceof TaskErrored && thrown.retryable !== undefined) error.retryable = thrown.retryable;
  if (thrown instanceof RetryAfter) error.retryAfterMs = thrown.ms;
  return { status: 'errored', result: 'fail', message, error };
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' && code !== '' ? code.slice(0, 256) : 'ERROR';
}

const MESSAGE_MAX = 4096;

function cut(text: string): string {
  return text.length <= MESSAGE_MAX ? text : `${text.slice(0, MESSAGE_MAX - 3)}...`;
}

/** The data of the finished event: who and where, how it ended, and the output under the task's own name. */
export function finishedData(task: Task, where: JsonObject, ended: Ended): JsonObject {
  const { output, ...words } = ended;
  return output === undefined ? { ...where, ...words } : { ...where, ...words, [task.name]: output };
}
