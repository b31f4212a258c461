import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { sliLint, sloJsonSchema, sloLint } from '../src/index.ts';
import { exampleSlo } from './report-example.ts';

/** A file without remarks, into which each case puts one mistake. */
const file = (parts: { comparison?: string; objective?: string; total?: string; top?: string }): string =>
  [
    parts.top ?? 'spec_version: "1.0"',
    `comparison: {${parts.comparison ?? 'compare_with: single_result'}}`,
    'objectives:',
    `- ${parts.objective ?? '{sli: a, pass: [{criteria: ["<10"]}]}'}`,
    `total_score: ${parts.total ?? '{pass: "90%", warning: "75%"}'}`,
    '',
  ].join('\n');

const pass = (criterion: string) => ({ objective: `{sli: a, pass: [{criteria: [${criterion}]}]}` });

test('a tidy file has no problems', () => {
  expect(sloLint(file({})).problems).toEqual([]);
});

describe('each quirk is flagged with its place before it bites', () => {
  test.each<[string, Parameters<typeof file>[0], string, string, number, number, string]>([
    [
      'an unknown word compares with three',
      { comparison: 'compare_with: previous' },
      'warning',
      'compare-with',
      2,
      28,
      '3 earlier results',
    ],
    [
      'an absent compare_with too',
      { comparison: 'aggregate_function: avg' },
      'warning',
      'compare-with',
      2,
      13,
      'missing',
    ],
    [
      'a misspelt include takes all',
      { comparison: 'compare_with: single_result, include_result_with_score: passed' },
      'warning',
      'include-result',
      2,
      70,
      "did you mean 'pass'?",
    ],
    [
      'an unknown aggregate is 0',
      { comparison: 'compare_with: single_result, aggregate_function: median' },
      'error',
      'aggregate-function',
      2,
      63,
      'always 0',
    ],
    [
      'too many results',
      { comparison: 'compare_with: several_results, number_of_comparison_results: 101' },
      'error',
      'number-of-results',
      2,
      75,
      '1 to 100',
    ],
    [
      'a fraction of a result',
      { comparison: 'compare_with: several_results, number_of_comparison_results: 2.5' },
      'warning',
      'number-of-results',
      2,
      75,
      'cut to 2',
    ],
    [
      'a number that is ignored',
      { comparison: 'compare_with: single_result, number_of_comparison_results: 5' },
      'warning',
      'number-of-results',
      2,
      73,
      'ignored',
    ],
    [
      'a percentile of few',
      { comparison: 'compare_with: several_results, aggregate_function: p95' },
      'info',
      'percentile-of-few',
      2,
      65,
      'maximum',
    ],
    ['a negative constant that is none', pass('">=-5"'), 'warning', 'relative-not-negative', 4, 31, 'baseline minus 5'],
    ['percent without sign', pass('"<=10%"'), 'info', 'percent-without-sign', 4, 31, '+10 %'],
    ['exact equality', pass('"=+0"'), 'warning', 'exact-equality', 4, 31, 'exact equality'],
    ['two signs', pass('"<=--10"'), 'warning', 'double-sign', 4, 31, 'two signs'],
    ['a hexadecimal number', pass('"<0x1p4"'), 'info', 'unusual-number', 4, 31, 'read as 16'],
    ['no operator', pass('"600"'), 'error', 'criterion', 4, 31, 'begin with <'],
    ['an infinite threshold', pass('"<inf"'), 'error', 'criterion', 4, 31, 'finite'],
    ['an operator of another language', pass('"==1"'), 'error', 'criterion', 4, 31, 'the operators are'],
    ['a decimal comma', pass('"<1,5"'), 'error', 'criterion', 4, 31, 'point'],
    ['our grammar without its key', pass('"in [1,5]"'), 'error', 'criterion', 4, 31, 'grammar: extended'],
    [
      'a swallowed warning criterion',
      { objective: '{sli: a, pass: [{criteria: ["<5"]}], warning: [{criteria: ["x"]}]}' },
      'warning',
      'criterion',
      4,
      62,
      'swallows',
    ],
    [
      'a group without criteria',
      { objective: '{sli: a, pass: [{criteria: []}]}' },
      'warning',
      'empty-criteria',
      4,
      30,
      'adds nothing',
    ],
    [
      'weight 0',
      { objective: '{sli: a, weight: 0, pass: [{criteria: ["<5"]}]}' },
      'warning',
      'weight',
      4,
      20,
      'counts as 1',
    ],
    [
      'a fraction of a weight',
      { objective: '{sli: a, weight: 2.9, pass: [{criteria: ["<5"]}]}' },
      'warning',
      'weight',
      4,
      20,
      'cut to 2',
    ],
    [
      'a negative weight',
      { objective: '{sli: a, weight: -1, pass: [{criteria: ["<5"]}]}' },
      'warning',
      'weight',
      4,
      20,
      'turns the score',
    ],
    [
      'an SLI that stands twice',
      { objective: '{sli: a, pass: [{criteria: ["<5"]}]}\n- {sli: a, pass: [{criteria: ["<5"]}]}' },
      'warning',
      'duplicate-sli',
      5,
      9,
      'objectives[0]',
    ],
    [
      'an objective without SLI',
      { objective: '{pass: [{criteria: ["<5"]}]}' },
      'error',
      'no-sli',
      4,
      3,
      'names no sli',
    ],
    [
      'a warning that cannot happen',
      { objective: '{sli: a, pass: [{criteria: ["<=600"]}], warning: [{criteria: ["<=500"]}]}' },
      'warning',
      'warning-unreachable',
      4,
      52,
      'never happen',
    ],
    [
      'a key objective without a name',
      { objective: '{sli: a, key_sli: true, pass: [{criteria: ["<5"]}]}' },
      'info',
      'key-without-name',
      4,
      21,
      "''",
    ],
    [
      'a misspelt key',
      { objective: '{sli: a, display_name: A, pass: [{criteria: ["<5"]}]}' },
      'warning',
      'unknown-key',
      4,
      12,
      "'displayName'",
    ],
    [
      'a misspelt key at the top',
      { top: 'spec_version: "1.0"\nfliter: {a: b}' },
      'warning',
      'unknown-key',
      2,
      1,
      "'filter'",
    ],
    ['a threshold that does not parse', { total: '{pass: "90 %"}' }, 'error', 'total-score', 5, 14, 'optional %'],
    ['no threshold', { total: '{warning: "90%"}' }, 'error', 'total-score', 5, 14, 'set total_score.pass'],
    [
      'a warning band that is empty',
      { total: '{pass: "75%", warning: "90%"}' },
      'warning',
      'warning-band-empty',
      5,
      14,
      'already passes',
    ],
    ['more than everything', { total: '{pass: "110%"}' }, 'warning', 'pass-over-100', 5, 21, 'highest score'],
    [
      'a group that nobody declared',
      { objective: '{sli: a, group: speed, pass: [{criteria: ["<5"]}]}' },
      'warning',
      'unknown-group',
      4,
      19,
      "no 'speed'",
    ],
  ])('%s', (_, parts, severity, code, line, column, words) => {
    const found = sloLint(file(parts)).problems.filter((problem) => problem.code === code);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ severity, code, place: { line, column } });
    expect(found[0]?.message).toContain(words);
  });

  test.each([
    [
      'an unquoted > is a block of text',
      'objectives:\n- sli: a\n  pass:\n  - criteria:\n    - >1\ntotal_score: {pass: 90}\n',
      'criterion',
      5,
    ],
    ['a tab', 'objectives:\n\t- sli: a\n', 'yaml', 2],
    ['a key twice', 'objectives: []\nobjectives: []\n', 'yaml', 2],
    ['a quoted weight', 'objectives:\n- sli: a\n  weight: "2"\ntotal_score: {pass: 90}\n', 'parse', 3],
    ['a null group', 'objectives:\n- sli: a\n  pass: [null]\ntotal_score: {pass: 90}\n', 'parse', 2],
    ['a second document', 'objectives: [{sli: a}]\ntotal_score: {pass: 90}\n---\nx: 1\n', 'second-document', 3],
    ['no objective', 'total_score: {pass: 90}\n', 'no-objectives', 1],
    ['nothing but comments', '# later\n', 'no-objectives', 1],
    ['only informational', 'objectives:\n- sli: a\ntotal_score: {pass: 90}\n', 'only-informational', 2],
    [
      'warning without pass',
      'objectives:\n- sli: a\n  warning: [{criteria: ["<5"]}]\ntotal_score: {pass: 90}\n',
      'warning-without-pass',
      3,
    ],
  ])('%s', (_, text, code, line) => {
    expect(sloLint(text).problems).toContainEqual(
      expect.objectContaining({ code, place: expect.objectContaining({ line }) }),
    );
  });
});

test('checks that look further back than the comparison are told, for they would pass for ever', () => {
  const objectives =
    'objectives:\n- {sli: a, trend: {runs: 8, direction: increase}}\n- {sli: b, adaptive: {min_runs: 7}}\n- {sli: c, min_baseline: 7, pass: [{criteria: ["<=+10%"]}]}\ntotal_score: {pass: 90}\n';
  const found = sloLint(`comparison: {compare_with: single_result}\n${objectives}`).problems;
  expect(found).toMatchObject([
    {
      code: 'too-few-runs',
      place: { line: 3, column: 19 },
      message: expect.stringMatching(/^trend needs 7 .* gives 1:/),
    },
    { code: 'too-few-runs', place: { line: 4, column: 22 }, message: expect.stringContaining('it always passes') },
    { code: 'too-few-runs', place: { line: 5, column: 26 }, message: expect.stringContaining('never is a baseline') },
  ]);
  const several = 'comparison: {compare_with: several_results, number_of_comparison_results: 7}\n';
  expect(sloLint(`${several}${objectives}`).problems).toEqual([]);
});

test.each(['>10', '>15', '>=10', '> 10%', '>+10%'])('unquoted, %s is no YAML, and the way out is said', (criterion) => {
  const list = `objectives:\n- sli: a\n  pass:\n  - criteria:\n    - ${criterion}\ntotal_score: {pass: 90}\n`;
  const flow = `objectives: [{sli: a, pass: [{criteria: [${criterion}]}]}]\ntotal_score: {pass: 90}\n`;
  for (const [text, line] of [[list, 5] as const, [flow, 1] as const]) {
    const message = expect.stringContaining('quote the criterion');
    expect(sloLint(text).problems).toMatchObject([{ code: 'yaml', place: { line }, message }]);
  }
});

test('a criterion in the place of the list of them is one problem', () => {
  const text = 'objectives:\n- sli: a\n  pass: [{criteria: "<5"}]\ntotal_score: {pass: 90}\n';
  expect(sloLint(text).problems).toMatchObject([{ code: 'parse', place: { line: 3, column: 21 } }]);
});

test('text of brackets and shared anchors end in a problem, not in an exhausted machine', () => {
  expect(sloLint('['.repeat(10_000)).problems).toMatchObject([{ code: 'yaml', severity: 'error' }]);
  const bomb = `a: &a [x${',x'.repeat(99)}]\nb: &b [{criteria: *a}${',{criteria: *a}'.repeat(99)}]\nobjectives: [{sli: s, pass: *b}${',{sli: s, pass: *b}'.repeat(99)}]\n`;
  const started = performance.now();
  expect(sloLint(bomb).problems[0]?.message).toContain('aliases stand for more than 10000 values');
  expect(performance.now() - started).toBeLessThan(30_000);
});

describe('sli.yaml', () => {
  const slo = 'filter: {svc_id: x}\nobjectives: [{sli: rt}, {sli: throughput}]\ntotal_score: {pass: 90}\n';

  test('a tidy one has no problems, with the filter keys as placeholders in both spellings', () => {
    const sli =
      'indicators:\n  rt: up{job="$SERVICE-$svc_id"}[$DURATION_SECONDS]\n  throughput: x{v="$LABEL.version", i="$SVC_ID"}\n';
    expect(sliLint(sli, slo).problems).toEqual([]);
  });

  test('a placeholder that nobody fills in, a missing query and an empty one', () => {
    const sli = 'indicators:\n  rt: up{job="$SERVCE"}\n  throughputs: ""\n';
    expect(sliLint(sli, slo).lines).toEqual([
      '2:7     warning  $SERVCE is not a placeholder and goes to the provider as it is; did you mean $SERVICE?  (unknown-placeholder)',
      "3:3     error    the query of 'throughputs' must be a text  (empty-query)",
      "2:3     warning  slo.yaml asks for 'throughput', which has no query here; did you mean 'throughputs'?  (no-query)",
    ]);
  });

  test('a key of the filter is no mistake where slo.yaml is not known, and a misspelt placeholder still is', () => {
    const sli = 'indicators:\n  rt: up{job="$svc_id", n="$SERVCE"}\n';
    expect(sliLint(sli).problems).toMatchObject([
      { severity: 'info', message: '$svc_id is only filled in when the filter of slo.yaml has it' },
      { severity: 'warning', message: expect.stringContaining('did you mean $SERVICE?') },
    ]);
  });

  test.each<[string, string, number, string]>([
    ['{query: up, reduse: p95}', 'a misspelt key', 18, "'reduse' is not a key of a query; did you mean 'reduce'?"],
    ['{query: up, reduce: p96}', 'a word that is none', 26, 'reduce: Invalid option: expected one of "avg"'],
    ['{query: up, range: true, step: 5x}', 'a step that is none', 37, "step '5x' is not a duration such as 30s"],
    ['{url: "http://x", headers: {a: 1}}', 'a header that is no text', 37, 'headers.a: Invalid input'],
    ['{reduce: avg}', 'nothing to ask', 6, 'it asks nothing: write a query, or a url'],
    ['{query: "up{job=$SERVCE}"}', 'a placeholder within', 14, 'did you mean $SERVICE?'],
  ])('%s has %s', (query, _, column, words) => {
    const { problems } = sliLint(`indicators:\n  a: ${query}\n`);
    expect(problems).toMatchObject([{ place: { line: 2, column }, message: expect.stringContaining(words) }]);
  });

  test('queries as the docs have them are tidy', () => {
    const sli = `indicators:
  a: {query: up, range: true, step: 30s, reduce: p95}
  b: {source: dynatrace, metricSelector: "x:percentile(95)", entitySelector: 'tag("$SERVICE")', resolution: Inf}
  c: {url: "https://x/$PROJECT", method: POST, headers: {a: "1"}, body: {from: $START}, path: "$.data[0]", reduce: max}
  d: {source: tickets, query: "open?s=$SERVICE", path: "$.count"}
`;
    expect(sliLint(sli).problems).toEqual([]);
  });

  test('without indicators', () => {
    expect(sliLint('indicator: {}\n').problems).toMatchObject([{ code: 'unknown-key' }, { code: 'no-indicators' }]);
  });
});

describe('the JSON Schema for editors', () => {
  const validate = new Ajv2020({ strict: false }).compile(sloJsonSchema());

  test('is the file that is checked in', () => {
    const file = readFileSync(new URL('../schemas/slo.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(sloJsonSchema())));
  });

  test('accepts what the parser accepts', () => {
    expect(validate(load(exampleSlo))).toBe(true);
    const extended =
      'mode: strict\nobjectives: [{sli: a, compare: {max_shift: "5%"}, budget: {target: 0.99, pairs: [{windows: [1h], burn_rate: 2}]}}]\ntotal_score: {pass: 90}\n';
    expect(validate(load(extended))).toBe(true);
    // As the tutorials of Keptn have it.
    expect(validate(load('filter:\ncomparison:\nobjectives: [{sli: a}]\ntotal_score: {pass: "90%"}\n'))).toBe(true);
  });

  test.each([
    'objectives: [{sli: a, compare: {max_shfit: 5}}]\ntotal_score: {pass: 90}',
    'objectives: [{sli: a, pass: [{criteria: "<1"}]}]\ntotal_score: {pass: 90}',
    'comparison: {aggregate_function: median}\nobjectives: []\ntotal_score: {pass: 90}',
    'objectives: []',
  ])('refuses %j', (text) => {
    expect(validate(load(text))).toBe(false);
  });
});
