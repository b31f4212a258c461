import type { JsonObject, Result, Status, TaskError } from '@slipway/contract';
import { isObject, ownValue, putOwn } from '@slipway/contract';

export type ReadAnswer = {
  status: Status;
  result: Result;
  message: string;
  /** The task's own object. */
  output: unknown;
  error: TaskError | undefined;
  /** Everything else that is handed on to later tasks. */
  data: JsonObject;
};

const STATUSES: ReadonlySet<unknown> = new Set(['succeeded', 'errored', 'aborted', 'unknown']);
const RESULTS: ReadonlySet<unknown> = new Set(['pass', 'warning', 'fail']);

/** Why an answer's words are not ours; undefined when they are. HTTP refuses with it, on the bus it counts as fail. */
export function answerProblem(data: unknown): { pointer: string; message: string } | undefined {
  if (data === undefined || data === null) return undefined;
  if (!isObject(data)) return { pointer: '/data', message: 'data must be a JSON object' };
  if (data.status !== undefined && data.status !== '' && !STATUSES.has(data.status)) {
    return {
      pointer: '/data/status',
      message: `status must be succeeded, errored, aborted or unknown, not ${quote(data.status)}`,
    };
  }
  if (data.result !== undefined && data.result !== '' && !RESULTS.has(data.result)) {
    return { pointer: '/data/result', message: `result must be pass, warning or fail, not ${quote(data.result)}` };
  }
  return undefined;
}

/**
 * Reads the data of a `<task>.finished` event. Missing status means succeeded, missing result means pass (fail when it
 * errored); unknown words count as an error with code INVALID_RESULT.
 */
export function readAnswer(eventData: unknown, uses: string): ReadAnswer {
  const data = isObject(eventData) ? eventData : {};
  const problem = answerProblem(eventData);
  const rest: JsonObject = {};
  for (const key of Object.keys(data)) {
    if (
      key !== 'project' &&
      key !== 'stage' &&
      key !== 'service' &&
      key !== 'error' &&
      key !== uses &&
      key !== '__proto__'
    ) {
      putOwn(rest, key, ownValue(data, key));
    }
  }
  if (problem) {
    const error = { code: 'INVALID_RESULT', message: problem.message };
    delete rest.status;
    delete rest.result;
    return {
      status: 'errored',
      result: 'fail',
      message: problem.message,
      output: ownValue(data, uses),
      error,
      data: rest,
    };
  }
  const status = (data.status || 'succeeded') as Status;
  const result = (data.result || (status === 'errored' ? 'fail' : 'pass')) as Result;
  const said = typeof data.message === 'string' ? data.message : '';
  // A retry reads it, so it stays what it was for a finished event that was taken long ago.
  const error = readError(data.error) ?? (status === 'errored' ? { code: 'ERRORED', message: said } : undefined);
  // Who gives a reason with the error alone has given one.
  const message = said || messageIn(data.error);
  return {
    status,
    result,
    message,
    output: Object.hasOwn(data, uses) ? ownValue(data, uses) : undefined,
    error,
    data: rest,
  };
}

function readError(value: unknown): TaskError | undefined {
  if (!isObject(value) || typeof value.code !== 'string') return undefined;
  const error: TaskError = { code: value.code.slice(0, 256) };
  if (typeof value.message === 'string') error.message = messageIn(value);
  if (typeof value.retryable === 'boolean') error.retryable = value.retryable;
  if (typeof value.retryAfterMs === 'number' && Number.isFinite(value.retryAfterMs) && value.retryAfterMs >= 0) {
    error.retryAfterMs = Math.floor(value.retryAfterMs);
  }
  return error;
}

function messageIn(error: unknown): string {
  return isObject(error) && typeof error.message === 'string' ? error.message.slice(0, 8192) : '';
}

function quote(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? 'undefined';
}
