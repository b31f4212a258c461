/** What crosses Slipway's wire. Each export is named here; nothing else of this package is public. */
export type { AttemptRef } from './attempt-id.ts';
export { attemptId, parseAttemptId } from './attempt-id.ts';
export { byHandSources, isByHand } from './by-hand.ts';
export type {
  CloudEvent,
  CodecLimits,
  ContentMode,
  EncodedHttp,
  EncodedNats,
  EventProblem,
  EventProblemCode,
  HeaderSource,
  HttpDecoded,
  HttpMessage,
  NatsDecoded,
  NatsMessage,
  ParsedJson,
  Refusal,
} from './cloudevents/index.ts';
export {
  decodeHttp,
  decodeNats,
  defaultCodecLimits,
  encodeHttp,
  encodeNats,
  eventProblemStatus,
  notUtf8,
  readJsonBody,
  stringifyEvent,
} from './cloudevents/index.ts';
export type { Dialect, EventKind } from './dialect.ts';
export {
  causationOf,
  controlPlaneSource,
  correlationOf,
  dialectOf,
  linkAttributes,
  parseEventType,
  plainType,
  spellType,
  subjectOf,
} from './dialect.ts';
export { formatDuration, parseDuration } from './duration.ts';
export type {
  EvaluatedSli,
  Evaluation,
  EvaluationRequest,
  EvaluationStarted,
  EvaluationSummary,
  MergedSli,
  ReplayAnswer,
  Resource,
  ResourceHead,
  ResourceKind,
  ResourcePutAnswer,
  SliLevel,
  WhatIfAnswer,
  WhatIfRequest,
} from './evaluation-view.ts';
export type { FinishedData, StartedData, StatusChangedData, TriggeredData } from './event.ts';
export {
  cloudEventSchema,
  finishedDataSchema,
  keptnCloudEventSchema,
  keptnFinishedDataSchema,
  keptnStartedDataSchema,
  keptnStatusChangedDataSchema,
  keptnTriggeredDataSchema,
  startedDataSchema,
  statusChangedDataSchema,
  triggeredDataSchema,
} from './event.ts';
export type { Json, JsonObject } from './json.ts';
export { canonicalJson, isObject, mergeData } from './json.ts';
export type { JsonSchema } from './json-schema.ts';
export { jsonSchemasOf } from './json-schema.ts';
export { isKeptnName, isName, NAME_PATTERN, nearestName } from './name.ts';
export { faultInNamingText, namingText } from './naming-text.ts';
export type { NatsAddress } from './nats-address.ts';
export { parseNatsAddress } from './nats-address.ts';
export type { OpenApiDocument } from './openapi.ts';
export { openApiDocument } from './openapi.ts';
export type { Result, Status, TaskError } from './outcome.ts';
export { resultSchema, statusSchema, taskErrorSchema, worstResult } from './outcome.ts';
export { ownValue, putOwn } from './own-value.ts';
export { pageOf } from './page.ts';
export type {
  ConcurrencyPlan,
  EdgeOn,
  EdgePlan,
  Plan,
  RetryPlan,
  SequencePlan,
  SourceProblem,
  StagePlan,
  TaskPlan,
  TriggerRule,
} from './plan.ts';
export { edgesOf, needsByTask } from './plan.ts';
export { printable, printableJson } from './printable.ts';
export type { Problem, ProblemCode } from './problem.ts';
export { problemSchema, problemStatus } from './problem.ts';
export { isPrivateAddress } from './public-address.ts';
export type { Permission, Route, RouteId } from './route.ts';
export { routes } from './route.ts';
export type { RunPhase, RunState, RunStateFilter } from './run-state.ts';
export {
  endPhaseOf,
  phaseOfRow,
  phasesOf,
  runPhaseLabels,
  runPhaseSchema,
  runPhases,
  runStateFilterSchema,
  runStateSchema,
  stateOfPhase,
} from './run-state.ts';
export { componentSchemas } from './schema-table.ts';
export type { Shipyard } from './shipyard.ts';
export {
  concurrencySchema,
  needSchema,
  retrySchema,
  sequenceSchema,
  shipyardApiVersions,
  shipyardSchema,
  stageSchema,
  taskSchema,
  triggerSchema,
} from './shipyard.ts';
export {
  globOfFilter,
  globSource,
  matchesGlob,
  parseTypePattern,
  TYPE_PATTERN_MAX,
  type TypePattern,
} from './type-pattern.ts';
export type {
  Accepted,
  AttemptView,
  ClaimRequest,
  ContextView,
  EnvironmentCell,
  EventView,
  Project,
  ProjectPut,
  RunCommand,
  RunCounts,
  RunSummary,
  RunView,
  ServiceView,
  Session,
  ShipyardVersion,
  Subscription,
  TaskView,
  Waited,
  Why,
} from './view.ts';
export {
  acceptedSchema,
  attemptViewSchema,
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
  taskViewSchema,
  waitedSchema,
  whySchema,
} from './view.ts';
