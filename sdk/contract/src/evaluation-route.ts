import { z } from 'zod';
import {
  evaluationMarkRequestSchema,
  evaluationRequestSchema,
  evaluationSchema,
  evaluationStartedSchema,
  evaluationSummarySchema,
  mergedSliSchema,
  replayAnswerSchema,
  resourceHeadSchema,
  resourcePutAnswerSchema,
  resourceSchema,
  whatIfAnswerSchema,
  whatIfRequestSchema,
} from './evaluation-view.ts';
import { namingText } from './naming-text.ts';
import { listQuery, nameQuery, pageOf, timeQuery } from './page.ts';

const STAGE = '/v1/projects/{project}/stages/{stage}';
const SERVICE = `${STAGE}/services/{service}` as const;

const dryRun = z.enum(['true', 'false']).optional().describe('true: only check it');
const version = namingText(64).optional().describe('An older version; without it the one in use');

/** What can be done with one file of a project: put, get, delete, and the list of its versions. */
function fileRoutes<const Name extends string, const Path extends string>(name: Name, path: Path, what: string) {
  return [
    {
      id: `put${name}` as const,
      method: 'PUT',
      path,
      permission: 'resources:write',
      summary: `Upload the ${what} (YAML). 201 with its version, 200 when it was the same, 422 with every problem.`,
      query: z.object({ dryRun }),
      bodyType: 'application/yaml',
      body: z.string(),
      answers: { 200: resourcePutAnswerSchema, 201: resourcePutAnswerSchema },
    },
    {
      id: `get${name}` as const,
      method: 'GET',
      path,
      permission: 'resources:read',
      summary: `The ${what} in use, or one of its versions.`,
      query: z.object({ version }),
      answers: { 200: resourceSchema },
    },
    {
      id: `delete${name}` as const,
      method: 'DELETE',
      path,
      permission: 'resources:write',
      summary: `Take the ${what} out of use. Its versions stay, for the evaluations that used them.`,
      answers: { 204: undefined },
    },
    {
      id: `list${name}Versions` as const,
      method: 'GET',
      path: `${path}/versions` as const,
      permission: 'resources:read',
      summary: `All versions of the ${what}, newest first.`,
      query: z.object(listQuery),
      answers: { 200: pageOf(resourceSchema) },
    },
  ] as const;
}

const evaluationFilter = {
  task: z.enum(['evaluate', 'evaluation']).optional(),
  result: z
    .string()
    .regex(/^(pass|warning|fail)(,(pass|warning|fail)){0,2}$/, 'must be pass, warning or fail, or several with commas')
    .optional()
    .describe('Such as pass,warning'),
  correlationid: nameQuery,
  deployment: nameQuery,
  commit: nameQuery,
  tag: nameQuery,
  invalidated: z.enum(['true', 'false']).optional().describe('Only those, or all but those; without it both'),
  samples: z.enum(['true', 'false']).optional().describe('true: with the samples behind the values'),
  ...timeQuery,
  ...listQuery,
};

/** Evaluations and the files that decide them. */
export const evaluationRoutes = [
  ...fileRoutes('Slo', `${SERVICE}/slo`, 'slo.yaml of a service'),
  ...fileRoutes('Sli', `${SERVICE}/sli`, 'sli.yaml of a service'),
  ...fileRoutes('StageSli', `${STAGE}/sli`, 'sli.yaml of a stage'),
  ...fileRoutes('ProjectSli', '/v1/projects/{project}/sli', 'sli.yaml of a project'),
  {
    id: 'getMergedSli',
    method: 'GET',
    path: `${SERVICE}/sli/merged`,
    permission: 'resources:read',
    summary: 'All SLI queries of a service: its own over those of its stage over those of the project.',
    answers: { 200: mergedSliSchema },
  },
  {
    id: 'listResources',
    method: 'GET',
    path: '/v1/projects/{project}/resources',
    permission: 'resources:read',
    summary: 'Which slo.yaml and sli.yaml a project has.',
    query: z.object(listQuery),
    answers: { 200: pageOf(resourceHeadSchema) },
  },
  {
    id: 'startEvaluation',
    method: 'POST',
    path: `${SERVICE}/evaluations`,
    permission: 'evaluations:write',
    summary: 'Start an evaluation of a span of time: triggers the sequence `evaluation` of the stage.',
    body: evaluationRequestSchema.optional(),
    answers: { 202: evaluationStartedSchema },
  },
  {
    id: 'listServiceEvaluations',
    method: 'GET',
    path: `${SERVICE}/evaluations`,
    permission: 'evaluations:read',
    summary: 'Evaluations of a service in a stage, newest first, with scores and SLIs.',
    query: z.object(evaluationFilter),
    labelQuery: true,
    answers: { 200: pageOf(evaluationSummarySchema) },
  },
  {
    id: 'listEvaluations',
    method: 'GET',
    path: '/v1/projects/{project}/evaluations',
    permission: 'evaluations:read',
    summary: 'Evaluations of a project, newest first, with scores and SLIs: all that a heat map needs.',
    query: z.object({ stage: nameQuery, service: nameQuery, ...evaluationFilter }),
    labelQuery: true,
    answers: { 200: pageOf(evaluationSummarySchema) },
  },
  {
    id: 'getEvaluation',
    method: 'GET',
    path: '/v1/evaluations/{id}',
    permission: 'evaluations:read',
    summary: 'One evaluation with everything that decided. By its id, or by that of its finished event.',
    query: z.object({ source: nameQuery.describe('Where several executors answered the same attempt') }),
    answers: { 200: evaluationSchema },
  },
  {
    id: 'getEvaluationReport',
    method: 'GET',
    path: '/v1/evaluations/{id}/report',
    permission: 'evaluations:read',
    summary: 'The same as one page that needs nothing else, with the runs before it as a heat map.',
    answerType: 'text/html',
    answers: { 200: undefined },
  },
  {
    id: 'invalidateEvaluation',
    method: 'POST',
    path: '/v1/evaluations/{id}/invalidate',
    permission: 'evaluations:write',
    summary: 'Keep an evaluation from being a baseline. Sends `<task>.invalidated`, as Keptn did.',
    body: evaluationMarkRequestSchema.optional(),
    answers: { 200: evaluationSummarySchema },
  },
  {
    id: 'reinstateEvaluation',
    method: 'POST',
    path: '/v1/evaluations/{id}/reinstate',
    permission: 'evaluations:write',
    summary: 'Let an invalidated evaluation be a baseline again.',
    body: evaluationMarkRequestSchema.optional(),
    answers: { 200: evaluationSummarySchema },
  },
  {
    id: 'replayEvaluation',
    method: 'POST',
    path: '/v1/evaluations/{id}/replay',
    permission: 'evaluations:read',
    summary: 'Judge the stored values by the stored slo.yaml and baseline again, and compare.',
    answers: { 200: replayAnswerSchema },
  },
  {
    id: 'whatIfEvaluation',
    method: 'POST',
    path: '/v1/evaluations/{id}/what-if',
    permission: 'evaluations:read',
    summary: 'Evaluates again with another slo.yaml, baseline or values, and stores nothing.',
    body: whatIfRequestSchema,
    answers: { 200: whatIfAnswerSchema },
  },
] as const;
