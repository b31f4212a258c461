import type { EvaluationSummary, JsonObject } from '@slipway/contract';
import { type Explanation, formatTimestamp, type ReportRun, renderReport } from '@slipway/evaluation';
import { z } from 'zod';

const number = z.number();
const text = z.string();
const result = z.enum(['pass', 'warning', 'fail']);
const status = z.enum(['pass', 'warning', 'fail', 'info', 'inconclusive']);

/** The decision comes with an event that any program may have sent: only one that has the shape of ours is shown as it is. */
const explanationSchema = z.object({
  rules: text,
  result,
  verdict: z.enum(['pass', 'warning', 'fail', 'inconclusive']),
  score: number,
  maximum: number,
  pass: number.nullable(),
  warning: number.nullable(),
  why: text,
  message: text,
  comparedRuns: z.array(text),
  objectives: z.array(
    z.object({
      sli: text,
      displayName: text,
      status,
      weight: number,
      keySli: z.boolean(),
      score: number,
      maximum: number,
      value: number.nullable(),
      baseline: z.object({
        values: z.array(z.object({ run: text, value: number })),
        aggregate: number.nullable(),
        function: text,
      }),
      criteria: z.array(
        z.object({
          role: z.enum(['pass', 'warning']),
          group: number,
          text,
          target: number,
          holds: z.boolean(),
          formula: text,
        }),
      ),
      findings: z.array(z.custom<Explanation['objectives'][number]['findings'][number]>(isFinding)),
      why: text,
    }),
  ),
});

function isFinding(value: unknown): boolean {
  return z.looseObject({ kind: text, outcome: status, sentence: text }).safeParse(value).success;
}

/** One page about one evaluation, with those before it as a heat map. */
export async function reportOf(given: {
  evaluation: EvaluationSummary;
  own: JsonObject;
  /** Newest first, the evaluation among them. */
  runs: readonly EvaluationSummary[];
  /** Judges again, for a decision that came without its reasons, such as one of Keptn's own service. */
  explain(): Promise<Explanation>;
}): Promise<string> {
  const { evaluation, own } = given;
  const parsed = explanationSchema.safeParse(own.decision);
  const explanation: Explanation = parsed.success ? parsed.data : await given.explain();
  const others = given.runs.filter(({ id }) => id !== evaluation.id).toReversed();
  return renderReport({
    project: evaluation.project,
    stage: evaluation.stage,
    service: evaluation.service ?? '',
    window: evaluation.window ?? { start: '', end: '' },
    explanation,
    runs: [...others, evaluation].map(runOf),
  });
}

function runOf({ event, at, verdict, score, slis, labels, tag }: EvaluationSummary): ReportRun {
  const time = formatTimestamp(at);
  return {
    id: event.id,
    label: tag ?? labels?.buildId ?? time.slice(5, 16).replace('T', ' '),
    time,
    result: verdict,
    score,
    slis: (slis ?? []).map(({ sli, value, status }) => ({ metric: sli, value, status })),
  };
}
