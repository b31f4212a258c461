import { controlPlaneSource } from '@slipway/contract';
import type { Effect, Env, Group, GroupInput, GroupStep, Outcome, OutEvent, Run, RunInput } from '../engine/index.ts';
import { emptyGroup, recordOutcomes, transition, transitionGroup } from '../engine/index.ts';
import { summarize } from '../projection/index.ts';
import { DECISION_WORK_MAX } from '../shipyard/index.ts';
import type { CommitItem, CommitResult, JournalEntry, Store, Timer } from '../store/store.ts';
import type { Clock } from './clock.ts';
import { Refusal } from './control-plane.ts';
import type { Decided } from './entry.ts';
import { encodeGroupEntry, encodeRunEntry } from './entry.ts';
import { evaluationRows } from './evaluation/evaluation-row.ts';
import { GroupSnapshots } from './group-snapshots.ts';
import type { PlaneLimits } from './limits.ts';
import { ReadyQueue } from './ready-queue.ts';
import { type FoldedRun, foldRun, RunFolds } from './run-folds.ts';

/**
 * Advances streams: whatever has arrived for a stream is decided together and written as one journal entry; whatever
 * queued while the last write ran is the next group. At most one uncommitted entry per stream, so that an unordered
 * insert can never put our seq 8 on top of somebody else's seq 7. Who comes second (`conflict`) loads and decides again.
 */
export type AdvanceOptions = {
  store: Store;
  clock: Clock;
  limits: PlaneLimits;
  /** Other replicas advance the same streams: a verdict other than `applied` from a cached state is checked on a fresh one. */
  shared: boolean;
  /** There is a broker, and the end of every run is published: until it is, the run is not settled. */
  tellsEnds: boolean;
  /** The environment of a run's decisions: its plan by version. */
  envOf(at: { project: string; planVersion: string; stage: string; sequence: string }): Env | Promise<Env>;
  /** Everything a batch has made durable, and what must be told. */
  onCommitted(batch: readonly Committed[]): void;
  /** An input is durable that was taken so long ago. */
  onWaited(ms: number): void;
  /** A write to this stream may or may not be durable: if it is, nobody has told what it caused. */
  onUncertain(stream: string): void;
  onError(message: string, details: Record<string, unknown>): void;
};

export type Committed = {
  stream: string;
  /** The run after the entry; undefined for a group. */
  run: Run | undefined;
  before: Run | undefined;
  /** What it was decided by; undefined for a group. */
  env: Env | undefined;
  effects: readonly Effect[];
  /** Undefined: nothing was written, the effects are told again. */
  item: CommitItem | undefined;
  positions: readonly string[];
  /** Tells whoever waits for the inputs of this entry; call it when what it caused is published. */
  done(): void;
};

export type Verdict = { outcome: Outcome; run: Run | undefined };
type Done = (verdict: Verdict | undefined, error?: Error) => void;
/** `at`: when it was taken, by the clock that nobody sets. */
type Pending<I> = {
  input: I;
  done: Done | undefined;
  at: number;
  /** How many inputs this process had taken before it. */
  order: number;
};

type Slot = {
  id: string;
  /** As far as it is known; '' for an answer to a run that is not in memory. */
  project: string;
  /** 'no': nothing is known. 'new': believed not to exist. */
  known: 'no' | 'new' | 'cached' | 'fresh';
  /** What is 'fresh' was read when this many inputs had been taken: it may be older than those that came since. */
  asOf: number;
  seq: number;
  run: Run | undefined;
  env: Env | undefined;
  group: Group | undefined;
  /** The entry of a group's newest snapshot, as far as it is known. */
  snapshotAt: number;
  pending: Pending<RunInput | GroupInput>[];
  busy: boolean;
  queued: boolean;
  /** About what it takes in memory: what it has taken, and what it sent last. */
  bytes: number;
  /** That part of `bytes` which goes when the next attempt begins: what is sent is made of the rest, each time anew. */
  sentBytes: number;
};

const BATCH_STREAMS_MAX = 512;
const BATCHES_IN_FLIGHT_MAX = 2;
/** What a project has decided in one turn. */
const TURN_STREAMS = 32;
/** An object takes about this many bytes for each character of its JSON. */
const BYTES_PER_CHAR = 3;
/** A place in a concurrency group's queue. */
const GROUP_PLACE_BYTES = 150;
/** MongoDB takes documents of 16 MB; what a run may be must not depend on where it is kept. */
const ENTRY_BYTES_MAX = 15 * 1024 * 1024;
/** What the events of one entry may weigh before what else has arrived is left for the next one. */
const ENTRY_SENT_CHARS_MAX = 1024 * 1024;
/** Of what streams may take in memory, what those that are only looked at may. */
const LOOKED_AT_SHARE = 0.25;
/** What is evicted at once, so that the next one is not at once. */
const EVICTED_SHARE = 0.1;
/** Both batches in flight together stay below twice this, whatever the events weigh. */
const BATCH_CHARS_MAX = 8 * 1024 * 1024;
/** Answers that nobody waits for (a claim is `started`) may wait this long to share the entry of what follows. */
const LAZY_MS = 25;
const STORE_RETRY_MS = 200;
const GROUP_PREFIX = 'group:';

export class Advance {
  readonly #options: AdvanceOptions;
  readonly #folds: RunFolds;
  readonly #snapshots: GroupSnapshots;
  readonly #slots = new Map<string, Slot>();
  /** One project may have half of what is being written while others wait. */
  readonly #ready = new ReadyQueue<Slot>({ shareMax: (BATCHES_IN_FLIGHT_MAX * BATCH_STREAMS_MAX) / 2 });
  #lazy: Slot[] = [];
  #lazyTimer = false;
  #inFlight = 0;
  #loading = 0;
  #backlog = 0;
  #taken = 0;
  #pumpQueued = false;
  #closed = false;
  #cachedBytes = 0;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #busySince = 0;
  #idleWaiters: (() => void)[] = [];

  constructor(options: AdvanceOptions) {
    this.#options = options;
    const charsMax = (options.limits.cachedBytesMax / BYTES_PER_CHAR) * LOOKED_AT_SHARE;
    this.#folds = new RunFolds({ ...options, charsMax });
    const { store, limits } = options;
    this.#snapshots = new GroupSnapshots({ store, every: limits.groupSnapshotEvery, prefix: GROUP_PREFIX });
  }

  /** Inputs that have arrived and are not decided yet. */
  get backlog(): number {
    return this.#backlog;
  }

  /** How long inputs have waited, and the store has confirmed nothing. */
  get stuckMs(): number {
    if (this.#backlog === 0 && this.#inFlight === 0) return 0;
    return this.#options.clock.elapsed() - Math.max(this.#busySince, this.#confirmedAt);
  }

  /** How long ago the store has confirmed a write. */
  get silentMs(): number {
    return this.#options.clock.elapsed() - this.#confirmedAt;
  }

  get cachedStreams(): number {
    return this.#slots.size;
  }

  get cachedBytes(): number {
    return this.#cachedBytes;
  }

  /**
   * Hands an input to its stream. `done` is called once: with the verdict, when it is durable and told, or with an error
   * when that is not known. `lazy`: may wait a moment for company. `isNew`: the stream is believed not to exist yet.
   */
  deliver(
    stream: string,
    input: RunInput | GroupInput,
    options: { lazy?: boolean; isNew?: boolean; done?: Done } = {},
  ): void {
    let slot = this.#slots.get(stream);
    if (!slot) {
      slot = newSlot(stream, options.isNew === true ? 'new' : 'no', input);
      this.#slots.set(stream, slot);
      if (this.#slots.size > this.#options.limits.cachedStreamsMax) this.#evict();
    } else if (slot.pending.length === 0) {
      // The order of the map is that of use: who was used longest ago goes first.
      this.#slots.delete(stream);
      this.#slots.set(stream, slot);
    }
    const at = this.#options.clock.elapsed();
    slot.pending.push({ input, done: options.done, at, order: this.#taken++ });
    if (this.#backlog === 0) this.#busySince = at;
    this.#backlog++;
    if (slot.queued || slot.busy) return;
    if (options.lazy === true) {
      if (slot.pending.length === 1) this.#lazy.push(slot);
      this.#armLazy();
      return;
    }
    this.#enqueue(slot);
  }

  /** Hands on what one stream says to another, until it is taken: telling it twice changes nothing. */
  tell(stream: string, input: RunInput | GroupInput): void {
    this.deliver(stream, input, {
      done: (_verdict, error) => {
        if (error && !this.#closed) this.#options.clock.after(STORE_RETRY_MS, () => this.tell(stream, input));
      },
    });
  }

  /** The run as it is now: from the cache, or folded from its journal. */
  async load(stream: string): Promise<FoldedRun | undefined> {
    const slot = this.#slots.get(stream);
    if (slot?.run && slot.env && !this.#options.shared && slot.known !== 'no')
      return { run: slot.run, env: slot.env, seq: slot.seq };
    return this.#folds.load(stream);
  }

  async loadGroup(stream: string): Promise<Group | undefined> {
    const slot = this.#slots.get(stream);
    if (slot?.group && !this.#options.shared) return slot.group;
    return (await this.#snapshots.fold(stream)).group;
  }

  /** The run when it is cached; for what must not wait. */
  peek(stream: string): Run | undefined {
    return this.#slots.get(stream)?.run;
  }

  /** Resolves when nothing is pending or under way. */
  async idle(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  close(): void {
    this.#closed = true;
  }

  // ---- the pump

  #enqueue(slot: Slot): void {
    if (slot.queued || slot.busy) return;
    slot.queued = true;
    this.#ready.push(slot);
    if (!this.#pumpQueued) {
      this.#pumpQueued = true;
      // After the current turn of the event loop, so that what arrives together is decided together.
      this.#options.clock.soon(() => {
        this.#pumpQueued = false;
        this.#pump();
      });
    }
  }

  #armLazy(): void {
    if (this.#lazyTimer) return;
    this.#lazyTimer = true;
    this.#options.clock.after(LAZY_MS, () => {
      this.#lazyTimer = false;
      const slots = this.#lazy;
      this.#lazy = [];
      for (const slot of slots) if (slot.pending.length > 0) this.#enqueue(slot);
    });
  }

  #pump(): void {
    while (this.#ready.size > 0 && this.#inFlight < BATCHES_IN_FLIGHT_MAX && !this.#closed) {
      const { batch, untold } = this.#nextBatch();
      if (untold.length > 0) this.#options.onCommitted(untold);
      if (batch.length > 0) this.#write(batch);
      else if (untold.length === 0) break;
    }
    if (this.#idleWaiters.length > 0 && this.#isIdle()) {
      const waiters = this.#idleWaiters;
      this.#idleWaiters = [];
      for (const resolve of waiters) resolve();
    }
  }

  /** Decides what is ready until there is enough for one write; and what there is nothing to write of, but to tell. */
  #nextBatch(): { batch: Prepared[]; untold: Committed[] } {
    const batch: Prepared[] = [];
    const untold: Committed[] = [];
    let chars = 0;
    while (batch.length < BATCH_STREAMS_MAX && chars < BATCH_CHARS_MAX) {
      const slots = this.#ready.take(Math.min(TURN_STREAMS, BATCH_STREAMS_MAX - batch.length));
      if (slots.length === 0) break;
      for (const slot of slots) {
        slot.queued = false;
        if (slot.busy || slot.pending.length === 0) continue;
        const prepared = this.#decide(slot);
        if (prepared === undefined) continue;
        if (!isPrepared(prepared)) {
          untold.push(this.#committedOf(prepared, []));
          continue;
        }
        this.#ready.hold(slot.project);
        batch.push(prepared);
        chars += charsOf(prepared.item);
      }
    }
    return { batch, untold };
  }

  #isIdle(): boolean {
    return this.#backlog === 0 && this.#inFlight === 0 && this.#loading === 0 && this.#ready.size === 0;
  }

  /** Decides all that is pending for a slot; undefined when it must be loaded first. */
  #decide(slot: Slot): Decision | undefined {
    if (slot.known === 'no') {
      this.#load(slot);
      return undefined;
    }
    const isGroup = slot.id.startsWith(GROUP_PREFIX);
    if (!isGroup && slot.env === undefined) {
      // An answer to a run that is not there yet may have come before the trigger that begins it.
      const first = slot.pending.find(({ input }) => input.kind === 'trigger')?.input;
      if (first?.kind === 'trigger') {
        const env = this.#options.envOf(first);
        if (env instanceof Promise) {
          this.#await(slot, env);
          return undefined;
        }
        slot.env = env;
      }
    }
    const decision = isGroup ? this.#decideGroup(slot) : this.#decideRun(slot);
    if (decision === 'reload') {
      slot.known = 'no';
      this.#load(slot);
      return undefined;
    }
    slot.busy = decision.item !== undefined;
    if (slot.busy) return decision;
    slot.known = 'cached';
    if (slot.pending.length > 0) this.#enqueue(slot);
    else if (slot.run === undefined && slot.group === undefined) this.#drop(slot);
    return decision;
  }

  /**
   * Whether an input may be told that it changes nothing: by what is known since it came, or where nobody else writes. By
   * what is older it must not be taken for a repeat, nor its run for one that does not exist.
   */
  #isKnownSince(slot: Slot, one: Pending<RunInput | GroupInput>): boolean {
    if (slot.known === 'fresh') return !this.#options.shared || one.order < slot.asOf;
    // What is decided of a stream that is believed to be new is written first, and the store knows better.
    return slot.known === 'new' || !this.#options.shared;
  }

  #decideRun(slot: Slot): Decision | 'reload' {
    const { clock } = this.#options;
    const decided: Decided<RunInput>[] = [];
    const verdicts: { done: Done | undefined; outcome: Outcome }[] = [];
    const effects: Effect[] = [];
    let run = slot.run;
    const pending = slot.pending as Pending<RunInput>[];
    let count = 0;
    let sentChars = 0;
    for (const one of pending) {
      let step: ReturnType<typeof transition>;
      if (!run && one.input.kind !== 'trigger') {
        if (slot.known === 'new' || !this.#isKnownSince(slot, one)) {
          if (count === 0) return 'reload';
          break;
        }
        count++;
        verdicts.push({ done: one.done, outcome: { kind: 'ignored', code: 'unknown-run' } });
        continue;
      }
      const env = slot.env ?? noEnv();
      const recorded = recordOutcomes(env.evaluator, { left: DECISION_WORK_MAX });
      try {
        step = transition(run, one.input, { ...env, evaluator: recorded.evaluator });
      } catch (error) {
        if (slot.known !== 'fresh' && slot.known !== 'new') return 'reload';
        count++;
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.onError('a run is parked: deciding an input threw', {
          run: slot.id,
          input: one.input.kind,
          reason,
        });
        if (!run) {
          one.done?.(undefined, new Error(`deciding threw: ${reason}`));
          verdicts.push({ done: undefined, outcome: { kind: 'ignored', code: 'parked' } });
          continue;
        }
        const park: RunInput = { kind: 'park', at: one.input.at, reason };
        step = transition(run, park, slot.env ?? noEnv());
        decided.push({ input: park, ignored: undefined });
        run = step.run;
        verdicts.push({ done: one.done, outcome: { kind: 'ignored', code: 'parked' } });
        continue;
      }
      if (step.outcome.kind !== 'applied' && !this.#isKnownSince(slot, one)) {
        if (count === 0) return 'reload';
        // What is decided so far stands; the rest is decided on what will be read after it.
        break;
      }
      count++;
      const changed = step.run !== run || step.outcome.kind === 'applied';
      if (changed && step.run) {
        const ignored = step.outcome.kind === 'ignored' ? step.outcome.code : undefined;
        decided.push({ input: one.input, ignored, outcomes: recorded.outcomes });
      }
      run = step.run;
      for (const effect of step.effects) {
        effects.push(effect);
        if (effect.kind === 'publish') sentChars += effect.event.json.length;
      }
      verdicts.push({ done: one.done, outcome: step.outcome });
      // Each input may begin many tasks: the rest is decided in the next entry.
      if (sentChars > ENTRY_SENT_CHARS_MAX) break;
    }
    const taken = pending.slice(0, count);
    slot.pending = pending.slice(count);
    this.#backlog -= count;
    const base = {
      slot,
      project: slot.project,
      before: slot.run,
      run,
      group: undefined,
      effects,
      verdicts,
      taken,
    };
    if (decided.length === 0 || !run) return { ...base, item: undefined };
    const sent: OutEvent[] = [];
    const timersPut: Timer[] = [];
    const timersDelete: Timer[] = [];
    for (const effect of effects) {
      if (effect.kind === 'publish' && !effect.again) sent.push(effect.event);
      else if (effect.kind === 'schedule') timersPut.push({ stream: slot.id, name: effect.name, dueAt: effect.dueAt });
      else if (effect.kind === 'unschedule') {
        // One that this very entry sets, and that is over again, never gets to the store: it would be deleted before it is put.
        const { name, dueAt } = effect;
        const put = timersPut.findIndex((timer) => timer.name === name && timer.dueAt === dueAt);
        if (put >= 0) timersPut.splice(put, 1);
        else timersDelete.push({ stream: slot.id, name, dueAt });
      }
    }
    for (const { input } of decided) {
      if (input.kind === 'timer') timersDelete.push({ stream: slot.id, name: input.name, dueAt: input.dueAt });
    }
    const at = clock.now();
    const { header, events, rows } = encodeRunEntry(decided, sent, controlPlaneSource(run.dialect));
    const item: CommitItem = {
      stream: slot.id,
      seq: slot.seq + 1,
      at,
      header,
      events,
      rows,
      summary: summarize(run, slot.env?.sequence, at),
      ...evaluationsOf(run, { at, events, rows }),
      open: !this.#isSettledAtOnce(run),
      timersPut,
      timersDelete,
    };
    return isTooLarge(item) ? this.#tooLarge(slot, taken) : { ...base, item };
  }

  /** No store would take the entry, today or tomorrow: the run stands still and says why; what would begin is refused. */
  #tooLarge(slot: Slot, taken: Pending<RunInput>[]): Decision | 'reload' {
    const reason = `what its events carry is more than the ${ENTRY_BYTES_MAX / 1024 / 1024} MB that one step of a run may be`;
    const at = this.#options.clock.now();
    this.#options.onError('a run is parked: its step is too large', { run: slot.id, reason });
    const park: RunInput = { kind: 'park', at, reason };
    const takenAt = this.#options.clock.elapsed();
    const rest = slot.pending;
    slot.pending = slot.run === undefined ? [] : [{ input: park, done: undefined, at: takenAt, order: 0 }];
    this.#backlog += slot.pending.length;
    const decision = this.#decideRun(slot);
    if (decision === 'reload') {
      this.#backlog += taken.length - slot.pending.length;
      slot.pending = [...taken, ...rest];
      return decision;
    }
    slot.pending = rest;
    const outcome: Outcome = { kind: 'ignored', code: 'parked' };
    const isNew = slot.run === undefined;
    if (isNew) for (const { done } of taken) done?.(undefined, new Refusal('too-large', reason));
    return { ...decision, taken, verdicts: isNew ? [] : taken.map(({ done }) => ({ done, outcome })) };
  }

  /** A finished run with nobody left to tell needs no walk at the next start. */
  #isSettledAtOnce(run: Run): boolean {
    return !this.#options.tellsEnds && run.kind === 'finished' && run.triggers.length === 0 && run.group === undefined;
  }

  #decideGroup(slot: Slot): Decision | 'reload' {
    const pending = slot.pending as Pending<GroupInput>[];
    let group = slot.group ?? emptyGroup(slot.id.slice(GROUP_PREFIX.length));
    const inputs: GroupInput[] = [];
    const effects: Effect[] = [];
    const sends: GroupStep['sends'][number][] = [];
    const verdicts: Decision['verdicts'] = [];
    let count = 0;
    for (const one of pending) {
      const step = transitionGroup(group, one.input);
      if (!step.changed && !this.#isKnownSince(slot, one)) {
        if (count === 0) return 'reload';
        break;
      }
      count++;
      if (step.changed) inputs.push(one.input);
      group = step.group;
      sends.push(...step.sends);
      verdicts.push({ done: one.done, outcome: { kind: step.changed ? 'applied' : 'duplicate' } });
    }
    const taken = pending.slice(0, count);
    slot.pending = pending.slice(count);
    this.#backlog -= count;
    const base = {
      slot,
      project: slot.project,
      before: undefined,
      run: undefined,
      group,
      effects,
      verdicts,
      sends,
      taken,
    };
    if (inputs.length === 0) return { ...base, item: undefined };
    const open = group.holders.length > 0 || group.queue.length > 0;
    const at = this.#options.clock.now();
    const item: CommitItem = {
      stream: slot.id,
      seq: slot.seq + 1,
      at,
      header: encodeGroupEntry(inputs),
      events: [],
      rows: [],
      open,
      timersPut: [],
      timersDelete: [],
    };
    return { ...base, item };
  }

  #write(batch: Prepared[]): void {
    this.#inFlight++;
    const items = batch.map((one) => one.item);
    this.#options.store.commit(items).then(
      (results) => this.#written(batch, results),
      (error: unknown) => this.#unknown(batch, error instanceof Error ? error : new Error(String(error))),
    );
  }

  #written(batch: readonly Prepared[], results: readonly CommitResult[]): void {
    this.#inFlight--;
    this.#confirmedAt = this.#options.clock.elapsed();
    const committed: Committed[] = [];
    for (let index = 0; index < batch.length; index++) {
      const one = batch[index];
      const result = results[index];
      if (!one || !result) continue;
      const { slot } = one;
      slot.busy = false;
      this.#ready.release(one.project);
      if (result.outcome === 'conflict') {
        // Somebody else wrote this seq first: forget what we knew and decide the same inputs again on what is true.
        this.#forget(slot);
        slot.pending = [...one.taken, ...slot.pending];
        this.#backlog += one.taken.length;
        this.#enqueue(slot);
        continue;
      }
      slot.seq = one.item.seq;
      slot.run = one.run;
      slot.group = one.group;
      slot.known = 'cached';
      if (slot.group) slot.snapshotAt = this.#snapshots.written(one.item, slot.group, slot.snapshotAt);
      this.#grow(slot, slot.group ? sizeOfGroup(slot.group) - slot.bytes : growthOf(slot, one.item));
      for (const { at } of one.taken) this.#options.onWaited(this.#confirmedAt - at);
      committed.push(this.#committedOf(one, result.positions));
      if (slot.pending.length > 0) this.#enqueue(slot);
      // A group that is empty now has a journal of all who were in it, which must not be read for the next one that comes.
      else if (slot.run?.kind === 'finished') this.#drop(slot);
    }
    if (this.#cachedBytes > this.#options.limits.cachedBytesMax) this.#evict();
    if (committed.length > 0) this.#options.onCommitted(committed);
    this.#pump();
  }

  /** The outcome of the write is not known: forget, and tell whoever waits; what is durable will be found there. */
  #unknown(batch: readonly Prepared[], error: Error): void {
    this.#options.onError('the store did not answer a commit', { error: error.message, streams: batch.length });
    for (const one of batch) {
      this.#ready.release(one.project);
      this.#forget(one.slot);
      this.#options.onUncertain(one.slot.id);
      for (const verdict of one.verdicts) verdict.done?.(undefined, error);
      const { slot } = one;
      if (slot.pending.length === 0) this.#drop(slot);
    }
    this.#options.clock.after(STORE_RETRY_MS, () => {
      this.#inFlight--;
      for (const { slot } of batch) if (slot.pending.length > 0) this.#enqueue(slot);
      this.#pump();
    });
  }

  #forget(slot: Slot): void {
    slot.busy = false;
    slot.known = 'no';
    slot.run = undefined;
    slot.group = undefined;
    slot.snapshotAt = 0;
    slot.env = undefined;
    slot.seq = 0;
    this.#grow(slot, -slot.bytes);
    slot.sentBytes = 0;
  }

  #grow(slot: Slot, bytes: number): void {
    slot.bytes += bytes;
    this.#cachedBytes += bytes;
  }

  #drop(slot: Slot): void {
    this.#grow(slot, -slot.bytes);
    this.#slots.delete(slot.id);
  }

  #committedOf(one: Decision, positions: readonly string[]): Committed {
    const { slot, verdicts } = one;
    const sends = one.sends ?? [];
    return {
      stream: slot.id,
      run: one.run,
      before: one.before,
      env: slot.env,
      effects: one.effects,
      item: one.item,
      positions,
      done: () => {
        for (const send of sends) this.tell(send.run, send.input);
        for (const verdict of verdicts) verdict.done?.({ outcome: verdict.outcome, run: one.run });
      },
    };
  }

  // ---- loading

  #load(slot: Slot): void {
    const asOf = this.#taken;
    this.#await(
      slot,
      this.#fold(slot.id).then((loaded) => {
        slot.seq = loaded.seq;
        slot.run = loaded.run;
        slot.env = loaded.env;
        slot.group = loaded.group;
        slot.snapshotAt = loaded.snapshotAt;
        slot.known = 'fresh';
        slot.asOf = asOf;
        slot.project = loaded.run?.project ?? slot.project;
        this.#grow(slot, loaded.bytes - slot.bytes);
        slot.sentBytes = loaded.sentBytes;
        return loaded.env;
      }),
    );
  }

  /** Holds a slot until something it needs is there. */
  #await(slot: Slot, ready: Promise<Env | undefined>): void {
    slot.busy = true;
    this.#loading++;
    ready.then(
      (env) => {
        this.#loading--;
        slot.busy = false;
        if (env) slot.env = env;
        this.#enqueue(slot);
      },
      (error: unknown) => {
        this.#loading--;
        const cause = error instanceof Error ? error : new Error(String(error));
        this.#options.onError('a stream could not be loaded', { stream: slot.id, error: cause.message });
        this.#forget(slot);
        const pending = slot.pending;
        slot.pending = [];
        this.#backlog -= pending.length;
        this.#drop(slot);
        for (const one of pending) one.done?.(undefined, cause);
        this.#pump();
      },
    );
  }

  async #fold(
    stream: string,
  ): Promise<Pick<Slot, 'seq' | 'bytes' | 'sentBytes' | 'run' | 'env' | 'group' | 'snapshotAt'>> {
    if (stream.startsWith(GROUP_PREFIX)) {
      const folded = await this.#snapshots.fold(stream);
      return { ...folded, bytes: sizeOfGroup(folded.group), sentBytes: 0, run: undefined, env: undefined };
    }
    const entries = await this.#options.store.read(stream);
    const seq = entries.at(-1)?.seq ?? 0;
    const { run, env, chars } = await foldRun(entries, this.#options);
    const sentBytes = BYTES_PER_CHAR * charsSent(run);
    return { seq, bytes: BYTES_PER_CHAR * chars + sentBytes, sentBytes, group: undefined, snapshotAt: 0, run, env };
  }

  #evict(): void {
    const { cachedStreamsMax, cachedBytesMax } = this.#options.limits;
    const share = 1 - EVICTED_SHARE;
    for (const slot of this.#slots.values()) {
      if (this.#slots.size <= cachedStreamsMax * share && this.#cachedBytes <= cachedBytesMax * share) return;
      if (slot.busy || slot.queued || slot.pending.length > 0) continue;
      this.#drop(slot);
    }
  }
}

type Decision = {
  slot: Slot;
  /** The slot's project when it was decided. */
  project: string;
  before: Run | undefined;
  run: Run | undefined;
  group: Group | undefined;
  effects: readonly Effect[];
  verdicts: { done: Done | undefined; outcome: Outcome }[];
  sends?: readonly GroupStep['sends'][number][];
  item: CommitItem | undefined;
  taken: Pending<RunInput | GroupInput>[];
};
type Prepared = Decision & { item: CommitItem };

function isPrepared(decision: Decision): decision is Prepared {
  return decision.item !== undefined;
}

/** Nearly every entry has none, and says nothing of it. */
function evaluationsOf(run: Run, entry: Parameters<typeof evaluationRows>[1]): Pick<CommitItem, 'evaluations'> {
  const evaluations = evaluationRows(run, entry);
  return evaluations.length === 0 ? {} : { evaluations };
}

function newSlot(id: string, known: Slot['known'], first: RunInput | GroupInput): Slot {
  return {
    id,
    project: first.kind === 'trigger' ? first.project : projectOfGroup(id),
    known,
    asOf: 0,
    seq: 0,
    run: undefined,
    env: undefined,
    group: undefined,
    snapshotAt: 0,
    pending: [],
    busy: false,
    queued: false,
    bytes: 0,
    sentBytes: 0,
  };
}

function isTooLarge(item: CommitItem): boolean {
  // A character has four bytes at most, and most entries are far from it.
  if (4 * charsOf(item) <= ENTRY_BYTES_MAX) return false;
  return (
    item.events.reduce((bytes, event) => bytes + Buffer.byteLength(event), Buffer.byteLength(item.header)) >
    ENTRY_BYTES_MAX
  );
}

/** `group:<project>/...` */
function projectOfGroup(stream: string): string {
  return stream.startsWith(GROUP_PREFIX) ? stream.slice(GROUP_PREFIX.length, stream.indexOf('/')) : '';
}

function charsOf(entry: Pick<JournalEntry, 'header' | 'events'>): number {
  let chars = entry.header.length;
  for (const event of entry.events) chars += event.length;
  return chars;
}

/** What is over of a group is in its journal only. */
function sizeOfGroup({ holders, queue }: Group): number {
  return GROUP_PLACE_BYTES * (1 + holders.length + queue.length);
}

/** By how much a run's memory grows with an entry. */
function growthOf(slot: Slot, { header, events, rows }: CommitItem): number {
  let taken = header.length;
  let sent = 0;
  for (const [index, event] of events.entries()) {
    if (rows[index]?.direction === 'in') taken += event.length;
    else sent += event.length;
  }
  const before = slot.sentBytes;
  // A graph has several attempts open at once, and an entry ends or begins some of them.
  if (slot.env?.sequence?.edges !== undefined) slot.sentBytes = BYTES_PER_CHAR * charsSent(slot.run);
  else if (sent > 0) slot.sentBytes = BYTES_PER_CHAR * sent;
  return BYTES_PER_CHAR * taken + slot.sentBytes - before;
}

/** The triggers of its open attempts, which it keeps to send them again. */
function charsSent(run: Run | undefined): number {
  let chars = 0;
  for (const node of Object.values(run?.kind === 'open' ? run.nodes : {}))
    if (node?.state === 'open') chars += node.attempt.json.length;
  return chars;
}

function noEnv(): never {
  throw new Error('the plan of this run is not known');
}
