import { isObject } from '@slipway/contract';
import { parseJson } from './http/problem.ts';
import type { Answer } from './trigger.ts';

const REFUSED = 'ANSWER_REFUSED';

/**
 * What is sent when a finished event is refused for good. An output that is too large or too deep would be refused again
 * and again, and the run would wait for it for ever. Undefined: this is such an answer already.
 */
export function insteadOf(answer: Answer, why: string): Answer | undefined {
  const event = parseJson(answer.json);
  if (!isObject(event) || !isObject(event.data)) return undefined;
  const { error, project, stage, service } = event.data;
  if (isObject(error) && error.code === REFUSED) return undefined;
  const message = `the control plane refused the answer: ${why}`.slice(0, 2048);
  const data = {
    ...{ project, stage, service, status: 'errored', result: 'fail', message },
    error: { code: REFUSED, message, retryable: false },
  };
  const id = crypto.randomUUID();
  return { ...answer, id, json: JSON.stringify({ ...event, id, data }) };
}
