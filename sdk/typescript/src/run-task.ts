import type { Dialect, JsonObject } from '@slipway/contract';
import { attemptId as attemptIdOf, type CloudEvent, spellType } from '@slipway/contract';
import { Attempt, type Progress } from './attempt.ts';
import { AttemptCancelled } from './errors.ts';
import { type Logger, silentLogger } from './log.ts';
import { type Ended, perform } from './perform.ts';
import type { Task } from './task.ts';
import { readMessage } from './trigger.ts';

export interface RunTaskOptions {
  project?: string;
  stage?: string;
  service?: string;
  labels?: Record<string, string>;
  /** In which spelling the trigger comes; `plain` unless said. */
  dialect?: Dialect;
  /** The outputs of the tasks before this one, and the trigger's data. */
  data?: JsonObject;
  /** Counts from 1. */
  attempt?: number;
  /** Cancels the attempt. */
  signal?: AbortSignal;
  log?: Logger;
}

export interface TaskRun<Output> extends Ended {
  output?: Output & object;
  /** What the handler told with `ctx.progress`, in order. */
  progress: Progress[];
}

/** Runs a task once, as a service would, without any server: for unit tests. It never throws: look at `status`. */
export async function runTask<T extends Task>(
  task: T,
  input: unknown,
  options: RunTaskOptions = {},
): Promise<TaskRun<OutputOf<T>>> {
  const { project = 'default', stage = 'dev', service, labels, dialect = 'plain', attempt: number = 1 } = options;
  const event: CloudEvent = {
    specversion: '1.0',
    id: attemptIdOf({ run: 'test-run', task: task.name, attempt: number }),
    source: 'slipway',
    type: spellType(`${task.name}.triggered`, dialect),
    subject: 'test-run',
    correlationid: 'test-context',
    data: { ...options.data, project, stage, service, labels, [task.name]: input },
  };
  const message = readMessage(event);
  if (message.kind !== 'triggered') throw new Error(`${event.type} is not the type of a triggered event`);
  const progress: Progress[] = [];
  const log = options.log ?? silentLogger;
  const attempt = new Attempt(message.trigger, { log, onProgress: (_, told) => void progress.push(told) });
  const cancel = (): void => attempt.abort(new AttemptCancelled('the test cancelled it'));
  options.signal?.addEventListener('abort', cancel, { once: true });
  if (options.signal?.aborted) cancel();
  const ended = await perform(task, attempt);
  options.signal?.removeEventListener('abort', cancel);
  return { ...ended, progress } as TaskRun<OutputOf<T>>; // `perform` checked the output against its schema.
}

type OutputOf<T extends Task> = T['output']['_zod']['output'];
