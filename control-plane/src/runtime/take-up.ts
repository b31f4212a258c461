import { attemptId, ownValue } from '@slipway/contract';
import type { Env, Group, GroupInput, OpenRun, OutEvent, Run } from '../engine/index.ts';
import { finalEffects, openDispatches, owesContinue } from '../engine/index.ts';
import type { Store } from '../store/store.ts';
import type { Advance } from './advance.ts';
import type { Clock } from './clock.ts';
import type { Leases } from './leases.ts';
import type { Offers } from './offers.ts';
import type { Relay } from './relay.ts';
import type { FoldedRun } from './run-folds.ts';
import type { Timers } from './timers.ts';

const PAGE = 500;
const RETRY_MS = 1000;
/** About how often a replica looks at all that is open: what another had under way when it went away for good is found then. */
const ROUND_MS = 60_000;
/** Between two pages of a round: it must not be in the way of what arrives. */
const ROUND_PAUSE_MS = 200;
/** When the broker has lost data, the triggers of next stages may be gone that runs sent so long ago; of at most so many. */
const CHAIN_MS = 600_000;
const CHAINS_MAX = 5000;
const CHAINS_PAGE = 200;

type Dispatch = NonNullable<OutEvent['dispatch']>;
/** A stream that is being read, and whether this process has written an entry of it since. */
type Reading = { stream: string; isOld: boolean };
type Why = 'start' | 'round' | 'loss';

export type TakeUpOptions = {
  store: Store;
  clock: Clock;
  shared: boolean;
  advance: Advance;
  relay: Relay;
  offers: Offers;
  leases: Leases;
  timers: Timers;
  offer(run: Run, env: Env, dispatch: Dispatch, id: string): void;
  /** A run that is open was read. */
  onRun?(run: Run, env: Env): void;
  /** All that was open at the start is taken up. */
  onWalked(streams: number): void;
  onError(message: string, details: Record<string, unknown>): void;
};

/**
 * Takes streams up from what the store says of them: what they have to tell is told, and what this process has to keep in
 * memory for them (offers, leases, timers) is kept. At the start, all that is open; after a write whose outcome is not
 * known, its streams; and, where there are other replicas, everything once in a while. Doing it twice changes nothing.
 */
export class TakeUp {
  readonly #options: TakeUpOptions;
  readonly #uncertain = new Set<string>();
  readonly #readings = new Set<Reading>();
  #armed = false;
  #losses = 0;
  #stopped = false;
  #walked = false;

  constructor(options: TakeUpOptions) {
    this.#options = options;
  }

  /** The first walk is over. */
  get walked(): boolean {
    return this.#walked;
  }

  /** `isLoss`: the broker has less than it had when the one before ended. */
  start(isLoss: boolean): void {
    // What nobody has taken is published now anyhow.
    if (isLoss) this.#options.relay.noteLoss();
    this.#begin(isLoss).then(
      (streams) => {
        this.#walked = true;
        this.#options.onWalked(streams);
        if (this.#options.shared) this.#roundLater();
      },
      (error: unknown) => {
        if (this.#stopped) return;
        this.#options.onError('the walk over open runs failed, it begins again', { error: String(error) });
        this.#options.clock.after(RETRY_MS, () => {
          if (!this.#stopped) this.start(isLoss);
        });
      },
    );
  }

  async #begin(isLoss: boolean): Promise<number> {
    const streams = await this.#walk('start');
    if (isLoss) await this.#tellChains();
    return streams;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Offers here what another replica began in this run. */
  async offersOf(run: string): Promise<void> {
    await this.#takeUp(run, 'round', new Map());
    this.#options.offers.flush();
  }

  /** Offers here whatever may be claimed of all that is open. */
  async look(): Promise<void> {
    await this.#walk('round');
  }

  /** The broker has come back with less than it had: all that is open is told again. */
  lost(): void {
    const loss = ++this.#losses;
    const { relay, clock, onError } = this.#options;
    relay.noteLoss();
    const tell = (): void => {
      if (this.#stopped || loss !== this.#losses) return;
      this.#walk('loss')
        .then(() => this.#tellChains())
        .catch((error: unknown) => {
          onError('could not publish events again that the broker lost; will retry', { error: String(error) });
          clock.after(RETRY_MS, tell);
        });
    };
    tell();
  }

  /** A run that has ended and told so is not open any more, but the trigger it sent to the next stage may be gone. */
  async #tellChains(): Promise<void> {
    const { store, advance, relay } = this.#options;
    const since = this.#now() - CHAIN_MS;
    let cursor: string | undefined;
    for (let told = 0; told < CHAINS_MAX; told += CHAINS_PAGE) {
      const page = await store.listRuns({ since, limit: CHAINS_PAGE, ...(cursor === undefined ? {} : { cursor }) });
      for (const { id, state } of page.items) {
        const loaded = state === 'finished' ? await advance.load(id) : undefined;
        if (loaded?.run.kind !== 'finished' || loaded.run.triggers.length === 0) continue;
        relay.tellChain(loaded.run, finalEffects(loaded.run, loaded.env));
      }
      cursor = page.next;
      if (cursor === undefined || this.#stopped) return;
    }
  }

  /** This process has written an entry: what it is reading of that stream now may be older. */
  committed(stream: string): void {
    for (const reading of this.#readings) if (reading.stream === stream) reading.isOld = true;
  }

  /** Nobody knows whether the last entry of this stream is durable: if it is, what it caused is told from there. */
  uncertain(stream: string): void {
    this.#uncertain.add(stream);
    this.#arm();
  }

  #arm(): void {
    if (this.#armed || this.#uncertain.size === 0) return;
    this.#armed = true;
    this.#options.clock.after(RETRY_MS, () => {
      this.#armed = false;
      if (!this.#stopped) void this.#settleUncertain().finally(() => this.#arm());
    });
  }

  async #settleUncertain(): Promise<void> {
    const { onError, timers } = this.#options;
    try {
      for (const stream of [...this.#uncertain]) {
        // Not afterwards: what becomes uncertain while this reads is not what was read.
        this.#uncertain.delete(stream);
        try {
          await this.#takeUp(stream, 'start', new Map());
        } catch (error) {
          this.#uncertain.add(stream);
          throw error;
        }
      }
      await timers.refill();
    } catch (error) {
      onError('streams could not be read after a write of unknown outcome, they will be again', {
        streams: this.#uncertain.size,
        error: String(error),
      });
    }
  }

  #roundLater(): void {
    const { clock, onError } = this.#options;
    clock.after(ROUND_MS * (0.75 + clock.random() / 2), () => {
      if (this.#stopped) return;
      this.#walk('round').then(
        () => this.#roundLater(),
        (error: unknown) => {
          onError('a look at all open runs failed', { error: String(error) });
          this.#roundLater();
        },
      );
    });
  }

  async #walk(why: Why): Promise<number> {
    const { store, offers, clock } = this.#options;
    const groups = new Map<string, Group | undefined>();
    const round = offers.beginRound();
    let after: string | undefined;
    let count = 0;
    for (;;) {
      const streams = await store.openStreams({ ...(after === undefined ? {} : { after }), limit: PAGE });
      const last = streams.at(-1);
      if (last === undefined || this.#stopped) break;
      after = last;
      for (const stream of streams) {
        count++;
        // One that cannot be read now is looked at again by itself.
        await this.#takeUp(stream, why, groups).catch(() => this.uncertain(stream));
      }
      offers.flush();
      if (why === 'round') await new Promise<void>((resolve) => void clock.after(ROUND_PAUSE_MS, resolve));
    }
    // What others have given out or ended since is not offered here any more.
    if (why === 'round') offers.endRound(round);
    return count;
  }

  async #takeUp(stream: string, why: Why, groups: Map<string, Group | undefined>): Promise<void> {
    if (stream.startsWith('group:')) await this.#takeUpGroup(stream);
    else await this.#takeUpRun(stream, why, groups);
  }

  async #takeUpGroup(stream: string): Promise<void> {
    const { advance, clock } = this.#options;
    const group = await advance.loadGroup(stream);
    for (const id of group?.holders ?? []) {
      const loaded = await advance.load(id);
      // A holder that waits has not heard that it may start; one that has ended has not been heard.
      if (loaded && loaded.run.kind !== 'open') advance.tell(id, { kind: 'granted', at: clock.now() });
    }
  }

  async #takeUpRun(stream: string, why: Why, groups: Map<string, Group | undefined>): Promise<void> {
    const { advance, relay } = this.#options;
    const loaded = await this.#load(stream);
    if (!loaded) return;
    const { run, env } = loaded;
    if (why !== 'round') this.#endWhatIsOver(run, env);
    if (run.kind === 'finished') {
      relay.tellEnd(run, finalEffects(run, env), (to, input, done) => advance.deliver(to, input, { done }));
      return;
    }
    if (run.kind === 'waiting') {
      if (!groups.has(run.group)) groups.set(run.group, await advance.loadGroup(run.group));
      const group = groups.get(run.group);
      if (!group?.queue.some((one) => one.run === run.id)) advance.tell(run.group, enqueueOf(run, env, this.#now()));
      return;
    }
    this.#options.onRun?.(run, env);
    for (const { effect, silentSince } of openDispatches(run, env)) {
      if (why === 'loss') {
        relay.lost(run, effect.event, silentSince);
        continue;
      }
      if (effect.event.dispatch && silentSince !== undefined) {
        relay.taken(run, effect.event.dispatch, silentSince);
        continue;
      }
      if (effect.event.dispatch) this.#options.offer(run, env, effect.event.dispatch, effect.event.id);
      if (why === 'start') relay.publishOpen(run, effect.event);
      else relay.watch(run, effect.event);
    }
    this.#takeUpLeases(run, env);
    // More tasks were ready than one step begins, and who wrote that step may be gone.
    if (owesContinue(run)) advance.tell(run.id, { kind: 'continue', at: this.#now(), begun: run.begun });
  }

  /** As it is now: what this process has ended since must not be offered or published again. */
  async #load(stream: string): Promise<FoldedRun | undefined> {
    for (;;) {
      const reading: Reading = { stream, isOld: false };
      this.#readings.add(reading);
      try {
        const loaded = await this.#options.advance.load(stream);
        if (!reading.isOld) return loaded;
      } finally {
        this.#readings.delete(reading);
      }
    }
  }

  /** Nobody may take these attempts any more. One that this state does not know yet may have begun since it was read. */
  #endWhatIsOver(run: Run, env: Env): void {
    if (run.kind === 'waiting') return;
    const { offers, leases } = this.#options;
    for (const task of env.sequence?.tasks ?? []) {
      for (const { number } of ownValue(run.nodes, task.key)?.attempts ?? []) {
        const id = attemptId({ run: run.id, task: task.key, attempt: number });
        offers.withdraw(task.uses, id);
        leases.end(id);
      }
    }
  }

  #takeUpLeases(run: OpenRun, env: Env): void {
    for (const task of env.sequence?.tasks ?? []) {
      const node = ownValue(run.nodes, task.key);
      if (node?.state !== 'open') continue;
      for (const [source, executor] of Object.entries(node.attempt.executors)) {
        if (executor.finished || executor.leaseMs === undefined) continue;
        const { number } = node.attempt;
        const id = attemptId({ run: run.id, task: task.key, attempt: number });
        // From now on, not from before the crash: whoever holds it could not renew it while nobody was here.
        this.#options.leases.holdUnlessHeld({
          id,
          run: run.id,
          task: task.key,
          uses: task.uses,
          attempt: number,
          source,
          leaseMs: executor.leaseMs,
        });
      }
    }
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function enqueueOf(run: Extract<Run, { kind: 'waiting' }>, env: Env, at: number): GroupInput {
  const { limit, policy } = env.sequence?.concurrency ?? { limit: 1, policy: 'queue' as const };
  return { kind: 'enqueue', at, run: run.id, acceptedAt: run.acceptedAt, limit, policy };
}
