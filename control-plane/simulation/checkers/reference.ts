import type { JsonObject, RetryPlan, SequencePlan, TaskPlan } from '@slipway/contract';
import { isObject } from '@slipway/contract';
import type { RunInput } from '../../src/engine/index.ts';

type Answer = { at: number; eventId: string; status: string; result: string; error: JsonObject | undefined };
type Executor = { startedAt: number; startedBy: string | undefined; lastSeenAt: number; answer: Answer | undefined };
type End = { status: string; result: string };

const RESULTS = ['pass', 'warning', 'fail'];
const STATUSES = ['succeeded', 'unknown', 'aborted', 'errored'];
const LOST_MAX = 10;

/**
 * A linear sequence as protocol.md and shipyard.md describe it, written down a second time and without a look at the
 * engine: one task after the other, one attempt after the other. Fed with the inputs of a journal, it says which events
 * each of them must cause.
 */
export class ReferenceRun {
  readonly #id: string;
  readonly #sequence: SequencePlan;
  readonly #followers: readonly { stage: string; name: string; match: Record<string, string> | undefined }[];
  readonly #plain: boolean;
  state: 'waiting' | 'open' | 'finished' = 'waiting';
  paused = false;
  #index = 0;
  #attempt = 1;
  /** What may be triggered, what waits for a time, or what is in somebody's hands. */
  #phase: 'ready' | 'delayed' | 'triggered' = 'ready';
  #dueAt = 0;
  #triggeredAt = 0;
  #startedAt: number | undefined;
  #executors = new Map<string, Executor>();
  #used = 0;
  #lost = 0;
  #deadlineAt = Number.POSITIVE_INFINITY;
  #last: End = { status: 'succeeded', result: 'pass' };
  #out: string[] = [];

  constructor(options: {
    id: string;
    sequence: SequencePlan;
    followers: readonly { stage: string; name: string; match: Record<string, string> | undefined }[];
    plain: boolean;
  }) {
    this.#id = options.id;
    this.#sequence = options.sequence;
    this.#followers = options.followers;
    this.#plain = options.plain;
  }

  /** The ids of the events that this input causes, in order; the end of the run with what it says. */
  take(input: RunInput): string[] {
    this.#out = [];
    if (this.state !== 'finished') this.#take(input);
    return this.#out;
  }

  #take(input: RunInput): void {
    if (input.kind === 'trigger') {
      if (!this.#sequence.concurrency) this.#start(input.at);
    } else if (input.kind === 'granted') {
      if (this.state === 'waiting') this.#start(input.at);
    } else if (input.kind === 'rejected') {
      if (this.state === 'waiting') this.#finish({ status: 'errored', result: 'fail' });
    } else if (input.kind === 'command') {
      this.#command(input);
    } else if (this.state === 'open') {
      if (input.kind === 'answer') this.#answer(input);
      else if (input.kind === 'timer') this.#timer(input);
      else if (input.kind === 'undeliverable') this.#undeliverable(input);
      else if (input.kind === 'lease-lost' && this.#isNow(input.task, input.attempt)) this.#leaseLost(input);
    }
  }

  #start(at: number): void {
    this.state = 'open';
    if (this.#sequence.timeoutMs !== undefined) this.#deadlineAt = at + this.#sequence.timeoutMs;
    if (this.#plain) this.#out.push(`${this.#id}.started`);
    this.#ready(at);
  }

  /** The current task may begin, unless the run is paused. */
  #ready(at: number): void {
    this.#phase = 'ready';
    if (this.paused) return;
    const task = this.#task();
    if (task.triggeredAfterMs !== undefined && this.#attempt === 1 && this.#dueAt === 0) {
      this.#delay(at + task.triggeredAfterMs);
      return;
    }
    this.#phase = 'triggered';
    this.#triggeredAt = at;
    this.#startedAt = undefined;
    this.#executors = new Map();
    this.#out.push(this.#attemptId());
  }

  #delay(dueAt: number): void {
    this.#phase = 'delayed';
    this.#dueAt = dueAt;
  }

  #command(input: Extract<RunInput, { kind: 'command' }>): void {
    if (input.command === 'pause') this.paused = true;
    if (input.command === 'resume') {
      this.paused = false;
      if (this.state === 'open' && this.#phase === 'ready') this.#ready(input.at);
    }
    if (input.command === 'abort') {
      if (this.#phase === 'triggered') this.#cancel();
      // Keptn's services know an aborted sequence by its status, and its result stays the one so far.
      this.#finish({ status: 'aborted', result: this.#plain ? 'fail' : this.#last.result });
    }
  }

  #answer(input: Extract<RunInput, { kind: 'answer' }>): void {
    if (!this.#isNow(input.task, input.attempt)) return;
    const source = this.#slotOf(input);
    let executor = this.#executors.get(source);
    if (executor?.answer) return;
    if (!executor) {
      if (input.way === 'claim' && this.#executors.size >= this.#task().executors) return;
      const isOwn = input.phase === 'started' && (input.way === 'nats' || input.way === 'http');
      const startedBy = isOwn && !this.#plain ? input.event.id : undefined;
      executor = { startedAt: input.at, startedBy, lastSeenAt: input.at, answer: undefined };
      this.#executors.set(source, executor);
    }
    executor.lastSeenAt = Math.max(executor.lastSeenAt, input.at);
    this.#startedAt ??= input.at;
    if (input.phase !== 'finished') return;
    executor.answer = readWords(input.event.data, input.at, input.event.id);
    this.#completeIfAll(input);
  }

  /** Keptn counts starts and answers, whoever sends them; in the plain dialect each source answers for itself. */
  #slotOf({ phase, event }: Extract<RunInput, { kind: 'answer' }>): string {
    const { source } = event;
    if (this.#plain) return source;
    const slots = [...this.#executors];
    const own = slots.filter(([name]) => name === source || name.startsWith(`${source} (`));
    if (phase === 'started') {
      const repeated = own.find(([, one]) => one.startedBy === event.id);
      if (repeated !== undefined) return repeated[0];
      return own.some(([, one]) => one.startedBy !== undefined) ? `${source} (${own.length + 1})` : source;
    }
    const ownOpen = own.find(([, one]) => one.answer === undefined);
    if (phase !== 'finished') return ownOpen?.[0] ?? source;
    const repeated = slots.find(([, one]) => one.answer?.eventId === event.id);
    if (repeated !== undefined) return repeated[0];
    if (own.length > 0 || slots.length < this.#task().executors) return ownOpen?.[0] ?? source;
    const open = slots.filter(([, one]) => one.answer === undefined);
    return open.toSorted(([, a], [, b]) => a.startedAt - b.startedAt)[0]?.[0] ?? source;
  }

  /** Whether all that began have answered, and enough of them; then the attempt is over. */
  #completeIfAll(input: { at: number; random: number }, { isLeft = false } = {}): boolean {
    const answers = [...this.#executors.values()].map((one) => one.answer);
    if (answers.length < this.#task().executors || answers.includes(undefined)) return false;
    if (isLeft) this.#cancel();
    const said = answers.filter((one) => one !== undefined).sort((a, b) => a.at - b.at);
    const status = worst(
      STATUSES,
      said.map((one) => one.status),
    );
    const error = said.findLast((one) => one.error)?.error;
    this.#over(
      {
        status,
        result: worst(
          RESULTS,
          said.map((one) => one.result),
        ),
      },
      error,
      input,
    );
    return true;
  }

  #timer(input: Extract<RunInput, { kind: 'timer' }>): void {
    const [what, key, number] = input.name.split('/');
    if (what === 'run-timeout') {
      if (input.at < this.#deadlineAt) return;
      if (this.#phase === 'triggered') this.#cancel();
      this.#finish({ status: 'errored', result: 'fail' });
      return;
    }
    if (key !== this.#task().key || Number(number) !== this.#attempt) return;
    if (what === 'begin' && this.#phase === 'delayed' && input.at >= this.#dueAt) this.#ready(input.at);
    if (this.#phase !== 'triggered' || what === 'begin') return;
    const { startTimeoutMs, timeoutMs, heartbeatMs } = this.#task();
    const silent = [...this.#executors.values()].filter((one) => !one.answer).map((one) => one.lastSeenAt);
    if (
      what === 'start-timeout' &&
      this.#startedAt === undefined &&
      input.at >= this.#triggeredAt + (startTimeoutMs ?? 0)
    )
      this.#timedOut('START_TIMEOUT', input);
    else if (what === 'timeout' && this.#startedAt !== undefined && input.at >= this.#startedAt + (timeoutMs ?? 0))
      this.#timedOut('TIMEOUT', input);
    else if (what === 'heartbeat' && silent.length > 0 && input.at >= Math.min(...silent) + (heartbeatMs ?? 0))
      this.#timedOut('HEARTBEAT_LOST', input);
  }

  #timedOut(code: string, input: { at: number; random: number }): void {
    this.#cancel();
    this.#over({ status: 'errored', result: 'fail' }, { code }, input);
  }

  /** Its trigger cannot be published, ever; but who works on it by other ways ends it. */
  #undeliverable(input: Extract<RunInput, { kind: 'undeliverable' }>): void {
    const atWork = [...this.#executors.values()].some((one) => !one.answer);
    if (!this.#isNow(input.task, input.attempt) || atWork) return;
    this.#over(
      { status: 'errored', result: 'fail' },
      { code: 'UNDELIVERABLE', retryable: false },
      { at: input.at, random: 0 },
    );
  }

  #leaseLost({ at, source }: Extract<RunInput, { kind: 'lease-lost' }>): void {
    const others = new Map(this.#executors);
    this.#executors.delete(source);
    if (this.#completeIfAll({ at, random: 0 }, { isLeft: true })) return;
    this.#executors = others;
    this.#cancel();
    this.#lost++;
    if (this.#lost > LOST_MAX) this.#endTask({ status: 'errored', result: 'fail' }, at);
    else {
      this.#attempt++;
      this.#dueAt = at;
      this.#ready(at);
    }
  }

  /** The attempt has failed or not: again, on, or the end. */
  #over(end: End, error: JsonObject | undefined, input: { at: number; random: number }): void {
    this.#used++;
    const { retry } = this.#task();
    if (!retry || !this.#again(retry, end, error)) {
      this.#endTask(end, input.at);
      return;
    }
    this.#attempt++;
    const delayMs = delayOf(retry, this.#used, error, input.random);
    this.#dueAt = input.at + delayMs;
    if (delayMs > 0) this.#delay(this.#dueAt);
    else this.#ready(input.at);
  }

  #again(retry: RetryPlan, end: End, error: JsonObject | undefined): boolean {
    if (this.#used >= retry.attempts || error?.retryable === false) return false;
    if (retry.when === undefined) return end.status === 'errored';
    // The only condition that the workload writes: error.code != "BROKEN".
    return (end.status === 'errored' || end.result === 'fail') && error?.code !== 'BROKEN';
  }

  #endTask(end: End, at: number): void {
    this.#last = end;
    if (end.result === 'fail' || end.status === 'errored' || this.#index + 1 === this.#sequence.tasks.length) {
      this.#finish(end);
      return;
    }
    this.#index++;
    this.#attempt = 1;
    this.#used = 0;
    this.#lost = 0;
    this.#dueAt = 0;
    this.#ready(at);
  }

  #finish(end: End): void {
    this.state = 'finished';
    this.#out.push(`${this.#id}.finished ${end.status} ${end.result}`);
    if (end.status === 'aborted') return;
    for (const { stage, name, match } of this.#followers) {
      const fires = match === undefined ? end.result !== 'fail' : match.result === end.result;
      if (fires) this.#out.push(`${this.#id}.triggers.${stage}.${name}`);
    }
  }

  #cancel(): void {
    this.#out.push(`${this.#attemptId()}.cancelled`);
  }

  #isNow(task: string, attempt: number): boolean {
    return this.#phase === 'triggered' && task === this.#task().key && attempt === this.#attempt;
  }

  #task(): TaskPlan {
    const task = this.#sequence.tasks[this.#index];
    if (!task) throw new Error(`there is no task ${this.#index}`);
    return task;
  }

  #attemptId(): string {
    return `${this.#id}.${this.#task().key}.${this.#attempt}`;
  }
}

function delayOf(retry: RetryPlan, used: number, error: JsonObject | undefined, random: number): number {
  if (typeof error?.retryAfterMs === 'number') return error.retryAfterMs;
  const times = retry.backoff === 'fixed' ? 1 : retry.backoff === 'linear' ? used : 2 ** (used - 1);
  return Math.round(Math.min(retry.delayMs * times, retry.maxDelayMs) * (1 - retry.jitter * random));
}

function readWords(data: unknown, at: number, eventId: string): Answer {
  const said: JsonObject = isObject(data) ? data : {};
  const status = said.status ?? 'succeeded';
  const result = said.result ?? (status === 'errored' ? 'fail' : 'pass');
  if (!STATUSES.includes(String(status)) || !RESULTS.includes(String(result)))
    return { at, eventId, status: 'errored', result: 'fail', error: { code: 'INVALID_RESULT' } };
  const error = isObject(said.error) ? said.error : status === 'errored' ? { code: 'ERRORED' } : undefined;
  return { at, eventId, status: String(status), result: String(result), error };
}

function worst(order: readonly string[], said: readonly string[]): string {
  return order[Math.max(...said.map((one) => order.indexOf(one)))] ?? '';
}
