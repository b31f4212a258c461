import type { CloudEvent, JsonObject } from '@slipway/contract';
import { isObject } from '@slipway/contract';
import type { Logger } from './log.ts';
import type { TaskContext } from './task.ts';
import type { Trigger } from './trigger.ts';
import { placeOf, projectOf, textOf } from './trigger.ts';

/** What progress a handler told last. */
export interface Progress {
  fraction?: number;
  message?: string;
  data?: JsonObject;
}

/** One attempt while it runs, and what its handler sees of it. */
export class Attempt implements TaskContext {
  readonly trigger: Trigger;
  readonly runId: string;
  readonly attempt: number;
  readonly progress: TaskContext['progress'];
  /** When the control plane last heard of it, by the monotonic clock. */
  heardOfAt: number;
  /** Silence after which a sign of life is due: two of three may get lost before the shipyard's `heartbeat` is over. */
  readonly beatMs: number;
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;
  readonly #log: Logger;

  constructor(
    trigger: Trigger,
    options: { log: Logger; onProgress: (attempt: Attempt, progress: Progress) => void; beatMs?: number },
  ) {
    this.trigger = trigger;
    this.beatMs = Math.min(
      options.beatMs ?? Number.POSITIVE_INFINITY,
      (trigger.heartbeatMs ?? Number.POSITIVE_INFINITY) / 3,
    );
    const place = placeOf(trigger);
    this.runId = place.runId;
    this.attempt = place.attempt;
    this.heardOfAt = performance.now();
    this.#log = options.log;
    // An arrow, because handlers take their context apart.
    this.progress = (fraction, message, data) => {
      const progress: Progress = {};
      if (fraction !== undefined && Number.isFinite(fraction)) progress.fraction = Math.min(1, Math.max(0, fraction));
      if (message !== undefined) progress.message = message;
      if (data !== undefined) progress.data = data;
      options.onProgress(this, progress);
    };
  }

  get attemptId(): string {
    return this.trigger.event.id;
  }
  get event(): CloudEvent {
    return this.trigger.event;
  }
  get data(): JsonObject {
    return this.trigger.data;
  }
  get correlationId(): string {
    return this.trigger.correlationId;
  }
  get project(): string {
    return projectOf(this.data);
  }
  get stage(): string | undefined {
    return textOf(this.data.stage);
  }
  get service(): string | undefined {
    return textOf(this.data.service);
  }
  get labels(): Record<string, string> {
    const { labels } = this.data;
    if (!isObject(labels)) return {};
    return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));
  }

  /** Made when somebody looks: most handlers never do, and a controller is the dearest part of a context. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get log(): Logger {
    const about = { run: this.runId, task: this.trigger.task, attempt: this.attempt };
    const log = this.#log;
    return {
      info: (fields, message) => log.info({ ...about, ...fields }, message),
      warn: (fields, message) => log.warn({ ...about, ...fields }, message),
      error: (fields, message) => log.error({ ...about, ...fields }, message),
    };
  }

  /** Why the handler was told to stop; its answer is then not sent. */
  get abortReason(): Error | undefined {
    return this.#abortReason;
  }

  abort(reason: Error): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }
}
