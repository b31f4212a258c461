import type { Problem, Result } from '@slipway/contract';

/** Thrown by a handler: no repeat can help. The attempt ends errored, and no retry follows. */
export class TerminalError extends Error {
  override name = 'TerminalError';
  /** Stable word, such as `NOT_FOUND`: what `retry.when` in a shipyard can ask for. */
  readonly code: string;

  constructor(message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? 'TERMINAL';
  }
}

interface TaskErroredOptions {
  output: object;
  result?: Result;
  code?: string;
  retryable?: boolean;
  labels?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/**
 * Thrown by a handler that could not do its task and has an output all the same, as Keptn's evaluation does: the finished
 * event says errored, and carries `output` under the task's name. It must fit the task's output schema.
 */
export class TaskErrored extends Error {
  override name = 'TaskErrored';
  readonly code: string;
  readonly output: object;
  readonly result: Result;
  /** False where no repeat can help; undefined leaves it to the shipyard. */
  readonly retryable: boolean | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;

  constructor(message: string, options: TaskErroredOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? 'ERROR';
    this.output = options.output;
    this.result = options.result ?? 'fail';
    this.retryable = options.retryable;
    this.labels = options.labels;
  }
}

/** Thrown by a handler: try again, but not before `ms` from now. Whether there is a next attempt is the shipyard's decision. */
export class RetryAfter extends Error {
  override name = 'RetryAfter';
  readonly code: string;
  readonly ms: number;

  constructor(ms: number, message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.ms = Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : 0;
    this.code = options.code ?? 'RETRY_AFTER';
  }
}

/** The reason of `ctx.signal` when the attempt is no longer wanted: cancelled, timed out, or given to somebody else. */
export class AttemptCancelled extends Error {
  override name = 'AttemptCancelled';
}

/** The reason of `ctx.signal` when the service ends and the time for its running handlers (`drainMs`) is over. */
export class ServiceEnding extends Error {
  override name = 'ServiceEnding';
}

/** The server refused a request and said why (RFC 9457). Decide by `code`; `problem.errors` has each place. */
export class SlipwayProblem extends Error {
  override name = 'SlipwayProblem';
  readonly status: number;
  readonly code: string;
  readonly problem: Problem;

  constructor(problem: Problem, request: string) {
    super(`${request}: ${problem.status} ${problem.code}: ${problem.detail}`);
    this.status = problem.status;
    this.code = problem.code;
    this.problem = problem;
  }
}

/** No answer: the server is not there, the connection broke, or the time was over. Nothing is known of what was asked. */
export class ServerUnreachable extends Error {
  override name = 'ServerUnreachable';
  readonly server: string;

  constructor(server: string, options: { reason: string; cause?: unknown }) {
    super(
      `no answer from ${server} (${options.reason}): is the control plane running there? \`slipway serve\` starts one`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.server = server;
  }
}
