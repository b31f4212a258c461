import type { z } from 'zod';
import { isObject } from './json.ts';
import type { JsonSchema } from './json-schema.ts';
import { jsonSchemasOf } from './json-schema.ts';
import { ownValue, putOwn } from './own-value.ts';
import type { Permission, Route } from './route.ts';
import { routes } from './route.ts';
import { componentSchemas } from './schema-table.ts';
import { runCommandSchema } from './view.ts';

/** An OpenAPI 3.1 document, as JSON. */
export type OpenApiDocument = {
  openapi: string;
  info: JsonSchema;
  servers: JsonSchema[];
  tags: JsonSchema[];
  security: JsonSchema[];
  paths: Record<string, Record<string, JsonSchema>>;
  components: Record<string, Record<string, unknown>>;
};

/**
 * The description of the whole API, made from the route table. It is what `/v1/openapi.json` answers and what
 * `schemas/openapi.json` holds.
 */
export function openApiDocument(): OpenApiDocument {
  const schemas = convertSchemas(routes);
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route, schemas) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Slipway',
      version: 'v1',
      summary: 'A control plane for event-driven sequences',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The server that answered this' }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of the token file; none on loopback without one',
        },
      },
      responses: { Problem: PROBLEM_RESPONSE },
      schemas: schemas.components,
    },
  };
}

const DESCRIPTION = `Everything that happens is a CloudEvent: one starts a sequence, task services get one for each task and answer with one.
Lists answer \`{items, next}\`, newest first; \`cursor\` takes the \`next\` of the page before. Times are epoch milliseconds, UTC.
Every refusal is \`application/problem+json\` (RFC 9457) with a stable \`code\`. \`x-permission\` names what a caller must be allowed to do.`;

const TAGS = [
  ['events', 'Send events; read received and sent events'],
  ['tasks', 'Be a task service over HTTP'],
  ['projects', 'Projects and their shipyards'],
  ['resources', 'slo.yaml and sli.yaml, which live with the project'],
  ['evaluations', 'Judge metrics against objectives, and see why'],
  ['runs', 'List, inspect and control runs'],
  ['services', 'Services and their tasks'],
  ['subscriptions', 'Have events sent to an address'],
  ['stream', 'Follow everything as server-sent events'],
  ['about', 'This description, and the caller'],
  ['machines', 'Health and metrics'],
] as const;

const TAG_BY_SEGMENT: Record<string, (typeof TAGS)[number][0]> = {
  events: 'events',
  tasks: 'tasks',
  projects: 'projects',
  runs: 'runs',
  contexts: 'runs',
  services: 'services',
  subscriptions: 'subscriptions',
  stream: 'stream',
  session: 'about',
  'openapi.json': 'about',
  docs: 'about',
};

type Schemas = {
  components: Record<string, JsonSchema>;
  /** The schema where it is used: a reference when it has a name. */
  at: (schema: z.ZodType) => JsonSchema;
};

const componentUri = (name: string): string => `#/components/schemas/${name}`;

/** Converts everything at once, because zod refers from one schema to another only within one conversion. */
function convertSchemas(table: readonly Route[]): Schemas {
  const named: Record<string, z.ZodType> = { ...componentSchemas };
  const nameOf = new Map<z.ZodType, string>(Object.entries(named).map(([name, schema]) => [schema, name]));
  const isComponent = new Set(Object.keys(componentSchemas));
  for (const route of table) {
    for (const schema of [route.query, route.body, ...Object.values(route.answers)]) {
      if (schema === undefined || nameOf.has(schema)) continue;
      const name = `inline-${nameOf.size}`;
      putOwn(named, name, schema);
      nameOf.set(schema, name);
    }
  }
  const converted = jsonSchemasOf(named, componentUri);
  const bare = Object.entries(converted).map(([name, { $schema: _, $id: __, ...schema }]) => [name, schema] as const);
  const byName = new Map<string, JsonSchema>(bare);
  return {
    components: Object.fromEntries(bare.filter(([name]) => isComponent.has(name))),
    at: (schema) => {
      const name = nameOf.get(schema) ?? '';
      return isComponent.has(name) ? { $ref: componentUri(name) } : { ...byName.get(name) };
    },
  };
}

function operationOf(route: Route, schemas: Schemas): JsonSchema {
  const [segment = ''] = route.path.replace(/^\/v1\//, '').split('/');
  const parameters = [
    ...pathParameters(route),
    ...queryParameters(route, schemas),
    ...(ownValue(HEADERS, route.id) ?? []),
  ];
  const body = requestBodyOf(route, schemas);
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [tagOf(route, segment)],
    'x-permission': route.permission satisfies Permission,
    ...(route.permission === 'public' ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: responsesOf(route, schemas),
  };
}

/** What lies below a project has its tag by what it is. */
function tagOf({ permission }: Route, segment: string): string {
  const [things = ''] = permission.split(':');
  return things === 'resources' || things === 'evaluations'
    ? things
    : (ownValue(TAG_BY_SEGMENT, segment) ?? 'machines');
}

const PATH_PARAMETERS: Record<string, { description: string; schema?: JsonSchema }> = {
  id: { description: 'The id of the event, subscription or evaluation' },
  task: { description: 'The task type' },
  project: { description: 'The name of the project' },
  stage: { description: 'The name of the stage' },
  service: { description: 'The service that the run is about' },
  version: { description: 'The hash of the meaning, as `PUT` answered it' },
  run: { description: 'The id of the run' },
  correlationid: { description: 'The context' },
  command: { description: 'What to do', schema: { type: 'string', enum: runCommandSchema.options } },
};

function pathParameters(route: Route): JsonSchema[] {
  return [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    const { description, schema = { type: 'string' } } = ownValue(PATH_PARAMETERS, name) ?? { description: name };
    return { name, in: 'path', required: true, description, schema };
  });
}

function queryParameters(route: Route, schemas: Schemas): JsonSchema[] {
  const { properties, required } = route.query === undefined ? {} : schemas.at(route.query);
  const mandatory: readonly unknown[] = Array.isArray(required) ? required : [];
  const parameters = Object.entries(isObject(properties) ? properties : {}).map(([name, property]) => {
    const { description, ...schema } = isObject(property) ? property : {};
    return {
      name,
      in: 'query',
      ...(mandatory.includes(name) ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
  if (!route.labelQuery) return parameters;
  const description = 'Rows with this label: `label.<key>=<value>`, once for each label';
  const schema = { type: 'object', propertyNames: { pattern: '^label\\.' }, additionalProperties: { type: 'string' } };
  return [...parameters, { name: 'label', in: 'query', description, style: 'form', explode: true, schema }];
}

/** Headers with a meaning beyond HTTP's own, by route. */
const HEADERS: Record<string, JsonSchema[]> = {
  sendEvents: [
    {
      name: 'Prefer',
      in: 'header',
      description: '`wait=SECONDS`: answer when the run has ended, or after this time',
      schema: { type: 'string' },
      example: 'wait=30',
    },
    {
      name: 'Idempotency-Key',
      in: 'header',
      description: 'A repeat with the same key gets the first answer, as one with the same `source` and `id` does',
      schema: { type: 'string', maxLength: 256 },
    },
  ],
  stream: [
    {
      name: 'Last-Event-ID',
      in: 'header',
      description: 'The `id:` of the last message that was seen: everything after it is sent again',
      schema: { type: 'string' },
    },
  ],
};

function requestBodyOf(route: Route, schemas: Schemas): JsonSchema | undefined {
  if (route.body === undefined) return undefined;
  if (route.bodyType === 'application/cloudevents+json') return EVENT_BODY;
  const schema = schemas.at(route.body);
  return {
    required: !route.body.safeParse(undefined).success,
    content: { [route.bodyType ?? 'application/json']: { schema } },
  };
}

const EVENT = { anyOf: [{ $ref: componentUri('CloudEvent') }, { $ref: componentUri('KeptnCloudEvent') }] };
const EVENT_BODY = {
  required: true,
  description:
    'Structured mode, a batch, or binary mode: any other content type, the attributes as `ce-` headers, the data as body.',
  content: {
    'application/cloudevents+json': { schema: EVENT },
    'application/cloudevents-batch+json': { schema: { type: 'array', items: EVENT } },
    'application/json': { schema: { description: 'The data of an event in binary mode' } },
  },
};

function responsesOf(route: Route, schemas: Schemas): JsonSchema {
  const responses: JsonSchema = {};
  for (const [status, schema] of Object.entries(route.answers)) {
    putOwn(responses, status, {
      description: ownValue(SUCCESS, status) ?? 'Done',
      ...answerContent(route, status, schema, schemas),
    });
  }
  for (const status of refusalsOf(route)) putOwn(responses, status, { $ref: '#/components/responses/Problem' });
  // Whatever else goes wrong has the same shape.
  responses.default = { $ref: '#/components/responses/Problem' };
  return responses;
}

const SUCCESS: Record<string, string> = {
  200: 'The answer',
  201: 'Created',
  202: 'Taken, and durable',
  204: 'Done, or nothing there',
};

function answerContent(route: Route, status: string, schema: z.ZodType | undefined, schemas: Schemas): JsonSchema {
  if (route.answerType !== undefined) return { content: { [route.answerType]: { schema: { type: 'string' } } } };
  if (schema === undefined) return {};
  if (route.id === 'sendEvents' && status === '200') {
    // The wait was long enough, or the same request was answered before.
    const anyOf = [{ $ref: componentUri('Waited') }, { $ref: componentUri('Accepted') }];
    return { content: { 'application/json': { schema: { anyOf } } } };
  }
  if (route.id === 'claimTasks') {
    const claimed = { type: 'array', items: EVENT };
    return { content: { 'application/cloudevents-batch+json': { schema: claimed } } };
  }
  return { content: { 'application/json': { schema: schemas.at(schema) } } };
}

/** The refusals that a caller of this route should expect, by HTTP status. */
function refusalsOf(route: Route): string[] {
  const refusals: string[] = [];
  if (route.query !== undefined || route.body !== undefined) refusals.push('400');
  if (route.permission !== 'public') refusals.push('401', '403');
  if (route.path.includes('{')) refusals.push('404');
  refusals.push(...(ownValue(CONFLICTS, route.id) ?? []));
  if (route.body !== undefined) refusals.push('413', '415');
  if (route.id === 'sendEvents' || route.id === 'claimTasks') refusals.push('429');
  if (route.permission !== 'public') refusals.push('503');
  return refusals;
}

/** Refusals that come from the state of things, and not from the request alone. */
const CONFLICTS: Record<string, string[]> = {
  sendEvents: ['409', '422'],
  commandRun: ['409'],
  deleteProject: ['409'],
  putProject: ['412', '422'],
  putShipyard: ['412', '422', '428'],
  putSlo: ['412', '422', '428'],
  putSli: ['412', '422', '428'],
  putStageSli: ['412', '422', '428'],
  putProjectSli: ['412', '422', '428'],
  startEvaluation: ['409', '422'],
  replayEvaluation: ['409'],
  whatIfEvaluation: ['409', '422'],
  putSubscription: ['422'],
  claimTasks: ['422'],
};

const PROBLEM_RESPONSE = {
  description: 'Refused: the fault, its place, and how to correct it',
  headers: {
    'Retry-After': { description: 'Seconds, when a repeat may succeed', schema: { type: 'integer' } },
  },
  content: { 'application/problem+json': { schema: { $ref: componentUri('Problem') } } },
};
