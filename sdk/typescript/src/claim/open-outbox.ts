import { isObject } from '@slipway/contract';
import type { HttpDoor } from '../http/door.ts';
import { parseJson } from '../http/problem.ts';
import type { Logger } from '../log.ts';
import type { Answer } from '../trigger.ts';
import type { Worker } from '../worker.ts';
import { Outbox } from './outbox.ts';

const REFUSED = 'ANSWER_REFUSED';

/** An outbox that tells the worker what the control plane says of its attempts. */
export function openOutbox(options: {
  door: HttpDoor;
  worker: Worker;
  log: Logger;
  queueMax: number;
  onDelivered: () => void;
}): Outbox {
  const { door, worker, log, queueMax, onDelivered } = options;
  return new Outbox({
    door,
    log,
    queueMax,
    onDelivered,
    onOver: (attemptId, code) => void worker.cancel(attemptId, code),
    onRefused: insteadOf,
  });
}

/** An output that is too large or too deep would be refused again and again, and the run would wait for it for ever. */
function insteadOf(answer: Answer, why: string): Answer | undefined {
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
