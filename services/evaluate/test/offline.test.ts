import { decide, renderReport, whatIf } from '@slipway/evaluation';
import { describe, expect, test } from 'vitest';
import { casesText } from '../../../sdk/evaluation/test/cases.ts';
import { exampleReport, exampleSlo } from '../../../sdk/evaluation/test/report-example.ts';
import { OfflineProblem, sloExplain, sloReport, sloTest } from '../src/index.ts';

const VALUES =
  '{response_time_p95: 843.27, error_rate: 2.4, throughput: 11800, cpu_seconds_per_request: 0.02, queue_length: 3}';
const HISTORY = `
- {id: run-1, result: pass, time: 2026-11-01T00:00:00Z, indicators: {response_time_p95: 400, throughput: 12000}}
- {id: run-2, result: pass, time: "2026-11-02T00:00:00Z", indicators: [{metric: response_time_p95, value: 420}]}
`;

describe('slo test', () => {
  test('runs the recorded cases, and all pass', () => {
    expect(sloTest(casesText).lines).toEqual(['121 passed, 0 failed']);
  });

  const one = (expected: string, more = '') => `evaluations:
- name: slow
  slo: |
    objectives: [{sli: rt, pass: [{criteria: ["<=600"]}]}]
    total_score: {pass: "90%"}
  current: {rt: 700}
  ${more}
  expected: ${expected}
`;

  test('prints each case that differs with what was expected and what came', () => {
    const result = sloTest(one('{event: {result: pass}, evaluation: {score: 100}, indicators: [{status: pass}]}'));
    expect(result).toEqual({
      passed: 0,
      failed: 1,
      lines: [
        '✕ slow',
        '    event.message',
        '      - expected ""',
        '      + but got  "Evaluation failed since the calculated score of 0 is below the target value of 90"',
        '    event.result',
        '      - expected "pass"',
        '      + but got  "fail"',
        '    evaluation.score',
        '      - expected 100',
        '      + but got  0',
        '    indicators[0].status',
        '      - expected "pass"',
        '      + but got  "fail"',
        '0 passed, 1 failed',
      ],
    });
  });

  test('only what a case names is compared', () => {
    expect(sloTest(one('{evaluation: {result: fail}}')).passed).toBe(1);
  });

  test.each([
    [one('{}'), 'expects nothing'],
    [one('{evnt: {}}'), "unknown key 'evnt'"],
    [one('{evaluation: {scroe: 5}}'), 'evaluation.scroe is not something that an evaluation has'],
    [one('{verdict: fail}', 'histroy: []'), "unknown key 'histroy'"],
    [one('{verdict: fail}').replace('{rt: 700}', '{rt: fast}'), "the value of 'rt' must be a number"],
  ])('a case that could never fail is a failed case', (text, message) => {
    const { failed, lines } = sloTest(text);
    expect(failed).toBe(1);
    expect(lines[1]).toContain(message);
  });

  test('an SLO may stand in its own file', () => {
    const text = 'evaluations:\n- {name: x, slo_file: slo.yaml, current: {rt: 1}, expected: {verdict: pass}}\n';
    const slo = 'objectives: [{sli: rt, pass: [{criteria: ["<5"]}]}]\ntotal_score: {pass: 90}\n';
    expect(sloTest(text, { read: () => slo })).toMatchObject({ passed: 1, failed: 0 });
    expect(sloTest(text).lines[1]).toContain('cannot be read from here');
  });

  test('a file of another kind is refused', () => {
    expect(() => sloTest('objectives: []')).toThrow("has no 'evaluations'");
    expect(() => sloTest('a: [')).toThrow(OfflineProblem);
  });
});

describe('slo explain', () => {
  test('is a table with the sentence why', () => {
    const { text } = sloExplain({ slo: exampleSlo, values: VALUES, history: HISTORY });
    expect(text).toBe(`SLI                                     STATUS   VALUE   BASELINE  SCORE  WHY
Response time P95 (key)                 fail     843.27  410       0/1    843.27 violates <=+10% (451) and <600
Error rate                              warning  2.4     -         1/2    2.4 meets <5, which is a warning
throughput                              pass     11800   12000     1/1    11800 meets >=-20% (9600)
CPU seconds per request, all instances  pass     0.02    -         1/1    0.02 meets <=+10% (no baseline, so it holds)
queue_length                            pass     3       -         1/1    3 meets <50
gc_pause_ms                             info     -       -         -      it only informs, and no value came

FAIL  score 66.667
It fails with a score of 66.67, below 75, and a key objective failed: Response time P95 (843.27 violates <=+10% (451) and <600); Error rate (2.4 meets <5, which is a warning).
`);
  });

  test('the data keeps every digit, the runs and values of the baseline, and the formula', () => {
    const { json } = sloExplain({ slo: exampleSlo, values: VALUES, history: HISTORY });
    expect(json).toMatchObject({ verdict: 'fail', score: 66.66666666666666, comparedRuns: ['run-2', 'run-1'] });
    expect(json.objectives[0]).toMatchObject({
      baseline: {
        values: [
          { run: 'run-2', value: 420 },
          { run: 'run-1', value: 400 },
        ],
        aggregate: 410,
        function: 'avg',
      },
      criteria: [
        { text: '<=+10%', formula: '410 × (100 + 10) ÷ 100 = 451', target: 451, holds: false },
        { text: '<600', formula: '600', holds: false },
        { text: '<=800', role: 'warning', holds: false },
      ],
    });
  });

  test('where no value came no arithmetic is claimed, and no threshold is drawn from it', () => {
    const slo =
      'objectives: [{sli: rt, pass: [{criteria: ["<=+10%", "<600"]}]}, {sli: other, warning: [{criteria: ["<=+5%"]}]}]\ntotal_score: {pass: 90}\n';
    const history = '[{id: a, result: pass, time: 2026-11-01T10:00:00Z, indicators: {rt: 400, other: 1}}]';
    const values = '{other: 1}';
    const [rt, other] = sloExplain({ slo, values, history }).json.objectives;
    expect(rt?.criteria).toMatchObject([
      { text: '<=+10%', target: 400, holds: false, formula: 'not applied, and there is a baseline of 400' },
      { text: '<600', target: 600, holds: false, formula: '600' },
    ]);
    expect(other?.criteria).toMatchObject([{ formula: 'not applied, and there is a baseline of 1' }]);
    expect(sloExplain({ slo, values: '[]' }).json.objectives[0]?.criteria[0]?.formula).toBe(
      'not applied, and there is no baseline',
    );
    expect(sloReport({ slo, values, history }).match(/class="limit-name/g)).toHaveLength(1);
  });

  test('a muted objective is shown, and is to blame for nothing', () => {
    const slo =
      'objectives: [{sli: a, pass: [{criteria: ["<1"]}]}, {sli: b, muted: true, pass: [{criteria: ["<1"]}]}]\ntotal_score: {pass: 90}\n';
    const { text } = sloExplain({ slo, values: '{a: 5, b: 7}' });
    expect(text).toContain('7 violates <1, muted');
    expect(text).toContain('It fails with a score of 0, below 90: a (5 violates <1).\n');
  });

  test('the hash of the inputs is the same for the same inputs and another for others', () => {
    const hash = (values: string) => sloExplain({ slo: exampleSlo, values, history: HISTORY }).json.inputsHash;
    expect(hash(VALUES)).toBe(hash(VALUES));
    expect(hash(VALUES)).not.toBe(hash(VALUES.replace('843.27', '843.28')));
  });

  test.each([
    [
      'objectives: [{sli: a, weight: "2"}]',
      'slo.yaml cannot be used:\n  line 1, column 31: objectives[0].weight must be a whole number, not the text "2"',
    ],
    [
      'objectives: [{sli: a, pass: [{criteria: ["x"]}]}]\ntotal_score: {pass: 90}',
      'would not take place: error with a: invalid criteria string',
    ],
  ])('an SLO that cannot be judged says where', (slo, message) => {
    expect(() => sloExplain({ slo, values: '{a: 1}' })).toThrow(message);
  });
});

describe('replay and what-if', () => {
  const value = { metric: 'rt', value: 550, comparedValue: 0, success: true, message: '' };
  const slo = 'objectives: [{sli: rt, pass: [{criteria: ["<=600"]}]}]\ntotal_score: {pass: "90%"}\n';
  const input = { slo, values: [value], history: [] };

  test('a stored decision is made again exactly', () => {
    expect(decide(input)).toEqual(decide(structuredClone(input)));
  });

  test('another SLO shows what would be different', () => {
    const { differences } = whatIf(input, { slo: slo.replace('600', '500') });
    expect(differences).toEqual(['verdict: pass → fail', 'score: 100 → 0', 'rt: pass → fail']);
    expect(whatIf(input, { slo: slo.replace('600', '700') }).differences).toEqual([]);
  });

  test('another baseline too', () => {
    const relative = { ...input, slo: slo.replace('<=600', '<=+10%') };
    const history = [
      { id: 'h', at: 1, result: 'pass', invalidated: false, indicators: [{ metric: 'rt', value: 400, success: true }] },
    ];
    expect(whatIf(relative, { history }).differences).toContain('rt baseline: none → 400');
  });
});

describe('the report', () => {
  test('is one page that asks for nothing and runs nothing', () => {
    const page = renderReport(exampleReport());
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|https?:|url\(|@import|<link|<img/);
    expect(page.match(/<article/g)).toHaveLength(6);
    expect(page).toContain('It fails with a score of 50, below 75, and a key objective failed');
  });

  test('names from outside stay text', () => {
    const evil = '<img src=x onerror=alert(1)>"\'</style></title>';
    const slo = `objectives: [{sli: ${JSON.stringify(evil)}, displayName: ${JSON.stringify(evil)}, pass: [{criteria: ["<5"]}]}]\ntotal_score: {pass: 90}\n`;
    const history = JSON.stringify([
      { id: evil, result: evil, time: '2026-11-01T00:00:00Z', indicators: { [evil]: 5 } },
    ]);
    const page = sloReport({ slo, values: JSON.stringify({ [evil]: 1 }), history, title: evil });
    expect(page).not.toContain('<img');
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
  });

  test('shows a run without any value', () => {
    const slo = 'objectives: [{sli: a, pass: [{criteria: ["<5"]}]}]\ntotal_score: {pass: 90}\n';
    expect(sloReport({ slo, values: '[]' })).toContain('No value received from SLI provider.');
  });
});
