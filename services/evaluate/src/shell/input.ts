import { parseDuration } from '@slipway/evaluation';
import { z } from 'zod';
import { indicatorsSchema } from '../providers/indicators.ts';

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: `must be a duration such as 30s or 5m, not ${JSON.stringify(text)}` });
  return z.NEVER;
});

const data = z.record(z.string(), z.unknown());

const fields = {
  slo: z.union([z.string(), data]).optional().describe('slo.yaml, as text or as data'),
  objectives: z
    .array(z.unknown())
    .optional()
    .describe('The objectives alone; total_score is then 90 % and 75 % unless it is given'),
  comparison: data.optional(),
  total_score: data.optional(),
  values: z
    .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
    .optional()
    .describe('Values by SLI, such as outputs of earlier tasks; null is a value that is missing'),
  indicators: z.union([z.string(), indicatorsSchema]).optional().describe('sli.yaml as text, or queries by SLI'),
  history: z.array(z.unknown()).optional().describe('Earlier evaluations; default those that the control plane knows'),
  start: z.string().optional(),
  end: z.string().optional(),
  timeframe: z.string().optional().describe('Such as 5m, until now or from start'),
  deadline: duration.optional().describe('For all values together: 2m, and 5m where an SLI provider is asked'),
  timeout: duration.prefault('10s').describe('For one answer of a source'),
};

/** What the task `evaluate` takes. A key that it does not know is a mistake. */
export const evaluateInput = z.strictObject(fields);

/** What the task `evaluation` takes: the same, and whatever else a sender written for Keptn puts there. */
export const evaluationInput = z.object(fields);

export type EvaluateInput = z.output<typeof evaluationInput>;
