/**
 * A checked shipyard: what the control plane executes. Plain JSON, immutable, named by the hash of its meaning.
 * A sequence is a graph: `edgesOf` gives its edges, those of a line too.
 */
export type Plan = {
  /** `spec.keptn.sh/0.2.x` or `slipway.dev/v1`. */
  apiVersion: string;
  name: string;
  /** Hash of the meaning (not of the text): 16 hex digits. */
  version: string;
  stages: StagePlan[];
};

export type StagePlan = { name: string; sequences: SequencePlan[] };

export type SequencePlan = {
  stage: string;
  name: string;
  /** Written nowhere: Keptn has a sequence `evaluation` in every stage. */
  builtIn?: true;
  triggeredOn: TriggerRule[];
  /** JSON Schema of the trigger's data. */
  input?: Record<string, unknown>;
  /** Undefined: runs of this sequence do not wait for each other. Under a Keptn apiVersion it is always set (project+stage+service, limit 1, queue). */
  concurrency?: ConcurrencyPlan;
  /** From the run's start to its end, ms. */
  timeoutMs?: number;
  vars?: Record<string, unknown>;
  tasks: TaskPlan[];
  /**
   * Set when the sequence uses a key of the graph language: the order of `tasks` then decides nothing but the order in which
   * ready tasks start. Without it each task `needs` the one before it, as in every plan that was made before graphs.
   */
  edges?: EdgePlan[];
  /** Replaces the computed result: an expression that gives pass, warning or fail; without the `${{ }}`. */
  result?: string;
  /** How long the tasks of `finally` may take together, ms. Set when there are any. */
  finallyTimeoutMs?: number;
  /** Maps the run's output; strings may hold `${{ }}`. Undefined: the outputs of the leaf tasks by name. */
  output?: unknown;
};

/** What must become of an edge's source for the edge to be taken. */
export type EdgeOn = 'success' | 'failure' | 'timeout' | 'complete' | 'skipped' | 'always';

export type EdgePlan = {
  from: string;
  to: string;
  on: EdgeOn;
  /** The target starts only if this edge is taken, whatever else its join asks for. */
  required?: true;
  /** The place in the source's `decision`, counted from 0: the first branch that holds is taken, the others are dead. */
  branch?: number;
  /** The condition of a branch, without the `${{ }}`; a branch without one is the default. */
  when?: string;
};

export type TriggerRule = {
  stage: string;
  sequence: string;
  /** Keptn's selector: keys `result` or `<task>.result`. Undefined with no `when`: fires on pass and warning. */
  match?: Record<string, string>;
  /** A CEL expression, without the `${{ }}`. */
  when?: string;
};

export type ConcurrencyPlan = {
  /** Text with `${{ }}`; runs whose group text is equal (within project and stage) wait for each other. */
  group: string;
  limit: number;
  policy: 'queue' | 'cancel-running' | 'reject';
};

export type TaskPlan = {
  /** The node: unique in its sequence. Repeated names, which Keptn allows, become `name~2`, `name~3`. */
  key: string;
  /** As written. */
  name: string;
  /** The task type that is triggered: `<uses>.triggered`. */
  uses: string;
  /** In a line, the task before this one. Empty where the sequence has `edges`. */
  needs: { task: string; on: 'success' | 'failure' | 'timeout' | 'complete' }[];
  /** How many of the sources must be met; several edges from one source count once. */
  join: 'all' | 'any' | number;
  /** Cancels the sources that are still open when the task starts. */
  rest?: 'cancel';
  /** Evaluated once when the task begins; false skips it. Without the `${{ }}`. */
  when?: string;
  /** A skipped task counts as passed for the tasks after it. */
  onSkip?: 'continue';
  /** A failure counts as a warning. */
  ignoreFailure?: true;
  /** Sets `vars` for the tasks after this one; strings may hold `${{ }}`. */
  publish?: Record<string, unknown>;
  /** The part of the answer that is kept; strings may hold `${{ }}`. */
  output?: unknown;
  /** JSON Schema of the output. */
  outputSchema?: Record<string, unknown>;
  /** Set for the tasks that the control plane does itself. */
  builtIn?: 'noop' | 'wait' | 'end';
  /** Runs after all tasks without this mark, whatever their result. */
  finally?: true;
  properties?: Record<string, unknown>;
  /** Computed input; strings may hold `${{ }}`. */
  with?: unknown;
  /** From started to finished. */
  timeoutMs?: number;
  /** From triggered to started. */
  startTimeoutMs?: number;
  /** Silence allowed between started, status.changed and finished. */
  heartbeatMs?: number;
  /** Keptn's delay before the task is triggered. */
  triggeredAfterMs?: number;
  executors: number;
  retry?: RetryPlan;
};

export type RetryPlan = {
  /** All attempts together, the first included; 1 to 100. */
  attempts: number;
  delayMs: number;
  backoff: 'fixed' | 'linear' | 'exponential';
  maxDelayMs: number;
  /** 0 to 1: the part of the delay that is random. */
  jitter: number;
  /** A CEL expression over `error`, `result`, `attempts`; without the `${{ }}`. */
  when?: string;
};

/** The edges of a sequence, those of a line too. */
export function edgesOf(sequence: SequencePlan): readonly EdgePlan[] {
  return (
    sequence.edges ??
    sequence.tasks.flatMap((task) => task.needs.map(({ task: from, on }): EdgePlan => ({ from, to: task.key, on })))
  );
}

/** The tasks from which an edge leads to each task. */
export function needsByTask(sequence: SequencePlan): ReadonlyMap<string, readonly string[]> {
  const needs = new Map<string, Set<string>>();
  for (const { from, to } of edgesOf(sequence)) needs.set(to, (needs.get(to) ?? new Set()).add(from));
  return new Map([...needs].map(([key, sources]) => [key, [...sources]]));
}

/** A problem in a shipyard (or another text a person writes), with its place. */
export type SourceProblem = {
  severity: 'error' | 'warning';
  /** Stable, kebab-case: `unknown-key`, `invalid-name`, `not-supported-yet`, `yaml-syntax`, ... */
  code: string;
  message: string;
  /** JSON pointer into the document. */
  pointer: string;
  /** 1-based. */
  line: number;
  column: number;
  /** The offending text, as written, cut at 80 characters. */
  text?: string | undefined;
  /** The nearest valid name, when there is one. */
  nearest?: string | undefined;
};
