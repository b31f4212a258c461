import { describe, expect, test } from 'vitest';
import { parseShipyard } from '../../src/shipyard/index.ts';
import { planOf, problemsOf, withSequence, withTask } from './support.ts';

const MINIMAL =
  'apiVersion: slipway.dev/v1\nspec: {stages: [{name: dev, sequences: [{name: build, tasks: [{name: a}]}]}]}\n';

describe('text that is no shipyard at all', () => {
  test.each([
    ['nothing', '', ['1:1 empty-shipyard']],
    ['a comment', '# to be written\n', ['1:1 empty-shipyard']],
    ['an empty document', '---\n', ['1:1 wrong-type']],
    ['a list', '- a\n- b\n', ['1:1 wrong-type']],
    ['a word', 'hello', ['1:1 wrong-type']],
    ['JSON of another kind', '{"openapi": "3.1.0"}', ['1:2 unknown-key', '1:2 missing-key']],
    ['10,000 open brackets', '['.repeat(10_000), ['1:64 yaml-depth']],
    ['10,000 levels of a block', deep(200), ['64:64 yaml-depth']],
    ['a tab in the indentation', 'spec:\n\tstages: []\n', ['2:1 yaml-tab']],
    ['two values in one line', 'spec: stages: x\n', ['1:13 yaml-syntax']],
    ['a string without an end', 'spec: "stages\n', ['2:1 yaml-syntax']],
    ['a NUL', 'spec: \u0000', ['1:7 yaml-syntax']],
    ['half of a surrogate pair', 'spec: \ud800', ['1:7 yaml-syntax']],
    ['two documents', `${MINIMAL}---\n${MINIMAL}`, ['4:1 yaml-documents']],
    ['the same key twice', 'spec: {}\nkind: Shipyard\nspec: {}\n', ['3:1 duplicate-key']],
    ['a key that is a list', '? [a]\n: b\n', ['1:3 yaml-key']],
    ['braces without quotes', withTask('- name: {{7*7}}'), ['8:20 yaml-key']],
    ["a function of JavaScript's", withTask('- {name: a, properties: {run: !!js/function "x"}}'), ['8:41 yaml-tag']],
    ["an object of Python's", withTask('- {name: a, properties: !!python/object:os.system {}}'), ['8:35 yaml-tag']],
    ['a verbatim tag', withTask('- {name: !<tag:yaml.org,2002:str> a}'), ['8:20 yaml-tag']],
    ['a tag of its own', withTask('- !task {name: a}'), ['8:13 yaml-tag']],
    ['a binary tag', withTask('- {name: a, properties: {run: !!binary aGk=}}'), ['8:41 yaml-tag']],
    ['an alias of nothing', withTask('- *nobody'), ['8:13 yaml-alias']],
    [
      'a number that is not exact',
      withTask('- {name: a, properties: {n: 12345678901234567890}}'),
      ['8:39 invalid-number'],
    ],
    ['infinity', withTask('- {name: a, properties: {n: .inf}}'), ['8:39 invalid-number']],
    ['__proto__', withTask('- {name: a, properties: {__proto__: {admin: true}}}'), ['8:36 forbidden-key']],
    [
      'constructor',
      withTask('- {name: a, properties: {constructor: {prototype: {x: 1}}}}'),
      ['8:36 forbidden-key', '8:50 forbidden-key'],
    ],
  ])('%s', (_name, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  test('__proto__ as a key changes no object', () => {
    parseShipyard(withTask('- {name: a, properties: {__proto__: {admin: true}}}'));
    expect('admin' in {}).toBe(false);
  });

  test('300 KB are too large, whether by characters or by bytes', () => {
    expect(problemsOf(`${MINIMAL}# ${'x'.repeat(300 * 1024)}`)).toEqual(['1:1 too-large']);
    expect(problemsOf(`${MINIMAL}# ${'€'.repeat(100 * 1024)}`)).toEqual(['1:1 too-large']);
    expect(problemsOf(`${MINIMAL}# ${'x'.repeat(200 * 1024)}`)).toEqual([]);
  });

  test('a billion laughs are counted, not laughed', () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `  l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
    );
    const text = `apiVersion: slipway.dev/v1\nx:\n  l0: &l0 [a, b]\n${levels.join('\n')}\n`;
    expect(problemsOf(text)).toEqual([expect.stringMatching(/yaml-size/)]);
  });

  test('more than 100 problems are cut', () => {
    const problems = problemsOf(withTask(Array(150).fill('- {name: A}').join('\n')));
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toMatch(/too-many-problems/);
  });
});

describe('YAML that is unusual and fine', () => {
  test.each(['yes', 'no', 'on', 'off', 'y', 'true', '007', '1e3'])('%s names a stage', (name) => {
    expect(planOf(MINIMAL.replace('name: dev', `name: ${name}`)).stages[0]?.name).toBe(name);
  });

  test('a byte order mark, and lines of Windows', () => {
    expect(planOf(`\uFEFF${MINIMAL.replaceAll('\n', '\r\n')}`).version).toBe(planOf(MINIMAL).version);
    expect(problemsOf(`\uFEFFspecs: {}\n`)).toEqual(['1:1 unknown-key -> spec']);
  });

  test('anchors, aliases and merge keys', () => {
    const plan = planOf(
      withSequence(
        '- name: build\n  tasks:\n    - &first {name: a, timeout: 5m, properties: &p {x: 1}}\n    - {<<: *first, name: b}\n    - {name: c, properties: *p}',
      ),
    );
    expect(plan.stages[0]?.sequences[0]?.tasks).toMatchObject([
      { key: 'a', timeoutMs: 300_000, properties: { x: 1 } },
      { key: 'b', timeoutMs: 300_000, properties: { x: 1 } },
      { key: 'c', properties: { x: 1 } },
    ]);
  });

  test('other template languages are text', () => {
    const text = "{{constructor.constructor('return process')()}} {{7*7}} ${HOME} <%= x %>";
    const plan = planOf(withTask(`- {name: a, properties: {text: "${text}"}, with: {text: "${text}"}}`));
    expect(plan.stages[0]?.sequences[0]?.tasks[0]).toMatchObject({ properties: { text }, with: { text } });
  });
});

function deep(levels: number): string {
  return Array.from({ length: levels }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
}

test('aliases may stand for 10,000 values in all', () => {
  const list = `[${Array(100).fill('a').join(', ')}]`;
  const uses = (count: number): string => Array(count).fill('*l').join(', ');
  const text = (count: number): string => withTask(`- {name: a, properties: {l: &l ${list}, more: [${uses(count)}]}}`);
  expect(problemsOf(text(90))).toEqual([]);
  expect(problemsOf(text(110))).toEqual([expect.stringMatching(/yaml-size/)]);
  expect(parseShipyard(text(110)).problems[0]?.message).toContain('10000 values');
});

test('a task has at most 200 expressions and a sequence 2,000, also where aliases repeat them', () => {
  const expressions = (count: number): string =>
    `with: {one: &e "\${{ data.a }}", all: [${Array(count - 1)
      .fill('*e')
      .join(', ')}]}`;
  expect(problemsOf(withTask(`- {name: a, ${expressions(200)}}`))).toEqual([]);
  const [problem] = parseShipyard(withTask(`- {name: a, ${expressions(201)}}`)).problems;
  expect(problem).toMatchObject({ code: 'too-many-expressions', message: expect.stringContaining('at most 200') });
  expect(problemsOf(withTask(`- {name: a, ${expressions(3000)}}`))).toHaveLength(1);
  const tasks = Array.from({ length: 11 }, (_, index) => `- {name: a${index}, ${expressions(200)}}`).join('\n');
  expect(parseShipyard(withTask(tasks)).problems[0]?.message).toContain('at most 2000');
});

test('an input schema may stand for 10,000 schemas once its references are written out', () => {
  const schema = (levels: number): string => {
    const defs = Array.from(
      { length: levels },
      (_, level) => `d${level + 1}: {allOf: [{$ref: "#/$defs/d${level}"}, {$ref: "#/$defs/d${level}"}]}`,
    );
    return withSequence(
      `- {name: b, tasks: [{name: t}], input: {$ref: "#/$defs/d${levels}", $defs: {d0: {type: object}, ${defs.join(', ')}}}}`,
    );
  };
  expect(problemsOf(schema(8))).toEqual([]);
  for (const levels of [13, 34, 60]) {
    const [problem, ...more] = parseShipyard(schema(levels)).problems;
    expect([problem?.code, more]).toEqual(['schema-size', []]);
  }
});
