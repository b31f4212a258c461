import type { CloudEvent, Dialect, JsonObject, Plan, Result, SequencePlan, Status, TaskError } from '@slipway/contract';
import type { Join } from './graph/join.ts';

/**
 * A run and what can happen to it.
 *
 *   (none) --trigger--> waiting --granted--> open --last task--> finished
 *                  \________________________/^  \--abort, timeout--^
 *
 * `waiting`: its concurrency group is busy. `open`: tasks run, or it is paused. `finished` has no open attempt, by type.
 */
export type Run = WaitingRun | OpenRun | FinishedRun;

export type RunBase = {
  id: string;
  project: string;
  stage: string;
  sequence: string;
  service: string | undefined;
  dialect: Dialect;
  planVersion: string;
  correlationId: string;
  trigger: {
    id: string;
    source: string;
    /** Tells a repeat from another event with the same id. */
    bodyHash: string;
    traceparent: string | undefined;
    tracestate: string | undefined;
    /** The commit that Keptn's services read their files at; undefined: the trigger named none. */
    gitCommitId?: string;
    /** Came over the bus: the trigger itself was seen by everybody there. */
    lenient: boolean;
  };
  /** The run whose end triggered this one. */
  triggeredBy: string | undefined;
  labels: Record<string, string>;
  /** The trigger's data. */
  input: JsonObject;
  /** The trigger's data; in a line, with all outputs so far, later wins. What a task of a graph sees, `scope.ts` makes. */
  data: JsonObject;
  depth: number;
  /** The project's config as it was when the run was triggered: a later change must not change what the journal folds to. */
  config: JsonObject;
  acceptedAt: number;
  nodes: Record<string, Node>;
  /** Key of the concurrency group's stream, when it has one. */
  group: string | undefined;
  history: readonly HistoryLine[];
  ignored: readonly IgnoredAnswer[];
  /** An impossible state was met: nothing goes on until a person aborts it. */
  parked: string | undefined;
};

export type WaitingRun = RunBase & { kind: 'waiting'; group: string; paused: boolean };
export type OpenRun = RunBase & {
  kind: 'open';
  paused: boolean;
  startedAt: number;
  deadlineAt: number | undefined;
  /** Tasks that have started and not begun, first in, first out: what one step does is bounded, and a pause holds them. */
  ready: readonly string[];
  /** How many tasks and attempts have begun: names the input that goes on with the rest. */
  begun: number;
  /** Tasks of this phase that have not ended. */
  left: number;
  /** What the tasks came to, once those of `finally` run. */
  main: RunEnd | undefined;
};
/** How a run ends. */
export type RunEnd = { status: Status; result: Result; message: string; output: unknown };
/** What ends the tasks of a run before all of them have ended; without a result, it is computed from those that have. */
export type Stop = { by: 'end' | 'abort' | 'timeout'; status: Status; result: Result | undefined; message: string };
export type FinishedRun = RunBase & {
  kind: 'finished';
  startedAt: number | undefined;
  finishedAt: number;
  status: Status;
  result: Result;
  message: string;
  output: unknown;
  /** Runs that its end triggered. */
  triggers: readonly { stage: string; sequence: string; eventId: string }[];
};

export type HistoryLine = {
  at: number;
  what: string;
  by?: string;
  reason?: string;
  /** Of an answer by hand. */
  attempt?: string;
  task?: string;
  result?: Result;
  source?: string;
  onBehalfOf?: string;
};
export type IgnoredAnswer = { at: number; eventId: string; code: string };

/** Why a task was skipped. `after-failure`: none of its edges was taken, because a task before it failed or was cancelled. */
export type SkipReason = 'when' | 'not-taken' | 'after-failure';

/** One task of a run. */
export type Node = {
  /** What it has heard from its sources; undefined while that is nothing. */
  join?: Join;
} & NodeState;

type NodeState =
  /** Not begun, or held by a pause: `nextAttempt` is what would be triggered. */
  | { state: 'pending'; nextAttempt: number; delayed: boolean; attempts: readonly Attempt[] }
  /** Waits for a time: Keptn's `triggeredAfter`, or the delay before a retry. */
  | {
      state: 'delayed';
      nextAttempt: number;
      dueAt: number;
      reason: 'triggered-after' | 'retry' | 'wait';
      attempts: readonly Attempt[];
    }
  | { state: 'open'; attempts: readonly Attempt[]; attempt: OpenAttempt }
  | {
      state: 'finished';
      attempts: readonly Attempt[];
      finishedAt: number;
      status: Status;
      result: Result;
      message: string;
      output: unknown;
      error: TaskError | undefined;
      timedOut: boolean;
      /** In a graph: what it hands on beside its output. */
      data?: JsonObject;
      /** The variables that it sets for the tasks after it. */
      published?: JsonObject;
      /** Which branch of its decision holds; -1: none. */
      branch?: number;
      /** It failed, and `ignoreFailure` made a warning of that. */
      ignored?: true;
    }
  /** `continues`: it counts as passed for the tasks after it. A line, and what was skipped before there were graphs, has no reason. */
  | { state: 'skipped'; attempts: readonly Attempt[]; reason?: SkipReason; continues?: boolean }
  | { state: 'cancelled'; attempts: readonly Attempt[] };

export type AttemptBase = {
  number: number;
  triggeredAt: number;
  startedAt: number | undefined;
  input: unknown;
  /** The id of the event that caused it: a repeat of that event re-emits this attempt's trigger. */
  cause: string;
  /** By source. */
  executors: Readonly<Record<string, Executor>>;
};

export type OpenAttempt = AttemptBase & {
  /** The triggered event as it was sent, so that a re-dispatch is the same to the byte. */
  json: string;
};

/** An attempt that is over. */
export type Attempt = AttemptBase & {
  outcome: 'finished' | 'failed' | 'timed-out' | 'lost' | 'cancelled';
  endedAt: number;
  status: Status;
  result: Result;
  message: string;
  output: unknown;
  error: TaskError | undefined;
};

export type Way = 'nats' | 'claim' | 'push' | 'http';

export type Executor = {
  way: Way;
  /** Id of its `started`, in the keptn dialect: another one of the same source is another start. */
  startedBy?: string;
  startedAt: number;
  lastSeenAt: number;
  /** Silence after which the attempt is over; only for claims. */
  leaseMs: number | undefined;
  fraction: number | undefined;
  progress: string | undefined;
  finished:
    | {
        at: number;
        eventId: string;
        /** The source of the answer, where it is another than the one that started: only in the keptn dialect. */
        by?: string;
        status: Status;
        result: Result;
        message: string;
        output: unknown;
        data: JsonObject;
        error: TaskError | undefined;
      }
    | undefined;
};

/** What can happen to a run. `at` is when it was taken, epoch ms; the engine has no clock of its own. */
export type RunInput =
  | TriggerInput
  | { kind: 'granted'; at: number }
  | { kind: 'rejected'; at: number; message: string }
  | {
      kind: 'answer';
      /** `invalidated`: a person says that what was finished is not to be relied on; the run takes note of nothing. */
      phase: 'started' | 'status.changed' | 'finished' | 'invalidated';
      at: number;
      task: string;
      attempt: number;
      way: Way;
      /** As the bus' subject names it. */
      project?: string;
      leaseMs?: number;
      /** A person has answered: the attempt ends with it, also when a service works on it. Older journals never say so. */
      byHand?: true;
      /** 0 <= random < 1, for the jitter of a retry. */
      random: number;
      event: CloudEvent;
      json: string;
    }
  /** The trigger of this attempt can reach no service by the bus, ever. */
  | { kind: 'undeliverable'; at: number; task: string; attempt: number; reason: string }
  | {
      kind: 'lease-lost';
      at: number;
      task: string;
      attempt: number;
      source: string;
      /** False: there is one replica, and nobody else could have heard of the holder. */
      heardByOthers?: false;
      /** What others have answered meanwhile counts. Older journals never say so. */
      keepsAnswers?: true;
      /** A push subscription has ended, and with it what its sink had; leases have nothing to do with it. */
      isGivenBack?: true;
    }
  | { kind: 'timer'; at: number; name: string; dueAt: number; random: number }
  /** Begins what has started and not begun. `begun` is the run's when this was sent: a repeat finds another. */
  | { kind: 'continue'; at: number; begun: number }
  /** Deciding an input threw: the run stands still and says why; the others go on. */
  | { kind: 'park'; at: number; reason: string }
  | { kind: 'command'; command: 'pause' | 'resume' | 'abort'; at: number; by?: string; reason?: string };

export type TriggerInput = {
  kind: 'trigger';
  at: number;
  run: string;
  project: string;
  stage: string;
  sequence: string;
  dialect: Dialect;
  planVersion: string;
  correlationId: string;
  bodyHash: string;
  depth: number;
  /** By which rules the run is decided; absent: 1, a line. 2 adds the graph. A run keeps its number. */
  rules?: 2;
  triggeredBy?: string;
  /** Came over the bus, where nobody could be told that it is wrong: a run that has failed tells. */
  lenient: boolean;
  config?: JsonObject;
  /** What its data lack and the sequence's `input` gives; older journals never say so. */
  defaults?: JsonObject;
  /** Why it cannot start, found before the engine (input schema, depth). */
  refusal?: string;
  event: CloudEvent;
  json: string;
};

/** What must become true outside, after the entry is durable. Doing one twice changes nothing. */
export type Effect =
  | { kind: 'publish'; event: OutEvent; again: boolean }
  | { kind: 'schedule'; name: string; dueAt: number }
  | { kind: 'unschedule'; name: string; dueAt: number }
  | { kind: 'send'; to: string; input: GroupInput }
  /** More tasks are ready than one step begins: the run goes on with this input. */
  | { kind: 'continue'; begun: number }
  /** The attempt is over or has its executors: nobody may claim it any more. */
  | { kind: 'withdraw'; task: string; attempt: number };

export type OutEvent = {
  id: string;
  /** In its plain spelling. */
  type: string;
  json: string;
  /** Set for `<task>.triggered`: what can be claimed. */
  dispatch?: { task: string; uses: string; attempt: number };
};

export type Outcome =
  | { kind: 'applied' }
  /** Seen before: nothing changed, though what it caused may be told again. */
  | { kind: 'duplicate' }
  /** Changed nothing, and people may see why. */
  | { kind: 'ignored'; code: string }
  /** A command that the state does not permit. */
  | { kind: 'refused'; reason: string };

export type Step = { run: Run | undefined; effects: readonly Effect[]; outcome: Outcome };

/** What a concurrency group's queue is told. */
export type GroupInput =
  | {
      kind: 'enqueue';
      at: number;
      run: string;
      acceptedAt: number;
      limit: number;
      policy: 'queue' | 'cancel-running' | 'reject';
    }
  | { kind: 'release'; at: number; run: string };

/** What an expression or a template came to; `at` is the place in the template that has no value. */
export type Evaluated = { ok: true; value: unknown } | { ok: false; code?: string; message: string; at?: string };

/** Where a value does not meet a schema, and why. */
export type SchemaFault = { pointer: string; message: string };

/** `budget`: what is left for the input that is decided; each evaluation takes from it. */
export type Evaluator = {
  evaluate(expression: string, scope: JsonObject, budget?: { left: number }): Evaluated;
  resolve(template: unknown, scope: JsonObject, budget?: { left: number }): Evaluated;
  /** What of a value does not meet a JSON Schema: the first fault. */
  faultOf(schema: JsonObject, value: unknown): SchemaFault | undefined;
};

/** All a decision may look at beside the run and the input. Immutable. */
export type Env = {
  plan: Plan;
  sequence: SequencePlan | undefined;
  /** Sequences whose `triggeredOn` names this one. */
  followers: readonly { target: SequencePlan; rule: { match?: Record<string, string>; when?: string } }[];
  evaluator: Evaluator;
  /** The run that is given belongs to nobody else, who folds a journal: its nodes may be changed where they are. */
  ownsRun?: true;
};
