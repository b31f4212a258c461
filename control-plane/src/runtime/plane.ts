import type {
  Accepted,
  ClaimRequest,
  CloudEvent,
  ContextView,
  EnvironmentCell,
  EventView,
  Project,
  ProjectPut,
  RunCommand,
  RunCounts,
  RunSummary,
  RunView,
  ServiceView,
  ShipyardVersion,
  SourceProblem,
  Subscription,
  Waited,
  Why,
} from '@slipway/contract';
import {
  attemptId,
  controlPlaneSource,
  decodeNats,
  globOfFilter,
  isObject,
  ownValue,
  parseAttemptId,
  plainType,
  stateOfPhase,
  stringifyEvent,
} from '@slipway/contract';
import type { Bus, Delivery } from '../bus/bus.ts';
import type { Effect, Env, Run, RunInput } from '../engine/index.ts';
import { openDispatches } from '../engine/index.ts';
import { allowedCommands, asShown, phaseOf, runAsShown, runView, whyOf } from '../projection/index.ts';
import type { RunQuery, Store, StoredEvent, Timer } from '../store/store.ts';
import { InvalidCursor } from '../store/store.ts';
import type { Committed, Verdict } from './advance.ts';
import { Advance } from './advance.ts';
import { BrokerWatch } from './broker-watch.ts';
import { ClaimCheck } from './claim-check.ts';
import type { Clock } from './clock.ts';
import type {
  ClaimOptions,
  ControlPlane,
  ListQuery,
  Paged,
  PlaneStatus,
  ReceivedEvent,
  StreamFilter,
  StreamListener,
  SubmitOptions,
} from './control-plane.ts';
import { EVENT_BYTES_MAX, Refusal } from './control-plane.ts';
import { Elsewhere } from './elsewhere.ts';
import { decodeRunEntry } from './entry.ts';
import { EvaluationBook } from './evaluation/evaluation-book.ts';
import { ResourceBook } from './evaluation/resource-book.ts';
import { FileBook } from './files/file-book.ts';
import { eventView, Hub } from './hub.ts';
import { runIdOf } from './ids.ts';
import type { Ingested } from './ingest.ts';
import { ingest } from './ingest.ts';
import { IntegrationBook } from './integrations/integration-book.ts';
import type { Lease } from './leases.ts';
import { Leases } from './leases.ts';
import { defaultPlaneLimits, type PlaneLimits } from './limits.ts';
import { LoadMeter } from './load-meter.ts';
import type { Offer } from './offers.ts';
import { Offers } from './offers.ts';
import { OpenAttempts } from './open-attempts.ts';
import type { PlaneLog, PostEvent } from './outside.ts';
import { countRuns, readEnvironment } from './overview.ts';
import { isOwnSource, OwnTriggers, ownLimits } from './own-triggers.ts';
import { ProjectBook } from './project-book.ts';
import { Push } from './push/push.ts';
import { Quota } from './quota.ts';
import { Relay } from './relay.ts';
import { sweepRetention } from './retention.ts';
import type { FoldedRun } from './run-folds.ts';
import { sawOf } from './saw.ts';
import { ServiceBook } from './service-book.ts';
import { TakeUp } from './take-up.ts';
import { Timers } from './timers.ts';

export type PlaneOptions = {
  store: Store;
  bus: Bus;
  clock: Clock;
  /** Other replicas work on the same store. */
  shared: boolean;
  log: PlaneLog;
  /** Delivers to push subscriptions; undefined where none can be. */
  post?: PostEvent | undefined;
  limits?: Partial<PlaneLimits> | undefined;
  /** Why no new runs can be taken now, such as a disk that is nearly full; undefined: they can. */
  intakeProblem?: (() => string | undefined) | undefined;
};

const LEASE_DEFAULT_MS = 60_000;
const RETENTION_SWEEP_MS = 60_000;
/** How long a sender waits at first for a bus or a store that is away, and then between two looks at them. */
const AWAY_MS = 1600;
const AWAY_AGAIN_MS = 200;
/** A store that has confirmed nothing for so long is away. */
const STORE_SILENT_MS = 1500;
/** A store that is slower for a single small write is not ready for more. */
const PROBE_MAX_MS = 500;
/** Parts of `inputsMax` at which reads, new runs and commands are refused. */
const BACKLOG_SHARES = [0.5, 1, 2] as const;
const DELIVERY_RETRY_MS = 1000;
const LOGGED_CHARS_MAX = 256;
const NOTE_RETRY_MS = 500;
const CONTEXT_RUNS_MAX = 1000;
const SERVICE_NAMES_MAX = 1000;
/** How many starts of a sink are looked through for those that are open still, newest first. */
const GIVE_BACK_PAGE = 500;
const GIVE_BACK_PAGES_MAX = 20;
const BROKER_LOST = 'the broker has less than it had: everything that is open is published again';

/** Starts a control plane on a store and a bus: walks what is open, fires what is due, and takes what comes. */
export async function startPlane(
  options: PlaneOptions,
): Promise<ControlPlane & { counters(): Record<string, number> }> {
  const plane = new Plane(options);
  await plane.start();
  return plane;
}

type Taken = Extract<Ingested, { run: string }>;

class Plane implements ControlPlane {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #shared: boolean;
  readonly #log: PlaneLog;
  readonly #limits: PlaneLimits;
  readonly #book: ProjectBook;
  readonly resources: ResourceBook;
  readonly evaluations: EvaluationBook;
  readonly files: FileBook;
  readonly integrations: IntegrationBook;
  readonly #advance: Advance;
  readonly #offers: Offers;
  readonly #leases: Leases;
  readonly #timers: Timers;
  readonly #ownTriggers: OwnTriggers;
  readonly #takeUp: TakeUp;
  readonly #relay: Relay;
  readonly #meter: LoadMeter;
  readonly #quota: Quota;
  readonly #claimCheck: ClaimCheck;
  readonly #intakeProblem: () => string | undefined;
  readonly #brokerWatch: BrokerWatch;
  /** Where there are other replicas. */
  readonly #elsewhere: Elsewhere | undefined;
  readonly #hub: Hub;
  readonly #services: ServiceBook;
  readonly #openAttempts = new OpenAttempts();
  readonly #push: Push;
  readonly #waits = new Map<string, Set<(run: RunSummary) => void>>();
  readonly #counts = {
    runsStarted: 0,
    runsFinished: 0,
    attemptsTriggered: 0,
    inputsIgnored: 0,
    busIgnored: 0,
    commits: 0,
    claims: 0,
  };
  #draining = false;
  #closed = false;
  #stopRetention: () => void = () => undefined;

  constructor(options: PlaneOptions) {
    const { store, bus, clock, shared, log } = options;
    this.#store = store;
    this.#bus = bus;
    this.#clock = clock;
    this.#shared = shared;
    this.#log = log;
    this.#limits = { ...defaultPlaneLimits, ...options.limits };
    const onError = (message: string, details: Record<string, unknown>): void => log.error(details, message);
    this.#intakeProblem = options.intakeProblem ?? (() => undefined);
    this.#meter = new LoadMeter(clock);
    const dataOfEvent = async (id: string): Promise<unknown> => (await this.getEvent(id)).event.data ?? null;
    this.#claimCheck = new ClaimCheck({ store, clock, dataOfEvent });
    this.#quota = new Quota({ store, clock, shared, defaults: this.#limits.perProject });
    const requireRoom = (what: string): void => this.#requireRoom(what);
    this.#book = new ProjectBook({ store, clock, shared, requireRoom });
    this.resources = new ResourceBook({ store, clock, projects: this.#book, requireRoom });
    this.files = new FileBook({ store, clock, requireRoom });
    this.integrations = new IntegrationBook({ store, clock });
    this.evaluations = new EvaluationBook({
      store,
      clock,
      log,
      projects: this.#book,
      submit: (events, idempotencyKey) => this.submit(events, { idempotencyKey }),
      loadRun: async (run) => (await this.#advance.load(run))?.run,
    });
    this.#advance = new Advance({
      store,
      clock,
      limits: this.#limits,
      shared,
      tellsEnds: bus.kind !== 'local',
      envOf: (at) => this.#book.envOf(at),
      onCommitted: (batch) => this.#committed(batch),
      onWaited: (ms) => this.#meter.waited(ms),
      onUncertain: (stream) => this.#takeUp.uncertain(stream),
      onError,
    });
    this.#ownTriggers = new OwnTriggers((run) => this.#advance.load(run));
    this.#offers = new Offers(clock);
    this.#services = new ServiceBook(clock);
    this.#leases = new Leases({
      clock,
      onLost: (lost) => this.#leaseLost(lost),
    });
    this.#timers = new Timers({ store, clock, shared, onDue: (timer) => this.#fire(timer), onError });
    this.#relay = new Relay({
      bus,
      clock,
      onError,
      redispatch: (run, task, attempt) => this.#redispatch(run, task, attempt),
      refused: (messageId, reason) => this.#undeliverable(messageId, reason),
      settle: (runs) => store.settle(runs),
    });
    const walkAt = clock.elapsed();
    this.#takeUp = new TakeUp({
      store,
      clock,
      shared,
      advance: this.#advance,
      relay: this.#relay,
      offers: this.#offers,
      leases: this.#leases,
      timers: this.#timers,
      offer: (run, env, dispatch, id) => this.#offer(run, env, dispatch, id),
      onRun: (run, env) => this.#openAttempts.note(run, env),
      onWalked: (streams) => {
        log.info({ streams, ms: Math.round(clock.elapsed() - walkAt) }, 'recovered open runs');
        // A subscription is told of what is open, which is known from here on.
        this.#push.start();
      },
      onError,
    });
    this.#brokerWatch = new BrokerWatch({ bus, store, clock, onLoss: () => this.#brokerLost(), onError });
    this.#elsewhere = shared
      ? new Elsewhere({
          store,
          clock,
          isKnown: (uses, id) => this.#offers.has(uses, id) || this.#leases.sourcesOf(id).length > 0,
          takeUp: (run) => this.#takeUp.offersOf(run),
          takeUpAll: () => this.#takeUp.look(),
          onError,
        })
      : undefined;
    this.#hub = new Hub({ store, clock, shared, onError });
    this.#push = new Push({
      store,
      clock,
      post: options.post,
      log,
      submit: (events) => this.submit(events, { way: 'push' }),
      services: this.#services,
      shared,
      concurrency: this.#limits.pushConcurrency,
      openTriggers: () => this.#openTriggers(),
      giveBack: (source) => this.#giveBack(source),
    });
  }

  async start(): Promise<void> {
    await this.#timers.start();
    await this.#bus.consume((deliveries) => this.#consume(deliveries));
    this.#bus.onHello((hello) => {
      if (isOwnSource(hello.source)) return;
      for (const task of hello.tasks) {
        const isNew = this.#services.seen({ task, source: hello.source, way: 'nats', version: hello.version });
        this.#relay.hello(task, isNew);
      }
    });
    const isLoss = await this.#brokerWatch.start();
    if (isLoss) this.#log.warn({}, BROKER_LOST);
    this.#takeUp.start(isLoss);
    this.#leases.start();
    this.#relay.start();
    this.#sweepLater();
  }

  #brokerLost(): void {
    this.#log.warn({}, BROKER_LOST);
    this.#takeUp.lost();
  }

  // ---- taking

  async submit(events: readonly ReceivedEvent[], options: SubmitOptions = {}): Promise<Accepted> {
    // A sink has answered what it was given: it sends its answer once, and nobody else can take it.
    if (this.#draining && options.way !== 'push')
      throw new Refusal('draining', 'this control plane is shutting down: send it to another, or again in a moment', {
        retryAfterMs: 2000,
      });
    return this.#unlessAway(this.#takeAll(events, options));
  }

  async #takeAll(events: readonly ReceivedEvent[], options: SubmitOptions): Promise<Accepted> {
    const context = {
      book: this.#book,
      clock: this.#clock,
      way: options.way ?? ('http' as const),
      // Nobody can tell a sink what is wrong with its answer: as on the bus, a wrong result counts as errored.
      lenient: options.lenient ?? options.way === 'push',
      idempotencyKey: options.idempotencyKey,
      evaluations: this.evaluations,
    };
    const ingested: Ingested[] = [];
    for (const [index, received] of events.entries()) {
      try {
        const isReference = this.#claimCheck.isReference(received.event);
        const whole = isReference ? { event: await this.#claimCheck.resolve(received.event) } : received;
        const one = ingest(whole, context);
        ingested.push(one instanceof Promise ? await one : one);
      } catch (error) {
        throw options.isBatch && error instanceof Refusal ? error.ofBatch(index) : error;
      }
    }
    const release = await this.#admit(ingested);
    try {
      const items = await Promise.all(ingested.map((one, index) => this.#take(one, events[index]?.event.id ?? '')));
      return { items };
    } finally {
      release();
    }
  }

  /** Throws the Refusal while the disk is below its reserve, which is kept for open runs. */
  #requireRoom(what: string): void {
    const problem = this.#intakeProblem();
    if (problem === undefined) return;
    throw new Refusal('store-unavailable', `no new ${what}: ${problem}`, { retryAfterMs: 10_000 });
  }

  /** Throws the Refusal when there is no room for what is new of these. Answers what to call when they are durable. */
  async #admit(ingested: readonly Ingested[]): Promise<() => void> {
    if (this.#advance.backlog > this.#limits.inputsHardMax) throw this.#overloaded('send it again in a moment');
    // What is known here already is a repeat: it gets its first answer, whatever the load.
    const fresh = ingested.filter((one) => one.run !== undefined && one.isNew && !this.#advance.peek(one.run));
    if (fresh.length === 0) return () => undefined;
    const bus = this.#bus.status();
    if (!bus.connected) {
      const detail = `the bus is away${bus.lastError === undefined ? '' : ` (${bus.lastError})`}: no new runs until it is back`;
      throw new Refusal('bus-unavailable', detail, { retryAfterMs: 1000 });
    }
    this.#requireRoom('runs');
    if (this.pressure() >= 2) throw this.#overloaded('send new runs again in a moment');
    const counts = new Map<string, number>();
    for (const { input } of fresh as { input: RunInput }[]) {
      if (input.kind === 'trigger') counts.set(input.project, (counts.get(input.project) ?? 0) + 1);
    }
    const releases: (() => void)[] = [];
    const release = (): void => {
      for (const one of releases) one();
    };
    try {
      for (const [name, count] of counts) {
        const project = this.#book.peek(name)?.project;
        if (project) releases.push(await this.#quota.admit(project, count));
      }
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  #overloaded(wayOut: string): Refusal {
    const detail = `${this.#advance.backlog} inputs wait to be decided, the slower ones for ${this.#waitMs()} ms: ${wayOut}`;
    return new Refusal('overloaded', detail, { retryAfterMs: 500 + Math.floor(this.#clock.random() * 1500) });
  }

  #waitMs(): number {
    return Math.max(this.#meter.waitP95Ms, Math.round(this.#advance.stuckMs));
  }

  #lagMs(): number {
    return Math.max(this.#meter.lagMs, Math.round(this.#advance.stuckMs));
  }

  pressure(): 0 | 1 | 2 | 3 {
    const { waitMaxMs, lagMaxMs, inputsMax } = this.#limits;
    const share = this.#advance.backlog / inputsMax;
    const levels = [
      levelOf(this.#waitMs(), waitMaxMs),
      levelOf(this.#meter.lagMs, lagMaxMs),
      levelOf(share, BACKLOG_SHARES),
    ];
    return Math.max(...levels) as 0 | 1 | 2 | 3;
  }

  /** The trigger under an id of its own project, when another project has a run of the same source and id. */
  #inItsProject(one: Taken, verdict: Verdict | undefined): Taken | undefined {
    const { input } = one;
    if (input.kind !== 'trigger' || !verdict?.run || verdict.run.project === input.project) return undefined;
    const run = runIdOf(`project:${input.project}`, `${input.event.source}\n${input.event.id}`);
    if (run === one.run) return undefined;
    const correlationId = input.correlationId === one.run ? run : input.correlationId;
    return { ...one, run, correlationId, input: { ...input, run, correlationId } };
  }

  #take(one: Ingested, id: string): Promise<Accepted['items'][number]> | Accepted['items'][number] {
    if (one.run === undefined) return { id, outcome: 'ignored', code: one.ignored };
    const { run, input } = one;
    this.#renewLease(input);
    const options = {
      isNew: one.isNew,
      // Nobody decides by progress: it may share the entry of what follows. It is durable all the same.
      lazy: input.kind === 'answer' && input.phase !== 'finished',
    };
    return this.#decide(run, input, options).then((verdict) => {
      const other = this.#inItsProject(one, verdict);
      if (other) return this.#take(other, id);
      this.#noteService(input, verdict);
      return itemOf(id, run, one.correlationId, verdict);
    });
  }

  /** The verdict on an input, when it is durable and told. */
  #decide(
    run: string,
    input: RunInput,
    options: { isNew?: boolean; lazy?: boolean } = {},
  ): Promise<Verdict | undefined> {
    return new Promise((resolve, reject) => {
      this.#advance.deliver(run, input, {
        ...options,
        done: (verdict, error) => (error ? reject(error) : resolve(verdict)),
      });
    });
  }

  /** Rejects with what is away when the bus or the store holds up the work. A silent one may be noticed only after a while. */
  #unlessAway<T>(work: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let cancel = (): void => {};
    const look = (): void => {
      const problem = this.#outage();
      if (problem !== undefined) reject(problem);
      else cancel = this.#clock.after(AWAY_AGAIN_MS, look);
    };
    cancel = this.#clock.after(AWAY_MS, look);
    work.then(resolve, reject).finally(() => cancel());
    return promise;
  }

  /** Why a sender that waits gets no answer; undefined when it only has to wait. A repeat gets the answer of the first one. */
  #outage(): Refusal | undefined {
    if (!this.#bus.status().connected)
      return new Refusal('bus-unavailable', 'the bus is away: send it again in a moment', { retryAfterMs: 1000 });
    if (this.#advance.silentMs < STORE_SILENT_MS) return undefined;
    const detail = 'the store does not answer: send it again in a moment, a repeat is harmless';
    return new Refusal('store-unavailable', detail, { retryAfterMs: 1000 });
  }

  #renewLease(input: RunInput): void {
    if (input.kind !== 'answer' || input.phase !== 'status.changed') return;
    this.#leases.renew(`${input.event.causationid ?? input.event.triggeredid}`, input.event.source);
  }

  /** Who answers what was asked serves its task; who answers something else serves nothing. */
  #noteService(input: RunInput, verdict: Verdict | undefined): void {
    if (input.kind !== 'answer' || input.phase === 'invalidated' || verdict?.outcome.kind === 'ignored') return;
    const uses = plainType(input.event.type).split('.')[0] ?? '';
    this.#services.seen({ task: uses, source: input.event.source, way: input.way, version: undefined });
  }

  #consume(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#consumeOne(delivery);
  }

  #consumeOne(delivery: Delivery): void {
    // Nobody else publishes on a bus in the process.
    const isLocal = this.#bus.kind === 'local';
    const message = { headers: delivery.headers, data: delivery.body };
    const outside = isLocal ? undefined : decodeNats(message);
    // Our own triggers may hold more than anybody else may send.
    const decoded = outside?.ok ? outside : decodeNats(message, ownLimits);
    const isOutside = decoded.ok && !isLocal && !isOwnSource(decoded.event.source);
    const problem = isOutside && outside?.ok === false ? outside.problem : decoded.ok ? undefined : decoded.problem;
    if (problem !== undefined || !decoded.ok) {
      const event = decoded.ok ? decoded.event : undefined;
      this.#ignoreDelivery(delivery, { reason: problem?.code ?? 'not-an-event', detail: problem?.detail, event });
      return;
    }
    const { event } = decoded;
    if (isLocal || (isOwnSource(event.source) && this.#ownTriggers.isKnown(delivery, event))) {
      this.#ingestDelivery(event, delivery, true);
      return;
    }
    if (isOwnSource(event.source)) {
      this.#ownTriggers.find(event).then(
        // Where no run has sent it, it is refused as anybody else's would be.
        (own) => this.#ingestDelivery(own ?? event, delivery, own !== undefined),
        (error: unknown) => this.#deliveryFailed(delivery, event, error),
      );
      return;
    }
    if (delivery.body.length > EVENT_BYTES_MAX) {
      this.#ignoreDelivery(delivery, { reason: 'too-large', event });
      return;
    }
    if (this.#claimCheck.isReference(event)) {
      this.#claimCheck.resolve(event).then(
        (whole) => this.#ingestDelivery(whole, delivery, false),
        (error: unknown) => this.#deliveryFailed(delivery, event, error),
      );
      return;
    }
    this.#ingestDelivery(event, delivery, false);
  }

  #deliveryFailed(delivery: Delivery, event: CloudEvent, error: unknown): void {
    if (error instanceof Refusal) this.#ignoreDelivery(delivery, { reason: error.code, detail: error.message, event });
    else delivery.retry(DELIVERY_RETRY_MS);
  }

  #ingestDelivery(event: CloudEvent, delivery: Delivery, isOwn: boolean): void {
    let one: Ingested | Promise<Ingested>;
    try {
      one = ingest(
        { event },
        {
          book: this.#book,
          clock: this.#clock,
          way: 'nats',
          lenient: true,
          isOwn,
          project: delivery.project,
          evaluations: this.evaluations,
        },
      );
    } catch (error) {
      const reason = error instanceof Refusal ? error.code : 'internal';
      this.#ignoreDelivery(delivery, { reason, detail: String(error), event });
      return;
    }
    if (one instanceof Promise) {
      one.then(
        (ready) => this.#takeDelivery(ready, event, delivery),
        (error: unknown) => this.#deliveryFailed(delivery, event, error),
      );
    } else {
      this.#takeDelivery(one, event, delivery);
    }
  }

  #takeDelivery(one: Ingested, event: CloudEvent, delivery: Delivery): void {
    if (one.run === undefined) {
      this.#ignoreDelivery(delivery, { reason: one.ignored, detail: one.detail, event });
      return;
    }
    const taken = one;
    this.#renewLease(one.input);
    this.#advance.deliver(one.run, one.input, {
      isNew: one.isNew,
      lazy: one.input.kind === 'answer' && one.input.phase !== 'finished',
      done: (verdict, error) => {
        if (error) {
          delivery.retry(DELIVERY_RETRY_MS);
          return;
        }
        const other = this.#inItsProject(taken, verdict);
        if (other) {
          this.#takeDelivery(other, event, delivery);
          return;
        }
        this.#noteService(one.input, verdict);
        if (delivery.count === 1) this.#meter.lagged(this.#clock.now() - delivery.storedAt);
        if (verdict?.outcome.kind === 'ignored')
          this.#ignoreDelivery(delivery, { reason: verdict.outcome.code, event, run: one.run });
        else delivery.ack();
      },
    });
  }

  /** The sender hears nothing on a bus, so the log says all that one needs to find the message and its sender. */
  #ignoreDelivery(
    delivery: Delivery,
    why: { reason: string; detail?: string | undefined; event?: CloudEvent | undefined; run?: string },
  ): void {
    this.#counts.busIgnored++;
    const { event, ...rest } = why;
    const project = delivery.project ?? (isObject(event?.data) ? event.data.project : undefined);
    const details = {
      ...rest,
      subject: delivery.subject.slice(0, LOGGED_CHARS_MAX),
      bytes: delivery.body.length,
      ...(typeof project === 'string' ? { project: project.slice(0, LOGGED_CHARS_MAX) } : {}),
      ...(event === undefined
        ? {}
        : { id: event.id, source: event.source.slice(0, LOGGED_CHARS_MAX), type: event.type }),
    };
    // Delivery is at least once, so an answer that comes too late is normal.
    if (why.reason === 'attempt-over') this.#log.info(details, 'a message on the bus was ignored');
    else this.#log.warn(details, 'a message on the bus was ignored');
    delivery.ack();
  }

  // ---- after a commit

  #committed(batch: readonly Committed[]): void {
    for (const committed of batch) {
      if (committed.item) this.#counts.commits++;
      this.#takeUp.committed(committed.stream);
      const { run } = committed;
      if (run) this.#openAttempts.note(run, committed.env);
      if (run && committed.before === undefined && committed.item) this.#counts.runsStarted++;
      for (const effect of committed.effects) this.#local(committed, effect);
      if (run?.kind === 'finished' && committed.before?.kind === 'finished' && committed.item?.open === true) {
        // A late answer opens the stream again, and whether the end had been told by then is not known here.
        this.#takeUp.uncertain(run.id);
      }
      if (run?.kind === 'finished' && committed.before?.kind !== 'finished') {
        this.#counts.runsFinished++;
        this.#tellWaits(run.id, committed.item?.summary);
      }
    }
    this.#quota.committed(batch);
    this.#hub.publish(batch);
    this.#push.wake();
    this.#relay.tell(batch, (to, input, done) => this.#advance.deliver(to, input, { done }));
    this.#offers.flush();
  }

  /** Effects on what this process keeps in memory. */
  #local(committed: Committed, effect: Effect): void {
    const { run, stream, env } = committed;
    if (effect.kind === 'publish') {
      const { dispatch } = effect.event;
      if (this.#bus.kind !== 'local') this.#ownTriggers.note(effect.event);
      if (!dispatch || run?.kind !== 'open' || !env) return;
      if (!effect.again) this.#counts.attemptsTriggered++;
      this.#offer(run, env, dispatch, effect.event.id);
    } else if (effect.kind === 'withdraw') {
      const node = ownValue(run?.nodes, effect.task);
      const id = attemptId({ run: stream, task: effect.task, attempt: effect.attempt });
      const uses = env?.sequence?.tasks.find((one) => one.key === effect.task)?.uses;
      if (uses !== undefined) this.#offers.withdraw(uses, id);
      const taken =
        run?.kind === 'open' && node?.state === 'open' && node.attempt.number === effect.attempt && uses !== undefined
          ? Object.values(node.attempt.executors).find((one) => one.way === 'nats' && !one.finished)
          : undefined;
      if (run && uses !== undefined && taken) {
        this.#relay.taken(run, { task: effect.task, uses, attempt: effect.attempt }, taken.lastSeenAt);
      } else {
        this.#relay.over(id);
      }
      if (node?.state !== 'open' || node.attempt.number !== effect.attempt) this.#leases.end(id);
    } else if (effect.kind === 'schedule') {
      this.#timers.add({ stream, name: effect.name, dueAt: effect.dueAt });
    } else if (effect.kind === 'unschedule') {
      this.#timers.cancel({ stream, name: effect.name });
    } else if (effect.kind === 'continue') {
      this.#advance.tell(stream, { kind: 'continue', at: this.#clock.now(), begun: effect.begun });
    }
  }

  #leaseLost(lost: Lease): void {
    const { id, run, task, attempt, source } = lost;
    this.#advance.deliver(
      run,
      {
        ...{ kind: 'lease-lost', at: this.#clock.now(), task, attempt, source },
        keepsAnswers: true,
        ...(this.#shared ? {} : { heardByOthers: false }),
      },
      {
        done: (verdict) => {
          const node = ownValue(verdict?.run?.nodes, task);
          // Another replica has seen the end of it.
          if (verdict && (node?.state !== 'open' || node.attempt.number !== attempt)) this.#leases.end(id);
        },
      },
    );
  }

  #offer(run: Run, env: Env, dispatch: { task: string; uses: string; attempt: number }, id: string): void {
    const node = ownValue(run.nodes, dispatch.task);
    if (node?.state !== 'open' || node.attempt.number !== dispatch.attempt) return;
    const task = env.sequence?.tasks.find((one) => one.key === dispatch.task);
    // Who holds a lease has it, though the note of it may not be durable yet.
    const claimedBy = [...new Set([...Object.keys(node.attempt.executors), ...this.#leases.sourcesOf(id)])];
    const wanted = (task?.executors ?? 1) - claimedBy.length;
    if (wanted <= 0) return;
    this.#offers.add({
      id,
      run: run.id,
      task: dispatch.task,
      uses: dispatch.uses,
      attempt: dispatch.attempt,
      project: run.project,
      stage: run.stage,
      service: run.service,
      offeredAt: node.attempt.triggeredAt,
      wanted,
      claimedBy,
      heartbeatMs: task?.heartbeatMs,
    });
  }

  #tellWaits(run: string, summary: RunSummary | undefined): void {
    const waits = this.#waits.get(run);
    if (!waits || !summary) return;
    this.#waits.delete(run);
    for (const resolve of waits) resolve(summary);
  }

  #fire(timer: Timer): void {
    const input: RunInput = {
      kind: 'timer',
      at: this.#clock.now(),
      name: timer.name,
      dueAt: timer.dueAt,
      random: this.#clock.random(),
    };
    this.#advance.deliver(timer.stream, input, {
      done: (verdict, error) => {
        if (error) this.#timers.retry(timer);
        else if (verdict?.outcome.kind !== 'applied') void this.#timers.forget(timer);
      },
    });
  }

  /** A trigger that the broker will never take: no service can answer it, so the attempt ends here. */
  #undeliverable(messageId: string, reason: string): void {
    const ref = parseAttemptId(messageId.split('/')[0] ?? '');
    if (!ref) return;
    this.#advance.tell(ref.run, {
      kind: 'undeliverable',
      at: this.#clock.now(),
      task: ref.task,
      attempt: ref.attempt,
      reason,
    });
  }

  /** Publishes a trigger once more that nobody has started, or whose taker has not been heard of for long. */
  #redispatch(runId: string, task: string, attempt: number): void {
    this.#advance.load(runId).then(
      (loaded) => {
        const found =
          loaded?.run.kind === 'open'
            ? openDispatches(loaded.run, loaded.env).find(
                ({ effect }) => effect.event.dispatch?.task === task && effect.event.dispatch.attempt === attempt,
              )
            : undefined;
        const dispatch = found?.effect.event.dispatch;
        if (!loaded || !found || !dispatch) {
          this.#relay.over(attemptId({ run: runId, task, attempt }));
          return;
        }
        const { silentSince } = found;
        if (silentSince === undefined || this.#relay.taken(loaded.run, dispatch, silentSince).tooLongAgo)
          this.#relay.publishAgain(loaded.run, found.effect.event);
      },
      (error: unknown) => this.#log.warn({ run: runId, error: String(error) }, 'a run could not be dispatched again'),
    );
  }

  // ---- claims

  async claim(task: string, request: ClaimRequest, options: ClaimOptions): Promise<string[]> {
    if (this.#draining)
      throw new Refusal('draining', 'this control plane is shutting down: claim again in a moment', {
        retryAfterMs: 1000,
      });
    if (isOwnSource(request.source))
      throw new Refusal(
        'reserved-source',
        `the source '${request.source}' belongs to the control plane: claim with a source of your own`,
      );
    this.#services.waits({ task, source: request.source, version: request.version }, +1);
    this.#elsewhere?.waitsFor(task);
    let offers: Offer[];
    try {
      const claimed = this.#offers.claim(task, request, options);
      offers = claimed instanceof Promise ? await claimed : claimed;
    } finally {
      this.#services.waits({ task, source: request.source, version: request.version }, -1);
    }
    let failed: unknown;
    const granted = await Promise.all(
      offers.map((offer) =>
        this.#grant(offer, request, options.leaseMs).catch((error: unknown) => {
          failed = error;
          // Nobody knows who has it now: it is offered again as the store says.
          this.#offers.withdraw(offer.uses, offer.id);
          this.#takeUp.uncertain(offer.run);
          return undefined;
        }),
      ),
    );
    const taken = granted.filter((json) => json !== undefined);
    if (taken.length === 0 && failed !== undefined) throw failed;
    this.#counts.claims += taken.length;
    return taken;
  }

  /** Ends the attempts that a sink has started and not finished: the next ones are offered to all. */
  async #giveBack(source: string): Promise<void> {
    let cursor: string | undefined;
    const looked = new Set<string>();
    for (let page = 0; page < GIVE_BACK_PAGES_MAX; page++) {
      const from = cursor === undefined ? {} : { cursor };
      const found = await this.#store.listEvents({ source, type: '*.started', limit: GIVE_BACK_PAGE, ...from });
      for (const { stream } of found.items) {
        if (looked.has(stream)) continue;
        looked.add(stream);
        if ((await this.#store.getRun(stream))?.state !== 'finished') await this.#giveBackOf(stream, source);
      }
      cursor = found.next;
      if (cursor === undefined) return;
    }
  }

  async #giveBackOf(stream: string, source: string): Promise<void> {
    const run = (await this.#advance.load(stream))?.run;
    if (run?.kind !== 'open') return;
    for (const [task, node] of Object.entries(run.nodes)) {
      const executor = node.state === 'open' ? ownValue(node.attempt.executors, source) : undefined;
      if (node.state !== 'open' || executor?.way !== 'push' || executor.finished) continue;
      const at = this.#clock.now();
      const attempt = node.attempt.number;
      await new Promise<void>((resolve, reject) =>
        this.#advance.deliver(
          stream,
          { kind: 'lease-lost', at, task, attempt, source, isGivenBack: true },
          { done: (_verdict, error) => (error ? reject(error) : resolve()) },
        ),
      );
    }
  }

  /** As they were sent when their attempts began. */
  async #openTriggers(): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for (const { run: id, task, attempt, uses } of this.#offers.all()) {
      const loaded = await this.#advance.load(id);
      const run = loaded?.run;
      const node = ownValue(run?.nodes, task);
      if (run?.kind !== 'open' || node?.state !== 'open' || node.attempt.number !== attempt) continue;
      events.push({
        ...{ position: '', at: node.attempt.triggeredAt, direction: 'out', stream: id, json: node.attempt.json },
        ...{ project: run.project, stage: run.stage, correlationid: run.correlationId },
        ...{ type: `${uses}.triggered`, source: controlPlaneSource(run.dialect) },
        ...(run.service === undefined ? {} : { service: run.service }),
      });
    }
    return events;
  }

  /** Hands an attempt to a claimer: `started`, with a lease. Undefined when it is not open any more. */
  async #grant(offer: Offer, request: ClaimRequest, wishedMs: number | undefined): Promise<string | undefined> {
    const leaseMs = wishedMs ?? offer.heartbeatMs ?? LEASE_DEFAULT_MS;
    const cached = this.#shared ? undefined : this.#advance.peek(offer.run);
    const run = cached ?? (await this.#advance.load(offer.run))?.run;
    const node = ownValue(run?.nodes, offer.task);
    if (run?.kind !== 'open' || node?.state !== 'open' || node.attempt.number !== offer.attempt) return undefined;
    const { json } = node.attempt;
    const started = startedEvent(run, offer, request.source);
    const input: RunInput = {
      kind: 'answer',
      phase: 'started',
      at: this.#clock.now(),
      task: offer.task,
      attempt: offer.attempt,
      way: 'claim',
      leaseMs,
      random: 0,
      ...started,
    };
    const held = {
      id: offer.id,
      run: offer.run,
      task: offer.task,
      uses: offer.uses,
      attempt: offer.attempt,
      source: request.source,
      leaseMs,
    };
    if (!this.#shared) {
      // One process gives out the claims, so nobody else can have it: the note may wait for what follows.
      this.#leases.hold(held);
      this.#note(offer.run, input);
      return json;
    }
    const verdict = await this.#unlessAway(this.#decide(offer.run, input));
    if (verdict?.outcome.kind !== 'applied') {
      // Another replica has given it to somebody else in the same moment.
      this.#offers.withdraw(offer.uses, offer.id);
      return undefined;
    }
    this.#leases.hold(held);
    return json;
  }

  /** Notes a claim that is given out already, until it is durable. */
  #note(run: string, input: RunInput): void {
    this.#advance.deliver(run, input, {
      lazy: true,
      done: (_verdict, error) => {
        if (error && !this.#closed) this.#clock.after(NOTE_RETRY_MS, () => this.#note(run, input));
      },
    });
  }

  // ---- control

  command(
    runId: string,
    command: RunCommand,
    who: { by?: string | undefined; reason?: string | undefined },
  ): ReturnType<ControlPlane['command']> {
    return this.#unlessAway(this.#command(runId, command, who));
  }

  async #command(
    runId: string,
    command: RunCommand,
    who: { by?: string | undefined; reason?: string | undefined },
  ): ReturnType<ControlPlane['command']> {
    const { env } = await this.#loadRun(runId);
    const input: RunInput = { kind: 'command', command, at: this.#clock.now() };
    if (who.by !== undefined) input.by = who.by;
    if (who.reason !== undefined) input.reason = who.reason;
    const verdict = await this.#decide(runId, input);
    const run = verdict?.run;
    if (!verdict || !run) throw unknownRun(runId);
    if (verdict.outcome.kind === 'refused') {
      const allowed = allowedCommands(run);
      const hint = allowed.length > 0 ? `allowed now: ${allowed.join(', ')}` : 'nothing is allowed any more';
      throw new Refusal('not-allowed-now', `${verdict.outcome.reason}; ${hint}`);
    }
    const phase = phaseOf(run, env.sequence);
    return {
      run: runId,
      state: stateOfPhase(phase),
      phase,
      changed: verdict.outcome.kind === 'applied',
      commands: allowedCommands(run),
    };
  }

  async waitForRun(run: string, timeoutMs: number, signal?: AbortSignal): Promise<Waited | undefined> {
    const deadline = this.#clock.elapsed() + timeoutMs;
    let resolveWait: (run: RunSummary | undefined) => void = () => undefined;
    const ended = new Promise<RunSummary | undefined>((resolve) => {
      resolveWait = resolve;
    });
    const waits = this.#waits.get(run) ?? new Set();
    waits.add(resolveWait);
    this.#waits.set(run, waits);
    const stop = (): void => resolveWait(undefined);
    signal?.addEventListener('abort', stop, { once: true });
    const cancel = this.#clock.after(timeoutMs, stop);
    try {
      const before = await this.#finishedView(run);
      if (before) return before;
      if (!this.#shared) return (await ended) ? await this.#finishedView(run) : undefined;
      // Another replica may end it: look now and then, beside waiting for our own word.
      for (;;) {
        const left = deadline - this.#clock.elapsed();
        if (left <= 0 || signal?.aborted) return undefined;
        const pause = new Promise<undefined>(
          (resolve) => void this.#clock.after(Math.min(200, left), () => resolve(undefined)),
        );
        await Promise.race([ended, pause]);
        const view = await this.#finishedView(run);
        if (view) return view;
      }
    } finally {
      cancel();
      signal?.removeEventListener('abort', stop);
      waits.delete(resolveWait);
      if (waits.size === 0) this.#waits.delete(run);
    }
  }

  async #finishedView(runId: string): Promise<Waited | undefined> {
    const cached = this.#shared ? undefined : this.#advance.peek(runId);
    const run = cached ?? (await this.#advance.load(runId))?.run;
    if (!run || (run.kind !== 'finished' && run.parked === undefined)) return undefined;
    const phase = phaseOf(run, undefined);
    const waited: Waited = {
      run: runId,
      correlationid: run.correlationId,
      state: stateOfPhase(phase),
      phase,
    };
    if (run.kind === 'finished') {
      waited.result = asShown(run).result;
      waited.status = run.status;
      if (run.message !== '') waited.message = run.message;
      if (run.output !== undefined) waited.output = run.output;
    }
    return waited;
  }

  // ---- looking

  async #loadRun(id: string): Promise<FoldedRun> {
    const loaded = await this.#advance.load(id);
    if (!loaded) throw unknownRun(id);
    return loaded;
  }

  async getRun(id: string): Promise<RunView> {
    const { run, env } = await this.#loadRun(id);
    const view = runView(run, {
      sequence: env.sequence,
      at: this.#clock.now(),
      saw: sawOf(run, env),
      runIdOfTrigger: (eventId) => runIdOf(run.dialect === 'keptn' ? 'shipyard-controller' : 'slipway', eventId),
    });
    return runAsShown(view);
  }

  async runVersion(id: string): Promise<string> {
    const { run, seq } = await this.#loadRun(id);
    return `${run.acceptedAt}-${seq}`;
  }

  async why(id: string): Promise<Why> {
    const { run, env } = await this.#loadRun(id);
    let group: { holders: readonly string[]; place: number } | undefined;
    if (run.kind === 'waiting') {
      const state = await this.#advance.loadGroup(run.group);
      if (state) group = { holders: state.holders, place: state.queue.findIndex((one) => one.run === id) + 1 };
    }
    return whyOf(run, {
      sequence: env.sequence,
      at: this.#clock.now(),
      group,
      isServed: (uses) => this.#services.isServed(uses),
      hintFor: (uses) => hintFor(uses),
    });
  }

  listRuns(query: ListQuery & Pick<RunQuery, 'state' | 'result' | 'sequence' | 'labels'>): Promise<Paged<RunSummary>> {
    return this.#asking(async () => {
      const page = await this.#store.listRuns(query);
      return { ...page, items: page.items.map(asShown) };
    });
  }

  countRuns(query: Omit<RunQuery, 'limit' | 'cursor'>): Promise<RunCounts> {
    return this.#asking(() => countRuns(this.#store, query));
  }

  environment(project: string | undefined): Promise<EnvironmentCell[]> {
    return this.#asking(() => readEnvironment(this.#store, project));
  }

  async listRunEvents(run: string, page: { limit: number; cursor?: string }): Promise<Paged<EventView>> {
    const events = await this.#events({ run, order: 'oldest', ...page });
    // Every run has some, unless there is no such run.
    if (events.items.length === 0) await this.#loadRun(run);
    return events;
  }

  listEvents(query: ListQuery & { type?: string; source?: string }): Promise<Paged<EventView>> {
    return this.#events(query.type === undefined ? query : { ...query, type: globOfFilter(query.type) });
  }

  async #events(query: Parameters<Store['listEvents']>[0]): Promise<Paged<EventView>> {
    const page = await this.#asking(() => this.#store.listEvents(query));
    const items = page.items.map(eventView);
    return page.next === undefined ? { items } : { items, next: page.next };
  }

  async putData(data: unknown): Promise<{ dataref: string }> {
    // Nothing says yet whether they are for a new run, and up to 8 MB each would use up what is kept for open runs.
    this.#requireRoom('data');
    return this.#claimCheck.put(data);
  }
  getData = (id: string): Promise<unknown> => this.#claimCheck.get(id);

  async getEvent(id: string, source?: string): Promise<EventView> {
    const found = await this.#store.findEvent(id, source);
    if (!found) throw new Refusal('not-found', `there is no event '${id.slice(0, 80)}'`);
    return eventView(found);
  }

  async getContext(correlationId: string): Promise<ContextView> {
    const page = await this.#asking(() =>
      this.#store.listRuns({ correlationid: correlationId, limit: CONTEXT_RUNS_MAX }),
    );
    if (page.items.length === 0)
      throw new Refusal('not-found', `there is no run with correlationid '${correlationId.slice(0, 80)}'`);
    const runs = await Promise.all(
      page.items.reverse().map(async (row) => {
        const summary = asShown(row);
        const triggeredBy = await this.#triggeredBy(summary.id);
        return triggeredBy === undefined ? summary : { ...summary, triggeredBy };
      }),
    );
    return { correlationid: correlationId, runs };
  }

  /** What a run began with says it, however long it has become. */
  async #triggeredBy(run: string): Promise<string | undefined> {
    const [first] = await this.#store.read(run, { to: 1 });
    const began = first && decodeRunEntry(first).find((input) => input.kind === 'trigger');
    return began?.triggeredBy;
  }

  async #asking<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof InvalidCursor)
        throw new Refusal(
          'invalid-cursor',
          'this is not a cursor or position of this server: leave it out to start over',
        );
      throw error;
    }
  }

  // ---- projects, services, subscriptions

  listProjects = (page: { limit: number; cursor?: string }): Promise<Paged<Project>> => this.#book.list(page);
  getProject = (project: string): Promise<Project> => this.#book.get(project);
  putProject = (
    project: string,
    change: ProjectPut,
    ifVersions?: '*' | readonly string[] | undefined,
  ): Promise<{ project: Project; created: boolean }> => this.#book.put(project, change, ifVersions);
  async deleteProject(project: string): Promise<void> {
    await this.#book.delete(project);
    await this.resources.deleteAll(project);
    await this.evaluations.deleteAll(project);
    await this.files.deleteAll(project);
    for (const { name } of await this.#addedNames(project)) await this.removeServiceName(project, name);
  }

  async serviceNames(project: string): Promise<{ name: string; createdAt: number }[]> {
    const names = new Map((await this.#addedNames(project)).map(({ name, createdAt }) => [name, createdAt]));
    for (const { service, last, openRuns } of await this.environment(project)) {
      const oldest = last ?? openRuns.at(-1);
      if (service !== undefined && !names.has(service)) names.set(service, oldest?.acceptedAt ?? 0);
    }
    return [...names].map(([name, createdAt]) => ({ name, createdAt })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #addedNames(project: string): Promise<{ name: string; createdAt: number }[]> {
    const page = { prefix: `${project}/`, limit: SERVICE_NAMES_MAX };
    const found = await this.#store.listDocuments('service-name', page);
    return found.map(({ value }) => value as { name: string; createdAt: number });
  }

  async addServiceName(project: string, name: string): Promise<boolean> {
    const known = await this.serviceNames(project);
    if (known.some((one) => one.name === name)) return false;
    if (known.length >= SERVICE_NAMES_MAX) {
      throw new Refusal('conflict', `a project has at most ${SERVICE_NAMES_MAX} services`);
    }
    const value = { name, createdAt: this.#clock.now() };
    const id = `${project}/${encodeURIComponent(name)}`;
    return (await this.#store.putDocument('service-name', id, value, 'absent')) !== undefined;
  }

  removeServiceName(project: string, name: string): Promise<boolean> {
    return this.#store.deleteDocument('service-name', `${project}/${encodeURIComponent(name)}`);
  }

  async openAttempts(
    task: string,
    { id, ...filter }: { project?: string; stage?: string; service?: string; id?: string },
    { offset, size }: { offset: number; size: number },
  ): Promise<{ items: string[]; total: number }> {
    // Another replica may have begun some.
    this.#elsewhere?.waitsFor(task);
    const all = this.#openAttempts.list(task, filter).filter((one) => id === undefined || one.id === id);
    const shown = await Promise.all(
      all.slice(offset, offset + size).map(async (one) => {
        const run = (await this.#advance.load(one.run))?.run;
        const node = ownValue(run?.nodes, one.task);
        return node?.state === 'open' && node.attempt.number === one.attempt ? node.attempt.json : undefined;
      }),
    );
    return { items: shown.filter((json) => json !== undefined), total: all.length };
  }

  async publishForeign(event: CloudEvent): Promise<void> {
    this.#bus.passOn?.(event.type, stringifyEvent(event));
  }

  putShipyard = (
    project: string,
    text: string,
    options: Parameters<ControlPlane['putShipyard']>[2],
  ): Promise<{ version: string; changed: boolean; warnings: SourceProblem[]; plan: unknown }> =>
    this.#book.putShipyard(project, text, options);
  getShipyard = (project: string, version?: string): Promise<ShipyardVersion> =>
    this.#book.getShipyard(project, version);
  listShipyards = (project: string, page: { limit: number; cursor?: string }): Promise<Paged<ShipyardVersion>> =>
    this.#book.listShipyards(project, page);

  async listServices(filter: { project?: string; task?: string }): Promise<ServiceView[]> {
    return this.#services.view({
      ...filter,
      waiting: this.#offers.waiting(),
      held: this.#leases.countByService(),
      hintFor,
    });
  }

  listSubscriptions = (page: { limit: number; cursor?: string }): Promise<Paged<Subscription>> => this.#push.list(page);
  getSubscription = (id: string): Promise<Subscription> => this.#push.get(id);
  putSubscription = (
    id: string,
    change: Parameters<ControlPlane['putSubscription']>[1],
  ): Promise<{ subscription: Subscription; created: boolean }> => this.#push.put(id, change);
  deleteSubscription = (id: string): Promise<void> => this.#push.delete(id);

  stream(filter: StreamFilter, after: string | undefined, listener: StreamListener): { end(): void; resume(): void } {
    return this.#hub.listen(filter, after, listener);
  }

  async checkPosition(position: string): Promise<void> {
    await this.#asking(() => this.#store.eventsAfter({ position, limit: 1 }));
  }

  // ---- life

  async status(): Promise<PlaneStatus> {
    const reasons: string[] = [];
    const bus = this.#bus.status();
    const store: PlaneStatus['store'] = { ok: true };
    try {
      store.probeMs = await this.#store.probe();
    } catch (error) {
      store.ok = false;
      store.error = error instanceof Error ? error.message : String(error);
      reasons.push(`the store does not answer: ${store.error}`);
    }
    if (store.probeMs !== undefined && store.probeMs > PROBE_MAX_MS)
      reasons.push(`the store needed ${Math.round(store.probeMs)} ms for a write, and ${PROBE_MAX_MS} is the limit`);
    if (this.#lagMs() > this.#limits.lagMaxMs[2])
      reasons.push(
        `the oldest undecided input is ${this.#lagMs()} ms old, and ${this.#limits.lagMaxMs[2]} is the limit`,
      );
    if (!bus.connected)
      reasons.push(`the bus is not connected${bus.lastError === undefined ? '' : `: ${bus.lastError}`}`);
    if (this.#draining) reasons.push('it is shutting down');
    const status: PlaneStatus = {
      ready: reasons.length === 0,
      store,
      bus: { kind: this.#bus.kind, connected: bus.connected },
      backlog: this.#advance.backlog,
      draining: this.#draining,
      reasons,
    };
    if (bus.pending !== undefined) status.bus.pending = bus.pending;
    if (bus.lastError !== undefined) status.bus.error = bus.lastError;
    return status;
  }

  /** Numbers for /metrics. */
  counters(): Record<string, number> {
    return {
      runs_started_total: this.#counts.runsStarted,
      runs_finished_total: this.#counts.runsFinished,
      attempts_triggered_total: this.#counts.attemptsTriggered,
      claims_total: this.#counts.claims,
      commits_total: this.#counts.commits,
      bus_ignored_total: this.#counts.busIgnored,
      backlog: this.#advance.backlog,
      offers: this.#offers.size,
      oldest_offer_age_seconds: this.#oldestOfferS(),
      leases: this.#leases.size,
      timers: this.#timers.size,
      cached_streams: this.#advance.cachedStreams,
      wait_p95_ms: this.#waitMs(),
      lag_ms: this.#lagMs(),
      pressure: this.pressure(),
      cached_bytes: this.#advance.cachedBytes,
      stream_listeners: this.#hub.size,
      walk_done: this.#takeUp.walked ? 1 : 0,
      publishes_waiting: this.#relay.waiting,
    };
  }

  #oldestOfferS(): number {
    let oldestAt = Number.POSITIVE_INFINITY;
    for (const one of this.#offers.waiting()) oldestAt = Math.min(oldestAt, one.oldestAt ?? oldestAt);
    return Math.max(0, this.#clock.now() - oldestAt) / 1000;
  }

  #sweepLater(): void {
    this.#stopRetention = this.#clock.after(RETENTION_SWEEP_MS, () => {
      const swept = Promise.all([sweepRetention({ store: this.#store, clock: this.#clock }), this.#claimCheck.sweep()]);
      swept.then(
        () => this.#sweepLater(),
        (error: unknown) => {
          this.#log.warn({ error: String(error) }, 'old runs could not be deleted');
          this.#sweepLater();
        },
      );
    });
  }

  async close(): Promise<void> {
    this.#draining = true;
    this.#stopRetention();
    this.#offers.endWaits();
    this.#leases.stop();
    await this.#push.drain();
    // With no broker, the triggers of the next stage come back to us: they must find us until the last is durable.
    if (this.#bus.kind !== 'local') await this.#bus.stopConsuming();
    await Promise.race([this.#advance.idle(), new Promise<void>((resolve) => void this.#clock.after(10_000, resolve))]);
    await Promise.race([this.#relay.flush(), new Promise<void>((resolve) => void this.#clock.after(5_000, resolve))]);
    await this.#bus.stopConsuming();
    this.#closed = true;
    this.#advance.close();
    this.#timers.stop();
    this.#takeUp.stop();
    this.#elsewhere?.stop();
    this.#brokerWatch.stop();
    this.#relay.stop();
    await this.#push.stop();
    this.#hub.endAll('the control plane is shutting down');
    for (const waits of this.#waits.values()) for (const resolve of waits) resolve(undefined as never);
  }
}

function levelOf(value: number, bounds: readonly [number, number, number]): number {
  return bounds.filter((bound) => value > bound).length;
}

function itemOf(
  id: string,
  run: string,
  correlationId: string | undefined,
  verdict: Verdict | undefined,
): Accepted['items'][number] {
  const item: Accepted['items'][number] = { id, run, outcome: 'accepted' };
  const correlation = verdict?.run?.correlationId ?? correlationId;
  if (correlation !== undefined) item.correlationid = correlation;
  if (verdict?.outcome.kind === 'duplicate') item.outcome = 'duplicate';
  if (verdict?.outcome.kind === 'ignored') {
    item.outcome = 'ignored';
    item.code = verdict.outcome.code;
  }
  return item;
}

/** The `started` that a claim is, as an event of the claimer's. */
function startedEvent(
  run: Run,
  offer: Offer,
  source: string,
): { event: Extract<RunInput, { kind: 'answer' }>['event']; json: string } {
  const keptn = run.dialect === 'keptn';
  const event: Extract<RunInput, { kind: 'answer' }>['event'] = {
    specversion: '1.0',
    id: `${offer.id}.started.${source}`,
    source,
    type: `${keptn ? 'sh.keptn.event.' : ''}${offer.uses}.started`,
    subject: run.id,
    ...(keptn
      ? { shkeptncontext: run.correlationId, triggeredid: offer.id }
      : { correlationid: run.correlationId, causationid: offer.id }),
  };
  return { event, json: JSON.stringify(event) };
}

function hintFor(uses: string): string {
  return `curl -s -X POST -H 'content-type: application/json' -d '{"source":"me"}' "$SLIPWAY_SERVER/v1/tasks/${uses}/claim?wait=25s"`;
}

function unknownRun(id: string): Refusal {
  return new Refusal('unknown-run', `there is no run '${id.slice(0, 80)}'`);
}
