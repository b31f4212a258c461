import type {
  Accepted,
  ClaimRequest,
  CloudEvent,
  ContextView,
  EnvironmentCell,
  EventView,
  ProblemCode,
  Project,
  ProjectPut,
  RunCommand,
  RunCounts,
  RunStateFilter,
  RunSummary,
  RunView,
  ServiceView,
  ShipyardVersion,
  SourceProblem,
  Subscription,
  Waited,
  Why,
} from '@slipway/contract';
import type { Evaluations, Resources } from './evaluation/ports.ts';
import type { Files } from './files/ports.ts';
import type { Integrations } from './integrations/ports.ts';
import { UnstackedError } from './unstacked-error.ts';

/** The most that one event may weigh, whichever way it comes in. */
export const EVENT_BYTES_MAX = 1024 * 1024;

/**
 * What the doors (HTTP today) may ask of the control plane. Refusals are thrown as `Refusal`, with a code of the
 * contract; StoreUnavailable and BusUnavailable pass through and become 503.
 */
export interface ControlPlane {
  /**
   * Takes events that came together; all are checked before any is taken. Resolves when they are durable and what they
   * caused is published. An answer to an attempt that is over is not an error here: its item says `ignored`.
   */
  submit(events: readonly ReceivedEvent[], options?: SubmitOptions): Promise<Accepted>;
  /** Waits until the run is finished (or parked), at most `timeoutMs`; undefined when it takes longer. */
  waitForRun(run: string, timeoutMs: number, signal?: AbortSignal): Promise<Waited | undefined>;
  /**
   * Hands out attempts of one task type, as the JSON of their triggered events; empty when none came within `waitMs`.
   * A claim is `started`, with a lease.
   */
  claim(task: string, request: ClaimRequest, options: ClaimOptions): Promise<string[]>;
  command(
    run: string,
    command: RunCommand,
    who: { by?: string | undefined; reason?: string | undefined },
  ): Promise<Pick<RunSummary, 'state' | 'phase'> & { run: string; changed: boolean; commands: RunCommand[] }>;

  listRuns(
    query: ListQuery & {
      state?: RunStateFilter;
      result?: 'pass' | 'warning' | 'fail';
      sequence?: string;
      labels?: Record<string, string>;
    },
  ): Promise<Paged<RunSummary>>;
  countRuns(query: Omit<Parameters<ControlPlane['listRuns']>[0], 'limit' | 'cursor'>): Promise<RunCounts>;
  environment(project: string | undefined): Promise<EnvironmentCell[]>;
  getRun(run: string): Promise<RunView>;
  /** Another one whenever `getRun` may say something else. */
  runVersion(run: string): Promise<string>;
  listRunEvents(run: string, page: { limit: number; cursor?: string }): Promise<Paged<EventView>>;
  why(run: string): Promise<Why>;
  getContext(correlationId: string): Promise<ContextView>;
  listEvents(query: ListQuery & { type?: string; source?: string }): Promise<Paged<EventView>>;
  /** Keeps the data of an event that is too large to travel; the event names them by `dataref`. */
  putData(data: unknown): Promise<{ dataref: string }>;
  getData(id: string): Promise<unknown>;
  getEvent(id: string, source?: string): Promise<EventView>;

  listProjects(page: { limit: number; cursor?: string }): Promise<Paged<Project>>;
  getProject(project: string): Promise<Project>;
  putProject(
    project: string,
    change: ProjectPut,
    ifVersions?: '*' | readonly string[] | undefined,
  ): Promise<{ project: Project; created: boolean }>;
  deleteProject(project: string): Promise<void>;
  putShipyard(
    project: string,
    text: string,
    options: { dryRun: boolean; ifVersions?: '*' | readonly string[] | undefined },
  ): Promise<{ version: string; changed: boolean; warnings: SourceProblem[]; plan: unknown }>;
  getShipyard(project: string, version?: string): Promise<ShipyardVersion>;
  listShipyards(project: string, page: { limit: number; cursor?: string }): Promise<Paged<ShipyardVersion>>;

  /** slo.yaml and sli.yaml, which live with their project. */
  readonly resources: Resources;
  readonly evaluations: Evaluations;
  /** Files that are kept for task services. */
  readonly files: Files;
  /** Programs that have registered themselves. */
  readonly integrations: Integrations;
  /** Services of a project: those of its runs, and names that were added before their first run. Sorted. */
  serviceNames(project: string): Promise<{ name: string; createdAt: number }[]>;
  /** False: it is there already. */
  addServiceName(project: string, name: string): Promise<boolean>;
  /** False: there is none. A service that runs have named stays in the list. */
  removeServiceName(project: string, name: string): Promise<boolean>;
  /**
   * The triggered events, as JSON, of attempts of a task that are not over, started or not, oldest first; of projects in the keptn
   * dialect. `total` counts all that fit the filter.
   */
  openAttempts(
    task: string,
    filter: { project?: string; stage?: string; service?: string; id?: string },
    page: { offset: number; size: number },
  ): Promise<{ items: string[]; total: number }>;
  /** Passes an event that is nothing to the control plane on to listeners on the bus, where there is one. */
  publishForeign(event: CloudEvent): Promise<void>;

  listServices(filter: { project?: string; task?: string }): Promise<ServiceView[]>;
  listSubscriptions(page: { limit: number; cursor?: string }): Promise<Paged<Subscription>>;
  getSubscription(id: string): Promise<Subscription>;
  putSubscription(
    id: string,
    change: Omit<Subscription, 'id' | 'createdAt' | 'matched' | 'failures' | 'lastError' | 'lastDeliveredAt'>,
  ): Promise<{ subscription: Subscription; created: boolean }>;
  deleteSubscription(id: string): Promise<void>;

  /**
   * Calls back with each event and each changed run, in order, from just after `after` (a position, replayed from the
   * store) or from now. A listener that returns false from `onItem` has taken that item and wants no more until it calls
   * `resume`.
   */
  stream(filter: StreamFilter, after: string | undefined, listener: StreamListener): { end(): void; resume(): void };
  /** Throws a Refusal when this is no position of the store: who is sent away with it comes back with it for ever. */
  checkPosition(position: string): Promise<void>;

  /**
   * What must be refused now because there is more than can be done: 0 nothing, 1 reads of lists, 2 new runs as well, 3
   * commands as well. Never answers, aborting, pausing and health: ending work is what helps.
   */
  pressure(): 0 | 1 | 2 | 3;
  status(): Promise<PlaneStatus>;
  /** Refuses new runs and claims, ends waits, commits and publishes what is under way (at most 10 s), and closes. */
  close(): Promise<void>;
}

export type SubmitOptions = {
  idempotencyKey?: string | undefined;
  way?: 'http' | 'push';
  isBatch?: boolean;
  /** A wrong answer counts as errored, as on the bus, and is not refused. So it is for `push`. */
  lenient?: boolean;
};

export type ReceivedEvent = {
  event: CloudEvent;
  /** The event in the JSON format on one line, when it is at hand; made from `event` otherwise. */
  json?: string | undefined;
};

export type ClaimOptions = {
  waitMs: number;
  /** 1 to 256. */
  max: number;
  /** Undefined: the task's heartbeat, else 60 s. */
  leaseMs?: number | undefined;
  /** Ends the wait when the client goes away. */
  signal?: AbortSignal | undefined;
};

export type Paged<T> = { items: T[]; next?: string };

export type ListQuery = {
  project?: string;
  stage?: string;
  service?: string;
  correlationid?: string;
  since?: number;
  until?: number;
  limit: number;
  cursor?: string;
};

export type StreamFilter = {
  kind: 'event' | 'run' | 'all';
  run?: string;
  project?: string;
  stage?: string;
  sequence?: string;
  service?: string;
  correlationid?: string;
  type?: string;
  source?: string;
  labels?: Record<string, string>;
};

/** `id` is what a client sends as Last-Event-ID. */
export type StreamItem =
  | {
      kind: 'event';
      id: string;
      value: EventView /** The value as JSON, at hand without parsing what is only passed on. */;
      text: string;
    }
  | { kind: 'run'; id: string; value: RunSummary };
export type StreamListener = { onItem(item: StreamItem): boolean; onEnd(reason: string): void };

export type PlaneStatus = {
  ready: boolean;
  store: { ok: boolean; probeMs?: number; error?: string };
  bus: { kind: string; connected: boolean; pending?: number; error?: string };
  /** Inputs accepted and not decided yet. */
  backlog: number;
  draining: boolean;
  /** What readiness is missing, for people. */
  reasons: string[];
};

/** A request that cannot be served, with the reason and the way out. */
export class Refusal extends UnstackedError {
  override name = 'Refusal';
  readonly code: ProblemCode;
  readonly errors: RefusalError[];
  readonly retryAfterMs: number | undefined;
  constructor(code: ProblemCode, detail: string, more: { errors?: RefusalError[]; retryAfterMs?: number } = {}) {
    super(detail);
    this.code = code;
    this.errors = more.errors ?? [];
    this.retryAfterMs = more.retryAfterMs;
  }

  /** The same, saying which event of a batch it is about. */
  ofBatch(index: number): Refusal {
    const errors: RefusalError[] =
      this.errors.length > 0 ? this.errors : [{ code: this.code, detail: this.message, pointer: '' }];
    return new Refusal(this.code, `event ${index} of the batch (the first is 0): ${this.message}`, {
      errors: errors.map((error) => ({ ...error, pointer: `/${index}${error.pointer ?? ''}` })),
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
    });
  }
}
export type RefusalError = {
  code: string;
  detail: string;
  pointer?: string | undefined;
  line?: number | undefined;
  column?: number | undefined;
  text?: string | undefined;
  nearest?: string | undefined;
};
