import { describe, expect, test } from 'vitest';
import { average, percentile } from '../src/baseline/aggregate.ts';
import { parseKeptnCriterion, readCriterion } from '../src/criteria/parse.ts';
import { thresholdsOf, totalOf } from '../src/judge/total.ts';
import { readDocument } from '../src/slo/document.ts';
import { parseSlo } from '../src/slo/parse.ts';
import { Reader } from '../src/slo/reader.ts';
import { resolveWindow } from '../src/time/window.ts';
import type { IndicatorResult } from '../src/values.ts';
import { decodePrevious, decodeSliAnswer, type StoredEvaluation } from '../src/wire/decode.ts';
import { finishEvaluation, type SloSource } from '../src/wire/finish.ts';
import { startEvaluation } from '../src/wire/start.ts';
import { treeFromYaml, YamlProblem } from '../src/yaml/from-yaml.ts';
import { locateIn } from '../src/yaml/tree.ts';
import { cases, copyText, type EvaluationCase, historyOf, sharedText } from './cases.ts';

const PLACE = { project: 'sockshop', stage: 'staging', service: 'carts' };

test.skipIf(sharedText === null)('the copy of the recorded cases is the recorded cases', () => {
  expect(copyText).toBe(sharedText);
});

describe('evaluations', () => {
  test.each(cases.evaluations)('$name', (given) => {
    expect(answerTo(given)).toEqual(expectedOf(given));
  });
});

function answerTo(given: EvaluationCase) {
  const answer = decodeSliAnswer({
    status: 'succeeded',
    result: 'pass',
    ...given.getSliFinished,
    'get-sli': { start: 'S', end: 'E', indicatorValues: given.current },
  });
  if (!answer.ok) throw new Error(answer.message);
  const finished = finishEvaluation({
    ...PLACE,
    sli: answer.value,
    slo: sourceOf(given),
    history: historyOf(given.history),
  });
  const { evaluation } = finished;
  return {
    event: { status: finished.status, result: finished.result, message: finished.message },
    evaluation: {
      result: evaluation.result,
      score: evaluation.score,
      comparedEvents: [...evaluation.comparedEvents],
      sloFileContent: evaluation.sloFileContent === '' ? 'empty' : 'present',
    },
    indicators: evaluation.indicatorResults?.map(indicatorOf) ?? [],
  };
}

function sourceOf(given: EvaluationCase): SloSource {
  if (given.sloRetrievalError !== undefined) return { kind: 'failed', message: given.sloRetrievalError };
  return given.slo === null ? { kind: 'none' } : { kind: 'text', text: given.slo };
}

function indicatorOf(result: IndicatorResult) {
  const { value } = result;
  const targets = (list: IndicatorResult['passTargets']) =>
    list.map(({ criteria, targetValue, violated }) => ({ criteria, target: targetValue, violated }));
  return {
    value: value && { ...value, message: value.message },
    status: result.status,
    score: result.score,
    keySli: result.keySli,
    passTargets: targets(result.passTargets),
    warningTargets: targets(result.warningTargets),
    displayName: result.displayName,
  };
}

function expectedOf({ expected, slo }: EvaluationCase) {
  return {
    event: { message: '', ...expected.event },
    evaluation: expected.evaluation,
    indicators: (expected.indicators ?? []).map((item) => {
      const indicator = item as Record<string, unknown>;
      const value = indicator.value as Record<string, unknown> | null;
      return {
        ...indicator,
        value: value && { message: '', ...value },
        passTargets: indicator.passTargets ?? [],
        warningTargets: indicator.warningTargets ?? [],
        displayName: indicator.displayName ?? displayNameIn(slo),
      };
    }),
  };
}

/** The cases name a display name only where it is set. */
const displayNameIn = (slo: string | null): unknown => (slo?.includes('displayName') ? expect.any(String) : '');

describe('criteria', () => {
  test.each(cases.criteria_parsing)('$criteria', ({ criteria, source: _, ...expected }) => {
    const parsed = parseKeptnCriterion(String(criteria));
    if ('error' in expected) expect(parsed).toEqual({ kind: 'invalid', error: expected.error });
    else expect(parsed).toEqual({ kind: 'keptn', ...expected });
  });

  test.each(['<inf', '<=+Inf', '<NaN'])(
    'deviation: the threshold %s is refused, since JSON cannot carry it',
    (text) => {
      expect(readCriterion(text, { extended: false }).parsed).toEqual({
        kind: 'invalid',
        error: 'could not parse criteria target value',
      });
    },
  );
});

test.each(cases.percentiles)('percentile $p of $values is $result', ({ values, p, result }) => {
  const numbers = typeof values === 'string' ? Array.from({ length: 100 }, (_, i) => i + 1) : values;
  expect(percentile(numbers, p)).toBe(result);
});

test('the average of nothing is 0', () => {
  expect(average([])).toBe(0);
});

describe('score step', () => {
  test.each(cases.score_step)('$name', ({ maximum, objectives, keySliFailed, total_score, expected }) => {
    const thresholds = thresholdsOf(total_score);
    if (!thresholds.ok) return expect(thresholds.message).toBe(expected.error);
    const sum = objectives.reduce((total, { score, informational }) => total + (informational ? 0 : score), 0);
    const veto = keySliFailed ? { name: keySliFailed.name, why: keySliFailed.message } : null;
    expect(totalOf(sum, maximum, thresholds.value, veto)).toEqual({ message: '', ...expected });
  });
});

describe('slo.yaml', () => {
  test.each(cases.slo_parsing)('$name', ({ slo, expected }) => {
    if ('crash' in expected) return expect(parseSlo(slo)).toMatchObject({ ok: false });
    if ('parseError' in expected)
      return expect(parseSlo(slo)).toMatchObject({ ok: false, reason: expected.parseError });
    const objectives = expected.objectives as Record<string, unknown>[] | undefined;
    expect(documentOf(slo)).toMatchObject({
      ...expected,
      ...(objectives && { objectives: objectives.map((objective) => ({ pass: [], ...objective })) }),
    });
  });

  test('deviation: a null group crashes Keptn, and is a parse error with its place here', () => {
    const parsed = parseSlo('objectives:\n- sli: a\n  pass:\n  - null\n');
    expect(parsed).toMatchObject({ ok: false, problems: [{ path: 'objectives[0].pass[0]', place: { line: 2 } }] });
  });
});

function documentOf(slo: string) {
  const tree = treeFromYaml(slo);
  const reader = new Reader(locateIn(slo));
  const { comparison, objectives, totalScore, filter } = readDocument(tree, reader);
  expect(reader.problems).toEqual([]);
  return {
    comparison: {
      compare_with: comparison.compareWith,
      include_result_with_score: comparison.includeResultWithScore,
      number_of_comparison_results: comparison.numberOfComparisonResults,
      aggregate_function: comparison.aggregateFunction,
    },
    objectives: objectives.map(({ sli, weight, keySli, pass }) => ({ sli, weight, key_sli: keySli, pass })),
    total_score: totalScore,
    filter: filter && Object.fromEntries(filter.map(({ key, value }) => [key, value])),
  };
}

test('text that is not YAML is a problem with its place', () => {
  expect(() => treeFromYaml('a: >10\n')).toThrow(YamlProblem);
});

/** Section 8: an offset is converted, where Keptn drops it and prints the local time with a Z. */
const CONVERTED: Record<string, { start: string; end: string }> = {
  '2020-01-02T15:00:00+10:00': { start: '2020-01-02T05:00:00.000Z', end: '2020-01-02T05:10:00.000Z' },
};

describe('windows', () => {
  const now = Date.UTC(2024, 3, 30, 11, 0, 0);
  test.each(cases.timeframes)('$data', ({ data, expected }) => {
    const window = resolveWindow(data, now);
    if (expected.error !== undefined) return expect(window).toEqual({ ok: false, message: expected.error });
    if (expected.end === 'now') {
      const length = { '10m': 600_000, '1.5h': 5_400_000 }[data.evaluation?.timeframe ?? ''] ?? Number.NaN;
      const start = new Date(now - length).toISOString();
      return expect(window).toEqual({ ok: true, start, end: new Date(now).toISOString() });
    }
    expect(window).toEqual({ ok: true, ...(CONVERTED[data.evaluation?.start ?? ''] ?? expected) });
  });
});

describe('start', () => {
  test.each(cases.start)('$name', ({ data, slo, sloRetrievalError: error, provider, expected }) => {
    const second = expected[1];
    // The design's table: an entity that is missing is named, any other failure is passed on as it is.
    const message = error?.startsWith('service not found') ? `service ${data.service} not found` : error;
    const started = startEvaluation({
      project: data.project,
      stage: data.stage,
      service: data.service,
      request: data,
      ...(data.deployment && { deploymentNames: data.deployment.deploymentNames }),
      slo: message === undefined ? { kind: 'text', text: slo ?? '' } : { kind: 'failed', message },
      provider,
      nowMs: Date.UTC(2024, 3, 30),
    });
    if (second?.type === 'get-sli.triggered') {
      expect(started).toEqual({ kind: 'ask', question: { ...second['get-sli'], deployment: second.deployment } });
      return;
    }
    expect(started).toMatchObject({
      kind: 'finished',
      ended: {
        status: second?.status,
        result: second?.result,
        message: second?.message,
        timeStart: second?.evaluation?.timeStart,
        timeEnd: second?.evaluation?.timeEnd,
      },
    });
  });
});

describe('wire', () => {
  test.each(cases.wire)('$name', ({ slo, getSliFinishedData, history, expected }) => {
    const answer = decodeSliAnswer(JSON.parse(getSliFinishedData));
    if (!answer.ok) throw new Error(answer.message);
    const stored: StoredEvaluation[] = JSON.parse(history ?? '[]');
    const previous = stored.map((event) => decodePrevious(event));
    const unreadable = previous.find((item) => !item.ok);
    if (unreadable !== undefined) {
      expect(expected).toHaveProperty('crash');
      return expect(unreadable).toEqual({ ok: false, message: expect.stringContaining('indicatorResults[0] is null') });
    }
    const finished = finishEvaluation({ ...PLACE, sli: answer.value, slo: { kind: 'text', text: slo }, history: [] });
    if ('crash' in expected) return expect(finished).toMatchObject({ status: 'errored', result: 'fail' });
    expect({
      triggeredid: 'triggered-id',
      status: finished.status,
      result: finished.result,
      message: finished.message,
      score: finished.evaluation.score,
      evaluationResult: finished.evaluation.result,
      comparedEvents: finished.evaluation.comparedEvents,
    }).toEqual(expected);
  });

  test('a value that is not a number does not decode', () => {
    const answer = decodeSliAnswer({ 'get-sli': { indicatorValues: [{ metric: 'rt', value: 'NaN', success: true }] } });
    expect(answer).toEqual({
      ok: false,
      message: 'Could not parse event payload: value of rt must be a finite number',
    });
  });
});

test('aliases that stand for more than 10,000 values are refused at the alias that is too many, and fewer are read', () => {
  const ten = (name: string): string => Array.from({ length: 10 }, () => `*${name}`).join(', ');
  const doubled = ['a: &a [x]', `b: &b [${ten('a')}]`, `c: &c [${ten('b')}]`, `d: &d [${ten('c')}]`];
  expect(treeFromYaml(doubled.join('\n'))).toMatchObject({ kind: 'map' });
  const bomb = [...doubled, `e: &e [${ten('d')}]`, `f: &f [${ten('e')}]`].join('\n');
  let problem: unknown;
  try {
    treeFromYaml(bomb);
  } catch (error) {
    problem = error;
  }
  expect(problem).toBeInstanceOf(YamlProblem);
  expect(problem).toMatchObject({
    message: 'aliases stand for more than 10000 values: write fewer, or smaller ones',
    place: { line: 5 },
  });
});

test('merges of one anchor into many maps count towards the limit of aliases', () => {
  const base = `base: &base {${Array.from({ length: 200 }, (_, index) => `k${index}: 1`).join(', ')}}`;
  const merged = Array.from({ length: 60 }, (_, index) => `m${index}: {<<: *base}`).join('\n');
  expect(() => treeFromYaml(`${base}\n${merged}`)).toThrow('aliases stand for more than 10000 values');
});
