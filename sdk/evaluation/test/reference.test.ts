import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { parseSlo, sloFromValue } from '../src/slo/parse.ts';
import type { ParsedSlo } from '../src/slo/types.ts';
import { finishEvaluation } from '../src/wire/finish.ts';
import { provider, runs, slo, values } from './random-slo.ts';
import { type ReferenceAnswer, type ReferenceInput, referenceAnswer } from './reference.ts';

const SEED = 20_261_121;
const RUNS = 100_000;

const input = fc.tuple(slo, values, runs, provider).map(
  ([slo, values, runs, { providerResult, providerMessage }]): ReferenceInput => ({
    slo,
    values,
    runs,
    providerResult,
    providerMessage,
  }),
);

/** The product's answer in the reference's shape. */
function productAnswer(given: ReferenceInput, parsed: ParsedSlo): ReferenceAnswer {
  const finished = finishEvaluation({
    project: 'p',
    stage: 's',
    service: 'v',
    sli: {
      status: 'succeeded',
      result: given.providerResult,
      message: given.providerMessage,
      start: '',
      end: '',
      values: given.values as never,
    },
    slo: { kind: 'parsed', parsed, text: '' },
    history: given.runs.map(({ time, ...run }) => ({ ...run, at: time, indicators: run.indicators as never })),
  });
  const { evaluation } = finished;
  return {
    status: finished.status,
    result: finished.result,
    message: finished.message,
    evaluationResult: evaluation.result,
    score: evaluation.score,
    compared: [...evaluation.comparedEvents],
    indicators: (evaluation.indicatorResults ?? []).map((result) => ({ ...result })),
  };
}

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, item) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );

/** `toEqual` costs ten times the evaluation, so it is called only to explain a difference. */
function agree(actual: ReferenceAnswer, wanted: ReferenceAnswer): void {
  if (sorted(actual) !== sorted(wanted)) expect(actual).toEqual(wanted);
}

describe('a second implementation, written from the prose,', () => {
  test(`agrees on ${RUNS} random SLOs, values and histories`, { timeout: 300_000 }, () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(input, (given) => {
        const wanted = referenceAnswer(given);
        seen.set(wanted.evaluationResult, (seen.get(wanted.evaluationResult) ?? 0) + 1);
        agree(productAnswer(given, sloFromValue(given.slo)), wanted);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    // Agreement on nothing but errors would prove little.
    for (const result of ['pass', 'warning', 'fail']) expect(seen.get(result) ?? 0).toBeGreaterThan(RUNS / 100);
  });

  test('agrees when the SLO goes through YAML text', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(input, (given) => {
        agree(productAnswer(given, parseSlo(dump(given.slo))), referenceAnswer(given));
      }),
      { seed: SEED, numRuns: 5_000 },
    );
  });
});
