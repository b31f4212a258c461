import { attemptId } from '@slipway/contract';
import type { Bus, BusMessage } from '../bus/bus.ts';
import { MessageRefused } from '../bus/bus.ts';
import type { Effect, FinishedRun, GroupInput, OutEvent, Run } from '../engine/index.ts';
import type { Committed } from './advance.ts';
import type { Clock } from './clock.ts';

type SendToGroup = (to: string, input: GroupInput, done: (verdict: unknown, error?: Error) => void) => void;

const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 10_000;
const SETTLE_MS = 100;
/** A trigger that nobody has started is published again after this long, then twice as long, and so on. */
const REDISPATCH_MIN_MS = 30_000;
const REDISPATCH_MAX_MS = 600_000;
const REDISPATCH_SWEEP_MS = 1000;
/**
 * A trigger that somebody has taken from the bus is published again after so long a silence. The service's answer may be
 * gone with the end of the broker's disk; but it may also just be long at work, and not every service keeps a ledger.
 */
const SILENCE_MAX_MS = 3_600_000;
/** When the broker has lost its data, who is at work and beats as the SDK does is heard of within this time. */
const SILENCE_AFTER_LOSS_MS = 6_000;
/** Acknowledged events that are remembered, about 150 bytes each. */
const ACKED_MAX = 50_000;
/** So long services are on their way back to such a broker: each hello asks again for what nobody has started. */
const LOSS_OVER_MS = 60_000;

/**
 * Tells the world what is durable: events onto the bus, releases to concurrency groups; and marks runs that have nothing
 * left to tell. Whatever it does may be repeated: messages carry the ids of their events.
 */
export class Relay {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #onError: (message: string, details: Record<string, unknown>) => void;
  readonly #redispatch: (run: string, task: string, attempt: number) => void;
  readonly #onRefused: (messageId: string, reason: string) => void;
  readonly #settleNow: (runs: string[]) => Promise<void>;
  readonly #unstarted = new Map<
    string,
    { run: string; task: string; attempt: number; uses: string; dueAt: number; delayMs: number }
  >();
  readonly #again = new Map<string, number>();
  /** Events of the keptn dialect that the broker has: its services don't know a repeat, and would do the work twice. */
  readonly #acked = new Set<string>();
  /** When the broker was last seen to have lost data. */
  #lostAt = Number.NEGATIVE_INFINITY;
  #toSettle: string[] = [];
  #settling = false;
  #waiting = 0;
  #stopped = false;
  #flushWaiters: (() => void)[] = [];

  constructor(options: {
    bus: Bus;
    clock: Clock;
    onError(message: string, details: Record<string, unknown>): void;
    redispatch(run: string, task: string, attempt: number): void;
    /** The broker will never take the message. */
    refused(messageId: string, reason: string): void;
    settle(runs: string[]): Promise<void>;
  }) {
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#onError = options.onError;
    this.#redispatch = options.redispatch;
    this.#onRefused = options.refused;
    this.#settleNow = options.settle;
  }

  /** Publishes that are not known to have arrived. */
  get waiting(): number {
    return this.#waiting;
  }

  start(): void {
    if (this.#bus.kind === 'local') return;
    this.#clock.after(REDISPATCH_SWEEP_MS, () => {
      if (this.#stopped) return;
      this.#sweep();
      this.start();
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Publishes what a batch caused, and then tells those who wait for it. */
  tell(batch: readonly Committed[], send: SendToGroup): void {
    const messages: BusMessage[] = [];
    const waiting: Committed[] = [];
    for (const committed of batch) {
      const before = messages.length;
      for (const effect of committed.effects) {
        if (effect.kind === 'publish' && committed.run) {
          if (!effect.again || !this.#acked.has(effect.event.id)) this.#collect(messages, committed.run, effect.event);
        }
        // The release of a run that has ended is followed below, for the run is not settled before.
        else if (effect.kind === 'send' && !tellsWholeEnd(committed)) this.#send(effect, send);
      }
      if (messages.length > before) waiting.push(committed);
      else this.#told(committed, send);
    }
    if (messages.length === 0) return;
    this.#publish(messages, RETRY_MIN_MS, () => {
      for (const committed of waiting) this.#told(committed, send);
    });
  }

  /** All that the end of a run tells, once more: what a crash may have kept it from. */
  tellEnd(run: FinishedRun, effects: readonly Effect[], send: SendToGroup): void {
    const messages: BusMessage[] = [];
    for (const effect of effects) if (effect.kind === 'publish') this.#collect(messages, run, effect.event);
    this.#publish(messages, RETRY_MIN_MS, () => this.#ended(run, effects, send));
  }

  /** The triggers that a finished run has sent to the next stages, once more. */
  tellChain(run: FinishedRun, effects: readonly Effect[]): void {
    const messages: BusMessage[] = [];
    for (const effect of effects) {
      if (effect.kind === 'publish' && isTriggerOfSequence(effect.event)) this.#collect(messages, run, effect.event);
    }
    this.#publish(messages, RETRY_MIN_MS, () => undefined);
  }

  /** Publishes the trigger of an open attempt in case it never was; within its window the broker knows the repeat. */
  publishOpen(run: Run, event: OutEvent): void {
    const messages: BusMessage[] = [];
    this.#collect(messages, run, event);
    this.#publish(messages, RETRY_MIN_MS, () => undefined);
  }

  /** Sees to it that an attempt whose trigger another replica has published does not wait for ever. */
  watch(run: Run, event: OutEvent): void {
    if (event.dispatch && this.#bus.kind !== 'local' && !this.#unstarted.has(event.id))
      this.#await(run, event.dispatch);
  }

  /** Somebody has it, and was heard of last at this time; answers whether that is too long ago. */
  taken(run: Run, dispatch: NonNullable<OutEvent['dispatch']>, silentSince: number): { tooLongAgo: boolean } {
    const { task, attempt, uses } = dispatch;
    const isBeforeLoss = silentSince <= this.#lostAt;
    const silentUntil = isBeforeLoss ? this.#lostAt + SILENCE_AFTER_LOSS_MS : silentSince + SILENCE_MAX_MS;
    // Where the clock was set back, the last sign of life may lie ahead.
    const leftMs = Math.min(silentUntil - this.#clock.now(), SILENCE_MAX_MS);
    if (this.#bus.kind !== 'local') {
      const id = attemptId({ run: run.id, task, attempt });
      const delayMs = isBeforeLoss ? REDISPATCH_MIN_MS : SILENCE_MAX_MS;
      this.#unstarted.set(id, { run: run.id, task, attempt, uses, delayMs, dueAt: this.#clock.elapsed() + leftMs });
    }
    return { tooLongAgo: leftMs <= 0 };
  }

  /** A deliberate repeat of the trigger of an open attempt. */
  publishAgain(run: Run, event: OutEvent): void {
    if (this.#bus.kind === 'local') return;
    const times = (this.#again.get(event.id) ?? 0) + 1;
    this.#again.set(event.id, times);
    const messages: BusMessage[] = [];
    this.#collect(messages, run, event);
    // The broker's duplicate window must let a deliberate repeat through; its receivers know it by the event's own id.
    this.#publish(
      messages.map((message) => ({ ...message, messageId: `${message.messageId}/again-${times}` })),
      RETRY_MIN_MS,
      () => undefined,
    );
  }

  /** The attempt is over, or in hands that are not the bus': no more repeats. */
  over(id: string): void {
    this.#unstarted.delete(id);
    this.#again.delete(id);
  }

  /**
   * The broker has come back with less than it had: its trigger may be gone, and the answer, too. Who waits for a service is
   * published again at once; who was taken, unless there is a sign of life.
   */
  lost(run: Run, event: OutEvent, silentSince: number | undefined): void {
    if (!event.dispatch) return;
    if (silentSince !== undefined) {
      this.taken(run, event.dispatch, silentSince);
      return;
    }
    this.#unstarted.delete(event.id);
    this.publishAgain(run, event);
  }

  /** From here on, what was heard of before counts as silence. */
  noteLoss(): void {
    this.#acked.clear();
    this.#lostAt = this.#clock.now();
  }

  /** A service says hello: whatever waits for one is published again when it is new here, or the broker has lost data. */
  hello(uses: string, isNew: boolean): void {
    if (isNew || this.#clock.now() - this.#lostAt < LOSS_OVER_MS) this.#wake(uses);
  }

  #wake(uses: string): void {
    for (const one of this.#unstarted.values()) if (one.uses === uses) one.dueAt = 0;
  }

  /** Resolves when nothing waits to be published. */
  async flush(): Promise<void> {
    if (this.#waiting > 0) await new Promise<void>((resolve) => this.#flushWaiters.push(resolve));
    await this.#settleAll();
  }

  #collect(messages: BusMessage[], run: Run, event: OutEvent): void {
    if (this.#bus.kind === 'local' && !isTriggerOfSequence(event)) return;
    messages.push({
      messageId: event.id,
      dialect: run.dialect,
      project: run.project,
      plainType: event.type,
      json: event.json,
    });
    if (event.dispatch && this.#bus.kind !== 'local') this.#await(run, event.dispatch);
  }

  /** Publishes an attempt's trigger again if nobody starts it in time. */
  #await(run: Run, { task, attempt, uses }: NonNullable<OutEvent['dispatch']>): void {
    const id = attemptId({ run: run.id, task, attempt });
    const known = this.#unstarted.get(id);
    const delayMs = known ? Math.max(known.delayMs, Math.min(known.delayMs * 2, REDISPATCH_MAX_MS)) : REDISPATCH_MIN_MS;
    this.#unstarted.set(id, { run: run.id, task, attempt, uses, delayMs, dueAt: this.#clock.elapsed() + delayMs });
  }

  /** Tells another stream until it is durable there. */
  #send(effect: Extract<Effect, { kind: 'send' }>, send: SendToGroup): void {
    send(effect.to, effect.input, (_verdict, error) => {
      if (error && !this.#stopped) this.#clock.after(RETRY_MIN_MS, () => this.#send(effect, send));
    });
  }

  #publish(messages: readonly BusMessage[], retryMs: number, done: () => void): void {
    if (messages.length === 0) {
      done();
      return;
    }
    this.#waiting += messages.length;
    this.#bus.publish(messages).then(
      () => {
        this.#waiting -= messages.length;
        for (const { dialect, messageId } of messages) if (dialect === 'keptn') this.#noteAcked(messageId);
        done();
        this.#checkFlushed();
      },
      (error: unknown) => {
        this.#waiting -= messages.length;
        if (error instanceof MessageRefused) {
          // The broker will never take this one: whoever waits for its answer must know, and the others go on.
          this.#onError('an event can never be published', { messageId: error.messageId, error: error.message });
          this.#onRefused(error.messageId, error.message);
          this.#publish(
            messages.filter((message) => message.messageId !== error.messageId),
            retryMs,
            done,
          );
          return;
        }
        this.#onError('events could not be published, they will be again', {
          error: String(error),
          messages: messages.length,
        });
        if (this.#stopped) return;
        this.#clock.after(retryMs, () => this.#publish(messages, Math.min(retryMs * 2, RETRY_MAX_MS), done));
      },
    );
  }

  #noteAcked(id: string): void {
    this.#acked.add(id);
    if (this.#acked.size <= ACKED_MAX) return;
    const [oldest] = this.#acked;
    if (oldest !== undefined) this.#acked.delete(oldest);
  }

  #told(committed: Committed, send: SendToGroup): void {
    committed.done();
    const { run, item } = committed;
    if (run?.kind === 'finished' && tellsWholeEnd(committed) && item?.open !== false)
      this.#ended(run, committed.effects, send);
  }

  /** The end is published; when the group knows it too, the run has nothing left to tell. */
  #ended(run: FinishedRun, effects: readonly Effect[], send: SendToGroup): void {
    const releases = effects.filter((effect) => effect.kind === 'send');
    let open = releases.length;
    if (open === 0) this.#settle(run.id);
    for (const release of releases) {
      send(release.to, release.input, (_verdict, error) => {
        if (error) {
          this.#clock.after(RETRY_MIN_MS, () => {
            if (!this.#stopped) this.#ended(run, [release], send);
          });
          return;
        }
        open--;
        if (open === 0) this.#settle(run.id);
      });
    }
  }

  #settle(run: string): void {
    this.#toSettle.push(run);
    if (this.#settling) return;
    this.#settling = true;
    this.#clock.after(SETTLE_MS, () => {
      this.#settling = false;
      void this.#settleAll();
    });
  }

  async #settleAll(): Promise<void> {
    const runs = this.#toSettle;
    this.#toSettle = [];
    if (runs.length === 0) return;
    await this.#settleNow(runs).catch((error: unknown) => {
      this.#onError('runs could not be marked as settled, they will be', { runs: runs.length, error: String(error) });
      // Not settled costs no more than a look at the next start, and that nothing of them can be deleted till then.
      if (!this.#stopped) for (const run of runs) this.#settle(run);
    });
  }

  #checkFlushed(): void {
    if (this.#waiting > 0) return;
    const waiters = this.#flushWaiters;
    this.#flushWaiters = [];
    for (const resolve of waiters) resolve();
  }

  #sweep(): void {
    const now = this.#clock.elapsed();
    for (const one of this.#unstarted.values()) {
      if (one.dueAt > now) continue;
      one.dueAt = now + one.delayMs;
      this.#redispatch(one.run, one.task, one.attempt);
    }
  }
}

/**
 * The run has just ended; or what ended it came once more, and all of its end is told again: whoever wrote the end may have
 * gone before telling it, after this process had last looked at what is open.
 */
function tellsWholeEnd({ run, before, item, effects }: Committed): boolean {
  if (run?.kind !== 'finished') return false;
  if (item !== undefined) return before?.kind !== 'finished';
  return effects.some((effect) => effect.kind === 'publish');
}

/** `<stage>.<sequence>.triggered`: with no broker, the only thing that anybody here consumes. */
function isTriggerOfSequence(event: OutEvent): boolean {
  return event.dispatch === undefined && event.type.endsWith('.triggered');
}
