import { z } from 'zod';
import { namingText } from './naming-text.ts';
import { resultSchema } from './outcome.ts';

/** What the API shows of slo.yaml, sli.yaml and evaluations. All times are epoch milliseconds UTC. */
const at = z.number().int().describe('Epoch milliseconds, UTC');
const who = { author: z.string().optional(), reason: z.string().optional() };

export const resourceKindSchema = z.enum(['slo', 'sli']);
export type ResourceKind = z.infer<typeof resourceKindSchema>;

const place = {
  project: z.string(),
  stage: z.string().optional().describe('Absent: of the whole project'),
  service: z.string().optional().describe('Absent: of all services'),
  kind: resourceKindSchema,
};

/** One version of a file that lives with a project. */
export const resourceSchema = z.object({
  ...place,
  version: z.string().describe('Hash of the text: 16 hex digits'),
  text: z.string().describe('Exactly as sent'),
  createdAt: at,
  current: z.boolean().describe('False: replaced or deleted since'),
});
export type Resource = z.infer<typeof resourceSchema>;

/** Which files a project has, without their text. */
export const resourceHeadSchema = z.object({ ...place, version: z.string(), updatedAt: at });
export type ResourceHead = z.infer<typeof resourceHeadSchema>;

const lintProblemSchema = z.object({
  severity: z.enum(['error', 'warning', 'info']),
  code: z.string(),
  message: z.string(),
  pointer: z.string(),
  line: z.number().int().optional(),
  column: z.number().int().optional(),
});

export const resourcePutAnswerSchema = z.object({
  ...place,
  version: z.string(),
  changed: z.boolean(),
  dryRun: z.boolean(),
  warnings: z
    .array(lintProblemSchema)
    .describe('Possible mistakes that do not prevent the upload; errors are refused with 422'),
});
export type ResourcePutAnswer = z.infer<typeof resourcePutAnswerSchema>;

export const sliLevelSchema = z.enum(['project', 'stage', 'service']);
export type SliLevel = z.infer<typeof sliLevelSchema>;

/** All queries that hold for a service: those of the service over those of its stage over those of the project. */
export const mergedSliSchema = z.object({
  project: z.string(),
  stage: z.string(),
  service: z.string(),
  indicators: z.record(
    z.string(),
    z.object({ query: z.unknown().describe('A text, or an object'), level: sliLevelSchema, version: z.string() }),
  ),
  versions: z.partialRecord(sliLevelSchema, z.string()).describe('Of each level that has a file'),
});
export type MergedSli = z.infer<typeof mergedSliSchema>;

const verdictSchema = z.enum(['pass', 'warning', 'fail', 'inconclusive']);
const sliStatusSchema = z.enum(['pass', 'warning', 'fail', 'info', 'inconclusive']);

/** One SLI of one evaluation: a cell of the heat map. */
export const evaluatedSliSchema = z.object({
  sli: z.string(),
  displayName: z.string().optional(),
  value: z.number().nullable().describe('Null: no value came'),
  status: sliStatusSchema,
  score: z.number(),
  maximum: z.number().optional().describe('The most it could score; 0: it only informs'),
  keySli: z.boolean(),
  baseline: z.number().nullable().describe('The value it was compared with; null: none'),
  message: z.string().optional().describe('Why there is no value'),
  samples: z.array(z.number()).optional().describe('Only with samples=true'),
});
export type EvaluatedSli = z.infer<typeof evaluatedSliSchema>;

const invalidatedSchema = z.object({ at, ...who });

/** One row of the lists of evaluations. */
export const evaluationSummarySchema = z.object({
  id: z.string().describe('The id of the attempt: of the event evaluation.triggered, which Keptn calls triggeredid'),
  event: z
    .object({ id: z.string(), source: z.string() })
    .describe('The finished event; its id is what comparedEvents hold'),
  run: z.string(),
  task: z.enum(['evaluate', 'evaluation']),
  project: z.string(),
  stage: z.string(),
  service: z.string().optional(),
  correlationid: z.string(),
  at,
  status: z.string().describe('succeeded, or errored when nothing could be judged'),
  result: resultSchema,
  verdict: verdictSchema,
  score: z.number().nullable(),
  why: z.string().optional(),
  message: z.string().optional(),
  window: z.object({ start: z.string(), end: z.string() }).optional(),
  windowStart: at.optional().describe('window.start, when it is a time'),
  labels: z.record(z.string(), z.string()).optional(),
  deployment: z.string().optional(),
  commit: z.string().optional(),
  tag: z.string().optional(),
  versions: z
    .object({
      slo: z.string().optional().describe('Hash of the slo.yaml that judged, as its upload answered it'),
      sli: z.partialRecord(sliLevelSchema, z.string()).optional(),
    })
    .optional(),
  comparedEvents: z.array(z.string()).describe('Earlier evaluations, newest first, by the ids of their events'),
  slis: z.array(evaluatedSliSchema).nullable().describe('In the order of the file; null: nothing was evaluated'),
  invalidated: invalidatedSchema.optional().describe('No later evaluation compares with it'),
});
export type EvaluationSummary = z.infer<typeof evaluationSummarySchema>;

const markSchema = z.object({ action: z.enum(['invalidate', 'reinstate']), at, ...who });

/** `GET /v1/evaluations/{id}`: everything that decided. */
export const evaluationSchema = evaluationSummarySchema.extend({
  slo: z.string().nullable().describe('The text of the slo.yaml that judged'),
  decision: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('Each criterion with its formula, each baseline with its runs and values, and the sentence why'),
  data: z.record(z.string(), z.unknown()).describe('The data of the finished event'),
  marks: z.array(markSchema).describe('Invalidations and reinstatements with their authors, oldest first'),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

/** `POST .../evaluations`. Without any time the last five minutes are judged. */
export const evaluationRequestSchema = z.strictObject({
  start: namingText(64).optional().describe('With `end` or `timeframe`; ISO 8601'),
  end: namingText(64).optional().describe('With `start`'),
  timeframe: namingText(32).optional().describe('Such as 5m or 1h30m; from `start`, or until now'),
  labels: z.record(namingText(128), namingText(1024)).optional(),
  gitCommitId: namingText(128).optional(),
});
export type EvaluationRequest = z.infer<typeof evaluationRequestSchema>;

export const evaluationStartedSchema = z.object({
  run: z.string(),
  correlationid: z.string(),
  window: z.object({ start: z.string(), end: z.string() }),
});
export type EvaluationStarted = z.infer<typeof evaluationStartedSchema>;

export const evaluationMarkRequestSchema = z.strictObject({
  reason: z.string().max(1024).optional(),
  author: namingText(256).optional().describe('Only believed where no token names the caller'),
});

/** A judgement as data, made now of what is stored. */
const judgementSchema = z.object({
  verdict: verdictSchema,
  result: resultSchema,
  score: z.number(),
  why: z.string(),
  slis: z.array(evaluatedSliSchema),
  decision: z.record(z.string(), z.unknown()),
});

export const replayAnswerSchema = z.object({
  id: z.string(),
  same: z.boolean().describe('The current rules give the stored result'),
  rules: z.object({ stored: z.string().nullable(), now: z.string() }),
  inputsHash: z.string().describe('SHA-256 of what decided: the same hash, the same inputs'),
  differences: z.array(z.string()),
  now: judgementSchema,
});
export type ReplayAnswer = z.infer<typeof replayAnswerSchema>;

export const whatIfRequestSchema = z.strictObject({
  slo: z.string().max(262_144).optional().describe('The text of another slo.yaml'),
  baseline: z.array(namingText(1024)).max(100).optional().describe('Other earlier evaluations, by id; empty: none'),
  values: z.record(namingText(256), z.number().nullable()).optional().describe('Other values by SLI; null: no value'),
});
export type WhatIfRequest = z.infer<typeof whatIfRequestSchema>;

export const whatIfAnswerSchema = z.object({
  id: z.string(),
  differences: z.array(z.string()).describe('Empty when nothing would be different'),
  before: judgementSchema,
  after: judgementSchema,
});
export type WhatIfAnswer = z.infer<typeof whatIfAnswerSchema>;
