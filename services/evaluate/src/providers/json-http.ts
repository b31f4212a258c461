import type { Reducer } from '@slipway/evaluation';
import { type JsonValue, query as select } from 'jsonpath-rfc9535';
import { faultOfStatus, isRecord, jsonOf } from './answer.ts';
import { excerpt, ProviderFault } from './fault.ts';
import { exchange } from './http-client.ts';
import { fillIn } from './placeholders.ts';
import { finite, reduce } from './reduce.ts';
import type { Attempt, Measurement } from './types.ts';

export interface JsonQuery {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** RFC 9535. Several matches are samples, and the reducer makes one value of them. */
  readonly path: string;
  readonly reduce?: Reducer;
}

/** An address that the operator configured, with headers that may hold secrets: they go nowhere but below it. */
export interface JsonBase {
  /** Ends with a slash. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether an address that an author wrote may be asked although it is not public. */
export type IsAllowed = (url: URL) => boolean;

export function askJson(query: JsonQuery, isAllowed: IsAllowed, attempt: Attempt): Promise<Measurement> {
  const url = addressOf(fillUrl(query.url, attempt));
  return askAt(url, isAllowed(url), query, attempt);
}

/** The address in the query is relative to the base, and must stay below it once it is filled in. */
export function askJsonBelow(base: JsonBase, query: JsonQuery, attempt: Attempt): Promise<Measurement> {
  const relative = fillUrl(query.url, attempt);
  const url = addressOf(relative, base.url);
  if (url.origin !== base.url.origin || !url.pathname.startsWith(base.url.pathname)) {
    throw new ProviderFault('refused', `${excerpt(relative)} leads away from ${base.url.href}: write a path below it`);
  }
  return askAt(url, true, { ...query, headers: { ...query.headers, ...base.headers } }, attempt);
}

async function askAt(url: URL, trusted: boolean, query: JsonQuery, attempt: Attempt): Promise<Measurement> {
  const body = query.body === undefined ? undefined : JSON.stringify(fillTexts(query.body, attempt));
  const answer = await exchange({
    url,
    method: query.method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...query.headers },
    ...(body === undefined ? {} : { body }),
    timeoutMs: attempt.timeoutMs,
    signal: attempt.signal,
    trusted,
  });
  if (answer.status < 200 || answer.status > 299) throw faultOfStatus(answer, wordsOf);
  return readValue(jsonOf(answer), query);
}

/** Placeholders within an address are encoded: a label must not become another host or parameter. */
function fillUrl(url: string, { context }: Attempt): string {
  const encoded = (text: string): string => encodeURIComponent(text);
  const all = (fields: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, encoded(value)]));
  return fillIn(url, {
    ...context,
    project: encoded(context.project),
    stage: encoded(context.stage),
    service: encoded(context.service),
    deployment: encoded(context.deployment),
    labels: all(context.labels),
    filters: all(context.filters),
  });
}

/** In a body the texts are filled in, however deep; what came from an event stays inside its text. */
function fillTexts(value: unknown, attempt: Attempt): unknown {
  if (typeof value === 'string') return fillIn(value, attempt.context);
  if (Array.isArray(value)) return value.map((item: unknown) => fillTexts(item, attempt));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillTexts(item, attempt)]));
}

function addressOf(text: string, base?: URL): URL {
  try {
    return new URL(text, base);
  } catch (error) {
    throw new ProviderFault(
      'caller',
      `${excerpt(text)} is not an address: write http://host/path or https://host/path`,
      {
        cause: error,
      },
    );
  }
}

function wordsOf(body: unknown): string | null {
  if (!isRecord(body)) return null;
  const words = body.detail ?? body.message ?? body.error ?? body.title;
  return typeof words === 'string' ? words : null;
}

function readValue(body: unknown, { path, reduce: reducer }: JsonQuery): Measurement {
  if (/\b(?:match|search)\s*\(/.test(path)) {
    throw new ProviderFault(
      'caller',
      'match() and search() are refused in a path: a regular expression can block the process',
    );
  }
  let found: readonly JsonValue[];
  try {
    // What JSON.parse gives is JSON.
    found = select(body as JsonValue, path);
  } catch (error) {
    const why = error instanceof Error ? excerpt(error.message) : '';
    throw new ProviderFault('caller', `${excerpt(path)} is not a JSONPath (${why}): write one such as $.data.value`, {
      cause: error,
    });
  }
  const values = found.flat().filter((value) => value !== null);
  if (values.length === 0) throw new ProviderFault('no-data', `${excerpt(path)} matches nothing in the answer`);
  if (values.length === 1) return { value: finite(values[0]) };
  if (reducer === undefined) {
    throw new ProviderFault(
      'ambiguous',
      `${excerpt(path)} matches ${values.length} values: make it match one, or set reduce to avg, max, ...`,
    );
  }
  const samples = values.map(finite);
  return { value: reduce(samples, reducer), samples };
}
