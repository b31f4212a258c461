import type { Accepted, Route, RouteId, routes, Waited } from '@slipway/contract';
import { ownValue } from '@slipway/contract';
import type { z } from 'zod';

type RouteOf<Id extends RouteId> = Extract<(typeof routes)[number], { id: Id }>;

/** `/v1/runs/{run}/{command}` gives `{run: string; command: string}`. */
type PathParameters<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { [K in Name]: string } & PathParameters<Rest>
  : unknown;

type QueryParameters<R> = R extends { query: infer Q extends z.ZodType } ? Optional<z.output<Q>> : unknown;
type Optional<T> = { [K in keyof T]?: T[K] | undefined };

type Body<R> = R extends { body: infer B extends z.ZodType }
  ? undefined extends z.input<B>
    ? { body?: z.input<B> }
    : { body: z.input<B> }
  : unknown;

type Labels<R> = R extends { labelQuery: true } ? { labels?: Readonly<Record<string, string>> } : unknown;

/** What a route takes: the parameters of its path and query by name, `labels` where it filters by them, and `body`. */
export type RouteArguments<Id extends RouteId> = ArgumentsOf<RouteOf<Id>>;
/** Route by route: all paths with all queries and bodies at once would be more combinations than TypeScript counts. */
type ArgumentsOf<R> = R extends { path: infer Path extends string }
  ? Flat<PathParameters<Path> & QueryParameters<R> & Body<R> & Labels<R>>
  : never;
type Flat<T> = { [K in keyof T]: T[K] };

/** What a route answers when it does what it was asked. A refusal is thrown as SlipwayProblem. */
export type RouteAnswer<Id extends RouteId> = Id extends 'sendEvents'
  ? Accepted | Waited
  : AnswerOf<Success<RouteOf<Id>['answers']>, RouteOf<Id>>;
type Success<Answers> = Answers[Extract<keyof Answers, 200 | 201 | 202 | 204>];
type AnswerOf<Schemas, R> = Schemas extends z.ZodType
  ? z.output<Schemas>
  : R extends { answerType: 'text/html' | 'text/plain' }
    ? string
    : undefined;

export interface CallOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Until the last byte of the answer; default 30 s. */
  timeoutMs?: number;
}

/** Routes whose answer is one document; `stream` is an iterator of its own. */
export type MethodId = Exclude<RouteId, 'stream'>;

/** One method for each route, under the route's id. Without required parameters there may be no arguments at all. */
export type RouteMethods = {
  [Id in MethodId]: Record<never, never> extends RouteArguments<Id>
    ? (args?: RouteArguments<Id>, options?: CallOptions) => Promise<RouteAnswer<Id>>
    : (args: RouteArguments<Id>, options?: CallOptions) => Promise<RouteAnswer<Id>>;
};

/** The path with its parameters in place, and the rest of the arguments as the query. */
export function pathOf(route: Route, args: Readonly<Record<string, unknown>>): string {
  const used = new Set(['body', 'labels']);
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    used.add(name);
    const value = ownValue(args, name);
    if (typeof value !== 'string' || value === '')
      throw new TypeError(`${route.id} needs ${name}: a text that is not empty`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) {
    if (!used.has(name) && value !== undefined) query.append(name, String(value));
  }
  const { labels } = args;
  if (typeof labels === 'object' && labels !== null) {
    for (const [key, value] of Object.entries(labels)) query.append(`label.${key}`, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
