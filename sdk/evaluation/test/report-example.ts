import { explain } from '../src/explain/explain.ts';
import { evaluate } from '../src/judge/evaluate.ts';
import type { ReportInput, ReportRun } from '../src/report/types.ts';
import { parseSlo } from '../src/slo/parse.ts';
import type { IndicatorValue, PreviousEvaluation } from '../src/values.ts';

/** A shop whose new build is slower: one key failure, one warning, one value that never came, and two weeks of runs. */
export const exampleSlo = `comparison:
  compare_with: several_results
  include_result_with_score: pass_or_warn
  number_of_comparison_results: 3
  aggregate_function: avg
objectives:
- sli: response_time_p95
  displayName: Response time P95
  key_sli: true
  pass: [{criteria: ["<=+10%", "<600"]}]
  warning: [{criteria: ["<=800"]}]
- sli: error_rate
  displayName: Error rate
  pass: [{criteria: ["<=+5%", "<2"]}]
  warning: [{criteria: ["<5"]}]
  weight: 2
- sli: throughput
  pass: [{criteria: [">=-20%"]}]
- sli: cpu_seconds_per_request
  displayName: CPU seconds per request, all instances
  pass: [{criteria: ["<=+10%"]}]
- sli: queue_length
  pass: [{criteria: ["<50"]}]
- sli: gc_pause_ms
total_score: {pass: "90%", warning: "75%"}
`;

const wave = (i: number, size: number): number => Math.sin(i * 2.4) * size;

export function exampleReport(): ReportInput {
  const parsed = parseSlo(exampleSlo);
  if (!parsed.ok) throw new Error(parsed.reason);
  const past = Array.from({ length: 17 }, (_, i) => ({
    id: `run-${i + 1}`,
    label: `2026-11-${String(i + 4).padStart(2, '0')} 1.${i + 20}.0`,
    time: `2026-11-${String(i + 4).padStart(2, '0')}T10:00:00.000Z`,
    slis: [
      {
        metric: 'response_time_p95',
        value: 412 + wave(i, 30) + (i === 9 ? 260 : 0),
        status: i === 9 ? 'warning' : 'pass',
      },
      { metric: 'error_rate', value: i === 5 ? 6.2 : 1.1 + wave(i, 0.3), status: i === 5 ? 'fail' : 'pass' },
      { metric: 'throughput', value: 12_400 + wave(i, 900), status: 'pass' },
      { metric: 'cpu_seconds_per_request', value: 0.0213 + wave(i, 0.001), status: 'pass' },
      ...(i > 2 ? [{ metric: 'queue_length', value: 20 + wave(i, 8), status: 'pass' }] : []),
      { metric: 'gc_pause_ms', value: 11 + wave(i, 3), status: 'info' },
    ],
  }));
  const history = past.map(
    (run, i): PreviousEvaluation => ({
      id: run.id,
      at: i,
      result: i === 5 ? 'fail' : i === 9 ? 'warning' : 'pass',
      invalidated: false,
      indicators: run.slis.map(({ metric, value }) => ({ metric, value, success: true })),
    }),
  );
  const value = (metric: string, measured: number): IndicatorValue => ({
    metric,
    value: measured,
    comparedValue: 0,
    success: true,
    message: '',
  });
  const evaluation = evaluate({
    slo: parsed.slo,
    values: [
      value('response_time_p95', 843.27),
      value('error_rate', 2.4),
      value('throughput', 11_800),
      value('cpu_seconds_per_request', 0.0229),
      value('gc_pause_ms', 14.2),
    ],
    history,
  });
  if (evaluation.kind !== 'judged') throw new Error(evaluation.message);
  const runs = past.map((run, i): ReportRun => {
    const result = history[i]?.result ?? 'pass';
    return { ...run, result, score: result === 'pass' ? 100 : result === 'warning' ? 83.3 : 66.7 };
  });
  const latest: ReportRun = {
    id: 'run-18',
    label: '2026-11-21 1.37.0',
    time: '2026-11-21T10:00:00.000Z',
    result: evaluation.result,
    score: evaluation.score,
    slis: evaluation.objectives.map(({ sli, result }) => ({
      metric: sli,
      value: result.value?.success ? result.value.value : null,
      status: result.status,
    })),
  };
  return {
    project: 'sockshop',
    stage: 'staging',
    service: 'carts',
    window: { start: '2026-11-21T09:55:00.000Z', end: '2026-11-21T10:00:00.000Z' },
    explanation: explain(parsed.slo, evaluation),
    runs: [...runs, latest],
  };
}
