import { z } from 'zod';
import { evaluationRoutes } from './evaluation-route.ts';
import { namingText } from './naming-text.ts';
import { resultSchema } from './outcome.ts';
import { listQuery, nameQuery, pageOf, timeQuery, typeQuery } from './page.ts';
import { runStateFilterSchema } from './run-state.ts';
import {
  acceptedSchema,
  claimRequestSchema,
  commandAnswerSchema,
  commandRequestSchema,
  contextViewSchema,
  environmentCellSchema,
  eventViewSchema,
  projectPutSchema,
  projectSchema,
  runCommandSchema,
  runCountsSchema,
  runSummarySchema,
  runViewSchema,
  serviceViewSchema,
  sessionRequestSchema,
  sessionSchema,
  shipyardPutAnswerSchema,
  shipyardVersionSchema,
  subscriptionPutSchema,
  subscriptionSchema,
  whySchema,
} from './view.ts';

export type Permission =
  | 'events:write'
  | 'events:read'
  | 'tasks:claim'
  | 'projects:read'
  | 'projects:write'
  | 'shipyards:read'
  | 'shipyards:write'
  | 'runs:read'
  | 'runs:control'
  | 'services:read'
  | 'subscriptions:read'
  | 'subscriptions:write'
  | 'resources:read'
  | 'resources:write'
  | 'evaluations:read'
  | 'evaluations:write'
  | 'public'
  | 'metrics:read';

export type Route = {
  /** operationId in OpenAPI and the method's name in the typed client. */
  id: string;
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** With `{name}` for path parameters. */
  path: string;
  summary: string;
  permission: Permission;
  /** Query parameters; unknown ones are refused with 400. */
  query?: z.ZodObject;
  /** Allows `label.<key>=<value>` beside the named parameters. */
  labelQuery?: boolean;
  body?: z.ZodType;
  /** Content type of the body where it is not JSON. */
  bodyType?: 'application/yaml' | 'application/cloudevents+json';
  /** By status; `undefined` schema: no body. */
  answers: { [status: number]: z.ZodType | undefined };
  answerType?: 'text/event-stream' | 'text/html' | 'text/plain';
};

const runFilter = {
  project: nameQuery,
  stage: nameQuery,
  sequence: nameQuery,
  service: nameQuery,
  state: runStateFilterSchema.optional().describe('A phase, or a state that stands for several of them'),
  result: resultSchema.optional(),
  correlationid: nameQuery,
  ...timeQuery,
};
const eventFilter = {
  correlationid: nameQuery,
  type: typeQuery,
  source: nameQuery,
  project: nameQuery,
  stage: nameQuery,
  service: nameQuery,
  ...timeQuery,
};

const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h)$/, 'must be a length of time, such as 500ms, 25s, 5m or 1h')
  .optional();

/** Every route of the control plane. Router, OpenAPI, typed client and permission checks are made from this. */
export const routes = [
  {
    id: 'sendEvents',
    method: 'POST',
    path: '/v1/events',
    permission: 'events:write',
    summary: 'Take an event or a batch; answers when it is durable. `Prefer: wait=SECONDS` waits for the run.',
    bodyType: 'application/cloudevents+json',
    body: z.unknown(),
    answers: { 200: z.unknown(), 202: acceptedSchema },
  },
  {
    id: 'putData',
    method: 'POST',
    path: '/v1/data',
    permission: 'events:write',
    summary:
      'Take the data of an event that is too large to travel, as JSON of at most 8 MB. The event names them by `dataref`.',
    body: z.unknown(),
    answers: { 201: z.object({ dataref: z.string() }) },
  },
  {
    id: 'getData',
    method: 'GET',
    path: '/v1/data/{id}',
    permission: 'events:read',
    summary: 'What `dataref` of an event names: its data.',
    answers: { 200: z.unknown() },
  },
  {
    id: 'claimTasks',
    method: 'POST',
    path: '/v1/tasks/{task}/claim',
    permission: 'tasks:claim',
    summary: 'Claim attempts of a task. A claim is `started`, with a lease; 204 when there was nothing within `wait`.',
    query: z.object({
      wait: duration.describe('How long to wait for work, default 0s, at most 60s'),
      max: z.coerce.number().int().min(1).max(256).optional(),
      lease: duration.describe(
        "Silence after which the attempt is over; default 60s or the task's heartbeat; at most 24h",
      ),
    }),
    body: claimRequestSchema,
    answers: { 200: z.array(z.record(z.string(), z.unknown())), 204: undefined },
  },
  {
    id: 'listEvents',
    method: 'GET',
    path: '/v1/events',
    permission: 'events:read',
    summary: 'Received and sent events, newest first.',
    query: z.object({ ...eventFilter, ...listQuery }),
    answers: { 200: pageOf(eventViewSchema) },
  },
  {
    id: 'getEvent',
    method: 'GET',
    path: '/v1/events/{id}',
    permission: 'events:read',
    summary: 'One event by its id.',
    query: z.object({ source: nameQuery }),
    answers: { 200: eventViewSchema },
  },
  {
    id: 'listProjects',
    method: 'GET',
    path: '/v1/projects',
    permission: 'projects:read',
    summary: 'All projects.',
    query: z.object(listQuery),
    answers: { 200: pageOf(projectSchema) },
  },
  {
    id: 'getProject',
    method: 'GET',
    path: '/v1/projects/{project}',
    permission: 'projects:read',
    summary: 'One project.',
    answers: { 200: projectSchema },
  },
  {
    id: 'putProject',
    method: 'PUT',
    path: '/v1/projects/{project}',
    permission: 'projects:write',
    summary: 'Create a project or change its settings.',
    body: projectPutSchema,
    answers: { 200: projectSchema, 201: projectSchema },
  },
  {
    id: 'deleteProject',
    method: 'DELETE',
    path: '/v1/projects/{project}',
    permission: 'projects:write',
    summary: 'Delete a project that has no open run, with all its runs.',
    answers: { 204: undefined },
  },
  {
    id: 'putShipyard',
    method: 'PUT',
    path: '/v1/projects/{project}/shipyard',
    permission: 'shipyards:write',
    summary:
      'Upload a shipyard (YAML). 201 with its version, 200 when the meaning did not change, 422 with every problem. Creates the project.',
    query: z.object({ dryRun: z.enum(['true', 'false']).optional() }),
    bodyType: 'application/yaml',
    body: z.string(),
    answers: { 200: shipyardPutAnswerSchema, 201: shipyardPutAnswerSchema },
  },
  {
    id: 'getShipyard',
    method: 'GET',
    path: '/v1/projects/{project}/shipyard',
    permission: 'shipyards:read',
    summary: 'The shipyard in use.',
    answers: { 200: shipyardVersionSchema },
  },
  {
    id: 'listShipyards',
    method: 'GET',
    path: '/v1/projects/{project}/shipyards',
    permission: 'shipyards:read',
    summary: 'All versions, newest first.',
    query: z.object(listQuery),
    answers: { 200: pageOf(shipyardVersionSchema) },
  },
  {
    id: 'getShipyardVersion',
    method: 'GET',
    path: '/v1/projects/{project}/shipyards/{version}',
    permission: 'shipyards:read',
    summary: 'One version.',
    answers: { 200: shipyardVersionSchema },
  },
  ...evaluationRoutes,
  {
    id: 'listRuns',
    method: 'GET',
    path: '/v1/runs',
    permission: 'runs:read',
    summary: 'Runs, newest first.',
    query: z.object({ ...runFilter, ...listQuery }),
    labelQuery: true,
    answers: { 200: pageOf(runSummarySchema) },
  },
  {
    id: 'countRuns',
    method: 'GET',
    path: '/v1/run-counts',
    permission: 'runs:read',
    summary: 'How many runs there are, by phase and result.',
    query: z.object(runFilter),
    labelQuery: true,
    answers: { 200: runCountsSchema },
  },
  {
    id: 'getEnvironment',
    method: 'GET',
    path: '/v1/environment',
    permission: 'runs:read',
    summary: 'The last run and the open runs of each service in each stage; services with the newest runs first.',
    query: z.object({ project: nameQuery }),
    answers: { 200: pageOf(environmentCellSchema) },
  },
  {
    id: 'getRun',
    method: 'GET',
    path: '/v1/runs/{run}',
    permission: 'runs:read',
    summary: 'One run with its tasks and attempts; 304 to `If-None-Match` while the run has the `ETag` named there.',
    answers: { 200: runViewSchema },
  },
  {
    id: 'listRunEvents',
    method: 'GET',
    path: '/v1/runs/{run}/events',
    permission: 'runs:read',
    summary: 'Its events, oldest first.',
    query: z.object(listQuery),
    answers: { 200: pageOf(eventViewSchema) },
  },
  {
    id: 'whyRun',
    method: 'GET',
    path: '/v1/runs/{run}/why',
    permission: 'runs:read',
    summary: 'Why a run waits, as code and sentence.',
    answers: { 200: whySchema },
  },
  {
    id: 'getContext',
    method: 'GET',
    path: '/v1/contexts/{correlationid}',
    permission: 'runs:read',
    summary: 'Every run of one context across stages.',
    answers: { 200: contextViewSchema },
  },
  {
    id: 'commandRun',
    method: 'POST',
    path: '/v1/runs/{run}/{command}',
    permission: 'runs:control',
    summary: `Control a run: ${runCommandSchema.options.join(', ')}.`,
    body: commandRequestSchema.optional(),
    answers: { 200: commandAnswerSchema },
  },
  {
    id: 'listServices',
    method: 'GET',
    path: '/v1/services',
    permission: 'services:read',
    summary: 'Connected and known services by task, and tasks without a service.',
    query: z.object({ project: nameQuery, task: nameQuery }),
    answers: { 200: pageOf(serviceViewSchema) },
  },
  {
    id: 'listSubscriptions',
    method: 'GET',
    path: '/v1/subscriptions',
    permission: 'subscriptions:read',
    summary: 'All push subscriptions.',
    query: z.object(listQuery),
    answers: { 200: pageOf(subscriptionSchema) },
  },
  {
    id: 'getSubscription',
    method: 'GET',
    path: '/v1/subscriptions/{id}',
    permission: 'subscriptions:read',
    summary: 'One push subscription.',
    answers: { 200: subscriptionSchema },
  },
  {
    id: 'putSubscription',
    method: 'PUT',
    path: '/v1/subscriptions/{id}',
    permission: 'subscriptions:write',
    summary: 'Create or replace a push subscription.',
    body: subscriptionPutSchema,
    answers: { 200: subscriptionSchema, 201: subscriptionSchema },
  },
  {
    id: 'deleteSubscription',
    method: 'DELETE',
    path: '/v1/subscriptions/{id}',
    permission: 'subscriptions:write',
    summary: 'End a push subscription.',
    answers: { 204: undefined },
  },
  {
    id: 'stream',
    method: 'GET',
    path: '/v1/stream',
    permission: 'events:read',
    answerType: 'text/event-stream',
    labelQuery: true,
    summary:
      'Server-sent events: `event: event` with an EventView and `event: run` with a RunSummary; `Last-Event-ID` replays.',
    query: z.object({
      ...eventFilter,
      sequence: nameQuery,
      run: nameQuery,
      kind: z.enum(['event', 'run', 'all']).optional().describe('default all'),
      lastEventId: namingText(512)
        .optional()
        .describe('As the header `Last-Event-ID`, which wins, for a client that cannot set headers'),
    }),
    answers: { 200: undefined },
  },
  {
    id: 'getSession',
    method: 'GET',
    path: '/v1/session',
    permission: 'public',
    summary: 'The caller and its permissions.',
    answers: { 200: sessionSchema },
  },
  {
    id: 'createSession',
    method: 'POST',
    path: '/v1/session',
    permission: 'public',
    summary:
      'Exchange a token for a cookie that scripts cannot read. With the cookie, requests other than GET need the header `x-slipway-csrf: 1`.',
    body: sessionRequestSchema,
    answers: { 200: sessionSchema },
  },
  {
    id: 'deleteSession',
    method: 'DELETE',
    path: '/v1/session',
    permission: 'public',
    summary: 'Drop the cookie.',
    answers: { 204: undefined },
  },
  {
    id: 'getOpenApi',
    method: 'GET',
    path: '/v1/openapi.json',
    permission: 'public',
    summary: 'This description.',
    answers: { 200: z.unknown() },
  },
  {
    id: 'getDocs',
    method: 'GET',
    path: '/v1/docs',
    permission: 'public',
    summary: 'This description as a page.',
    answerType: 'text/html',
    answers: { 200: undefined },
  },
  {
    id: 'livez',
    method: 'GET',
    path: '/livez',
    permission: 'public',
    summary: 'Is the process alive.',
    answers: { 200: z.object({ status: z.string() }) },
  },
  {
    id: 'readyz',
    method: 'GET',
    path: '/readyz',
    permission: 'public',
    summary: 'Can it take work: store, bus, lag.',
    answers: { 200: z.unknown(), 503: z.unknown() },
  },
  {
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    permission: 'metrics:read',
    summary: 'Prometheus metrics.',
    answerType: 'text/plain',
    answers: { 200: undefined },
  },
] as const satisfies readonly Route[];

export type RouteId = (typeof routes)[number]['id'];
