import type { JsonObject } from '@slipway/contract';
import type { Progress } from './attempt.ts';
import { Attempt } from './attempt.ts';
import { AttemptCancelled, ServiceEnding } from './errors.ts';
import type { Ledger } from './ledger.ts';
import type { Logger } from './log.ts';
import { errorText } from './log.ts';
import { finishedData, perform } from './perform.ts';
import type { Task } from './task.ts';
import type { Answer, Trigger } from './trigger.ts';
import { answerTo, whereabouts } from './trigger.ts';

/** The way back for the answers of an attempt. */
export interface Channel {
  /** Takes an answer for delivery, and keeps it until it is delivered. */
  send(answer: Answer): void;
  /** The attempt ended without an answer: it was cancelled, or the service ends before its handler did. */
  dropped?(attemptId: string, reason: Error): void;
}

export interface WorkerOptions {
  tasks: readonly Task[];
  source: string;
  /** Attempts of each task that run at once. */
  concurrency: number;
  /** Silence after which a sign of life is sent for a running attempt, unless its shipyard wants them more often. */
  heartbeatMs: number;
  ledger: Ledger;
  log: Logger;
}

export interface WorkerCounts {
  running: number;
  started: number;
  finished: number;
  /** Finished with status errored, among the finished. */
  errored: number;
  /** Answered from the ledger, without running again. */
  repeated: number;
  /** Ended without an answer. */
  dropped: number;
}

interface Running {
  attempt: Attempt;
  task: Task;
  channel: Channel;
}

/**
 * Runs attempts, whichever way they came. An attempt that runs is never started a second time, and one that was answered
 * is answered again from the ledger. Its ways out: answered (the handler ended), or dropped (cancelled, or the service
 * ended before the handler did; then nothing is said, so that the control plane gives the attempt to somebody else).
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #tasks: Map<string, Task>;
  readonly #running = new Map<string, Running>();
  readonly #runningOf = new Map<string, number>();
  readonly #idleWaiters: (() => void)[] = [];
  #heartbeats: NodeJS.Timeout;
  /** How often the running attempts are looked at. */
  #tickMs: number;
  #source: string;
  readonly #counts = { started: 0, finished: 0, errored: 0, repeated: 0, dropped: 0 };
  /** Called when an attempt ended, and with it a slot of that task is free. */
  onFree: (task: string) => void = () => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#source = options.source;
    this.#tasks = new Map(options.tasks.map((task) => [task.name, task]));
    for (const task of options.tasks) this.#runningOf.set(task.name, 0);
    this.#tickMs = tickOf(options.heartbeatMs);
    this.#heartbeats = this.#tick();
  }

  /** Who the answers come from, where only the way of connecting tells. */
  answerAs(source: string): void {
    this.#source = source;
  }

  get counts(): WorkerCounts {
    return { running: this.#running.size, ...this.#counts };
  }

  /** How many more attempts of a task may start now. */
  freeSlots(task: string): number {
    const limit = this.#tasks.get(task)?.concurrency ?? this.#options.concurrency;
    return Math.max(0, limit - (this.#runningOf.get(task) ?? 0));
  }

  isRunning(attemptId: string): boolean {
    return this.#running.has(attemptId);
  }

  /** Takes an attempt. Where it says `running`, the answer goes where the first delivery wanted it. */
  take(trigger: Trigger, channel: Channel): 'started' | 'running' | 'answered' | 'unknown-task' {
    const { id } = trigger.event;
    const task = this.#tasks.get(trigger.task);
    if (task === undefined) return 'unknown-task';
    if (this.#running.has(id)) return 'running';
    const answered = this.#options.ledger.get(id);
    if (answered !== undefined) {
      this.#counts.repeated++;
      channel.send(answered);
      return 'answered';
    }
    const { log, heartbeatMs: beatMs } = this.#options;
    const onProgress = (of: Attempt, progress: Progress): void => this.#tell(of, progress);
    const attempt = new Attempt(trigger, { log, onProgress, beatMs });
    this.#hurry(attempt.beatMs);
    this.#running.set(id, { attempt, task, channel });
    this.#runningOf.set(task.name, (this.#runningOf.get(task.name) ?? 0) + 1);
    this.#counts.started++;
    void this.#work(task, attempt, channel);
    return 'started';
  }

  /** The control plane no longer wants this attempt: tells its handler, and drops whatever it answers. */
  cancel(attemptId: string, why: string): boolean {
    const running = this.#running.get(attemptId);
    running?.attempt.abort(new AttemptCancelled(`attempt ${attemptId} is no longer wanted: ${why}`));
    return running !== undefined;
  }

  /**
   * Waits until nothing runs. After `drainMs` the handlers that still run are told by their signals; who does not end
   * within a second is left behind.
   */
  async drain(drainMs: number): Promise<void> {
    if (await this.#idle(drainMs)) return;
    const reason = new ServiceEnding(`the service ends: its handlers had ${drainMs} ms to finish`);
    for (const { attempt } of this.#running.values()) attempt.abort(reason);
    if (await this.#idle(ABORT_GRACE_MS)) return;
    const left = [...this.#running.values()];
    this.#options.log.warn(
      { left: left.length, tasks: [...new Set(left.map(({ task }) => task.name))] },
      'handlers still run after their signal aborted; other replicas will run their attempts',
    );
    for (const running of left) this.#drop(running, reason);
  }

  stop(): void {
    clearInterval(this.#heartbeats);
  }

  async #work(task: Task, attempt: Attempt, channel: Channel): Promise<void> {
    const ended = await perform(task, attempt);
    const running = this.#running.get(attempt.attemptId);
    if (running?.attempt !== attempt) return; // Left behind at the end of the service.
    if (attempt.abortReason !== undefined) return this.#drop(running, attempt.abortReason);
    const { ledger, log } = this.#options;
    const data = finishedData(task, whereabouts(attempt.trigger), ended);
    const answer = this.#answer(attempt, { phase: 'finished', source: this.#source, data });
    try {
      const durable = ledger.remember(answer);
      if (durable !== undefined) await durable;
    } catch (error) {
      // The answer itself is more important than the memory of it.
      log.error({ attempt: attempt.attemptId, error: errorText(error) }, 'the ledger could not keep an answer');
    }
    this.#counts.finished++;
    if (ended.status === 'errored') this.#counts.errored++;
    channel.send(answer);
    this.#free(running);
  }

  /** An output that JSON cannot hold (a BigInt, a circle) is the handler's mistake, and no repeat would change it. */
  #answer(attempt: Attempt, answer: { phase: 'finished'; source: string; data: JsonObject }): Answer {
    try {
      return answerTo(attempt.trigger, answer);
    } catch (error) {
      const message = `the output cannot be written as JSON: ${errorText(error)}`;
      const told = {
        status: 'errored',
        result: 'fail',
        message,
        error: { code: 'INVALID_OUTPUT', message, retryable: false },
      };
      return answerTo(attempt.trigger, { ...answer, data: { ...whereabouts(attempt.trigger), ...told } });
    }
  }

  #drop(running: Running, reason: Error): void {
    this.#counts.dropped++;
    running.channel.dropped?.(running.attempt.attemptId, reason);
    this.#free(running);
  }

  #free({ attempt, task }: Running): void {
    this.#running.delete(attempt.attemptId);
    this.#runningOf.set(task.name, (this.#runningOf.get(task.name) ?? 1) - 1);
    this.onFree(task.name);
    if (this.#running.size > 0) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  #tell(attempt: Attempt, progress: Progress): void {
    const running = this.#running.get(attempt.attemptId);
    if (running?.attempt !== attempt || attempt.abortReason !== undefined) return;
    attempt.heardOfAt = performance.now();
    const data: JsonObject = { ...progress.data, ...whereabouts(attempt.trigger) };
    if (progress.fraction !== undefined) data.fraction = progress.fraction;
    if (progress.message !== undefined) data.message = progress.message;
    running.channel.send(answerTo(attempt.trigger, { phase: 'status.changed', source: this.#source, data }));
  }

  #tick(): NodeJS.Timeout {
    return setInterval(() => this.#beat(), this.#tickMs).unref();
  }

  /** The tick fits the shortest beat; once as short, it stays: the same shipyard will send more. */
  #hurry(beatMs: number): void {
    const tickMs = tickOf(beatMs);
    if (tickMs >= this.#tickMs) return;
    this.#tickMs = tickMs;
    clearInterval(this.#heartbeats);
    this.#heartbeats = this.#tick();
  }

  #beat(): void {
    const now = performance.now();
    for (const { attempt } of this.#running.values()) {
      if (now - attempt.heardOfAt >= attempt.beatMs) this.#tell(attempt, {});
    }
  }

  /** Whether nothing runs any more within so many ms. */
  #idle(withinMs: number): Promise<boolean> {
    if (this.#running.size === 0) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), Math.min(withinMs, TIMER_MAX_MS));
    this.#idleWaiters.push(() => {
      clearTimeout(timer);
      resolve(true);
    });
    return promise;
  }
}

const HEARTBEAT_TICK_MIN_MS = 10;

function tickOf(beatMs: number): number {
  return Math.max(HEARTBEAT_TICK_MIN_MS, beatMs / 4);
}

const ABORT_GRACE_MS = 1_000;
/** Node fires a longer timer at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;
