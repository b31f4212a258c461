import { insteadOf } from '../answer-refused.ts';
import type { HttpDoor } from '../http/door.ts';
import type { Logger } from '../log.ts';
import type { Worker } from '../worker.ts';
import { Outbox } from './outbox.ts';

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
