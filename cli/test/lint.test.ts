import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { slipway } from './slipway.ts';

const GOOD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: good}
spec:
  stages:
    - name: dev
      sequences:
        - name: seq
          tasks:
            - name: build
`;
const BAD = GOOD.replace('tasks:', 'taks:').replace('name: dev', 'name: ../dev');

let folder = '';
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-lint-'));
  writeFileSync(file('good.yaml'), GOOD);
  writeFileSync(file('bad.yaml'), BAD);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a good shipyard ends with 0', async () => {
  expect(await slipway(['lint', file('good.yaml')])).toEqual({
    code: 0,
    stdout: `${file('good.yaml')}: ok\n`,
    stderr: '',
  });
});

test('a bad one ends with 2 and shows each problem with its place, as editors understand it', async () => {
  const { code, stdout } = await slipway(['lint', file('bad.yaml')]);
  expect(code).toBe(2);
  expect(stdout).toContain(`${file('bad.yaml')}:6:13  invalid-name`);
  expect(stdout).toContain(`${file('bad.yaml')}:9:11  unknown-key`);
  expect(stdout).toContain('did you mean "tasks"?');
  expect(stdout).toMatch(/9 \| {11}taks:\n\s+\| {11}\^/);
});

test('of several files each gets its verdict', async () => {
  const { code, stdout } = await slipway(['lint', file('good.yaml'), file('bad.yaml')]);
  expect(code).toBe(2);
  expect(stdout).toContain('good.yaml: ok');
  expect(stdout).toMatch(/bad\.yaml: \d errors/);
});

test('from standard input, as JSON', async () => {
  const { code, stdout } = await slipway(['lint', '-', '-o', 'json'], { stdin: BAD });
  expect(code).toBe(2);
  const [checked] = JSON.parse(stdout);
  expect(checked).toMatchObject({ file: '<stdin>', ok: false });
  expect(checked.problems).toContainEqual(expect.objectContaining({ code: 'unknown-key', line: 9, column: 11 }));
});

test('who gives it an slo.yaml or sli.yaml hears of the command that checks it', async () => {
  writeFileSync(file('slo.yaml'), 'spec_version: "1.0"\nobjectives: [{sli: latency}]\n');
  writeFileSync(file('sli.yaml'), 'spec_version: "1.0"\nindicators: {latency: "1"}\n');
  expect((await slipway(['lint', file('slo.yaml')])).stdout).toContain(`slipway slo lint ${file('slo.yaml')}\n`);
  expect((await slipway(['lint', file('sli.yaml')])).stdout).toContain(`--sli ${file('sli.yaml')}\n`);
  expect((await slipway(['lint', file('bad.yaml')])).stdout).not.toContain('slo lint');
});

test.each(['a: [', 'a: [\n', 'a: {\nb: 1\n'])('brackets that are not closed are called so: %j', async (text) => {
  const { code, stdout } = await slipway(['lint', '-'], { stdin: text });
  expect(code).toBe(2);
  expect(stdout).toMatch(/not closed|flow collection/);
  expect(stdout).not.toContain('deficient');
});
