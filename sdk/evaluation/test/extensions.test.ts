import { describe, expect, test } from 'vitest';
import { repeatState } from '../src/judge/checks/repeat.ts';
import { evaluate } from '../src/judge/evaluate.ts';
import type { JudgedEvaluation } from '../src/judge/types.ts';
import { parseSlo } from '../src/slo/parse.ts';
import type { Slo } from '../src/slo/types.ts';
import { burnOf } from '../src/stats/burn-rate.ts';
import { mannWhitney } from '../src/stats/mann-whitney.ts';
import { trendOf } from '../src/stats/trend.ts';
import type { IndicatorValue, PreviousEvaluation } from '../src/values.ts';
import { cases } from './cases.ts';

const { mann_whitney, trend, burn_rate } = cases.extension_vectors;

function sloOf(text: string): Slo {
  const parsed = parseSlo(text);
  if (!parsed.ok) throw new Error(parsed.problems.map((problem) => problem.message).join('; '));
  return parsed.slo;
}

const value = (metric: string, measured: number, more: Partial<IndicatorValue> = {}): IndicatorValue => ({
  metric,
  value: measured,
  comparedValue: 0,
  success: true,
  message: '',
  ...more,
});

/** Earlier runs, newest first, each a minute older than the one before. */
const runs = (
  ...list: (Partial<PreviousEvaluation> & { values: Record<string, number> | null })[]
): PreviousEvaluation[] =>
  list.map(({ values, ...run }, index) => ({
    id: `run-${index}`,
    at: 1_000_000 - index * 60_000,
    result: 'pass',
    invalidated: false,
    indicators:
      values && Object.entries(values).map(([metric, value]) => ({ metric, value, success: true, status: 'pass' })),
    ...run,
  }));

function judge(
  slo: string,
  values: IndicatorValue[],
  history: PreviousEvaluation[] = [],
  subject = {},
): JudgedEvaluation {
  const evaluation = evaluate({ slo: sloOf(slo), values, history, subject });
  if (evaluation.kind !== 'judged') throw new Error(evaluation.message);
  return evaluation;
}

const statusOf = (evaluation: JudgedEvaluation, index = 0) => evaluation.objectives[index]?.result.status;

const TOTAL = 'total_score: {pass: "90%", warning: "50%"}\n';

describe('1. statistical comparison', () => {
  test.each(mann_whitney)('$name has the numbers of scipy', (vector) => {
    const shift = mannWhitney(vector.candidate, vector.baseline, vector.confidenceLevel);
    expect(shift).toMatchObject({
      u: vector.U,
      shift: vector.shift,
      rank: vector.orderStatisticK,
      low: vector.ciLow,
      high: vector.ciHigh,
      cles: vector.cles,
    });
    expect(Math.abs(shift.p - vector.pTwoSided)).toBeLessThan(1e-14);
    expect(shift.meanRatio).toBeCloseTo(vector.meanRatio, 14);
  });

  test('equal samples give the exact shift, an interval of width 0 and no difference', () => {
    const five = [5, 5, 5, 5, 5, 5];
    expect(mannWhitney(five, five, 0.98)).toMatchObject({ shift: 0, low: 0, high: 0, p: 1, cles: 0.5 });
  });

  const slo = `objectives:\n- sli: rt\n  compare: {confidence: 0.98, direction: increase, max_shift: "5%"}\n${TOTAL}`;
  const withSamples = (samples: readonly number[]): PreviousEvaluation[] => [
    {
      id: 'base',
      at: 1,
      result: 'pass',
      invalidated: false,
      indicators: [{ metric: 'rt', value: 100, success: true, samples }],
    },
  ];
  const expected: Record<string, string> = {
    same: 'pass',
    'shift-3pct': 'inconclusive',
    'shift-20pct': 'fail',
    'one-outlier': 'inconclusive',
    noisy: 'inconclusive',
  };

  test.each(mann_whitney.filter(({ name }) => name in expected))(
    '$name against a limit of 5 %',
    ({ name, candidate, baseline }) => {
      const judged = judge(slo, [value('rt', 100, { samples: candidate })], withSamples(baseline));
      expect(statusOf(judged)).toBe(expected[name]);
      expect(judged.objectives[0]?.findings.at(-1)?.sentence).toContain('98 % confidence, 10 samples against 10');
    },
  );

  test('many samples that straddle the limit decide for pass', () => {
    const spread = (center: number) => Array.from({ length: 40 }, (_, i) => center + (i % 11) - 5);
    const judged = judge(slo, [value('rt', 105, { samples: spread(104.5) })], withSamples(spread(100)));
    expect(statusOf(judged)).toBe('pass');
  });

  test('a shrinking throughput is a regression when decrease is bad', () => {
    const throughput = slo.replace('increase', 'decrease');
    const low = Array.from({ length: 20 }, (_, i) => 80 + (i % 3));
    const high = Array.from({ length: 20 }, (_, i) => 100 + (i % 3));
    expect(statusOf(judge(throughput, [value('rt', 81, { samples: low })], withSamples(high)))).toBe('fail');
    expect(statusOf(judge(throughput, [value('rt', 101, { samples: high })], withSamples(low)))).toBe('pass');
  });
});

describe('2. the extended grammar', () => {
  const slo = (criterion: string, grammar = 'extended') =>
    `grammar: ${grammar}\nobjectives:\n- sli: a\n  pass: [{criteria: ["${criterion}"]}]\n${TOTAL}`;

  test.each([
    ['in [1,5]', 5, 'pass'],
    ['in [1, 5]', 5.1, 'fail'],
    ['in [-5,-1]', -3, 'pass'],
    ['not in [1,5]', 0, 'pass'],
    ['not in [1,5]', 3, 'fail'],
    ['!=5', 4, 'pass'],
    ['!=5', 5, 'fail'],
    ['=10±0.5', 10.5, 'pass'],
    ['=10±0.5', 10.6, 'fail'],
    ['abs(<=-5)', -5, 'pass'],
    ['abs(<=-5)', -4, 'fail'],
    ['<600ms', 599, 'pass'],
    ['in [10ms, 20ms]', 15, 'pass'],
  ])('%s holds for %d: %s', (criterion, measured, status) => {
    expect(statusOf(judge(slo(criterion), [value('a', measured)]))).toBe(status);
  });

  test.each(['in [5,1]', 'in [1ms,5s]', '!=', '=10±-1', 'abs(5)', 'in [a,b]', '<600parsecs'])(
    '%s means nothing',
    (criterion) => {
      expect(evaluate({ slo: sloOf(slo(criterion)), values: [value('a', 1)], history: [] })).toMatchObject({
        kind: 'refused',
      });
    },
  );

  test('without the key the same text is refused as in Keptn, and >=-5 stays relative with it', () => {
    expect(evaluate({ slo: sloOf(slo('!=5', 'keptn')), values: [value('a', 1)], history: [] })).toEqual({
      kind: 'refused',
      message: 'error with a: invalid criteria string',
      comparedEvents: [],
    });
    expect(statusOf(judge(slo('>=-5'), [value('a', 6)], runs({ values: { a: 10 } })))).toBe('pass');
    expect(statusOf(judge(slo('>=-5'), [value('a', 4)], runs({ values: { a: 10 } })))).toBe('fail');
  });
});

describe('3. what is missing', () => {
  const slo = (keys: string, criterion = '<10') =>
    `objectives:\n- {sli: a, ${keys}, pass: [{criteria: ["${criterion}"]}]}\n- {sli: b, pass: [{criteria: ["<10"]}]}\n${TOTAL}`;
  const b = value('b', 1);

  test.each([
    ['pass', 'pass', 'pass', 100],
    ['warn', 'warning', 'warning', 75],
    ['fail', 'fail', 'warning', 50],
    ['exclude', 'info', 'pass', 100],
    ['inconclusive', 'inconclusive', 'inconclusive', 75],
  ])('on_missing: %s', (policy, status, verdict, score) => {
    const judged = judge(slo(`on_missing: ${policy}`), [b]);
    expect({ status: statusOf(judged), verdict: judged.verdict, score: judged.score }).toEqual({
      status,
      verdict,
      score,
    });
  });

  test('on_error has its own word, and an objective of its own outranks the defaults', () => {
    const failed = value('a', 0, { success: false, message: 'HTTP 503' });
    const judged = judge(`defaults: {on_error: exclude}\n${slo('on_missing: pass')}`, [failed, b]);
    expect(statusOf(judged)).toBe('info');
    const strict = judge(`defaults: {on_error: exclude}\n${slo('on_error: fail')}`, [failed, b]);
    expect(strict.objectives[0]?.findings[0]?.sentence).toBe('the provider failed: HTTP 503, and on_error says fail');
  });

  test('on_no_baseline decides relative criteria, absolute ones still fail', () => {
    expect(statusOf(judge(slo('on_no_baseline: warn', '<=+10%'), [value('a', 5), b]))).toBe('warning');
    expect(statusOf(judge(slo('on_no_baseline: exclude', '<=+10%'), [value('a', 5), b]))).toBe('info');
    expect(statusOf(judge(slo('on_no_baseline: exclude', '<=+10%", "<3'), [value('a', 5), b]))).toBe('fail');
    expect(statusOf(judge(slo('on_no_baseline: fail', '<10'), [value('a', 5), b]))).toBe('pass');
  });

  test('min_baseline makes one earlier run too few', () => {
    const text = `comparison: {compare_with: several_results}\n${slo('min_baseline: 2, on_no_baseline: inconclusive', '<=+10%')}`;
    expect(statusOf(judge(text, [value('a', 5), b], runs({ values: { a: 5 } })))).toBe('inconclusive');
    expect(statusOf(judge(text, [value('a', 5), b], runs({ values: { a: 5 } }, { values: { a: 5 } })))).toBe('pass');
  });

  test('max_missing turns the whole evaluation inconclusive, which is a warning for Keptn consumers', () => {
    const judged = judge(`max_missing: "40%"\n${slo('weight: 1')}`, [b]);
    expect(judged).toMatchObject({
      verdict: 'inconclusive',
      result: 'warning',
      message: 'Evaluation is inconclusive: 1 of 2 objectives have no value, and max_missing allows 40%',
    });
    expect(judge(`max_missing: "50%"\n${slo('weight: 1')}`, [b]).verdict).toBe('warning');
  });

  test('max_missing counts objectives that have checks and no criteria, and not those that only inform', () => {
    const budget = 'budget: {target: 0.99, pairs: [{windows: [1h], burn_rate: 2}]}';
    const text = `max_missing: "40%"\nobjectives:\n- {sli: a, ${budget}}\n- {sli: c, ${budget}}\n- {sli: b}\n${TOTAL}`;
    expect(judge(text, [value('a', 0, { windows: { '1h': 0 } })]).message).toBe(
      'Evaluation is inconclusive: 1 of 2 objectives have no value, and max_missing allows 40%',
    );
  });

  test('a sentence has the word of the file', () => {
    const judged = judge(slo('on_missing: warn'), [b]);
    expect(judged.objectives[0]?.findings[0]?.sentence).toBe('no value came, and on_missing says warn');
  });
});

describe('4. baseline selection', () => {
  const slo = (baseline: string, compare = 'single_result') =>
    `comparison: {compare_with: ${compare}, baseline: {${baseline}}}\nobjectives: [{sli: a, pass: [{criteria: ["<=+0"]}]}]\n${TOTAL}`;
  const aggregate = (text: string, history: PreviousEvaluation[], subject = {}) =>
    judge(text, [value('a', 1)], history, subject).objectives[0]?.baseline.aggregate;

  test('depth looks past runs without the SLI, which take a slot in Keptn', () => {
    const history = runs({ values: null }, { values: { other: 1 } }, { values: { a: 7 } }, { values: { a: 9 } });
    expect(aggregate(slo('depth: 10'), history)).toBe(7);
    expect(
      aggregate('objectives: [{sli: a, pass: [{criteria: ["<=+0"]}]}]\ntotal_score: {pass: "1"}', history),
    ).toBeNull();
  });

  test('labels, deployment, stage, commit, tag and context choose the runs', () => {
    const history = runs(
      { values: { a: 1 }, labels: { region: 'us' }, deployment: 'canary', contextId: 'ours' },
      { values: { a: 2 }, labels: { region: 'eu' }, deployment: 'primary', stage: 'staging', commit: 'c2' },
      { values: { a: 3 }, labels: { region: 'eu' }, deployment: 'canary', stage: 'prod', tag: 'v1' },
    );
    expect(aggregate(slo('labels: [region]'), history, { labels: { region: 'eu' } })).toBe(2);
    expect(aggregate(slo('deployment: same'), history, { deployment: 'canary' })).toBe(1);
    expect(aggregate(slo('stage: prod, other_contexts: true, depth: 5'), history.slice(1), { stage: 'staging' })).toBe(
      3,
    );
    expect(aggregate(slo('commit: c2'), history)).toBe(2);
    expect(aggregate(slo('tag: v1'), history)).toBe(3);
    expect(aggregate(slo('depth: 3'), history, { contextId: 'ours' })).toBe(2);
  });

  test('a pinned run wins over newer ones, and an invalidated one never serves', () => {
    const history = runs(
      { values: { a: 1 } },
      { values: { a: 2 }, result: 'fail' },
      { values: { a: 3 }, invalidated: true },
    );
    expect(aggregate(slo('pinned: run-1'), history)).toBe(2);
    expect(aggregate(slo('pinned: run-2'), history)).toBeNull();
  });

  test('the same time yesterday, within an hour', () => {
    const day = 24 * 3_600_000;
    const start = 100 * day;
    const history = runs(
      { values: { a: 1 }, windowStart: start - 3_600_000 * 3 },
      { values: { a: 2 }, windowStart: start - day + 600_000 },
      { values: { a: 3 }, windowStart: start - 7 * day },
    );
    expect(aggregate(slo('window: yesterday'), history, { windowStart: start })).toBe(2);
    expect(aggregate(slo('window: last_week'), history, { windowStart: start })).toBe(3);
  });

  test('single SLIs can be chosen by their own status', () => {
    const history = runs({ values: { a: 1 } }, { values: { a: 2 } });
    const failed = history.map((run, i) =>
      i === 0 ? { ...run, indicators: [{ metric: 'a', value: 1, success: true, status: 'fail' }] } : run,
    );
    expect(aggregate(slo('sli_status: [pass], depth: 5'), failed)).toBe(2);
  });

  test.each([
    ['min', 1],
    ['max', 10],
    ['median', 3],
    ['p50', 3],
    ['avg', 4],
    ['trimmed_mean', 4],
    ['ewma', 4.8361],
  ])('aggregate: %s', (word, expected) => {
    const history = runs(...[10, 2, 1, 3, 4].map((a) => ({ values: { a } })));
    const text = slo(`aggregate: ${word}`, 'several_results, number_of_comparison_results: 5');
    expect(aggregate(text, history)).toBeCloseTo(expected, 2);
  });

  test('a live control is the baseline of its objective', () => {
    const text = `objectives: [{sli: a, control: a_control, pass: [{criteria: ["<=+10%"]}]}, {sli: a_control}]\n${TOTAL}`;
    const judged = judge(text, [value('a', 12), value('a_control', 10)]);
    expect(judged.objectives[0]?.baseline).toEqual({
      values: [{ run: 'control a_control', value: 10 }],
      aggregate: 10,
    });
    expect(statusOf(judged)).toBe('fail');
  });
});

describe('5. error budget', () => {
  test.each(burn_rate)(
    'target $target with $badRatio bad burns $burnRate',
    ({ target, badRatio, burnRate, windowDays, hoursToExhaust }) => {
      const burn = burnOf(badRatio, target, windowDays * 24 * 3_600_000);
      expect(burn.burnRate).toBeCloseTo(burnRate, 10);
      if (hoursToExhaust === null) expect(burn.hoursToExhaust).toBeNull();
      else expect(burn.hoursToExhaust).toBeCloseTo(hoursToExhaust, 8);
    },
  );

  const slo = `objectives:
- sli: availability
  budget:
    target: 0.999
    pairs:
    - {windows: [1h, 5m], burn_rate: 14.3}
    - {windows: [6h, 30m], burn_rate: 5, severity: warn}
${TOTAL}`;

  test.each([
    ['both windows burn', { '1h': 0.0144, '5m': 0.02, '6h': 0, '30m': 0 }, 'fail'],
    ['the short window has recovered', { '1h': 0.0144, '5m': 0, '6h': 0, '30m': 0 }, 'pass'],
    ['the slow pair burns', { '1h': 0.006, '5m': 0.006, '6h': 0.006, '30m': 0.006 }, 'warning'],
    ['a window is missing', { '1h': 0, '5m': 0, '6h': 0 }, 'inconclusive'],
  ])('%s', (_, windows, status) => {
    const judged = judge(slo, [value('availability', 0, { windows })]);
    expect(statusOf(judged)).toBe(status);
  });

  test('it says how much budget is left when the whole window was measured', () => {
    const windows = { '1h': 0, '5m': 0, '6h': 0, '30m': 0, '30d': 0.00025 };
    const finding = judge(slo, [value('availability', 0, { windows })]).objectives[0]?.findings[0];
    expect(finding?.data.budgetLeft).toBeCloseTo(0.75, 10);
  });
});

describe('6. trend, adaptive thresholds and repetition', () => {
  test.each(trend)('$name has the numbers of scipy', (vector) => {
    const result = trendOf(vector.oldestFirst);
    expect(result.slope).toBe(vector.theilSenSlope);
    expect(result.tau).toBeCloseTo(vector.kendallTau, 14);
    expect(result.p).toBeCloseTo(vector.p, 14);
  });

  const several = 'comparison: {compare_with: several_results, number_of_comparison_results: 10}\n';
  const history = (values: readonly number[]) => runs(...values.toReversed().map((a) => ({ values: { a } })));

  test.each([
    ['drift-up', 'fail'],
    ['flat', 'pass'],
    ['step', 'pass'],
  ])('%s is judged %s', (name, status) => {
    const series = trend.find((vector) => vector.name === name)?.oldestFirst ?? [];
    const slo = `${several}objectives: [{sli: a, trend: {runs: 10}}]\n${TOTAL}`;
    expect(statusOf(judge(slo, [value('a', series.at(-1) ?? 0)], history(series.slice(0, -1))))).toBe(status);
  });

  test('a tolerated slope and a warning instead of a failure', () => {
    const series = [100, 103, 101, 106, 108, 107, 112];
    const text = (keys: string) => `${several}objectives: [{sli: a, trend: {${keys}}}]\n${TOTAL}`;
    expect(statusOf(judge(text('max_slope: "5%"'), [value('a', 115)], history(series)))).toBe('pass');
    expect(statusOf(judge(text('severity: warn'), [value('a', 115)], history(series)))).toBe('warning');
  });

  test('an adaptive threshold follows the runs before', () => {
    const slo = `${several}objectives: [{sli: a, adaptive: {k: 3, min_runs: 5}}]\n${TOTAL}`;
    const before = history([100, 102, 98, 101, 99]);
    expect(statusOf(judge(slo, [value('a', 103)], before))).toBe('pass');
    expect(statusOf(judge(slo, [value('a', 104)], before))).toBe('fail');
    expect(statusOf(judge(slo, [value('a', 104)], before.slice(0, 4)))).toBe('pass');
  });

  test('repetition stops as soon as nothing can change', () => {
    const repeat = { intervalMs: 1000, count: 5, failureLimit: 1, consecutiveSuccess: 0 };
    expect(repeatState([true, false], repeat)).toEqual({ done: false });
    expect(repeatState([false, true, false], repeat)).toEqual({ done: true, holds: false, measured: 3, failures: 2 });
    expect(repeatState([true, false, true, true, true], repeat)).toEqual({
      done: true,
      holds: true,
      measured: 5,
      failures: 1,
    });
    const streak = { ...repeat, failureLimit: 3, consecutiveSuccess: 2 };
    expect(repeatState([false, true, true], streak)).toEqual({ done: true, holds: true, measured: 3, failures: 1 });
    expect(repeatState([true, false, true, false, true], streak)).toEqual({
      done: true,
      holds: false,
      measured: 5,
      failures: 2,
    });
  });

  test('an objective is judged by its repeated measurements', () => {
    const slo = `objectives: [{sli: a, pass: [{criteria: ["<10"]}], repeat: {interval: 10s, count: 3, failure_limit: 1}}]\n${TOTAL}`;
    expect(statusOf(judge(slo, [value('a', 20, { repeats: [5, 6, 20] })]))).toBe('pass');
    expect(statusOf(judge(slo, [value('a', 5, { repeats: [20, 20] })]))).toBe('fail');
    expect(statusOf(judge(slo, [value('a', 5, { repeats: [5] })]))).toBe('inconclusive');
  });
});

describe('7. four states, groups and muted objectives', () => {
  test('an open question that cannot change the result does not make it inconclusive', () => {
    const slo = (weight: number) => `objectives:
- {sli: a, weight: ${weight}, pass: [{criteria: ["<10"]}]}
- {sli: b, on_missing: inconclusive, pass: [{criteria: ["<10"]}]}
total_score: {pass: "90%", warning: "50%"}
`;
    expect(judge(slo(99), [value('a', 1)]).verdict).toBe('pass');
    expect(judge(slo(99), [value('a', 20)])).toMatchObject({ verdict: 'fail', result: 'fail' });
    expect(judge(slo(1), [value('a', 1)])).toMatchObject({ verdict: 'inconclusive', result: 'warning' });
  });

  test('a key objective that could not be decided leaves the result open', () => {
    const slo = `objectives:\n- {sli: a, weight: 99, pass: [{criteria: ["<10"]}]}\n- {sli: b, key_sli: true, on_missing: inconclusive, pass: [{criteria: ["<10"]}]}\n${TOTAL}`;
    expect(judge(slo, [value('a', 1)]).verdict).toBe('inconclusive');
  });

  test('a muted objective is shown and never counts, not even as a key', () => {
    const slo = `objectives:\n- {sli: a, key_sli: true, muted: true, pass: [{criteria: ["<1"]}]}\n- {sli: b, pass: [{criteria: ["<1"]}]}\n${TOTAL}`;
    const judged = judge(slo, [value('a', 5), value('b', 0)]);
    expect(judged).toMatchObject({ score: 100, result: 'pass' });
    expect(statusOf(judged)).toBe('fail');
  });

  test('a group weighs what it says, however many members it has', () => {
    const slo = `groups: {speed: {weight: 1}, errors: {weight: 3}}
objectives:
- {sli: a, group: speed, pass: [{criteria: ["<1"]}]}
- {sli: b, group: speed, pass: [{criteria: ["<1"]}]}
- {sli: c, group: errors, pass: [{criteria: ["<1"]}]}
${TOTAL}`;
    expect(judge(slo, [value('a', 5), value('b', 0), value('c', 0)]).score).toBe(87.5);
  });

  test('a group that must pass vetoes', () => {
    const slo = `groups: {errors: {must_pass: true}}
objectives:
- {sli: a, weight: 99, pass: [{criteria: ["<1"]}]}
- {sli: c, displayName: Errors, group: errors, pass: [{criteria: ["<1"]}]}
${TOTAL}`;
    expect(judge(slo, [value('a', 0), value('c', 5)])).toMatchObject({
      result: 'fail',
      score: 99,
      message: "Evaluation failed due to key_sli objective 'Errors': the group 'errors' must pass",
    });
  });
});

describe('keys of ours that mean nothing are refused with their place', () => {
  test.each([
    ['objectives:\n- sli: a\n  on_missing: maybe\n', 'objectives[0].on_missing', 3],
    ['objectives:\n- sli: a\n  compare: {max_shfit: 5}\n', "did you mean 'max_shift'?", 3],
    ['objectives:\n- sli: a\n  budget: {target: 2, pairs: []}\n', 'objectives[0].budget.target', 3],
    ['comparison:\n  baseline: {lables: [x]}\n', "did you mean 'labels'?", 2],
    ['mode: strict\ncomparison: {compare_with: several_result}\n', "did you mean 'several_results'?", 2],
  ])('%j', (text, message, line) => {
    const parsed = parseSlo(text);
    expect(parsed).toMatchObject({ ok: false });
    if (parsed.ok) return;
    expect(parsed.problems.map((problem) => problem.message).join('\n')).toContain(message);
    expect(parsed.problems[0]?.place?.line).toBe(line);
  });
});
