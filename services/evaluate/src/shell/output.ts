import { explain, type IndicatorResult, thinned } from '@slipway/evaluation';
import { z } from 'zod';
import type { Judged } from './judge.ts';

/** Samples that travel on with a result, for later comparisons: enough for a distribution, little for an event. */
const SAMPLES_KEPT = 200;

const target = z.object({ criteria: z.string(), targetValue: z.number(), violated: z.boolean() });

/** Keptn's `evaluation` of evaluation.finished, and ours: the verdict, the sentence why, the decision as data. */
export const evaluateOutput = z.object({
  result: z.enum(['pass', 'warning', 'fail']),
  verdict: z.enum(['pass', 'warning', 'fail', 'inconclusive']),
  score: z.number(),
  why: z.string(),
  timeStart: z.string(),
  timeEnd: z.string(),
  sloFileContent: z.string().describe('base64'),
  indicatorResults: z
    .array(
      z.object({
        score: z.number(),
        value: z.looseObject({ metric: z.string(), value: z.number(), success: z.boolean() }).nullable(),
        displayName: z.string(),
        passTargets: z.array(target),
        warningTargets: z.array(target),
        keySli: z.boolean(),
        status: z.enum(['pass', 'warning', 'fail', 'info', 'inconclusive']),
      }),
    )
    .nullable(),
  comparedEvents: z.array(z.string()).optional(),
  versions: z
    .object({ slo: z.string().optional(), sli: z.record(z.string(), z.string()).optional() })
    .optional()
    .describe('Of the files that live with the project, where they took part'),
  details: z.array(z.string()).optional().describe('What the message does not say'),
  decision: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('Everything that decided, with formulas and baselines'),
});

export type EvaluateOutput = z.input<typeof evaluateOutput>;

export function outputOf({ finished, versions }: Pick<Judged, 'finished' | 'versions'>): EvaluateOutput {
  const { evaluation, decision, verdict, details } = finished;
  const explanation = decision?.evaluation.kind === 'judged' ? explain(decision.slo, decision.evaluation) : null;
  return {
    result: evaluation.result,
    verdict,
    score: evaluation.score,
    why: explanation?.why ?? finished.message,
    timeStart: evaluation.timeStart,
    timeEnd: evaluation.timeEnd,
    sloFileContent: Buffer.from(evaluation.sloFileContent, 'utf8').toString('base64'),
    indicatorResults: evaluation.indicatorResults?.map(indicatorOf) ?? null,
    ...(evaluation.comparedEvents.length === 0 ? {} : { comparedEvents: [...evaluation.comparedEvents] }),
    ...(Object.keys(versions).length === 0 ? {} : { versions }),
    ...(details.length === 0 ? {} : { details: [...details] }),
    decision: explanation === null ? null : { ...explanation },
  };
}

function indicatorOf(result: IndicatorResult) {
  const { value, passTargets, warningTargets } = result;
  return {
    ...result,
    passTargets: [...passTargets],
    warningTargets: [...warningTargets],
    value: value && {
      metric: value.metric,
      value: value.value,
      comparedValue: value.comparedValue,
      success: value.success,
      // Empty ones are left out on the wire.
      ...(value.message === '' ? {} : { message: value.message }),
      ...(value.samples === undefined ? {} : { samples: thinned(value.samples, SAMPLES_KEPT) }),
    },
  };
}
