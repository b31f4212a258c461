import type { Accepted, Subscription } from '@slipway/contract';
import { decodeHttp, isObject, plainType } from '@slipway/contract';
import type { Store, StoredEvent } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { ControlPlane, Paged, ReceivedEvent } from './control-plane.ts';
import { Refusal } from './control-plane.ts';
import type { PlaneLog, PostEvent } from './outside.ts';
import { listPage, paged } from './project-book.ts';
import type { ServiceBook } from './service-book.ts';
import { sinkProblem } from './sink.ts';

const PAGE = 200;
const TIMEOUT_MS = 10_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 60_000;
const SUBSCRIPTIONS_MAX = 1000;

type Runner = { subscription: Subscription; position: string; busy: boolean; retryMs: number; stopped: boolean };

/**
 * Delivers events to push subscriptions, at least once and in order: the position of what a sink has taken is kept in
 * the store. A sink that fails holds up only itself.
 */
export class Push {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #post: PostEvent | undefined;
  readonly #log: PlaneLog;
  readonly #submit: (events: readonly ReceivedEvent[]) => Promise<Accepted>;
  readonly #services: ServiceBook;
  readonly #runners = new Map<string, Runner>();
  #stopped = false;
  #woken = false;

  constructor(options: {
    store: Store;
    clock: Clock;
    post: PostEvent | undefined;
    log: PlaneLog;
    submit(events: readonly ReceivedEvent[]): Promise<Accepted>;
    services: ServiceBook;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#post = options.post;
    this.#log = options.log;
    this.#submit = options.submit;
    this.#services = options.services;
  }

  async start(): Promise<void> {
    for (const found of await this.#store.listDocuments('subscription', { limit: SUBSCRIPTIONS_MAX })) {
      const subscription = found.value as Subscription;
      const cursor = await this.#store.getDocument('cursor', subscription.id);
      this.#runners.set(subscription.id, {
        subscription,
        position: String(cursor?.value ?? ''),
        busy: false,
        retryMs: RETRY_MIN_MS,
        stopped: false,
      });
    }
    this.wake();
  }

  /** Something was committed. */
  wake(): void {
    if (this.#runners.size === 0 || this.#woken || this.#stopped || !this.#post) return;
    this.#woken = true;
    this.#clock.soon(() => {
      this.#woken = false;
      for (const runner of this.#runners.values()) if (!runner.busy) void this.#run(runner);
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(runner: Runner): Promise<void> {
    runner.busy = true;
    try {
      for (;;) {
        if (this.#stopped || runner.stopped) return;
        const events = await this.#store.eventsAfter({
          ...(runner.position === '' ? {} : { position: runner.position }),
          limit: PAGE,
        });
        const last = events.at(-1);
        if (!last) return;
        for (const event of events) {
          if (this.#stopped || runner.stopped) return;
          if (wants(runner.subscription, event)) await this.#deliver(runner, event);
          runner.position = event.position;
        }
        await this.#store.putDocument('cursor', runner.subscription.id, runner.position);
      }
    } catch (error) {
      this.#failed(runner, error instanceof Error ? error.message : String(error));
    } finally {
      runner.busy = false;
    }
  }

  #failed(runner: Runner, message: string): void {
    runner.subscription = {
      ...runner.subscription,
      failures: runner.subscription.failures + 1,
      lastError: message.slice(0, 500),
    };
    void this.#store.putDocument('subscription', runner.subscription.id, runner.subscription).catch(() => undefined);
    this.#log.warn(
      { subscription: runner.subscription.id, error: message },
      'a push subscription could not be served, it will be again',
    );
    const delayMs = Math.round(runner.retryMs * (0.5 + this.#clock.random() / 2));
    runner.retryMs = Math.min(runner.retryMs * 2, RETRY_MAX_MS);
    this.#clock.after(delayMs, () => {
      if (!this.#stopped && !runner.stopped && !runner.busy) void this.#run(runner);
    });
  }

  async #deliver(runner: Runner, event: StoredEvent): Promise<void> {
    const { subscription } = runner;
    if (!this.#post) return;
    const answer = await this.#post.send({
      sink: subscription.sink,
      json: event.json,
      mode: subscription.mode,
      timeoutMs: TIMEOUT_MS,
    });
    if (answer.status < 200 || answer.status >= 300) {
      // What the sink will never take must not hold up the rest; 408, 425, 429 are invitations to come back.
      const later = answer.status >= 500 || answer.status === 408 || answer.status === 425 || answer.status === 429;
      if (later) throw new Error(`${subscription.sink} answered ${answer.status}`);
      this.#log.warn(
        { subscription: subscription.id, status: answer.status, event: event.position },
        'a sink refused an event: it is passed over',
      );
      return;
    }
    if (subscription.failures > 0) {
      runner.subscription = { ...subscription, failures: 0 };
      void this.#store.putDocument('subscription', subscription.id, runner.subscription).catch(() => undefined);
    }
    runner.retryMs = RETRY_MIN_MS;
    runner.subscription = { ...runner.subscription, lastDeliveredAt: this.#clock.now() };
    if (event.direction === 'out' && event.type.endsWith('.triggered') && event.type.split('.').length === 2)
      await this.#started(subscription, event, answer);
  }

  /** A sink that took a task has started it; a finished event in its answer is the answer. */
  async #started(
    subscription: Subscription,
    event: StoredEvent,
    answer: Awaited<ReturnType<PostEvent['send']>>,
  ): Promise<void> {
    const sent = JSON.parse(event.json) as Record<string, unknown>;
    const task = event.type.split('.')[0] ?? '';
    this.#services.seen({ task, source: subscription.sink, way: 'push', version: undefined });
    const prefix = String(sent.type).startsWith('sh.keptn.event.') ? 'sh.keptn.event.' : '';
    const source = subscription.sink;
    const link = { causationid: String(sent.id), triggeredid: String(sent.id), correlationid: event.correlationid };
    const answers: ReceivedEvent[] = [
      {
        event: {
          specversion: '1.0',
          id: `${String(sent.id)}.started.${subscription.id}`,
          source,
          type: `${prefix}${task}.started`,
          ...link,
        },
      },
    ];
    if (answer.body) {
      const decoded = decodeHttp({ headers: answer.body.headers, body: answer.body.text });
      if (decoded.ok)
        for (const one of decoded.events)
          if (plainType(one.type) === `${task}.finished`) answers.push({ event: { ...link, ...one, source } });
    }
    for (const one of answers) {
      await this.#submit([one]).catch((error: unknown) => {
        this.#log.warn({ subscription: subscription.id, error: String(error) }, 'the answer of a sink was refused');
      });
    }
  }

  async list(page: { limit: number; cursor?: string }): Promise<Paged<Subscription>> {
    return paged(
      await this.#store.listDocuments('subscription', listPage(page)),
      page.limit,
      (one) => this.#runners.get(one.id)?.subscription ?? (one.value as Subscription),
    );
  }

  async get(id: string): Promise<Subscription> {
    const found = this.#runners.get(id)?.subscription ?? (await this.#store.getDocument('subscription', id))?.value;
    if (!isObject(found)) throw new Refusal('not-found', `there is no subscription '${id.slice(0, 80)}'`);
    return found as Subscription;
  }

  async put(
    id: string,
    change: Parameters<ControlPlane['putSubscription']>[1],
  ): Promise<{ subscription: Subscription; created: boolean }> {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id))
      throw new Refusal(
        'invalid-name',
        'a subscription id has letters, digits, dots, dashes and underscores, at most 128',
      );
    const problem = sinkProblem(change.sink) ?? this.#post?.refuses(change.sink);
    if (problem)
      throw new Refusal('invalid-sink', problem, {
        errors: [{ code: 'invalid-sink', detail: problem, pointer: '/sink' }],
      });
    if (!this.#post) throw new Refusal('not-allowed-now', 'push subscriptions are switched off here');
    const before = await this.#store.getDocument('subscription', id);
    if (!before && this.#runners.size >= SUBSCRIPTIONS_MAX)
      throw new Refusal('invalid-request', `at most ${SUBSCRIPTIONS_MAX} subscriptions`);
    const subscription: Subscription = {
      ...change,
      id,
      createdAt: before ? (before.value as Subscription).createdAt : this.#clock.now(),
      failures: 0,
    };
    await this.#store.putDocument('subscription', id, subscription);
    const running = this.#runners.get(id);
    if (running) {
      running.subscription = subscription;
      running.retryMs = RETRY_MIN_MS;
    } else {
      // From now on: what was before the subscription is history.
      const position = (await this.#store.lastPosition()) ?? '';
      await this.#store.putDocument('cursor', id, position);
      this.#runners.set(id, { subscription, position, busy: false, retryMs: RETRY_MIN_MS, stopped: false });
    }
    this.wake();
    return { subscription, created: before === undefined };
  }

  async delete(id: string): Promise<void> {
    const runner = this.#runners.get(id);
    if (runner) runner.stopped = true;
    this.#runners.delete(id);
    const was = await this.#store.deleteDocument('subscription', id);
    await this.#store.deleteDocument('cursor', id);
    if (!was) throw new Refusal('not-found', `there is no subscription '${id.slice(0, 80)}'`);
  }
}

function wants(subscription: Subscription, event: StoredEvent): boolean {
  if (event.ignored !== undefined) return false;
  if (subscription.project !== undefined && subscription.project !== event.project) return false;
  if (subscription.stage !== undefined && subscription.stage !== event.stage) return false;
  if (subscription.service !== undefined && subscription.service !== event.service) return false;
  if (subscription.types.length === 0) return true;
  return subscription.types.some((type) => {
    const plain = plainType(type);
    return plain.endsWith('*') ? event.type.startsWith(plain.slice(0, -1)) : event.type === plain;
  });
}
