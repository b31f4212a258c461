import type { QueryContext } from './placeholders.ts';

/** What a provider found. `warnings` travel with the value. */
export interface Measurement {
  readonly value: number;
  readonly samples?: readonly number[];
  readonly warnings?: readonly string[];
}

/** One try. It ends by itself within `timeoutMs`, or when the signal aborts; trying again is the caller's business. */
export interface Attempt {
  readonly context: QueryContext;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A query with where it goes, ready to be asked as often as needed. */
export interface Query {
  readonly sli: string;
  /** The source's name and address, as messages show them. */
  readonly source: string;
  ask(attempt: Attempt): Promise<Measurement>;
}
