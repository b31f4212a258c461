import type { EventView, RunSummary } from '@slipway/contract';
import { routes } from '@slipway/contract';
import { backoffMs, retryAfterMs } from '../backoff.ts';
import { ServerUnreachable, type SlipwayProblem } from '../errors.ts';
import type { HttpDoor } from '../http/door.ts';
import { parseJson, problemOf } from '../http/problem.ts';
import { pathOf, type RouteArguments } from './arguments.ts';
import { type SseMessage, SseReader } from './sse.ts';

export interface StreamOptions {
  signal?: AbortSignal;
  /** Goes on after this item of an earlier stream. */
  lastEventId?: string;
  /** Called when the connection was lost and is tried again. */
  onRetry?: (why: string) => void;
}

/** `other` is what a newer server may say, such as that items were left out for a slow reader. */
export type StreamItem =
  | { kind: 'event'; id: string; event: EventView }
  | { kind: 'run'; id: string; run: RunSummary }
  | { kind: 'other'; id: string; name: string; data: unknown };

/** Silence after which the connection counts as lost; the server says something each 15 s. */
const SILENCE_MS = 60_000;

const streamRoute = routes.find((route) => route.id === 'stream');

/** Reads the stream, and after a break goes on behind the last item that was read. Throws SlipwayProblem when refused. */
export async function* streamEvents(
  door: HttpDoor,
  args: RouteArguments<'stream'>,
  options: StreamOptions,
): AsyncGenerator<StreamItem, void, undefined> {
  if (streamRoute === undefined) throw new Error('the contract has no route named stream');
  const path = pathOf(streamRoute, args);
  const isOver = (): boolean => options.signal?.aborted === true;
  let { lastEventId } = options;
  for (let failures = 0; !isOver(); ) {
    let why = 'the server ended the stream';
    let asked = 0;
    try {
      for await (const message of connection(door, path, lastEventId, options.signal)) {
        failures = 0;
        if (message.id !== '') lastEventId = message.id;
        yield itemOf(message);
      }
    } catch (error) {
      if (isOver()) return;
      if (!isTransient(error)) throw error;
      why = error.message;
      asked = 'problem' in error ? (error.problem.retryAfterMs ?? 0) : 0;
    }
    if (isOver()) return;
    options.onRetry?.(why);
    await pause(backoffMs(failures++, asked), options.signal);
  }
}

async function* connection(
  door: HttpDoor,
  path: string,
  lastEventId: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<SseMessage, void, undefined> {
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  const { status, headers: answered, body } = await door.stream({ method: 'GET', path, headers, signal });
  const abort = (): void => void body.destroy();
  signal?.addEventListener('abort', abort, { once: true });
  let silence = setTimeout(abort, SILENCE_MS);
  try {
    body.setEncoding('utf8');
    if (status !== 200) throw await refusal(status, answered['retry-after'], body, path);
    const reader = new SseReader();
    for await (const chunk of body) {
      clearTimeout(silence);
      silence = setTimeout(abort, SILENCE_MS);
      yield* reader.read(String(chunk));
    }
  } catch (error) {
    if (error instanceof Error && !('problem' in error)) {
      throw new ServerUnreachable(door.server, { reason: `the stream broke: ${error.message}`, cause: error });
    }
    throw error;
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener('abort', abort);
    body.destroy();
  }
}

async function refusal(
  status: number,
  retryAfter: string | undefined,
  body: AsyncIterable<unknown>,
  path: string,
): Promise<SlipwayProblem> {
  let text = '';
  for await (const chunk of body) text = (text + String(chunk)).slice(0, 64 * 1024);
  const problem = problemOf({ status, text }, `GET ${path}`);
  problem.problem.retryAfterMs ??= retryAfterMs(retryAfter);
  return problem;
}

function isTransient(error: unknown): error is ServerUnreachable | SlipwayProblem {
  if (error instanceof ServerUnreachable) return true;
  if (!(error instanceof Error && 'problem' in error && 'status' in error)) return false;
  return error.status === 429 || (typeof error.status === 'number' && error.status >= 500);
}

function itemOf({ id, event, data }: SseMessage): StreamItem {
  const value = parseJson(data);
  // The server's word is taken for the shape, as everywhere in the client.
  if (event === 'event') return { kind: 'event', id, event: value as EventView };
  if (event === 'run') return { kind: 'run', id, run: value as RunSummary };
  return { kind: 'other', id, name: event, data: value };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
