import { insteadOf } from '../answer-refused.ts';
import { ByReference, EVENT_CHARS_MAX } from '../by-reference.ts';
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

/** What is larger than an event may be goes by reference. */
export function largeByReference({ outbox, door, log }: { outbox: Outbox; door: HttpDoor; log: Logger }): ByReference {
  return new ByReference({
    ...{ channel: outbox, door, log },
    charsMax: () => EVENT_CHARS_MAX,
    onRefused: (answer, why) => {
      const instead = answer.phase === 'finished' ? insteadOf(answer, why) : undefined;
      if (instead !== undefined) outbox.send(instead);
    },
  });
}
