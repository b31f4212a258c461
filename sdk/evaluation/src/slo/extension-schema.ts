import { z } from 'zod';
import { parseDuration } from '../time/duration.ts';
import type { Aggregate, Amount, PolicyOutcome } from './extension-types.ts';

/** Our keys of slo.yaml. The same schemas check a file, fill in the defaults and make the JSON Schema for editors. */

const DAY_MS = 24 * 60 * 60 * 1000;

const outcome = z
  .enum(['pass', 'warn', 'fail', 'inconclusive', 'exclude'])
  .transform((word): PolicyOutcome => (word === 'warn' ? 'warning' : word));

const severity = z
  .enum(['fail', 'warn'])
  .default('fail')
  .transform((word) => (word === 'warn' ? ('warning' as const) : ('fail' as const)));

const direction = z.enum(['increase', 'decrease', 'either']);

const duration = z
  .string()
  .describe('A duration such as 30s, 5m, 1h30m or 30d')
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== null && ms > 0) return ms;
    context.addIssue({
      code: 'custom',
      message: `must be a duration such as 30s, 5m or 30d, not ${JSON.stringify(text)}`,
    });
    return z.NEVER;
  });

/** `"5%"` is relative to the baseline, `5` is in the unit of the SLI. */
const amount = z.union([z.number().nonnegative(), z.string().regex(/^\d+(\.\d+)?%?$/)]).transform((value): Amount => {
  if (typeof value === 'number') return { kind: 'absolute', value };
  return value.endsWith('%')
    ? { kind: 'percent', value: Number(value.slice(0, -1)) }
    : { kind: 'absolute', value: Number(value) };
});

/** `"50%"` or 0.5. */
const share = z
  .union([z.number().min(0).max(1), z.string().regex(/^\d+(\.\d+)?%$/)])
  .transform((value) => (typeof value === 'number' ? value : Number(value.slice(0, -1)) / 100));

const aggregate = z
  .string()
  .regex(/^(avg|min|max|median|p\d{1,2}(\.\d+)?|trimmed_mean|ewma)$/)
  .describe('avg, min, max, median, p1 to p99, trimmed_mean or ewma')
  .transform((word): Aggregate => {
    if (word === 'trimmed_mean') return { kind: 'trimmed-mean', share: 0.1 };
    if (word === 'ewma') return { kind: 'ewma', alpha: 0.3 };
    if (word === 'avg' || word === 'min' || word === 'max' || word === 'median') return { kind: word };
    return { kind: 'percentile', quantile: Number(word.slice(1)) / 100 };
  });

const policyShape = {
  on_missing: outcome.optional().describe('The result of an objective without a value; Keptn: fail'),
  on_error: outcome.optional().describe('The result of an objective whose value failed; Keptn: fail'),
  on_no_baseline: outcome.optional().describe('The result of relative criteria without a baseline; Keptn: pass'),
  min_baseline: z.int().min(1).max(100).optional().describe('Earlier values needed for a baseline; Keptn: 1'),
};

const baseline = z
  .strictObject({
    labels: z.array(z.string()).default([]).describe('Only runs whose values of these labels equal ours'),
    deployment: z.enum(['same']).optional().describe('Only runs of the same deployment'),
    commit: z.string().optional(),
    tag: z.string().optional().describe('Only runs of this git tag'),
    stage: z.string().optional().describe('Runs of another stage'),
    service: z.string().optional().describe('Runs of another service'),
    pinned: z.string().optional().describe('Id of the one evaluation to compare with'),
    window: z.enum(['yesterday', 'last_week']).optional().describe('The run of the same time a day or a week before'),
    depth: z.int().min(1).max(100).optional().describe('How far back to look for runs that have the SLI'),
    other_contexts: z.boolean().default(true).describe('Never compare with a run of the same context'),
    evaluated_only: z.boolean().default(true).describe('Never compare with a run that evaluated nothing'),
    sli_status: z
      .array(z.enum(['pass', 'warning', 'fail', 'info']))
      .optional()
      .describe('Statuses of the SLI itself'),
    aggregate: aggregate.optional(),
  })
  .transform((given) => ({
    labels: given.labels,
    sameDeployment: given.deployment === 'same',
    commit: given.commit ?? null,
    tag: given.tag ?? null,
    stage: given.stage ?? null,
    service: given.service ?? null,
    pinned: given.pinned ?? null,
    offsetMs: given.window === undefined ? null : given.window === 'yesterday' ? DAY_MS : 7 * DAY_MS,
    depth: given.depth ?? null,
    otherContexts: given.other_contexts,
    evaluatedOnly: given.evaluated_only,
    indicatorStatus: given.sli_status ?? null,
    aggregate: given.aggregate ?? null,
  }));

const compare = z
  .strictObject({
    method: z.enum(['mann_whitney']).default('mann_whitney'),
    confidence: z.number().gt(0.5).lt(1).default(0.98),
    direction: direction.default('increase').describe('The bad direction'),
    max_shift: amount.prefault(0),
    min_samples: z.int().min(2).max(2000).default(20),
  })
  .transform(({ max_shift, min_samples, ...rest }) => ({ ...rest, maxShift: max_shift, minSamples: min_samples }));

const budget = z
  .strictObject({
    target: z.number().gt(0).lt(1).describe('Share of good events that is promised, such as 0.999'),
    window: duration.prefault('30d'),
    pairs: z
      .array(
        z
          .strictObject({ windows: z.array(z.string()).min(1), burn_rate: z.number().positive(), severity })
          .transform((pair) => ({ windows: pair.windows, burnRate: pair.burn_rate, outcome: pair.severity })),
      )
      .min(1),
  })
  .transform(({ target, window, pairs }) => ({ target, windowMs: window, pairs }));

const trend = z
  .strictObject({
    runs: z.int().min(4).max(100).default(10),
    direction: direction.default('increase').describe('The bad direction'),
    max_p: z.number().gt(0).lte(1).default(0.05),
    max_slope: amount.prefault(0).describe('Slope per run that is tolerated'),
    severity,
  })
  .transform((given) => ({
    runs: given.runs,
    direction: given.direction,
    pMax: given.max_p,
    slopeMax: given.max_slope,
    outcome: given.severity,
  }));

const adaptive = z
  .strictObject({
    k: z.number().positive().default(3),
    min_runs: z.int().min(3).max(100).default(5),
    direction: direction.default('either').describe('The bad direction'),
    severity,
  })
  .transform((given) => ({ k: given.k, minRuns: given.min_runs, direction: given.direction, outcome: given.severity }));

const repeat = z
  .strictObject({
    interval: duration,
    count: z.int().min(1).max(1000),
    failure_limit: z.int().min(0).default(0),
    consecutive_success: z.int().min(0).default(0),
  })
  .transform((given) => ({
    intervalMs: given.interval,
    count: given.count,
    failureLimit: given.failure_limit,
    consecutiveSuccess: given.consecutive_success,
  }));

const lateData = z
  .strictObject({ attempts: z.int().min(1).max(20), delay: duration })
  .transform((given) => ({ attempts: given.attempts, delayMs: given.delay }));

const group = z
  .strictObject({ weight: z.number().positive().optional(), must_pass: z.boolean().default(false) })
  .transform((given) => ({ weight: given.weight ?? null, mustPass: given.must_pass }));

/** Our keys at the top of the file. */
export const fileExtensions = z.object({
  mode: z.enum(['keptn', 'strict']).optional().describe('strict refuses the words and numbers that Keptn bends'),
  grammar: z
    .enum(['keptn', 'extended'])
    .optional()
    .describe('extended adds in [a,b], not in [a,b], !=, =a±b, abs(), units'),
  defaults: z.strictObject(policyShape).optional().describe('Policies for every objective that has none of its own'),
  max_missing: share.optional().describe('More missing values than this share make the evaluation inconclusive'),
  late_data: lateData.optional().describe('Ask again for values that are not there yet'),
  groups: z.record(z.string(), group).optional(),
});

/** Ours within `comparison`. */
export const comparisonExtensions = z.object({ baseline: baseline.optional() });

/** Ours within one objective. */
export const objectiveExtensions = z.object({
  ...policyShape,
  group: z.string().optional(),
  muted: z.boolean().optional().describe('Measured and shown, never counted'),
  control: z.string().optional().describe('Another SLI whose value at the same time is the baseline'),
  compare: compare.optional().describe('Statistical comparison of samples'),
  budget: budget.optional().describe('Error budget and burn rate'),
  trend: trend.optional().describe('Drift over the last runs'),
  adaptive: adaptive.optional().describe('Threshold from the runs before: median ± k·MAD'),
  repeat: repeat.optional().describe('Repeated measurement'),
});
