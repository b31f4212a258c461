import type { Accepted, Subscription } from '@slipway/contract';
import { isObject } from '@slipway/contract';
import type { Store, StoredEvent } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import type { ControlPlane, Paged, ReceivedEvent } from '../control-plane.ts';
import { Refusal } from '../control-plane.ts';
import type { PlaneLog, PostEvent } from '../outside.ts';
import { listPage, paged } from '../project-book.ts';
import type { ServiceBook } from '../service-book.ts';
import { type Delivery, deliveryOf, isHeld, LEASE_MS, SKEW_MAX_MS } from './delivery.ts';
import { type PushAnswer, PushRunner } from './push-runner.ts';
import { sinkProblem } from './sink.ts';
import { answersOf, isTaskTrigger, submitUntilTaken } from './sink-answer.ts';
import { readSubscription, viewOf } from './subscription.ts';
import { Targets } from './targets.ts';

const SUBSCRIPTIONS_MAX = 1000;
const SAVE_MS = 500;
/** A sink that has not failed for so long is no longer in trouble. */
const TROUBLE_OVER_MS = 60_000;
const STOP_MAX_MS = 2_000;
/** How long a shutdown waits for the responses of deliveries that are under way. What is later is delivered again. */
const DRAIN_MAX_MS = 5_000;
const ROUND_MS = 3_000;
const LOOK_MS = 500;

export type PushOptions = {
  store: Store;
  clock: Clock;
  /** Other replicas deliver as well. */
  shared: boolean;
  post: PostEvent | undefined;
  log: PlaneLog;
  /** Deliveries of one subscription that are under way at once. */
  concurrency: number;
  submit(events: readonly ReceivedEvent[]): Promise<Accepted>;
  /** The triggered events of all attempts that wait for a service. */
  openTriggers(): Promise<StoredEvent[]>;
  services: ServiceBook;
  /** Ends the open attempts that this source has started, so that others may have them. */
  giveBack(source: string): Promise<void>;
};

type Owned = {
  runner: PushRunner;
  delivery: Delivery;
  revision: number;
  /** The write that is under way. */
  saving: Promise<void> | undefined;
  isDirty: boolean;
  /** When its sink last failed, while it counts as troubled. */
  troubledAt: number | undefined;
};

/** The push subscriptions: who has one, and which of them this replica delivers for. */
export class Push {
  readonly #options: PushOptions;
  readonly #replica: string;
  readonly #owned = new Map<string, Owned>();
  readonly #targets: Targets;
  /** By id: the change that was asked for last. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #stopped = false;
  #isDraining = false;
  #woken = false;
  #isGoingAgain = false;

  constructor(options: PushOptions) {
    this.#options = options;
    this.#targets = new Targets(options.clock, SUBSCRIPTIONS_MAX);
    this.#replica = options.clock.random().toString(36).slice(2);
  }

  start(): void {
    if (!this.#options.post) return;
    void this.#go();
    if (this.#options.shared) this.#lookLater();
  }

  /** Others commit as well, and what is committed here is seen a moment later. */
  #lookLater(): void {
    this.#options.clock.after(LOOK_MS, () => {
      if (this.#stopped) return;
      this.wake();
      this.#lookLater();
    });
  }

  /** Something was committed. */
  wake(): void {
    if (this.#owned.size === 0 || this.#woken || this.#stopped) return;
    this.#woken = true;
    this.#options.clock.soon(() => {
      this.#woken = false;
      for (const { runner } of this.#owned.values()) runner.wake();
    });
  }

  /** Begins no more deliveries. Resolves when the answers of those under way are taken, or it has waited long enough. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const ended = Promise.all([...this.#owned.values()].map(({ runner }) => runner.drain()));
    await Promise.race([ended, new Promise<void>((resolve) => void this.#options.clock.after(DRAIN_MAX_MS, resolve))]);
  }

  /** Keeps how far each is, and leaves them to others. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { runner } of this.#owned.values()) runner.stop();
    const { clock } = this.#options;
    const saved = Promise.all([...this.#owned].map(([id, owned]) => this.#save(id, owned)));
    await Promise.race([saved, new Promise<void>((resolve) => void clock.after(STOP_MAX_MS, resolve))]);
  }

  // ---- who delivers

  /** Once where nobody else delivers, else again and again. */
  async #go(): Promise<void> {
    const { log, shared } = this.#options;
    try {
      await this.#round();
      if (shared) this.#goAgain();
    } catch (error) {
      log.warn({ error: String(error) }, 'push subscriptions could not be read, they will be again');
      this.#goAgain();
    }
  }

  /** What may be without anybody who delivers for it is looked for: where there is one replica, nobody else would. */
  #goAgain(): void {
    if (this.#isGoingAgain) return;
    this.#isGoingAgain = true;
    this.#options.clock.after(ROUND_MS, () => {
      this.#isGoingAgain = false;
      if (!this.#stopped) void this.#go();
    });
  }

  /** Takes what nobody delivers for, keeps what is ours, and lets go of what is not any more. */
  async #round(): Promise<void> {
    const { store, clock, shared } = this.#options;
    const found = await store.listDocuments('subscription', { limit: SUBSCRIPTIONS_MAX });
    const known = new Set(found.map(({ id }) => id));
    // Only others change what is ours without our knowing; what was changed here is newer than this list.
    if (shared) for (const id of this.#owned.keys()) if (!known.has(id)) this.#drop(id);
    for (const { id, value } of found) {
      const owned = this.#owned.get(id);
      if (!owned) await this.#inTurn(id, () => this.#take(id));
      else if (shared) {
        owned.runner.subscription = readSubscription(value);
        const leftMs = (owned.delivery.until ?? 0) - clock.now();
        if (leftMs < LEASE_MS / 2 || leftMs > LEASE_MS) await this.#save(id, owned);
      }
    }
  }

  async #take(id: string): Promise<void> {
    const { store } = this.#options;
    if (this.#owned.has(id)) return;
    const document = await store.getDocument('cursor', id);
    const delivery = deliveryOf(document);
    if (this.#isOthers(delivery)) return;
    // It may have been changed, or deleted, since it was listed.
    const subscription = (await store.getDocument('subscription', id))?.value;
    if (isObject(subscription)) await this.#own(readSubscription(subscription), delivery, document?.revision);
  }

  /** One change of an id after the other. One that failed may be half made: what there is then is looked for. */
  async #inTurn<T>(id: string, change: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id);
    const turn = (async () => {
      await before?.catch(() => undefined);
      try {
        return await change();
      } catch (error) {
        if (!(error instanceof Refusal)) {
          this.#drop(id);
          this.#goAgain();
        }
        throw error;
      }
    })();
    this.#turns.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }

  async #own(subscription: Subscription, before: Delivery, revision: number | undefined): Promise<void> {
    const { store, clock, post, concurrency, openTriggers } = this.#options;
    if (!post) return;
    const { id } = subscription;
    const delivery = { ...(await this.#notAhead(before)), ...this.#lease() };
    const written = await store.putDocument('cursor', id, delivery, revision ?? 'absent');
    // Another replica was faster, or a write of ours whose answer was lost.
    if (written === undefined) return this.#goAgain();
    const { backlogUntil = 0 } = delivery;
    const backlog = backlogUntil === 0 ? [] : (await openTriggers()).filter(({ at }) => at <= backlogUntil);
    // The end has come meanwhile, and nobody would stop it any more.
    if (this.#stopped || this.#isDraining) return;
    const runner: PushRunner = new PushRunner({
      ...{
        subscription,
        position: delivery.position,
        matched: delivery.matched ?? 0,
        backlog,
        store,
        clock,
        post,
        concurrency,
      },
      ...this.#targets.of(subscription.sink),
      onDelivered: (event, answer) => this.#delivered(runner, event, answer),
      onRefused: (event, status) => this.#refused(id, event, status),
      onFailed: (message) => this.#failed(id, message),
      onProgress: () => this.#saveSoon(id),
    });
    this.#owned.set(id, {
      runner,
      delivery,
      revision: written,
      saving: undefined,
      isDirty: false,
      troubledAt: undefined,
    });
    runner.wake();
  }

  /**
   * A store that was brought back from an older backup has less than the cursor says was delivered. What it will have next
   * is news to the sink, and so may be what is open. Positions of a shared store are of the time and pass every cursor;
   * there a cursor is ahead only of what another replica has read, and this one will see in a moment.
   */
  async #notAhead(delivery: Delivery): Promise<Delivery> {
    const { store, clock, shared } = this.#options;
    if (shared) return delivery;
    const position = (await store.lastPosition()) ?? '';
    return delivery.position > position ? { ...delivery, position, backlogUntil: clock.now() } : delivery;
  }

  #lease(): Pick<Delivery, 'owner' | 'until'> {
    const { clock, shared } = this.#options;
    if (this.#stopped) return { owner: undefined, until: undefined };
    return shared ? { owner: this.#replica, until: clock.now() + LEASE_MS } : {};
  }

  #isOthers(delivery: Delivery): boolean {
    const { clock, shared } = this.#options;
    const { owner } = delivery;
    return shared && owner !== undefined && owner !== this.#replica && isHeld(delivery, clock.now());
  }

  #drop(id: string): void {
    this.#owned.get(id)?.runner.stop();
    this.#owned.delete(id);
  }

  #saveSoon(id: string): void {
    const owned = this.#owned.get(id);
    if (!owned || owned.isDirty) return;
    owned.isDirty = true;
    this.#options.clock.after(SAVE_MS, () => void this.#save(id, owned));
  }

  /** One write after the other: each expects the revision of the one before. */
  async #save(id: string, owned: Owned): Promise<void> {
    while (owned.saving) await owned.saving;
    if (this.#owned.get(id) === owned) await this.#write(id, owned);
  }

  #write(id: string, owned: Owned): Promise<void> {
    owned.saving = this.#writeDelivery(id, owned).finally(() => {
      owned.saving = undefined;
    });
    return owned.saving;
  }

  async #writeDelivery(id: string, owned: Owned): Promise<void> {
    const { store, log } = this.#options;
    owned.isDirty = false;
    const { position, hasBacklog, matchedToPosition } = owned.runner;
    owned.delivery = {
      ...owned.delivery,
      position,
      matched: matchedToPosition,
      ...(hasBacklog ? {} : { backlogUntil: undefined }),
      ...this.#lease(),
    };
    try {
      const written = await store.putDocument('cursor', id, owned.delivery, owned.revision);
      if (written !== undefined) owned.revision = written;
      // Another replica took it for abandoned, or the answer to a write of ours was lost. What was delivered since the
      // cursor that is there, and what both deliver for a moment, is delivered twice.
      else if (this.#owned.get(id) === owned) {
        this.#drop(id);
        this.#goAgain();
      }
    } catch (error) {
      log.warn(
        { subscription: id, error: String(error) },
        'how far a push subscription is could not be kept, it will be',
      );
      this.#saveSoon(id);
    }
  }

  // ---- what became of a delivery

  /** It counts as no failure of the sink, but whoever looks for an event that never came must see it. */
  #refused(id: string, event: StoredEvent, status: number): void {
    const owned = this.#owned.get(id);
    if (!owned) return;
    const lastError = `${owned.runner.subscription.sink} answered ${status} to ${event.type} of run ${event.stream}: it was passed over`;
    owned.delivery = { ...owned.delivery, lastError: lastError.slice(0, 500) };
    this.#troubled(id, owned, lastError, 'a sink refused an event: it is passed over');
    this.#saveSoon(id);
  }

  #failed(id: string, message: string): void {
    const owned = this.#owned.get(id);
    if (!owned) return;
    const failures = owned.delivery.failures + 1;
    owned.delivery = { ...owned.delivery, failures, lastError: message.slice(0, 500) };
    this.#troubled(id, owned, message, 'a push subscription could not be served, it will be again');
    this.#saveSoon(id);
  }

  /** One line when trouble begins and one when it is over: a sink that fails now and then must not fill the log. */
  #troubled(id: string, owned: Owned, error: string, what: string): void {
    if (owned.troubledAt === undefined)
      this.#options.log.warn({ subscription: id, error: error.slice(0, 500), failures: owned.delivery.failures }, what);
    owned.troubledAt = this.#options.clock.elapsed();
  }

  #served(id: string, owned: Owned): void {
    const { clock, log } = this.#options;
    if (owned.troubledAt === undefined || clock.elapsed() - owned.troubledAt < TROUBLE_OVER_MS) return;
    owned.troubledAt = undefined;
    log.info({ subscription: id }, 'a push subscription is served again');
  }

  /** Whether it counts as delivered: not before the answer that came with it is durable. */
  async #delivered(runner: PushRunner, event: StoredEvent, answer: PushAnswer): Promise<boolean> {
    const isWork = runner.subscription.mode === 'execute' && isTaskTrigger(event);
    if (isWork && !(await this.#answered(runner, event, answer))) return false;
    const owned = this.#ownedOf(runner);
    if (owned) {
      owned.delivery = { ...owned.delivery, failures: 0, lastDeliveredAt: this.#options.clock.now() };
      this.#served(owned.runner.subscription.id, owned);
    }
    return true;
  }

  /** A sink that took a task has started it; a finished event in its response is the answer. */
  async #answered(runner: PushRunner, event: StoredEvent, answer: PushAnswer): Promise<boolean> {
    const { services, submit, clock, log } = this.#options;
    const { subscription } = runner;
    const { started, finished, problem } = answersOf(subscription, event, answer);
    // A sink that was replaced or deleted while it had the event gets nothing more to do, so it does not count as at work.
    if (!this.#ownedOf(runner) && finished.length === 0) return false;
    services.seen({ task: event.type.split('.')[0] ?? '', source: subscription.sink, way: 'push', version: undefined });
    if (problem !== undefined) this.#note(runner, event, `its response is not an event: ${problem}`);
    for (const one of [started, ...finished]) {
      const taken = await submitUntilTaken(one, {
        ...{ submit, clock, isStopped: () => this.#stopped },
        onRetry: (error, tries) => {
          if (tries > 0) return;
          const details = { subscription: subscription.id, run: event.stream, error: String(error) };
          log.warn(details, 'the answer of a sink could not be taken, trying again');
        },
      });
      if (taken.kind === 'stopped') return false;
      if (taken.kind === 'refused') this.#note(runner, event, `its answer was refused: ${taken.reason}`);
    }
    return true;
  }

  #ownedOf(runner: PushRunner): Owned | undefined {
    const owned = this.#owned.get(runner.subscription.id);
    return owned?.runner === runner ? owned : undefined;
  }

  /** For a person who looks for an answer that never came: in the log, and with the subscription. */
  #note(runner: PushRunner, event: StoredEvent, what: string): void {
    const { id, sink } = runner.subscription;
    this.#options.log.warn({ subscription: id, event: event.position, reason: what }, 'an answer of a sink is lost');
    const owned = this.#ownedOf(runner);
    if (!owned) return;
    const lastError = `${sink} took ${event.type} of run ${event.stream}, but ${what}`;
    owned.delivery = { ...owned.delivery, lastError: lastError.slice(0, 500) };
    this.#saveSoon(id);
  }

  // ---- the API

  async list(page: { limit: number; cursor?: string }): Promise<Paged<Subscription>> {
    const { store } = this.#options;
    const found = paged(await store.listDocuments('subscription', listPage(page)), page.limit, (one) => one.value);
    const items = await Promise.all(found.items.map((value) => this.#view(readSubscription(value))));
    return found.next === undefined ? { items } : { items, next: found.next };
  }

  async get(id: string): Promise<Subscription> {
    const found = (await this.#options.store.getDocument('subscription', id))?.value;
    if (!isObject(found)) throw new Refusal('not-found', `there is no subscription '${id.slice(0, 80)}'`);
    return this.#view(readSubscription(found));
  }

  async #view(subscription: Subscription): Promise<Subscription> {
    const { id } = subscription;
    const owned = this.#owned.get(id);
    const delivery = owned?.delivery ?? deliveryOf(await this.#options.store.getDocument('cursor', id));
    return viewOf(subscription, delivery, owned?.runner.matched);
  }

  async put(
    id: string,
    change: Parameters<ControlPlane['putSubscription']>[1],
  ): Promise<{ subscription: Subscription; created: boolean }> {
    const { post } = this.#options;
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id))
      throw new Refusal(
        'invalid-name',
        'a subscription id has letters, digits, dots, dashes and underscores, at most 128',
      );
    const problem = sinkProblem(change.sink) ?? post?.refuses(change.sink);
    if (problem)
      throw new Refusal('invalid-sink', problem, {
        errors: [{ code: 'invalid-sink', detail: problem, pointer: '/sink' }],
      });
    if (!post) throw new Refusal('not-allowed-now', 'push subscriptions are switched off here');
    return this.#inTurn(id, () => this.#put(id, change));
  }

  async #put(
    id: string,
    change: Parameters<ControlPlane['putSubscription']>[1],
  ): Promise<{ subscription: Subscription; created: boolean }> {
    const { store, clock, shared } = this.#options;
    const found = (await store.getDocument('subscription', id))?.value;
    const before = found === undefined ? undefined : readSubscription(found);
    if (!before) await this.#refuseBeyondShare(change.createdBy);
    const subscription: Subscription = { ...change, id, createdAt: before?.createdAt ?? clock.now(), failures: 0 };
    const createdBy = before ? before.createdBy : change.createdBy;
    if (createdBy === undefined) delete subscription.createdBy;
    else subscription.createdBy = createdBy;
    if (!before) {
      // From now on, and what is open: the rest of what was before the subscription is history.
      const position = (await store.lastPosition()) ?? '';
      const backlogUntil = clock.now() + (shared ? SKEW_MAX_MS : 0);
      await store.putDocument('cursor', id, { position, backlogUntil, failures: 0 } satisfies Delivery);
    }
    await store.putDocument('subscription', id, subscription);
    const owned = this.#owned.get(id);
    if (owned) {
      // Another address is another target, and gets what the one before has not taken. Once it is dropped no other write
      // of its cursor begins, and none is under way when the cursor is read.
      this.#drop(id);
      await owned.saving;
      await this.#write(id, owned);
    }
    if (before?.mode === 'execute' && change.mode === 'observe') await this.#giveBack(before);
    const document = await store.getDocument('cursor', id);
    const delivery = deliveryOf(document);
    if (!this.#isOthers(delivery)) await this.#own(subscription, { ...delivery, failures: 0 }, document?.revision);
    return { subscription, created: before === undefined };
  }

  /** One caller may have as many as it leaves for the others. */
  async #refuseBeyondShare(caller: string | undefined): Promise<void> {
    const all = await this.#options.store.listDocuments('subscription', { limit: SUBSCRIPTIONS_MAX });
    const mine = all.filter(({ value }) => isObject(value) && value.createdBy === caller).length;
    const left = SUBSCRIPTIONS_MAX - all.length;
    if (mine < left) return;
    const who = caller ?? 'this caller';
    const share = `of ${SUBSCRIPTIONS_MAX} subscriptions ${left} are left, and ${who} has ${mine}`;
    throw new Refusal('invalid-request', `${share}, its share: delete one first`);
  }

  delete(id: string): Promise<void> {
    return this.#inTurn(id, () => this.#delete(id));
  }

  async #delete(id: string): Promise<void> {
    const owned = this.#owned.get(id);
    this.#drop(id);
    // A write that comes late could be of the revision that a new subscription's cursor has.
    await owned?.saving;
    const { store } = this.#options;
    const found = (await store.getDocument('subscription', id))?.value;
    // Before it is gone: a repeat of a DELETE that failed half-way gives back the rest.
    if (isObject(found)) await this.#giveBack(readSubscription(found));
    const was = await store.deleteDocument('subscription', id);
    await store.deleteDocument('cursor', id);
    if (!was) throw new Refusal('not-found', `there is no subscription '${id.slice(0, 80)}'`);
  }

  /** Its sink gets no more work, so what it has not finished is offered again; unless another subscription serves it. */
  async #giveBack({ id, sink, mode }: Subscription): Promise<void> {
    if (mode !== 'execute') return;
    const { store, services, giveBack } = this.#options;
    const all = await store.listDocuments('subscription', { limit: SUBSCRIPTIONS_MAX });
    const others = all.filter((one) => one.id !== id).map((one) => readSubscription(one.value));
    if (others.some((one) => one.sink === sink && one.mode === 'execute')) return;
    services.forget({ source: sink, way: 'push' });
    await giveBack(sink);
  }
}
