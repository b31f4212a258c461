/**
 * Why a value could not be had. The kind decides what happens next: `transport`, `throttled`, `server` and `garbage` are
 * tried again inside the deadline, `no-data` only where the file asks for late data, `credentials` fails every SLI of
 * the source at once, the rest is final.
 */
export type FaultKind =
  | 'transport'
  | 'throttled'
  | 'server'
  | 'garbage'
  | 'caller'
  | 'credentials'
  | 'refused'
  | 'no-data'
  | 'ambiguous'
  | 'not-a-number';

const RETRIED: ReadonlySet<FaultKind> = new Set(['transport', 'throttled', 'server', 'garbage']);

/** Thrown by a provider. The message says what happened and the way out; who asked for what is added by `measureAll`. */
export class ProviderFault extends Error {
  readonly kind: FaultKind;
  readonly retryAfterMs: number | undefined;

  constructor(kind: FaultKind, message: string, options: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProviderFault';
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }

  get isRetried(): boolean {
    return RETRIED.has(this.kind);
  }
}

/** Texts of others are shown cut and on one line. */
export function excerpt(text: string, max = 120): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > max ? `${line.slice(0, max)}…` : line;
}
