import type { CloudEvent } from '@slipway/contract';
import { isObject } from '@slipway/contract';
import { backoffMs, retryAfterMs } from '../backoff.ts';
import { ServerUnreachable, type SlipwayProblem } from '../errors.ts';
import type { HttpAnswer, HttpDoor } from '../http/door.ts';
import { parseJson, problemOf } from '../http/problem.ts';
import type { Logger } from '../log.ts';
import { readMessage } from '../trigger.ts';
import type { Channel, Worker } from '../worker.ts';
import type { Outbox } from './outbox.ts';

/** The most that the control plane gives at once. */
const CLAIM_MAX = 256;
/** Beyond `wait`, for an answer that takes its time. */
const GRACE_MS = 15_000;

export interface ClaimerOptions {
  task: string;
  door: HttpDoor;
  worker: Worker;
  outbox: Outbox;
  channel: Channel;
  log: Logger;
  body: string;
  waitMs: number;
  leaseMs: number;
}

/**
 * Claims attempts of one task: one long poll is outstanding while there is a free slot and room for its answer, and asks
 * for as many as there are. It ends when told to, or when the server says what no other try will change.
 */
export class Claimer {
  readonly #options: ClaimerOptions;
  readonly #leave = new AbortController();
  #wake: () => void = () => {};
  #waiting = false;

  constructor(options: ClaimerOptions) {
    this.#options = options;
  }

  /** A slot or room may be free: look again. */
  wake(): void {
    if (this.#waiting) this.#wake();
  }

  leave(): void {
    this.#leave.abort();
    this.#wake();
  }

  /** Until it leaves. Throws SlipwayProblem when the server refuses for good. */
  async run(): Promise<void> {
    const { log, task } = this.#options;
    for (let failures = 0; !this.#leave.signal.aborted; ) {
      const max = this.#free();
      if (max === 0) {
        await this.#pause();
        continue;
      }
      const claimed = await this.#claim(max);
      if ('events' in claimed) {
        if (failures > 0) log.info({ task }, 'claiming again');
        failures = 0;
        if (claimed.events.length > 0) await this.#take(claimed.events);
        continue;
      }
      if (this.#leave.signal.aborted) return;
      if (failures % 20 === 0) log.warn({ task, why: claimed.why }, 'could not claim: trying again');
      await this.#pause(backoffMs(failures, claimed.retryAfterMs));
      failures++;
    }
  }

  #free(): number {
    const { worker, outbox, task } = this.#options;
    return Math.min(worker.freeSlots(task), outbox.room, CLAIM_MAX);
  }

  async #claim(max: number): Promise<Claimed> {
    const { door, task, body, waitMs, leaseMs } = this.#options;
    try {
      const answer = await door.exchange({
        method: 'POST',
        path: `/v1/tasks/${task}/claim?wait=${waitMs}ms&max=${max}&lease=${leaseMs}ms`,
        headers: JSON_BODY,
        body,
        timeoutMs: waitMs + GRACE_MS,
        leave: this.#leave.signal,
      });
      return readClaimed(answer, task);
    } catch (error) {
      if (!(error instanceof ServerUnreachable)) throw error;
      return { why: error.message, retryAfterMs: 0 };
    }
  }

  /** Starts them, and waits one turn of the loop, so that the slots of those that ended at once are free again. */
  #take(events: readonly CloudEvent[]): Promise<void> {
    const { worker, channel, log, task } = this.#options;
    for (const event of events) {
      const message = readMessage(event);
      const taken = message.kind === 'triggered' ? worker.take(message.trigger, channel) : 'not a trigger';
      if (taken === 'unknown-task' || taken === 'not a trigger') {
        log.error({ task, id: event.id, type: event.type }, 'claimed an event that this service has no task for');
      }
    }
    return new Promise((resolve) => setImmediate(resolve));
  }

  #pause(ms?: number): Promise<void> {
    if (this.#leave.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
    // A free slot is no reason to ask a server that just refused: only without a time limit does `wake` end the pause.
    this.#waiting = ms === undefined;
    this.#wake = () => {
      this.#waiting = false;
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }
}

const JSON_BODY = { 'content-type': 'application/json' };

type Claimed = { events: CloudEvent[] } | { why: string; retryAfterMs: number };

const NOTHING: Claimed = { events: [] };
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429]);
function readClaimed(answer: HttpAnswer, task: string): Claimed {
  const { status, text, headers } = answer;
  if (status === 204) return NOTHING;
  if (status === 200) {
    const events = parseJson(text);
    const isRead = Array.isArray(events) && events.every(isEvent);
    return isRead ? { events } : { why: `the answer is not a list of events: ${text.slice(0, 100)}`, retryAfterMs: 0 };
  }
  const problem = problemOf(answer, `claim of ${task}`);
  if (isFinal(problem)) throw problem;
  return { why: problem.message, retryAfterMs: problem.problem.retryAfterMs ?? retryAfterMs(headers['retry-after']) };
}

/** Not the codec, which checks what strangers send: the control plane has checked these, and that costs as much as parsing. */
function isEvent(value: unknown): value is CloudEvent {
  return isObject(value) && typeof value.id === 'string' && typeof value.type === 'string';
}

/** A refusal without a problem document comes from a proxy on the way, and may be gone a moment later. */
function isFinal({ status, code }: SlipwayProblem): boolean {
  if (status === 401 || status === 403) return true;
  return status >= 400 && status < 500 && !TRANSIENT.has(status) && !code.startsWith('http-');
}
