import { z } from 'zod';
import { faultInUriReference } from './cloudevents/uri.ts';
import { namingText } from './naming-text.ts';
import { resultSchema, statusSchema, taskErrorSchema } from './outcome.ts';
import { runPhaseSchema, runStateSchema } from './run-state.ts';
import { TYPE_PATTERN_MAX } from './type-pattern.ts';

/** What the API shows. All times are epoch milliseconds UTC. */
const at = z.number().int().describe('Epoch milliseconds, UTC');
const labels = z.record(z.string(), z.string());

/** One row of `GET /v1/runs`. */
export const runSummarySchema = z.object({
  id: z.string(),
  project: z.string(),
  stage: z.string(),
  sequence: z.string(),
  service: z.string().optional(),
  state: runStateSchema,
  phase: runPhaseSchema,
  result: resultSchema.optional().describe('Only when finished; of an aborted run always fail'),
  status: statusSchema.optional().describe('Only when finished'),
  message: z.string().optional(),
  correlationid: z.string(),
  labels: labels.optional(),
  shipyardVersion: z.string(),
  tasksTotal: z.number().int(),
  tasksDone: z.number().int(),
  openTasks: z.array(z.string()).describe('Tasks with an open attempt or a delay now, at most 8'),
  acceptedAt: at,
  startedAt: at.optional().describe('When it left its concurrency queue'),
  finishedAt: at.optional(),
  updatedAt: at,
});
export type RunSummary = z.infer<typeof runSummarySchema>;

/** `GET /v1/run-counts`. */
export const runCountsSchema = z.object({
  total: z.number().int(),
  items: z.array(
    z.object({
      phase: runPhaseSchema,
      state: runStateSchema,
      result: resultSchema.optional(),
      count: z.number().int().positive(),
    }),
  ),
});
export type RunCounts = z.infer<typeof runCountsSchema>;

/** `GET /v1/environment`: one service (or the runs without one) in one stage. */
export const environmentCellSchema = z.object({
  project: z.string(),
  stage: z.string(),
  service: z.string().optional(),
  last: runSummarySchema.optional().describe('Of the finished runs the one that was accepted last'),
  open: z.number().int().describe('Runs that have not finished'),
  openRuns: z.array(runSummarySchema).describe('The newest of these, at most 4'),
});
export type EnvironmentCell = z.infer<typeof environmentCellSchema>;

export const executorViewSchema = z.object({
  source: z.string(),
  way: z.enum(['nats', 'claim', 'push', 'http']),
  startedAt: at.optional(),
  finishedAt: at.optional(),
  answeredBy: z.string().optional().describe('Source of the answer, where another one has started; keptn dialect only'),
  lastSeenAt: at.optional(),
  leaseUntil: at.optional(),
  fraction: z.number().optional().describe('Progress, 0 to 1'),
  message: z.string().optional(),
  status: statusSchema.optional(),
  result: resultSchema.optional(),
});

export const attemptViewSchema = z.object({
  id: z.string().describe('Id of the triggered event; what answers name as causationid'),
  number: z.number().int(),
  state: z.enum(['open', 'finished', 'failed', 'timed-out', 'lost', 'cancelled']),
  triggeredAt: at,
  startedAt: at.optional(),
  endedAt: at.optional(),
  input: z.unknown().optional().describe("The task's own object in the triggered event"),
  output: z.unknown().optional(),
  status: statusSchema.optional(),
  result: resultSchema.optional(),
  message: z.string().optional(),
  error: taskErrorSchema.optional(),
  executors: z.array(executorViewSchema),
});
export type AttemptView = z.infer<typeof attemptViewSchema>;

export const taskViewSchema = z.object({
  key: z.string().describe('Unique in its sequence'),
  name: z.string(),
  uses: z.string().describe('The task type that is triggered'),
  needs: z.array(z.string()).describe('The tasks whose edges lead here'),
  sources: z
    .array(
      z.object({
        task: z.string(),
        on: z.array(z.enum(['success', 'failure', 'timeout', 'complete', 'skipped', 'always'])),
        state: z.enum(['open', 'taken', 'dead']).describe('All edges from one task count as one'),
        required: z.boolean().optional(),
        branch: z.string().optional().describe("The condition of the source's decision; `default` where it has none"),
      }),
    )
    .optional()
    .describe('Only in a graph: what it waits for, and what became of that'),
  reason: z.string().optional().describe('Why it waits or was skipped, for people'),
  finally: z.boolean().optional().describe('It runs after the others, regardless of their result'),
  state: z.enum(['pending', 'delayed', 'open', 'finished', 'skipped', 'cancelled']),
  dueAt: at.optional().describe('delayed: when the next attempt is triggered'),
  result: resultSchema.optional(),
  status: statusSchema.optional(),
  message: z.string().optional(),
  output: z.unknown().optional(),
  error: taskErrorSchema.optional().describe('EXPRESSION: its own expression failed, so it was never triggered'),
  attemptsMax: z.number().int().describe('Attempts it may have; one whose lease lapsed is replaced'),
  attempts: z.array(attemptViewSchema),
});
export type TaskView = z.infer<typeof taskViewSchema>;

export const runCommandSchema = z.enum(['pause', 'resume', 'abort']);
export type RunCommand = z.infer<typeof runCommandSchema>;

/** `GET /v1/runs/{run}`. */
export const runViewSchema = runSummarySchema.extend({
  trigger: z.object({ id: z.string(), source: z.string(), data: z.unknown() }),
  dialect: z.enum(['plain', 'keptn']),
  depth: z.number().int().describe('How many runs triggered each other before this one'),
  output: z.unknown().optional(),
  tasks: z.array(taskViewSchema),
  triggers: z
    .array(z.object({ run: z.string(), stage: z.string(), sequence: z.string() }))
    .describe('Runs that its end triggered'),
  triggeredBy: z.string().optional().describe('The run whose end triggered this one'),
  commands: z.array(runCommandSchema).describe('Commands allowed now'),
  history: z
    .array(
      z.object({
        at,
        what: z.string().describe('The command, or `answer`: an answer by hand'),
        by: z.string().optional(),
        reason: z.string().optional(),
        attempt: z.string().optional().describe('answer: the attempt that it ended'),
        task: z.string().optional(),
        result: resultSchema.optional(),
        source: z.string().optional(),
        onBehalfOf: z.string().optional().describe('answer: the service in whose place it was given'),
      }),
    )
    .describe('Commands and answers by hand, with their authors'),
  ignored: z
    .array(z.object({ at, eventId: z.string(), code: z.string() }))
    .describe('Answers that changed nothing, the last 20'),
  deadlineAt: at.optional(),
  parkedReason: z.string().optional(),
});
export type RunView = z.infer<typeof runViewSchema>;

/** `GET /v1/runs/{run}/why`: what it waits for. */
export const whySchema = z.object({
  run: z.string(),
  state: runStateSchema,
  phase: runPhaseSchema,
  reasons: z.array(
    z.object({
      code: z
        .enum([
          'waiting-for-run',
          'no-service',
          'waiting-for-service',
          'working',
          'waiting-for-task',
          'waiting-for-time',
          'retry',
          'delay',
          'paused',
          'parked',
          'finished',
          'starting',
        ])
        .describe('Stable'),
      sentence: z.string().describe('For people: "no service answers \'build\'"'),
      task: z.string().optional(),
      run: z.string().optional().describe('The run that is waited for'),
      until: at.optional(),
      hint: z.string().optional().describe('A line to type that would help'),
    }),
  ),
});
export type Why = z.infer<typeof whySchema>;

/** One event that was taken or sent. `position` orders them; the stream's `id:` is the same text. */
export const eventViewSchema = z.object({
  position: z.string(),
  at,
  direction: z.enum(['in', 'out']),
  run: z.string().optional(),
  ignored: z.string().optional().describe('Why it changed nothing'),
  event: z.record(z.string(), z.unknown()).describe('The CloudEvent, in the JSON format'),
});
export type EventView = z.infer<typeof eventViewSchema>;

export const projectSchema = z.object({
  name: z.string(),
  dialect: z.enum(['plain', 'keptn']),
  config: z.record(z.string(), z.unknown()).describe('`project.config` in expressions'),
  retention: z.object({
    finishedRunsForMs: z
      .number()
      .int()
      .positive()
      .nullable()
      .describe('Finished runs older than this are deleted; null keeps them'),
    finishedRunsMax: z
      .number()
      .int()
      .positive()
      .nullable()
      .describe('At most so many finished runs are kept; null: no bound'),
  }),
  limits: z.object({
    openRunsMax: z.number().int().positive().nullable().describe('Runs that have not ended, those that wait included'),
    waitingRunsMax: z
      .number()
      .int()
      .positive()
      .nullable()
      .optional()
      .describe('Runs that wait for their concurrency group'),
    runsPerSecond: z.number().positive().nullable().optional().describe('New runs in a second, on average'),
  }),
  serverLimits: z
    .object({
      openRunsMax: z.number().nullable(),
      waitingRunsMax: z.number().nullable(),
      runsPerSecond: z.number().nullable(),
    })
    .optional()
    .describe('In answers about one project: what holds where `limits` says null, set where the server was started'),
  shipyardVersion: z.string().optional(),
  createdAt: at,
  updatedAt: at,
});
export type Project = z.infer<typeof projectSchema>;

/** Body of `PUT /v1/projects/{project}`: what is left out keeps its value (or gets the default). */
export const projectPutSchema = z.strictObject({
  dialect: z.enum(['plain', 'keptn']).optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  retention: projectSchema.shape.retention.partial().strict().optional(),
  limits: projectSchema.shape.limits.partial().strict().optional(),
});
export type ProjectPut = z.infer<typeof projectPutSchema>;

export const shipyardVersionSchema = z.object({
  project: z.string(),
  version: z.string(),
  text: z.string().describe('Exactly as sent'),
  plan: z.unknown(),
  createdAt: at,
  current: z.boolean(),
});
export type ShipyardVersion = z.infer<typeof shipyardVersionSchema>;

const sourceProblemSchema = z.object({
  severity: z.enum(['error', 'warning']),
  code: z.string(),
  message: z.string(),
  pointer: z.string(),
  line: z.number().int(),
  column: z.number().int(),
  text: z.string().optional(),
  nearest: z.string().optional(),
});

export const shipyardPutAnswerSchema = z.object({
  project: z.string(),
  version: z.string(),
  changed: z.boolean(),
  dryRun: z.boolean(),
  warnings: z.array(sourceProblemSchema),
  plan: z.unknown(),
});

/** Who serves what: `GET /v1/services`. */
export const serviceViewSchema = z.object({
  task: z.string(),
  source: z.string().optional().describe('Absent: no service serves this task'),
  way: z.enum(['nats', 'claim', 'push', 'http']).optional(),
  version: z.string().optional(),
  connected: z.boolean(),
  lastSeenAt: at.optional(),
  openAttempts: z.number().int().describe('Attempts this service is working on'),
  waitingAttempts: z.number().int().describe('Attempts of this task that no service has started'),
  oldestWaitingAt: at.optional(),
  hint: z.string().optional().describe('A command that starts a service for a task without one'),
});
export type ServiceView = z.infer<typeof serviceViewSchema>;

export const subscriptionSchema = z.object({
  id: z.string(),
  sink: z.string().describe('http(s) URL that gets each event as a POST'),
  types: z.array(z.string()).describe('Event types; `*` stands for any characters (`*.finished`, `dev.*`). Empty: all'),
  project: z.string().optional(),
  stage: z.string().optional(),
  service: z.string().optional(),
  mode: z
    .enum(['observe', 'execute'])
    .describe('`execute`: taking the trigger of a task starts it, and the response may answer it'),
  encoding: z.enum(['binary', 'structured']),
  createdAt: at,
  createdBy: z.string().optional().describe('The name of the token that created it'),
  matched: z.number().int().optional().describe('Events that it has matched since it was created'),
  failures: z.number().int().describe('Deliveries that failed since the last one that did not'),
  lastError: z.string().optional(),
  lastDeliveredAt: at.optional(),
});
export type Subscription = z.infer<typeof subscriptionSchema>;

export const subscriptionPutSchema = z.strictObject({
  sink: z.string().max(2048).describe('An http(s) URL; `invalid-sink` refuses any other text'),
  types: z.array(namingText(TYPE_PATTERN_MAX)).max(64).optional(),
  project: namingText(256).optional(),
  stage: namingText(256).optional(),
  service: namingText(256).optional(),
  mode: z
    .enum(['observe', 'execute', 'binary', 'structured'])
    .optional()
    .describe('Default `observe`. `binary` and `structured` are deprecated here: use `encoding`'),
  encoding: z.enum(['binary', 'structured']).optional().describe('Default `structured`'),
});

/** What `POST /v1/events` answers, one item per event, in the order sent. */
export const acceptedSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      run: z.string().optional(),
      correlationid: z.string().optional(),
      outcome: z.enum(['accepted', 'duplicate', 'ignored']),
      code: z.string().optional().describe('ignored: why, such as `attempt-over`'),
    }),
  ),
});
export type Accepted = z.infer<typeof acceptedSchema>;

/** What `POST /v1/events` with `Prefer: wait=N` answers (200) when the run ended in time. */
export const waitedSchema = z.object({
  run: z.string(),
  correlationid: z.string(),
  state: runStateSchema,
  phase: runPhaseSchema,
  result: resultSchema.optional(),
  status: statusSchema.optional(),
  message: z.string().optional(),
  output: z.unknown().optional(),
});
export type Waited = z.infer<typeof waitedSchema>;

export const contextViewSchema = z.object({
  correlationid: z.string(),
  runs: z
    .array(runSummarySchema.extend({ triggeredBy: z.string().optional() }))
    .describe('In order of acceptance; `triggeredBy` makes the tree'),
});
export type ContextView = z.infer<typeof contextViewSchema>;

export const claimRequestSchema = z.strictObject({
  // By the rule of an event's source, so that no claim is given whose answer would be refused.
  source: namingText(256)
    .min(1)
    .superRefine((source, context) => {
      const fault = faultInUriReference(source);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    })
    .describe('The service that claims: a URI reference, such as `/my-service/replica-1`'),
  version: namingText(64).optional(),
  project: namingText(256).optional(),
  stage: namingText(256).optional(),
  service: namingText(256).optional(),
});
export type ClaimRequest = z.infer<typeof claimRequestSchema>;

export const commandRequestSchema = z.strictObject({
  reason: z.string().max(1024).optional(),
  by: namingText(256).optional(),
});

export const commandAnswerSchema = z.object({
  run: z.string(),
  state: runStateSchema,
  phase: runPhaseSchema,
  changed: z.boolean(),
  commands: z.array(runCommandSchema),
});

/** `GET /v1/session`. */
export const sessionSchema = z.object({
  authenticated: z.boolean(),
  way: z
    .enum(['open', 'token', 'cookie', 'none'])
    .describe('open: this server asks for no token. none: it does, and there was none'),
  name: z.string().optional().describe("The token's name"),
  permissions: z.array(z.string()).describe('`*`: all'),
});
export type Session = z.infer<typeof sessionSchema>;

/** `POST /v1/session`. */
export const sessionRequestSchema = z.strictObject({ token: z.string().min(1).max(512) });
