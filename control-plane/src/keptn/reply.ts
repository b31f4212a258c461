import { Refusal } from '../runtime/control-plane.ts';

/** What a route answers. `body` undefined is Keptn's empty success, `{}`. */
export type Reply = { readonly status: number; readonly body?: unknown };

/** A refusal in Keptn's own form: `{"code": <integer>, "message": "<text>"}`. Its clients drop both when the code is a text. */
export class KeptnError extends Error {
  override name = 'KeptnError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function notFound(
  what: 'Project' | 'Stage' | 'Service' | 'Resource' | 'Integration' | 'Subscription',
): KeptnError {
  // Clients look for these very words.
  return new KeptnError(404, `${what} not found`);
}

/** Turns one of Slipway's refusals that mean "there is no such thing" into `otherwise`. */
export function orNotFound<T>(promise: Promise<T>, otherwise: KeptnError): Promise<T> {
  return promise.catch((error: unknown) => {
    const isMissing = error instanceof Refusal && MISSING.has(error.code);
    throw isMissing ? otherwise : error;
  });
}

const MISSING: ReadonlySet<string> = new Set([
  'not-found',
  'unknown-project',
  'no-shipyard',
  'unknown-run',
  'unknown-stage',
]);

const PAGE_DEFAULT = 20;
const PAGE_MAX = 1_000;
const OFFSET_MAX = 100_000;

export type Page = { readonly offset: number; readonly size: number };

/** `pageSize` and `nextPageKey` of a query; Keptn ignores what is no number. */
export function pageOf(query: URLSearchParams): Page {
  return {
    offset: Math.min(wholeNumber(query.get('nextPageKey')) ?? 0, OFFSET_MAX),
    size: Math.min(wholeNumber(query.get('pageSize')) || PAGE_DEFAULT, PAGE_MAX),
  };
}

/** Keptn's first form of a page: the next key is a text, "0" at the end. */
export function pageA(name: string, all: readonly unknown[], { offset, size }: Page): Reply {
  const items = all.slice(offset, offset + size);
  const next = offset + size < all.length ? String(offset + size) : '0';
  return { status: 200, body: { [name]: items, nextPageKey: next, pageSize: items.length, totalCount: all.length } };
}

/** Its second form: numbers, and no page size means everything. */
export function pageB(name: string, all: readonly unknown[], query: URLSearchParams): Reply {
  const offset = wholeNumber(query.get('nextPageKey')) ?? 0;
  const size = wholeNumber(query.get('pageSize')) || PAGE_MAX;
  const items = all.slice(offset, offset + size);
  const next = offset + size < all.length ? offset + size : 0;
  return { status: 200, body: { [name]: items, nextPageKey: next, pageSize: items.length, totalCount: all.length } };
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
