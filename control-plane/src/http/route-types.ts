import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RouteId, RunCommand, routes } from '@slipway/contract';
import type { z } from 'zod';
import type { Caller } from './auth.ts';

/** Routes that are answered before the router: they are asked for so often that its cost would be felt. */
export type RawRouteId = 'sendEvents' | 'claimTasks' | 'livez';
export type TableRouteId = Exclude<RouteId, RawRouteId>;

type RouteOf<Id extends RouteId> = Extract<(typeof routes)[number], { id: Id }>;

/** `/v1/runs/{run}/{command}` gives `{run: string; command: string}`. */
type PathParameters<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { [K in Name]: K extends 'command' ? RunCommand : string } & PathParameters<Rest>
  : unknown;

/** A parameter that was not given is not there: the schemas never make an `undefined` of one. */
type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };
type Query<R> = R extends { query: infer Q extends z.ZodType } ? Present<z.output<Q>> : Record<never, never>;
type Body<R> = R extends { bodyType: 'application/yaml' }
  ? string
  : R extends { body: infer B extends z.ZodType }
    ? z.output<B>
    : undefined;

/** A request of one route, read: what a handler sees of it has passed the route's schemas. */
export type Call<Id extends RouteId> = {
  params: PathParameters<RouteOf<Id>['path']>;
  query: Query<RouteOf<Id>>;
  labels: Record<string, string>;
  body: Body<RouteOf<Id>>;
  caller: Caller;
  req: IncomingMessage;
  res: ServerResponse;
};

export type Reply = {
  status: number;
  /** Written as JSON; absent: no body. */
  body?: unknown;
  headers?: readonly string[];
};

/** Undefined: the handler has answered itself. */
type Answer = Promise<Reply | undefined> | Reply | undefined;
export type Handler<Id extends RouteId> = (call: Call<Id>) => Answer;
/** Whichever route's. */
export type AnyHandler = (call: never) => Answer;

/** One for each route of the table, so that a route without a handler does not compile. */
export type Handlers = { [Id in TableRouteId]: Handler<Id> };
