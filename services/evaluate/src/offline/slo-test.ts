import { isDeepStrictEqual } from 'node:util';
import {
  type FinishedEvaluation,
  finishEvaluation,
  type IndicatorResult,
  isRecord,
  type SloSource,
} from '@slipway/evaluation';
import { OfflineProblem } from './problem.ts';
import { readData, readHistory, readValues } from './read.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface SloTestResult {
  readonly passed: number;
  readonly failed: number;
  /** What to print: each case that differs with its differences, then `N passed, N failed`. */
  readonly lines: readonly string[];
}

export interface SloTestOptions {
  /** Reads the file that a case names in `slo_file`. Without it such a case fails and says so. */
  readonly read?: (path: string) => string;
}

const CASE_KEYS = [
  'name',
  'source',
  'note',
  'slo',
  'slo_file',
  'sloRetrievalError',
  'getSliFinished',
  'current',
  'history',
  'project',
  'stage',
  'service',
  'expected',
];
const EXPECTED_KEYS = ['event', 'evaluation', 'indicators', 'verdict'];

/** Runs the `evaluations` of a file; docs/evaluate/slo-tests.md describes the format. */
export function sloTest(fileText: string, options: SloTestOptions = {}): SloTestResult {
  const file = readData(fileText, 'the test file');
  const evaluations = isRecord(file) ? file.evaluations : undefined;
  if (!Array.isArray(evaluations) || evaluations.length === 0) {
    throw new OfflineProblem(
      "the test file has no 'evaluations': it must be a list of {name, slo, current, history, expected}",
    );
  }
  const lines: string[] = [];
  let failed = 0;
  for (const [index, given] of evaluations.entries()) {
    const name = isRecord(given) && typeof given.name === 'string' ? given.name : `evaluations[${index}]`;
    const differences = differencesOf(given, options);
    if (differences.length === 0) continue;
    failed += 1;
    lines.push(`✕ ${name}`, ...differences.map((difference) => `    ${difference}`));
  }
  const passed = evaluations.length - failed;
  return { passed, failed, lines: [...lines, `${passed} passed, ${failed} failed`] };
}

function differencesOf(given: unknown, options: SloTestOptions): string[] {
  try {
    if (!isRecord(given)) throw new OfflineProblem('a case must be a map');
    known(given, CASE_KEYS, 'the case');
    const { expected } = given;
    if (!isRecord(expected) || Object.keys(expected).length === 0) throw new OfflineProblem('the case expects nothing');
    known(expected, EXPECTED_KEYS, 'expected');
    return compare(answerTo(given, options), expected);
  } catch (error) {
    if (error instanceof OfflineProblem) return [error.message];
    throw error;
  }
}

/** A misspelt key would make a case that can never fail. */
function known(fields: Fields, keys: readonly string[], what: string): void {
  const strange = Object.keys(fields).filter((key) => !keys.includes(key));
  if (strange.length > 0)
    throw new OfflineProblem(`${what} has the unknown key '${strange[0]}'; it knows ${keys.join(', ')}`);
}

function answerTo(given: Fields, options: SloTestOptions): FinishedEvaluation {
  const provider = isRecord(given.getSliFinished) ? given.getSliFinished : {};
  const text = (fields: Fields, key: string, fallback: string): string => {
    const value = fields[key];
    return typeof value === 'string' ? value : fallback;
  };
  return finishEvaluation({
    project: text(given, 'project', 'sockshop'),
    stage: text(given, 'stage', 'staging'),
    service: text(given, 'service', 'carts'),
    sli: {
      status: text(provider, 'status', 'succeeded'),
      result: text(provider, 'result', 'pass'),
      message: text(provider, 'message', ''),
      start: '',
      end: '',
      values: readValues(given.current ?? [], 'current'),
    },
    slo: sourceOf(given, options),
    history: readHistory(given.history, 'history'),
  });
}

function sourceOf(given: Fields, { read }: SloTestOptions): SloSource {
  const { slo, slo_file: file, sloRetrievalError: error } = given;
  if (typeof error === 'string') return { kind: 'failed', message: error };
  if (typeof file === 'string') {
    if (read === undefined)
      throw new OfflineProblem(`slo_file '${file}' cannot be read from here: put the text into slo`);
    return { kind: 'text', text: read(file) };
  }
  if (slo === null) return { kind: 'none' };
  if (typeof slo !== 'string') throw new OfflineProblem('slo must be the text of slo.yaml, or null for none');
  return { kind: 'text', text: slo };
}

function compare(answer: FinishedEvaluation, expected: Fields): string[] {
  const { evaluation } = answer;
  const lines: string[] = [];
  if (isRecord(expected.event)) {
    const { status, result, message } = answer;
    // An absent message means an empty one, which is left out on the wire.
    lines.push(...differ('event', { status, result, message }, { message: '', ...expected.event }));
  }
  if (isRecord(expected.evaluation)) {
    const { result, score, comparedEvents } = evaluation;
    const sloFileContent = evaluation.sloFileContent === '' ? 'empty' : 'present';
    lines.push(...differ('evaluation', { result, score, comparedEvents, sloFileContent }, expected.evaluation));
  }
  if ('verdict' in expected) lines.push(...differ('', { verdict: answer.verdict }, { verdict: expected.verdict }));
  if ('indicators' in expected) lines.push(...compareIndicators(evaluation.indicatorResults, expected.indicators));
  return lines;
}

function compareIndicators(results: readonly IndicatorResult[] | null, expected: unknown): string[] {
  const wanted: readonly unknown[] = Array.isArray(expected) ? expected : [];
  const actual = results ?? [];
  const lines =
    actual.length === wanted.length
      ? []
      : difference('indicators', `${wanted.length} entries`, `${actual.length} entries`);
  for (const [index, fields] of wanted.entries()) {
    const result = actual[index];
    if (result === undefined || !isRecord(fields)) continue;
    lines.push(...differ(`indicators[${index}]`, comparable(result), withDefaults(fields)));
  }
  return lines;
}

function comparable(result: IndicatorResult): Fields {
  const targets = (list: IndicatorResult['passTargets']): unknown =>
    list.map(({ criteria, targetValue, violated }) => ({ criteria, target: targetValue, violated }));
  const { status, score, keySli, displayName, value } = result;
  const { passTargets, warningTargets } = result;
  return {
    value,
    status,
    score,
    keySli,
    displayName,
    passTargets: targets(passTargets),
    warningTargets: targets(warningTargets),
  };
}

/** Null and the empty list mean the same, and so do an absent and an empty message. */
function withDefaults(fields: Fields): Fields {
  const { value } = fields;
  return {
    ...fields,
    ...('passTargets' in fields ? { passTargets: fields.passTargets ?? [] } : {}),
    ...('warningTargets' in fields ? { warningTargets: fields.warningTargets ?? [] } : {}),
    ...(isRecord(value) ? { value: { message: '', ...value } } : {}),
  };
}

/** Only what the case names is compared; maps are compared key by key. */
function differ(path: string, actual: Fields, expected: Fields): string[] {
  return Object.entries(expected).flatMap(([key, wanted]) => {
    const at = path === '' ? key : `${path}.${key}`;
    if (!(key in actual)) return [`${at} is not something that an evaluation has`];
    const found = actual[key];
    if (isRecord(wanted) && isRecord(found)) return differ(at, found, wanted);
    return isDeepStrictEqual(found, wanted) ? [] : difference(at, shownOf(wanted), shownOf(found));
  });
}

const difference = (at: string, wanted: string, found: string): string[] => [
  at,
  `  - expected ${wanted}`,
  `  + but got  ${found}`,
];

const shownOf = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
