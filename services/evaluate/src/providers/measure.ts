import { setTimeout as sleep } from 'node:timers/promises';
import type { IndicatorValue, Retry } from '@slipway/evaluation';
import { ProviderFault } from './fault.ts';
import type { QueryContext } from './placeholders.ts';
import type { Measurement, Query } from './types.ts';

/** Queries under way at once, over all sources. */
const CONCURRENCY = 8;
const BACKOFF_MIN_MS = 50;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 10_000;

export interface MeasureOptions {
  readonly queries: readonly Query[];
  readonly context: QueryContext;
  /** For all values together: what is not there by then failed. */
  readonly deadlineMs: number;
  /** For one try. */
  readonly timeoutMs: number;
  /** From `late_data` of slo.yaml: how often to ask again for a value that is not there yet. */
  readonly lateData: Retry | null;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, of: number) => void;
  /** For tests that cannot wait; 0 to 1. */
  readonly random?: () => number;
}

/** Asks for every value and always answers for every SLI: a value, or a failure that names SLI, source and way out. */
export async function measureAll(options: MeasureOptions): Promise<IndicatorValue[]> {
  const { queries, signal } = options;
  const deadline = AbortSignal.timeout(options.deadlineMs);
  const measurer = new Measurer(
    options,
    deadline,
    AbortSignal.any([signal, deadline]),
    performance.now() + options.deadlineMs,
  );
  const values: IndicatorValue[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let query = queries[next]; query !== undefined; query = queries[next]) {
      const place = next;
      next += 1;
      values[place] = await measurer.measure(query);
      options.onProgress?.(values.filter(Boolean).length, queries.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, queries.length) }, worker));
  signal.throwIfAborted();
  return values;
}

class Measurer {
  readonly #options: MeasureOptions;
  readonly #deadline: AbortSignal;
  readonly #signal: AbortSignal;
  readonly #endsAt: number;
  /** Sources that refused our credentials, with what they said: the other SLIs need not ask. */
  readonly #refusals = new Map<string, ProviderFault>();

  constructor(options: MeasureOptions, deadline: AbortSignal, signal: AbortSignal, endsAt: number) {
    this.#options = options;
    this.#deadline = deadline;
    this.#signal = signal;
    this.#endsAt = endsAt;
  }

  async measure(query: Query): Promise<IndicatorValue> {
    try {
      return success(query.sli, await this.#ask(query));
    } catch (error) {
      this.#options.signal.throwIfAborted();
      if (!(error instanceof ProviderFault)) throw error;
      const message = `SLI '${query.sli}': ${query.source} ${error.message}`;
      return { metric: query.sli, value: 0, comparedValue: 0, success: false, message };
    }
  }

  async #ask(query: Query): Promise<Measurement> {
    const { lateData } = this.#options;
    let tries = 0;
    let lateTries = 0;
    let before: ProviderFault | null = null;
    for (;;) {
      const refusal = this.#refusals.get(query.source);
      if (refusal !== undefined) throw refusal;
      tries += 1;
      try {
        return await this.#try(query);
      } catch (error) {
        const fault = this.#faultOf(error, before);
        before = fault;
        if (fault.kind === 'credentials') this.#refusals.set(query.source, fault);
        const isLate = fault.kind === 'no-data' && lateData !== null && lateTries < lateData.attempts;
        if (isLate) lateTries += 1;
        if (!fault.isRetried && !isLate) throw this.#final(fault, lateTries > 0 ? tries : 1);
        const delayMs = isLate ? (lateData?.delayMs ?? 0) : this.#backOff(tries, fault);
        if (performance.now() + delayMs >= this.#endsAt) throw this.#final(fault, tries);
        await this.#sleep(delayMs, fault, tries);
      }
    }
  }

  async #try(query: Query): Promise<Measurement> {
    const leftMs = Math.max(1, Math.floor(this.#endsAt - performance.now()));
    const timeoutMs = Math.min(this.#options.timeoutMs, leftMs);
    return await query.ask({ context: this.#options.context, timeoutMs, signal: this.#signal });
  }

  /** A try that the deadline cut short says nothing of its own: what the one before it met is the reason. */
  #faultOf(error: unknown, before: ProviderFault | null): ProviderFault {
    this.#options.signal.throwIfAborted();
    const isCut = this.#deadline.aborted || performance.now() >= this.#endsAt;
    if (error instanceof ProviderFault) return isCut && error.kind === 'transport' && before !== null ? before : error;
    if (!isCut) throw error;
    return before ?? new ProviderFault('transport', 'did not answer: is it up and fast enough?', { cause: error });
  }

  /** Full jitter, and never before the server asked for. */
  #backOff(tries: number, { retryAfterMs }: ProviderFault): number {
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (tries - 1));
    return Math.max(BACKOFF_MIN_MS, retryAfterMs ?? 0, (this.#options.random ?? Math.random)() * ceiling);
  }

  async #sleep(delayMs: number, fault: ProviderFault, tries: number): Promise<void> {
    try {
      await sleep(delayMs, undefined, { signal: this.#signal });
    } catch {
      // Only the signal ends it early, and what that means is asked next.
    }
    this.#options.signal.throwIfAborted();
    if (this.#deadline.aborted) throw this.#final(fault, tries);
  }

  #final(fault: ProviderFault, tries: number): ProviderFault {
    if (tries <= 1 && !fault.isRetried) return fault;
    const times = tries === 1 ? 'once' : `${tries} times`;
    const message = `${fault.message} (asked ${times} within the deadline of ${this.#options.deadlineMs} ms; a longer deadline may help)`;
    return new ProviderFault(fault.kind, message, { cause: fault });
  }
}

function success(metric: string, { value, samples, warnings }: Measurement): IndicatorValue {
  return {
    metric,
    value,
    comparedValue: 0,
    success: true,
    message: (warnings ?? []).join('; '),
    ...(samples === undefined ? {} : { samples }),
  };
}
