import { z } from 'zod';

/** RFC 9457 problem details as every refused request gets them: `application/problem+json`, at most 2 KB, never a stack. */
export const problemSchema = z.object({
  type: z
    .string()
    .describe('URI reference that names the kind of problem; `about:blank` never: `/v1/docs#problem-<code>`'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().describe('The fault of this request, and how to correct it'),
  instance: z.string().optional().describe('The path that was asked'),
  code: z.string().describe('Stable, kebab-case; programs decide by this'),
  errors: z
    .array(
      z.object({
        code: z.string(),
        detail: z.string(),
        pointer: z.string().optional().describe('JSON pointer into the body'),
        line: z.number().int().optional(),
        column: z.number().int().optional(),
        text: z.string().optional(),
        nearest: z.string().optional().describe('The nearest valid name'),
      }),
    )
    .optional(),
  retryAfterMs: z.number().int().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** Every code the control plane answers with, its HTTP status and title. Event codes are in `cloudevents/problem.ts`. */
export const problemStatus = {
  'invalid-request': 400,
  'invalid-parameter': 400,
  'invalid-cursor': 400,
  'unknown-parameter': 400,
  'malformed-json': 400,
  'empty-body': 400,
  'invalid-data': 400,
  'invalid-result': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'unknown-project': 404,
  'unknown-run': 404,
  'unknown-evaluation': 404,
  'unknown-attempt': 404,
  'method-not-allowed': 405,
  'request-timeout': 408,
  'attempt-over': 409,
  'not-allowed-now': 409,
  'id-reused': 409,
  conflict: 409,
  'precondition-failed': 412,
  'too-large': 413,
  'batch-too-large': 413,
  'unsupported-media-type': 415,
  'invalid-shipyard': 422,
  'invalid-slo': 422,
  'invalid-sli': 422,
  'invalid-window': 422,
  'invalid-name': 422,
  'unknown-stage': 422,
  'unknown-sequence': 422,
  'unknown-event-type': 422,
  'invalid-input': 422,
  'invalid-sink': 422,
  'identity-mismatch': 422,
  'reserved-source': 422,
  'reserved-id': 422,
  'no-shipyard': 422,
  'trigger-depth': 422,
  'precondition-required': 428,
  'rate-limited': 429,
  internal: 500,
  overloaded: 503,
  'store-unavailable': 503,
  'bus-unavailable': 503,
  draining: 503,
} as const;
export type ProblemCode = keyof typeof problemStatus;
