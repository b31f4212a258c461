import { z } from 'zod';
import { NAME_PATTERN } from './name.ts';

/**
 * The shipyard as a person writes it: every key of the language, those too whose meaning is not there yet (the control
 * plane refuses them by name). The control plane checks more than a schema can say, with the place of each problem.
 */

const nameSchema = z.string().regex(NAME_PATTERN).describe('A DNS label: a-z, 0-9 and -, at most 63 characters');
const durationSchema = z.string().describe('A length of time: 250ms, 10s, 1h30m, 2d or PT10M; at most 365 days');
const expressionSchema = z.string().describe('A CEL expression, with or without ${{ }} around it');
const templateSchema = z.unknown().describe('Any JSON; strings may hold ${{ expressions }}');
const edgeSchema = z.enum(['success', 'failure', 'timeout', 'complete', 'skipped', 'always']);
const namesSchema = z.union([nameSchema, z.array(nameSchema)]);

export const needSchema = z.strictObject({
  task: nameSchema,
  on: edgeSchema.optional().describe('success (default): pass or warning'),
  required: z.boolean().optional().describe('The edge must be taken, regardless of the join'),
});

export const retrySchema = z.strictObject({
  attempts: z.int().min(1).max(100).optional().describe('All attempts together, the first included; 3 unless said'),
  delay: durationSchema.optional().describe('Before the second attempt; 1s unless said'),
  backoff: z.enum(['fixed', 'linear', 'exponential']).optional().describe('exponential unless said'),
  maxDelay: durationSchema.optional().describe('The delay never grows beyond this; 5m unless said'),
  jitter: z.number().min(0).max(1).optional().describe('The part of the delay that is random; 0.2 unless said'),
  when: expressionSchema
    .optional()
    .describe('Over error, result, status and attempts; without it, every attempt that errored is tried again'),
});

const decisionCaseSchema = z.union([
  z.strictObject({ when: expressionSchema, next: namesSchema }),
  z.strictObject({ default: namesSchema }),
]);

export const taskSchema = z.strictObject({
  name: nameSchema.describe('The node: unique in its sequence'),
  uses: nameSchema.optional().describe('The task type that is triggered; the name unless said'),
  properties: z.record(z.string(), z.unknown()).nullable().optional().describe('Static input, as in Keptn'),
  with: templateSchema.optional().describe('Computed input; strings may hold ${{ expressions }}'),
  timeout: durationSchema.optional().describe('From started to finished'),
  startTimeout: durationSchema.optional().describe('From triggered to started'),
  heartbeat: durationSchema.optional().describe('Silence allowed between started, status.changed and finished'),
  triggeredAfter: durationSchema.optional().describe("Keptn's delay before the task is triggered"),
  executors: z.int().min(1).max(100).optional().describe('How many services must finish it; 1 unless said'),
  retry: retrySchema.optional(),
  needs: z
    .array(z.union([nameSchema, needSchema]))
    .optional()
    .describe('The tasks that this one waits for'),
  next: z.partialRecord(edgeSchema, namesSchema).optional().describe('The same edges from the other end'),
  decision: z.array(decisionCaseSchema).optional().describe('Branches: the first whose condition holds is taken'),
  join: z
    .union([z.enum(['all', 'any']), z.int().min(1)])
    .optional()
    .describe('How many of the incoming edges must be taken'),
  rest: z.enum(['keep', 'cancel']).optional().describe('What happens to the sources that are still open at the start'),
  when: expressionSchema.optional().describe('The task is skipped unless this holds'),
  onSkip: z.enum(['cascade', 'continue']).optional().describe('What a skip means for the tasks after this one'),
  ignoreFailure: z.boolean().optional().describe('A failure counts as a warning'),
  output: templateSchema
    .optional()
    .describe('The part of the answer that is kept; strings may hold ${{ expressions }}'),
  outputSchema: z.record(z.string(), z.unknown()).optional().describe('JSON Schema (2020-12) of the output'),
  forEach: expressionSchema.optional(),
  batchSize: z.int().min(1).optional(),
  parallel: z.int().min(1).optional(),
  publish: z.record(z.string(), z.unknown()).optional().describe('Sets vars for the tasks after this one'),
  sequence: z.string().optional().describe('<stage>.<name>: runs another sequence as a child'),
  wait: z.unknown().optional(),
});

export const triggerSchema = z.strictObject({
  event: z.string().describe('<stage>.<sequence>.finished'),
  selector: z
    .strictObject({ match: z.record(z.string(), z.string()).nullable().optional() })
    .nullable()
    .optional(),
  when: expressionSchema.optional(),
});

export const concurrencySchema = z.strictObject({
  group: z.string().optional().describe('Runs with equal text wait for each other; "${{ service }}" unless said'),
  limit: z.int().min(1).max(10_000).optional().describe('Runs of the group that may be open at once; 1 unless said'),
  policy: z.enum(['queue', 'cancel-running', 'reject']).optional().describe('queue unless said'),
});

export const sequenceSchema = z.strictObject({
  name: nameSchema,
  triggeredOn: z.array(triggerSchema).nullable().optional(),
  input: z.record(z.string(), z.unknown()).optional().describe("JSON Schema (2020-12) of the trigger's data"),
  concurrency: concurrencySchema.optional(),
  timeout: durationSchema.optional().describe("From the run's start to its end"),
  vars: z.record(z.string(), z.unknown()).optional().describe('Values that expressions read as vars.<name>'),
  tasks: z.array(taskSchema),
  result: expressionSchema.optional().describe('Replaces the computed result: pass, warning or fail'),
  finally: z.array(taskSchema).optional().describe('Tasks that run after all others, regardless of the result'),
  finallyTimeout: durationSchema
    .optional()
    .describe('How long the tasks of finally may take together; 10m unless said'),
  output: templateSchema
    .optional()
    .describe("Maps the run's output; without it, the outputs of the leaf tasks by name"),
});

export const stageSchema = z.strictObject({
  name: nameSchema,
  sequences: z.array(sequenceSchema).nullable().optional(),
});

/** The `apiVersion`s that are read. Without one, the bare `spec:`, it is `slipway.dev/v1`. */
export const shipyardApiVersions = [
  'slipway.dev/v1',
  'spec.keptn.sh/0.2.0',
  'spec.keptn.sh/0.2.1',
  'spec.keptn.sh/0.2.2',
  'spec.keptn.sh/0.2.3',
  'spec.keptn.sh/0.2.4',
] as const;

export const shipyardSchema = z.strictObject({
  apiVersion: z.enum(shipyardApiVersions).optional(),
  kind: z.literal('Shipyard').optional(),
  metadata: z.strictObject({ name: nameSchema.optional() }).nullable().optional(),
  spec: z.strictObject({ stages: z.array(stageSchema) }),
});

/** A shipyard as JSON, before it was checked. */
export type Shipyard = z.infer<typeof shipyardSchema>;
