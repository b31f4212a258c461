import type { Accepted, Result, Route, RunPhase, RunState, Status, Waited } from '@slipway/contract';
import { routes } from '@slipway/contract';
import { EVENT_CHARS_MAX } from '../by-reference.ts';
import { type HttpAnswer, HttpDoor } from '../http/door.ts';
import { problemOf } from '../http/problem.ts';
import { type CallOptions, pathOf, type RouteArguments, type RouteMethods } from './arguments.ts';
import { type StreamItem, type StreamOptions, streamEvents } from './stream.ts';

export interface ClientOptions {
  /** Such as http://127.0.0.1:8484. */
  server: string;
  token?: string | undefined;
  /** Who sends the events that `trigger` makes; default `/slipway-client`. */
  source?: string | undefined;
}

export interface TriggerRequest {
  stage: string;
  sequence: string;
  project?: string | undefined;
  /** What is being worked on. */
  service?: string | undefined;
  data?: Readonly<Record<string, unknown>> | undefined;
  labels?: Readonly<Record<string, string>> | undefined;
  /** The same id from the same source starts nothing twice. Default: a new one. */
  id?: string | undefined;
  /** Joins the run to a context that exists. */
  correlationId?: string | undefined;
  /** Seconds to wait for the run's end. */
  waitS?: number | undefined;
}

/** The run that was started; `state` and what follows it only when it was waited for and ended in time. */
export interface Triggered {
  run: string;
  correlationid: string;
  /** False when this id had been sent before. */
  isNew: boolean;
  state?: RunState;
  /** What people are shown: see `runPhases` of the contract. */
  phase?: RunPhase;
  result?: Result;
  status?: Status;
  message?: string;
  output?: unknown;
}

export interface Client extends RouteMethods {
  readonly server: string;
  /** Starts a sequence. */
  trigger(request: TriggerRequest, options?: CallOptions): Promise<Triggered>;
  /** What happens from now on, or after `lastEventId`; goes on where it was when the connection breaks. Ends with `signal`. */
  stream(args?: RouteArguments<'stream'>, options?: StreamOptions): AsyncGenerator<StreamItem, void, undefined>;
  /** Breaks the connections that are left. */
  close(): void;
}

/** A method for each route of the control plane, made from the table that its router is made from. */
export function createClient(options: ClientOptions): Client {
  const door = new HttpDoor(options);
  const methods = Object.fromEntries(
    routes
      .filter((route) => route.id !== 'stream')
      .map((route) => [route.id, (args?: Arguments, call?: CallOptions) => ask(door, route, args ?? {}, call ?? {})]),
  ) as unknown as RouteMethods; // The table gives each name; TypeScript cannot follow it through Object.fromEntries.
  return {
    ...methods,
    server: door.server,
    trigger: (request, call) => trigger(methods, options.source ?? '/slipway-client', request, call),
    stream: (args, call) => streamEvents(door, args ?? {}, call ?? {}),
    close: () => door.close(),
  };
}

type Arguments = Readonly<Record<string, unknown>>;

/** Answers are not checked against their schemas: a newer server may say more than this client knows. */
async function ask(door: HttpDoor, route: Route, args: Arguments, call: CallOptions): Promise<unknown> {
  const path = pathOf(route, args);
  const { body } = args;
  const bodyType = route.bodyType ?? 'application/json';
  const asYaml = bodyType === 'application/yaml';
  const batch = route.id === 'sendEvents' && Array.isArray(body);
  const headers: Record<string, string> = { accept: route.answerType ?? 'application/json', ...call.headers };
  if (body !== undefined) headers['content-type'] ??= batch ? 'application/cloudevents-batch+json' : bodyType;
  const answer = await door.exchange({
    method: route.method,
    path,
    headers,
    ...(body === undefined ? {} : { body: asYaml ? String(body) : JSON.stringify(body) }),
    ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
    signal: call.signal,
  });
  return readAnswer(route, answer, path);
}

function readAnswer(route: Route, answer: HttpAnswer, path: string): unknown {
  const { status, text } = answer;
  // A readiness check that says no is an answer too.
  if (status >= 400 && !(status in route.answers)) throw problemOf(answer, `${route.method} ${path}`);
  if (text === '') return undefined;
  if (route.answerType !== undefined) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw problemOf({ status, text: `the answer is not JSON: ${text.slice(0, 100)}` }, `${route.method} ${path}`);
  }
}

const WAIT_GRACE_MS = 15_000;

async function trigger(
  methods: RouteMethods,
  source: string,
  request: TriggerRequest,
  call: CallOptions = {},
): Promise<Triggered> {
  const { stage, sequence, project, service, data, labels, waitS, correlationId } = request;
  const id = request.id ?? crypto.randomUUID();
  const event = {
    specversion: '1.0',
    id,
    source,
    type: `${stage}.${sequence}.triggered`,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    correlationid: correlationId,
    data: { ...data, project: project ?? 'default', stage, service, labels },
  };
  const waiting = waitS === undefined ? {} : { timeoutMs: waitS * 1000 + WAIT_GRACE_MS };
  const headers = { ...call.headers, ...(waitS === undefined ? {} : { prefer: `wait=${waitS}` }) };
  const body = await smallEnough(methods, event, call);
  const answer = await methods.sendEvents({ body }, { ...waiting, ...call, headers });
  return 'items' in answer ? accepted(answer, id) : waited(answer);
}

/** What is larger than an event may be goes by reference. */
async function smallEnough(
  methods: RouteMethods,
  event: { data: Record<string, unknown> },
  call: CallOptions,
): Promise<unknown> {
  if (JSON.stringify(event).length <= EVENT_CHARS_MAX) return event;
  const { project, stage, service } = event.data;
  const { dataref } = await methods.putData({ body: event.data }, call);
  return { ...event, dataref, data: { project, stage, service } };
}

function accepted(answer: Accepted, id: string): Triggered {
  const [item] = answer.items;
  if (item?.run === undefined) {
    throw new TypeError(
      `the server took the trigger ${id} and named no run for it (${item?.code ?? 'without a reason'})`,
    );
  }
  return { run: item.run, correlationid: item.correlationid ?? '', isNew: item.outcome === 'accepted' };
}

function waited(answer: Waited): Triggered {
  const { result, status, message } = answer;
  return {
    ...{ run: answer.run, correlationid: answer.correlationid, isNew: true, state: answer.state },
    ...(result === undefined ? {} : { result }),
    ...(status === undefined ? {} : { status }),
    ...(message === undefined ? {} : { message }),
    ...(answer.output === undefined ? {} : { output: answer.output }),
  };
}
