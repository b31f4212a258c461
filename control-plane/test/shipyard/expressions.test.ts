import { describe, expect, test } from 'vitest';
import { createEvaluator } from '../../src/shipyard/index.ts';

const evaluator = createEvaluator();

const scope = {
  input: { image: 'cat.jpg' },
  data: {
    n: 2,
    half: 0.5,
    name: 'Ada',
    list: [1, 2, 3],
    words: ['b', 'a'],
    nothing: null,
    nested: { deep: [{ x: 1 }] },
  },
  vars: { threshold: 80 },
  tasks: {
    build: { output: { score: 91.5, 'odd key': 1 }, result: 'pass', status: 'succeeded', error: null, attempts: 1 },
  },
  run: { id: 'r1' },
  stage: 'dev',
  sequence: 'delivery',
  service: 'web',
  labels: { team: 'blue' },
  project: { name: 'shop', config: { region: 'eu' } },
};

describe('the value of an expression', () => {
  test.each<[expression: string, value: unknown]>([
    // Numbers: JSON's are doubles, literals are integers, and both go together.
    ['1 + 2', 3],
    ['7 / 2', 3],
    ['data.n / 4', 0.5],
    ['data.n + 1', 3],
    ['2 * data.half', 1],
    ['data.n % 2', 0],
    ['-data.n', -2],
    ['data.n == 2', true],
    ['data.n == "2"', false],
    ['data.nothing == null', true],
    ['data.n == null', false],
    ['tasks.build.output.score >= double(vars.threshold)', true],
    ['tasks.build.output.score > vars.threshold', true],
    // Paths
    ['tasks.build.output["odd key"]', 1],
    ['data.nested.deep[0].x', 1],
    ['data.list[data.n]', 3],
    ['has(data.zz)', false],
    ['has(data.nested.deep)', true],
    ['project.config.region + "/" + labels.team', 'eu/blue'],
    ['data.nested', { deep: [{ x: 1 }] }],
    // Macros
    ['data.list.map(x, x * 2)', [2, 4, 6]],
    ['data.list.filter(x, x > 1)', [2, 3]],
    ['data.list.exists(x, x == 3) && data.list.all(x, x < 4)', true],
    ['[1, "a", null, {"k": data.name}]', [1, 'a', null, { k: 'Ada' }]],
    // Beyond CEL
    ['default(data.zz, "none")', 'none'],
    ['default(data.zz.yy[0], "none")', 'none'],
    ['default(data.nothing, "none")', 'none'],
    ['default(data.list[7], 0)', 0],
    ['default(tasks.never.output, {})', {}],
    ['default(data.n, 9)', 2],
    ['json({"a": data.list})', '{"a":[1,2,3]}'],
    ['fromJson("[1, {\\"a\\": null}]")[1]', { a: null }],
    ['base64("h\u00e9")', 'aMOp'],
    ['base64(b"ab")', 'YWI='],
    ['upper(data.name) + lower(data.name) + trim("  x ")', 'ADAadax'],
    ['first(data.words) + last(data.words)', 'ba'],
    ['batch(data.list, 2)', [[1, 2], [3]]],
    ['batch([], 2)', []],
    ['sum(data.list)', 6],
    ['sum([1, 2.5])', 3.5],
    ['sum([])', 0],
    ['re("build-17", "^build-[0-9]+$")', true],
    ['re("x build-17", "^build")', false],
    // What is not JSON becomes it.
    ['timestamp("2026-11-21T10:00:00Z")', '2026-11-21T10:00:00.000Z'],
    ['duration("90m")', '5400s'],
    ['b"ab"', 'YWI='],
    ['5u', 5],
    ['type(data.n) == double', true],
    // Unused branches may fail.
    ['data.n > 3 && data.zz', false],
    ['data.n == 2 || data.zz', true],
    ['data.n == 2 ? "two" : data.zz', 'two'],
  ])('%s', (expression, value) => {
    expect(evaluator.evaluate(expression, scope)).toEqual({ ok: true, value });
  });
});

describe('an expression without a value says so, and never answers false', () => {
  test.each<[expression: string, message: RegExp]>([
    ['data.zz', /No such key: zz\n\n> {4}1 \| data\.zz\n {14}\^/],
    ['nobody', /Unknown variable: nobody/],
    ['item', /Unknown variable: item/],
    ['error.code == "X"', /Unknown variable: error/],
    ['data.name > 1', /no such overload/],
    ['data.n +', /Unexpected token/],
    ['', /Unexpected token/],
    ['1 / 0', /division by zero/],
    ['1.0 / 0.0', /Infinity is not a number that JSON can hold\n\n> {4}1 \| 1\.0 \/ 0\.0\n {9}\^{9}$/],
    ['{"a": [\n1, 0.0 / 0.0]}', /NaN is not a number that JSON can hold\n\n> {4}1 \| \{"a": \[\n {9}\^{7}$/],
    ['9007199254740993', /beyond 2\^53, .*\n\n> {4}1 \| 9007199254740993\n {9}\^{16}$/],
    ['9223372036854775807 + 1', /integer overflow/],
    ['type(1)', /a type and no data/],
    ['first([])', /first\(\) of an empty list/],
    ['sum(["a"])', /sum\(\) takes a list of numbers/],
    ['batch([1], 0)', /batch\(\) takes a size of at least 1/],
    ['fromJson("{")', /fromJson\(\): this is not JSON/],
    ['default(1 / 0, 2)', /division by zero/],
    ['default(upper(data.n), "x")', /found no matching overload/],
    ['"a".matches("a")', /write re\(text, pattern\)/],
    ['re("a", "(")', /missing closing \)/],
    ['re("a", "(?=a)")', /invalid or unsupported Perl syntax/],
    ['secret("token")', /"secret" is not supported yet/],
    ['kv("key")', /"kv" is not supported yet/],
    ['timestamp("2026-11-21T10:00:00Z").getDayOfYear()', /depends on the clock of the machine/],
    ['timestamp("2026-11-21T10:00:00Z").getHours("Asia/Tokyo")', /takes no time zone here/],
  ])('%s', (expression, message) => {
    expect(evaluator.evaluate(expression, scope)).toEqual({
      ok: false,
      code: 'expression',
      message: expect.stringMatching(message),
    });
  });
});

describe('a template', () => {
  test('keeps the type of a string that is one whole expression', () => {
    const template = { n: '${{ data.n }}', list: ['${{data.list}}'], text: ' ${{ data.name }} ', fixed: 1, no: null };
    expect(evaluator.resolve(template, scope)).toEqual({
      ok: true,
      value: { n: 2, list: [[1, 2, 3]], text: ' Ada ', fixed: 1, no: null },
    });
  });

  test.each<[text: string, value: unknown]>([
    ['${{ data.name }} is ${{ data.n }}', 'Ada is 2'],
    ['list ${{ data.list }}, nothing "${{ null }}", ${{ true }}', 'list [1,2,3], nothing "", true'],
    ['$${{ data.n }}', '${{ data.n }}'],
    ['$${{ a }} and ${{ data.n }}', '${{ a }} and 2'],
    ["${{ {'a': {'b': 1}} }}", { a: { b: 1 } }],
    ["${{ '}}' }}", '}}'],
    ['${{ "\\"}}" }}', '"}}'],
    ['{{7*7}} ${x} $y #{z}', '{{7*7}} ${x} $y #{z}'],
    ['', ''],
  ])('%s', (text, value) => {
    expect(evaluator.resolve(text, scope)).toEqual({ ok: true, value });
  });

  test('fails as a whole when one of its expressions has no value', () => {
    const failed = evaluator.resolve({ a: 1, b: ['x ${{ data.zz }}'] }, scope);
    expect(failed).toMatchObject({
      ok: false,
      code: 'expression',
      message: expect.stringContaining('No such key: zz'),
    });
    expect(evaluator.resolve('${{ data.n', scope)).toMatchObject({ ok: false, code: 'expression' });
  });

  test.each<[template: unknown, at: string | undefined]>([
    ['${{ 1 / 0 }}', undefined],
    [{ a: '${{ data.n }}', b: { c: ['${{ data.n }}', '${{ 7.0 / 0.0 }}'], d: '${{ data.n }}' } }, '.b.c[1]'],
    [['${{ data.n }}', { 'x.y': ['x ${{ data.zz }}'] }], '[1]["x.y"][0]'],
    [{ a: ['${{ data.n'] }, '.a[0]'],
  ])('says where it failed: %j', (template, at) => {
    const { at: told } = evaluator.resolve(template, scope) as { at?: string };
    expect(told).toBe(at);
  });

  test('changes neither the template nor the scope', () => {
    const template = Object.freeze({ a: Object.freeze(['${{ data.list.map(x, x + 1) }}']) });
    const before = structuredClone(scope);
    evaluator.resolve(template, scope);
    expect(scope).toEqual(before);
  });
});

describe('data that is out to do harm', () => {
  const hostile = {
    data: JSON.parse(
      '{"__proto__": {"admin": true}, "constructor": {"prototype": 1}, "a": {"constructor": 1, "x": 7}}',
    ),
  };

  test.each<[expression: string, value: unknown]>([
    ['data.a.x', 7],
    ['data.constructor.prototype', 1],
    ['has(data.a.constructor)', true],
    ['has(data.toString)', false],
    ['"hasOwnProperty" in data', false],
    ['default(data.valueOf, "none")', 'none'],
  ])('%s is only data', (expression, value) => {
    expect(evaluator.evaluate(expression, hostile)).toEqual({ ok: true, value });
  });

  test('passes through unchanged', () => {
    const passed = evaluator.resolve('${{ data }}', hostile);
    expect(JSON.stringify(passed.ok && passed.value)).toBe(JSON.stringify(hostile.data));
    expect('admin' in {}).toBe(false);
  });
});
