import type { Problem } from '@slipway/contract';
import { reportSignedOut } from './session.ts';

/** The server answered with problem+json, or could not be reached (`status` 0). */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly problem: Problem | undefined;

  constructor(message: string, options: { status: number; problem?: Problem | undefined; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.status = options.status;
    this.problem = options.problem;
  }
}

export type Query = Record<string, string | number | undefined>;

const REQUEST_TIMEOUT_MS = 30_000;

type Request = {
  method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  path: string;
  query?: Query | undefined;
  body?: { type: string; text: string } | undefined;
  /** The version that this replaces: with another in use the server refuses (412). */
  ifMatch?: string | undefined;
  signal?: AbortSignal | undefined;
};

/** One request to the public API. Relative, so that the page works behind any name and any proxy. */
export async function request<T>(options: Request): Promise<T> {
  return (await requestTagged<T>(options)).value;
}

/** The answer with its `ETag`, which names the version for `ifMatch`. */
export async function requestTagged<T>(options: Request): Promise<{ value: T; tag: string | undefined }> {
  const { method = 'GET', path, query, body, ifMatch, signal } = options;
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body) headers['content-type'] = body.type;
  if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`;
  // What makes a request from another page's form or image recognisable: those cannot set a header.
  if (method !== 'GET') headers['x-slipway-csrf'] = '1';
  let response: Response;
  let text: string;
  try {
    response = await fetch(path + queryText(query), {
      method,
      headers,
      body: body?.text ?? null,
      credentials: 'same-origin',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const why = timeout.aborted ? `did not answer within ${REQUEST_TIMEOUT_MS / 1000} s` : 'cannot be reached';
    throw new ApiError(`The control plane ${why}. Is it still running?`, { status: 0, cause });
  }
  if (response.ok) {
    const tag = /^"(.*)"$/.exec(response.headers.get('etag') ?? '')?.[1];
    return { value: (text === '' ? undefined : JSON.parse(text)) as T, tag };
  }
  if (response.status === 401) reportSignedOut();
  throw failureOf(response.status, text);
}

/** What a person reads of it: what is wrong, then each place on a line of its own. */
export function failureText(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  const errors = failure instanceof ApiError ? failure.problem?.errors : undefined;
  const isTold = (text: string | undefined): boolean => text === undefined || failure.message.includes(text);
  const told = errors?.filter(({ detail, pointer }) => !isTold(detail) || !isTold(pointer)) ?? [];
  const places = told.map(({ pointer, detail }) => `${pointer ?? ''} ${detail}`.trim());
  return [failure.message, ...places].join('\n');
}

/** `path` with each part encoded: names come from people. */
export function pathOf(parts: TemplateStringsArray, ...names: string[]): string {
  return parts.reduce((path, part, index) => path + encodeURIComponent(names[index - 1] ?? '') + part);
}

export function jsonBody(value: unknown, type = 'application/json'): { type: string; text: string } {
  return { type, text: JSON.stringify(value) };
}

export function queryText(query: Query | undefined): string {
  const entries = Object.entries(query ?? {}).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [[key, String(value)]],
  );
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`;
}

function failureOf(status: number, text: string): ApiError {
  try {
    const problem: Problem = JSON.parse(text);
    if (typeof problem.detail === 'string') return new ApiError(problem.detail, { status, problem });
  } catch {
    // Not from the control plane, but from something in between.
  }
  return new ApiError(`The server answered with HTTP ${status}.`, { status });
}
