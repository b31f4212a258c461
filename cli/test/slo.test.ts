import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, slipway } from './slipway.ts';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const RECORDED = inRepository('sdk/evaluation/test/cases/evaluation.yaml');

const FILES = {
  'slo.yaml': 'objectives:\n- {sli: rt, pass: [{criteria: ["<=600"]}]}\ntotal_score: {pass: "90%"}\n',
  'bad.yaml':
    'comparison: {compare_with: singel}\nobjectives:\n- {sli: rt, pass: [{criteria: ["=<600"]}]}\ntotal_score: {pass: "90%"}\n',
  'escape.yaml': 'objectives:\n- {sli: rt, pass: [{criteria: ["\\e[31m"]}]}\ntotal_score: {pass: "90%"}\n',
  'sli.yaml': 'indicators: {latency: "p95($FOO)"}\n',
  'fast.yaml': '{rt: 500}\n',
  'slow.json': '{"rt": 700}\n',
  'broken.yaml': '[\n',
  'history.yaml': '- {id: first, result: pass, time: 2026-11-01T00:00:00Z, indicators: {rt: 400}}\n',
  'relative.yaml': 'objectives:\n- {sli: rt, pass: [{criteria: ["<=+10%"]}]}\ntotal_score: {pass: "90%"}\n',
  'openslo.yaml': `apiVersion: openslo/v1
kind: SLO
metadata: {name: web}
spec:
  indicator: {metadata: {name: latency}, spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: latency}}}}}
  objectives: [{op: lte, value: 200, target: 0.99}]
`,
  'slo.test.yaml': `evaluations:
- {name: fast enough, slo_file: slo.yaml, current: {rt: 500}, expected: {verdict: pass}}
- {name: too slow, slo_file: slo.yaml, current: {rt: 700}, expected: {verdict: pass}}
- {name: lost, slo_file: nowhere.yaml, current: {rt: 1}, expected: {verdict: pass}}
`,
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-slo-'));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

const slo = (args: readonly string[], options: { stdin?: string; nodeArgs?: readonly string[] } = {}): Promise<Ended> =>
  slipway(['slo', ...args], { cwd: folder, ...options });

describe('slo lint', () => {
  test('good objectives end with 0', async () => {
    expect(await slo(['lint', 'slo.yaml'])).toEqual({ code: 0, stdout: 'slo.yaml: ok\n', stderr: '' });
  });

  test('bad ones end with 2 and show each problem with its place', async () => {
    const { code, stdout } = await slo(['lint', 'bad.yaml']);
    expect(stdout).toContain('bad.yaml:1:28  warning compare-with  ');
    expect(stdout).toContain('bad.yaml:3:32  criterion  "=<600" is not a criterion');
    expect(stdout).toMatch(/\n {2}3 \| - \{sli: rt, pass: \[\{criteria: \["=<600"\]\}\]\}\n {4}\| {32}\^\n/);
    expect(stdout).toContain('\nbad.yaml: 1 error, 1 warning\n');
    expect(code).toBe(2);
  });

  test('a sli.yaml is checked too, against the SLIs of the objectives', async () => {
    const { code, stdout } = await slo(['lint', 'slo.yaml', '--sli', 'sli.yaml']);
    expect(stdout).toContain('slo.yaml: ok\n');
    expect(stdout).toContain("no-query  slo.yaml asks for 'rt'");
    expect(stdout).toContain('sli.yaml:1:23  warning unknown-placeholder  $FOO is not a placeholder');
    expect(code).toBe(0);
    expect((await slo(['lint', '--sli', 'sli.yaml'])).stdout).not.toContain('no-query');
  });

  test('from standard input, as JSON', async () => {
    const { code, stdout } = await slo(['lint', '-', '-o', 'json'], { stdin: FILES['bad.yaml'] });
    const [checked] = JSON.parse(stdout);
    expect(checked).toMatchObject({ file: '<stdin>', ok: false });
    expect(checked.problems).toContainEqual(
      expect.objectContaining({ severity: 'error', code: 'criterion', line: 3, column: 32 }),
    );
    expect(code).toBe(2);
  });

  test('no text of a file reaches the terminal as a command', async () => {
    const { code, stdout } = await slo(['lint', 'escape.yaml']);
    expect(stdout).toContain('u001b[31m');
    expect(stdout).not.toContain('\u001b');
    expect(code).toBe(2);
  });
});

describe('slo explain', () => {
  test('is a table with the sentence why; a failed evaluation ends with 1', async () => {
    expect(await slo(['explain', 'slo.yaml', '--values', 'slow.json'])).toEqual({
      code: 1,
      stdout: `SLI  STATUS  VALUE  BASELINE  SCORE  WHY
rt   fail    700    -         0/1    700 violates <=600

FAIL  score 0
It fails with a score of 0, below 90: rt (700 violates <=600).
`,
      stderr: '',
    });
    expect(await slo(['explain', 'slo.yaml', '--values', 'fast.yaml'])).toMatchObject({ code: 0, stderr: '' });
  });

  test('as JSON, compared with earlier runs', async () => {
    const files = ['relative.yaml', '--values', 'fast.yaml', '--history', 'history.yaml'];
    const { code, stdout } = await slo(['explain', ...files, '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'fail',
      comparedRuns: ['first'],
      objectives: [{ sli: 'rt', baseline: { aggregate: 400 }, criteria: [{ target: 440, holds: false }] }],
      inputsHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(code).toBe(1);
  });

  test('writes the report as one page', async () => {
    const page = join(folder, 'report.html');
    const { code, stderr } = await slo(['explain', 'slo.yaml', '--values', 'slow.json', '--html', page]);
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>[\s\S]*700 violates &lt;=600[\s\S]*<\/html>\n$/);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `the report is in ${page}\n` });
  });
});

describe('slo test', () => {
  test('the 121 recorded evaluations of Keptn pass', async () => {
    expect(await slo(['test', RECORDED])).toEqual({ code: 0, stdout: '121 passed, 0 failed\n', stderr: '' });
  });

  const WRONG = `✕ too slow
    verdict
      - expected "pass"
      + but got  "fail"
✕ lost
    cannot read FOLDER/nowhere.yaml: there is no such file
1 passed, 2 failed
`;

  test('each case that differs is shown with a diff, and the end is 1', async () => {
    // From another folder: a case names its SLO relative to the test file.
    const { code, stdout } = await slipway(['slo', 'test', join(folder, 'slo.test.yaml')]);
    expect(stdout.replaceAll(folder, 'FOLDER')).toBe(WRONG);
    expect(code).toBe(1);
  });

  test('as JSON', async () => {
    const { code, stdout } = await slo(['test', '-', '-o', 'json'], { stdin: FILES['slo.test.yaml'] });
    expect(JSON.parse(stdout)).toMatchObject({ file: '<stdin>', passed: 1, failed: 2 });
    expect(JSON.parse(stdout).differences).toHaveLength(6);
    expect(code).toBe(1);
  });
});

test('slo schema is the schema that the service keeps for editors', async () => {
  const { code, stdout } = await slo(['schema']);
  const kept = readFileSync(inRepository('sdk/evaluation/schemas/slo.schema.json'), 'utf8');
  expect(JSON.parse(stdout)).toEqual(JSON.parse(kept));
  expect(code).toBe(0);
});

describe('what cannot be used ends with 2 and says where', () => {
  test.each([
    [['lint'], 'name a slo.yaml'],
    [['lint', 'slo.yaml', 'bad.yaml', '--sli', 'sli.yaml'], '--sli goes with one slo.yaml'],
    [['lint', 'no.yaml'], 'cannot read no.yaml: there is no such file'],
    [['explain', 'slo.yaml'], "required option '--values <file>'"],
    [['explain', '-', '--values', '-'], 'only one file can be -'],
    [['explain', 'slo.yaml', '--values', 'broken.yaml'], 'the values file is not YAML or JSON: line 2, column 1'],
    [['explain', 'slo.yaml', '--values', 'fast.yaml', '--history', 'fast.yaml'], 'history must be a list of'],
    [['explain', 'bad.yaml', '--values', 'fast.yaml'], 'slipway slo lint bad.yaml'],
    [['explain', 'slo.yaml', '--values', 'fast.yaml', '--html', 'no/r.html'], 'cannot write no/r.html: its folder'],
    [['test', 'slo.yaml'], "slo.yaml: the test file has no 'evaluations'"],
    [['tets'], 'Did you mean test?'],
  ])('slipway slo %j', async (args, said) => {
    const { code, stderr } = await slo(args, { stdin: '' });
    expect(stderr).toContain(said);
    expect(code).toBe(2);
  });
});

test('commands that judge nothing load nothing of the rules of evaluation', async () => {
  const spy = `import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => {
  if (url.includes('/services/evaluate/') || url.includes('/sdk/evaluation/')) process.stderr.write('LOADED ');
  return next(url, context);
} });`;
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(spy)}`];
  for (const args of [['--help'], ['lint', '-'], ['slo', '--help']]) {
    expect((await slipway(args, { nodeArgs, stdin: '' })).stderr).not.toContain('LOADED');
  }
  expect((await slo(['schema'], { nodeArgs })).stderr).toContain('LOADED');
});

describe('the documentation', () => {
  test.each(['slo-files', 'slo-tests'])('docs/evaluate/%s.md: its commands end and print as it says', async (name) => {
    const page = readFileSync(inRepository(`docs/evaluate/${name}.md`), 'utf8');
    const at = join(folder, name);
    mkdirSync(at);
    // A block of YAML that starts with a file name is that file.
    for (const [, file = '', text = ''] of page.matchAll(/```yaml\n# (\S+)\n([\s\S]*?)```/g)) {
      writeFileSync(join(at, file), text);
    }
    const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
    const ends = await Promise.all(
      commands.map(async (line) => {
        const [, command = '', promised = ''] = /^npx slipway (.*?) +# (\d+)\b/.exec(line) ?? [];
        const { code, stdout } = await slipway(command.split(' '), { cwd: at });
        return { line, promised: Number(promised), code, stdout };
      }),
    );
    expect(ends.length).toBeGreaterThan(0);
    for (const { line, promised, code } of ends) expect({ line, code }).toEqual({ line, code: promised });
    const shown = [...page.matchAll(/```text\n([\s\S]*?)```/g)].map(([, text = '']) => text);
    expect(shown.length).toBeGreaterThan(0);
    expect(ends.map(({ stdout }) => stdout)).toEqual(expect.arrayContaining(shown));
  });
});

describe('slo import', () => {
  test('OpenSLO becomes an slo.yaml and an sli.yaml that lint', async () => {
    const { code, stdout, stderr } = await slo(['import', 'openslo.yaml', '--sli', 'imported-sli.yaml']);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('no burn rate alerts, so the usual pairs of windows were taken');
    writeFileSync(join(folder, 'imported.yaml'), stdout);
    const linted = await slo(['lint', 'imported.yaml', '--sli', 'imported-sli.yaml']);
    expect(linted).toEqual({ code: 0, stdout: 'imported.yaml: ok\nimported-sli.yaml: ok\n', stderr: '' });
    expect(JSON.parse((await slo(['import', 'openslo.yaml', '-o', 'json'])).stdout)).toMatchObject({ slo: stdout });
  });

  test('what is no OpenSLO ends with 2 and says what is wrong', async () => {
    const { code, stderr } = await slo(['import', 'slo.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('slo.yaml: document 1: apiVersion:');
  });
});
