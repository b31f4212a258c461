/**
 * How long does one judgement take? `node sdk/evaluation/bench/evaluate.ts`
 *
 * 1,000 objectives with two pass criteria (one relative, one absolute) and a warning, 1,000 values, 10 earlier results of 1,000
 * values each, all of them used. Parsing slo.yaml is timed apart: it happens once per version of the file. Each figure is over
 * 200 judgements after 50 to warm up, in one process, with `performance.now()`.
 */
import { evaluate } from '../src/judge/evaluate.ts';
import { parseSlo } from '../src/slo/parse.ts';
import type { IndicatorValue, PreviousEvaluation } from '../src/values.ts';

const OBJECTIVES = 1000;
const EARLIER = 10;
const WARM_UP = 50;
const MEASURED = 200;
const LIMIT_MS = 10;

const names = Array.from({ length: OBJECTIVES }, (_, i) => `sli_${i}`);
const text = `comparison: {compare_with: several_results, number_of_comparison_results: ${EARLIER}, aggregate_function: p90}
objectives:
${names.map((name) => `- {sli: ${name}, pass: [{criteria: ["<=+10%", "<600"]}], warning: [{criteria: ["<=800"]}]}`).join('\n')}
total_score: {pass: "90%", warning: "75%"}
`;

// The provider answers in another order than the file asks: the worst case for taking values out of the pool.
const values = names
  .toReversed()
  .map(
    (metric, i): IndicatorValue => ({ metric, value: 300 + (i % 100), comparedValue: 0, success: true, message: '' }),
  );
const history = Array.from(
  { length: EARLIER },
  (_, run): PreviousEvaluation => ({
    id: `run-${run}`,
    at: run,
    result: 'pass',
    invalidated: false,
    indicators: names.map((metric, i) => ({ metric, value: 300 + ((i * 7 + run) % 100), success: true })),
  }),
);

function timed(run: () => void, times: number): number[] {
  return Array.from({ length: times }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).toSorted((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): string =>
  (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);

const parsed = parseSlo(text);
if (!parsed.ok) throw new Error(parsed.reason);
const { slo } = parsed;
const judge = (): void => {
  const evaluation = evaluate({ slo, values, history });
  if (evaluation.kind !== 'judged' || evaluation.objectives.length !== OBJECTIVES)
    throw new Error('judged something else');
};
timed(judge, WARM_UP);
const judgements = timed(judge, MEASURED);
const parses = timed(() => parseSlo(text), 20);
console.log(`${OBJECTIVES} objectives x ${EARLIER} earlier results, ${MEASURED} judgements, node ${process.version}`);
console.log(`judge: p50 ${at(judgements, 0.5)} ms, p99 ${at(judgements, 0.99)} ms (limit ${LIMIT_MS} ms)`);
console.log(`parse slo.yaml (${(text.length / 1024).toFixed(0)} KB): p50 ${at(parses, 0.5)} ms`);
const median = judgements[Math.floor(MEASURED / 2)] ?? 0;
if (median > LIMIT_MS) process.exitCode = 1;
