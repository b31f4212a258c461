import { isObject } from '@slipway/contract';
import { backoffMs, retryAfterMs } from '../backoff.ts';
import { ServerUnreachable } from '../errors.ts';
import type { HttpAnswer, HttpDoor } from '../http/door.ts';
import { parseJson, problemOf } from '../http/problem.ts';
import type { Logger } from '../log.ts';
import type { Answer } from '../trigger.ts';
import type { Channel } from '../worker.ts';

/** Events in one POST; the control plane takes no more. */
const BATCH_MAX = 100;
/** Characters in one POST, unless a single event is larger. */
const BATCH_SIZE_MAX = 1024 * 1024;
const TIMEOUT_MS = 30_000;

export interface OutboxOptions {
  door: HttpDoor;
  log: Logger;
  /** Answers that wait at once; `room` is what is left of it. Progress is joined instead of queued. */
  queueMax: number;
  /** The control plane says that this attempt is over. */
  onOver: (attemptId: string, code: string) => void;
  /** An answer that can never be taken as it is: gives one that says so, or undefined when that is what was refused. */
  onRefused: (answer: Answer, why: string) => Answer | undefined;
  /** There is room again, or the queue is empty. */
  onDelivered: () => void;
}

export interface OutboxCounts {
  waiting: number;
  sent: number;
  posts: number;
  retries: number;
  /** Answers to attempts that were over. */
  over: number;
  refused: number;
}

/**
 * Delivers answers over HTTP: one POST at a time, and what ends while it is under way is the next batch. There is no
 * timer: the first answer goes at once, and under load the batches grow by themselves. An answer leaves the queue only
 * when the control plane said what became of it; whatever else happens is tried again, with the same event ids, so that
 * a repeat changes nothing.
 */
export class Outbox implements Channel {
  readonly #options: OutboxOptions;
  #queue: Answer[] = [];
  #underWay = 0;
  /** Where the unsent progress of an attempt stands in the queue, so that newer progress takes its place. */
  readonly #progressAt = new Map<string, number>();
  #sending = false;
  #scheduled = false;
  #stopped = false;
  /** Wakes the wait before the next try. */
  #wake: () => void = () => {};
  readonly #emptyWaiters: (() => void)[] = [];
  readonly #counts = { sent: 0, posts: 0, retries: 0, over: 0, refused: 0 };

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get counts(): OutboxCounts {
    return { waiting: this.#queue.length + this.#underWay, ...this.#counts };
  }

  /** How many more answers may be on their way before no new work should be taken. */
  get room(): number {
    return Math.max(0, this.#options.queueMax - this.#queue.length - this.#underWay);
  }

  send(answer: Answer): void {
    if (answer.phase === 'status.changed') {
      const at = this.#progressAt.get(answer.attemptId);
      if (at !== undefined) {
        this.#queue[at] = answer;
        return;
      }
      this.#progressAt.set(answer.attemptId, this.#queue.length);
    }
    this.#queue.push(answer);
    this.#schedule();
  }

  /** Resolves when the queue is empty, or false when that takes too long. */
  flush(withinMs: number): Promise<boolean> {
    if (this.#queue.length === 0 && !this.#sending) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), withinMs);
    this.#emptyWaiters.push(() => {
      clearTimeout(timer);
      resolve(true);
    });
    return promise;
  }

  /** Gives up what is left; answers how many answers that were. */
  stop(): number {
    this.#stopped = true;
    this.#wake();
    return this.#queue.filter((answer) => answer.phase === 'finished').length;
  }

  /** After the handlers that end in this turn of the loop, so that they share a POST. */
  #schedule(): void {
    if (this.#sending || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#sending) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#sending = true;
    while (this.#queue.length > 0 && !this.#stopped) {
      const batch = this.#takeBatch();
      this.#underWay = batch.length;
      await this.#deliver(batch);
      this.#underWay = 0;
      this.#options.onDelivered();
    }
    this.#sending = false;
    for (const wake of this.#emptyWaiters.splice(0)) wake();
  }

  #takeBatch(): Answer[] {
    let count = 0;
    let size = 0;
    for (const answer of this.#queue) {
      size += answer.json.length;
      if (count === BATCH_MAX || (count > 0 && size > BATCH_SIZE_MAX)) break;
      count++;
    }
    const batch = this.#queue.slice(0, count);
    this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count);
    // Places have moved: what is still queued is found again under its new one.
    if (this.#progressAt.size > 0) {
      this.#progressAt.clear();
      for (const [at, answer] of this.#queue.entries()) {
        if (answer.phase === 'status.changed') this.#progressAt.set(answer.attemptId, at);
      }
    }
    return batch;
  }

  /** Until the control plane has said what became of each; a batch that is refused as a whole is sent one by one. */
  async #deliver(batch: readonly Answer[]): Promise<void> {
    for (let failures = 0; !this.#stopped; failures++) {
      const answered = await this.#post(batch);
      if ('items' in answered) return this.#settle(batch, answered.items);
      if ('refused' in answered) {
        if (batch.length > 1) {
          for (const answer of batch) await this.#deliver([answer]);
          return;
        }
        const [answer] = batch;
        if (answer !== undefined) await this.#refused(answer, answered.refused);
        return;
      }
      if (failures === 0 || failures % 10 === 0) {
        this.#options.log.warn(
          { waiting: this.counts.waiting, why: answered.why },
          'answers could not be delivered: trying again',
        );
      }
      this.#counts.retries++;
      await this.#pause(backoffMs(failures, answered.retryAfterMs));
    }
    // Stopped: what is left is counted, not lost track of.
    this.#queue = [...batch, ...this.#queue];
  }

  async #post(batch: readonly Answer[]): Promise<Posted> {
    const [first] = batch;
    const single = batch.length === 1 && first !== undefined;
    this.#counts.posts++;
    try {
      const answer = await this.#options.door.exchange({
        method: 'POST',
        path: '/v1/events',
        headers: { 'content-type': single ? 'application/cloudevents+json' : 'application/cloudevents-batch+json' },
        body: single ? first.json : `[${batch.map(({ json }) => json).join(',')}]`,
        timeoutMs: TIMEOUT_MS,
      });
      return readPosted(answer);
    } catch (error) {
      if (!(error instanceof ServerUnreachable)) throw error;
      return { why: error.message, retryAfterMs: 0 };
    }
  }

  #settle(batch: readonly Answer[], items: readonly Item[]): void {
    for (const [index, answer] of batch.entries()) {
      const { outcome, code } = items[index] ?? { outcome: 'accepted' };
      // Progress tells the control plane nothing new only when the attempt is over: while it is open, it is always news.
      const over = outcome === 'duplicate' && answer.phase === 'status.changed' ? 'attempt-over' : code;
      if (outcome !== 'accepted' && over !== undefined && OVER.has(over)) {
        this.#counts.over++;
        this.#options.onOver(answer.attemptId, over);
      } else {
        this.#counts.sent++;
      }
    }
  }

  async #refused(answer: Answer, why: { code: string; text: string }): Promise<void> {
    if (OVER.has(why.code)) {
      this.#counts.over++;
      this.#options.onOver(answer.attemptId, why.code);
      return;
    }
    this.#counts.refused++;
    this.#options.log.error({ attempt: answer.attemptId, phase: answer.phase, why: why.text }, 'an answer was refused');
    if (answer.phase !== 'finished') return;
    const instead = this.#options.onRefused(answer, why.text);
    if (instead !== undefined) await this.#deliver([instead]);
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }
}

interface Item {
  outcome: string;
  code?: string | undefined;
}

type Posted = { items: Item[] } | { refused: { code: string; text: string } } | { why: string; retryAfterMs: number };

/** Codes that mean: nobody waits for an answer to this attempt. */
const OVER: ReadonlySet<string> = new Set([
  'attempt-over',
  'unknown-attempt',
  'unknown-run',
  'unknown-task',
  'duplicate-answer',
]);
/** Refusals that another try can change. A wrong token is one: tokens are exchanged while services run. */
const TRANSIENT: ReadonlySet<number> = new Set([401, 403, 408, 425, 429]);

function readPosted(answer: HttpAnswer): Posted {
  if (answer.status < 300) {
    const body = parseJson(answer.text);
    return { items: isObject(body) && Array.isArray(body.items) ? body.items.map(readItem) : [] };
  }
  const problem = problemOf(answer, 'POST /v1/events');
  if (answer.status >= 500 || answer.status < 400 || TRANSIENT.has(answer.status)) {
    const asked = retryAfterMs(answer.headers['retry-after']);
    return { why: problem.message, retryAfterMs: problem.problem.retryAfterMs ?? asked };
  }
  return { refused: { code: problem.code, text: problem.message } };
}

function readItem(item: unknown): Item {
  if (!isObject(item) || typeof item.outcome !== 'string') return { outcome: 'accepted' };
  return { outcome: item.outcome, code: typeof item.code === 'string' ? item.code : undefined };
}
