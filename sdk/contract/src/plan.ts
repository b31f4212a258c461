/**
 * A checked shipyard: what the control plane executes. Plain JSON, immutable, named by the hash of its meaning.
 * A linear sequence is a graph with one path: each task `needs` the one before it.
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
  /** Maps the run's output; strings may hold `${{ }}`. Undefined: the outputs of the leaf tasks by name. */
  output?: unknown;
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
  needs: { task: string; on: 'success' | 'failure' | 'timeout' | 'complete' }[];
  /** How many of the needs must be met. */
  join: 'all' | 'any' | number;
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
