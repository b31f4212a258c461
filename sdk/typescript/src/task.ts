import type { CloudEvent, JsonObject, Result } from '@slipway/contract';
import { isKeptnName } from '@slipway/contract';
import type { z } from 'zod';
import type { Logger } from './log.ts';

/** What a handler knows of the attempt it works on. */
export interface TaskContext {
  /** The triggered event as it came. */
  readonly event: CloudEvent;
  /** All of its data: the trigger's, and the outputs of the tasks before this one under their names. */
  readonly data: JsonObject;
  readonly project: string;
  readonly stage: string | undefined;
  /** What is being worked on, in Keptn's sense. */
  readonly service: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly runId: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** The same for every delivery of this attempt: a key for what must not be done twice. */
  readonly attemptId: string;
  /** Shared by every run that follows from one trigger. */
  readonly correlationId: string;
  /** Aborts when the answer is no longer wanted (AttemptCancelled) or the service ends (ServiceEnding). */
  readonly signal: AbortSignal;
  /** Tells people how far it is, and the control plane that it is alive. Calls in quick succession are joined. */
  readonly progress: (fraction?: number, message?: string, data?: JsonObject) => void;
  /** Adds run, task and attempt to each line. */
  readonly log: Logger;
}

/** A task and what does it. Made by `defineTask`. */
export interface Task<In extends z.ZodType = z.ZodType, Out extends z.ZodType<object> = z.ZodType<object>> {
  readonly name: string;
  readonly input: In;
  readonly output: Out;
  /** How many attempts of it run at once in one process, when it is not what `serve` says. */
  readonly concurrency?: number | undefined;
  run(input: z.output<In>, ctx: TaskContext): Returned<Out> | Promise<Returned<Out>>;
}

type Returned<Out extends z.ZodType<object>> = z.input<Out> | Outcome<z.input<Out>>;

/**
 * A task by its name in the shipyard, what it takes, what it gives, and the function that does it. Input that does not
 * fit ends the attempt as errored with code INVALID_INPUT, without a retry, and `run` is not called.
 *
 * What `run` returns is the output; the result is then `pass`. Return `outcome(...)` to say `warning` or `fail`, throw
 * to end the attempt as errored: any error may be retried, `TerminalError` may not, `RetryAfter` says when.
 */
export function defineTask<In extends z.ZodType, Out extends z.ZodType<object>>(
  definition: Task<In, Out>,
): Task<In, Out> {
  if (!isKeptnName(definition.name)) {
    throw new TypeError(
      `${JSON.stringify(definition.name)} cannot name a task: up to 63 lower-case letters, digits and dashes, such as check-number`,
    );
  }
  return definition;
}

interface Found<T> {
  result?: Result;
  message?: string;
  output?: T;
  labels?: Readonly<Record<string, string>>;
}

/** What a task found, where a bare output would not say it. Made by `outcome`. */
export class Outcome<T> {
  readonly result: Result;
  readonly message: string | undefined;
  readonly output: T | undefined;
  /** In place of those of the trigger, for this answer and for the tasks after it. */
  readonly labels: Readonly<Record<string, string>> | undefined;

  constructor(found: Found<T>) {
    this.labels = found.labels;
    this.result = found.result ?? 'pass';
    this.message = found.message;
    this.output = found.output;
  }
}

/** Returned by a handler that has more to say than its output: `warning` goes on like `pass`, `fail` ends a linear sequence. */
export function outcome<T>(found: Found<T>): Outcome<T> {
  return new Outcome(found);
}
