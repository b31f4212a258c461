import { describe, expect, test } from 'vitest';
import { createEvaluator } from '../../src/shipyard/index.ts';

// Far above what is seen (under 150 ms on two busy cores), and far below what these would take without limits: hours.
const PATIENCE_MS = 30_000;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** `a + a + ...`, ten times. */
const tenfold = (name: string): string => Array(10).fill(name).join(' + ');

const doubling = (seed: string): string =>
  ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    .reduceRight((inside, name) => `.map(${name}, [${tenfold(name)}]${inside})`, '.map(h, h)')
    .replace(/^/, `[${seed}]`);

describe('an expression that would take too long ends with template-limit', () => {
  test.each<[name: string, expression: string, data: unknown]>([
    ['three nested maps', 'data.map(a, data.map(b, data.map(c, a + b + c)))', numbers(5000)],
    [
      'exists that swallows errors',
      'data.exists(a, data.exists(b, data.exists(c, a + b + c == -1))) || true',
      numbers(2000),
    ],
    ['all that swallows errors', 'data.all(a, data.all(b, data.all(c, a < 9.5))) || true', numbers(2000)],
    ['a text that grows tenfold in each map', doubling('"x"'), []],
    ['a list that grows tenfold in each map', doubling('[1]'), []],
    ['a long list in itself', 'data.filter(x, x in data)', numbers(5000).map((a) => ({ a }))],
    [
      'large objects compared again and again',
      'data.list.filter(x, data.a == data.b)',
      { list: numbers(5000), a: { l: numbers(5000) }, b: { l: numbers(5000) } },
    ],
    ['a step of 400 sums', `data.map(x, ${Array(400).fill('x').join('+')})`, numbers(9000)],
    ['default() in a loop', 'data.map(a, data.map(b, default(a.x, data.map(c, c))))', numbers(2000)],
    ['a text cut into 100,000 pieces', 'data.split("")', 'x'.repeat(100_000)],
    ['a long JSON text', 'json([data, data, data])', numbers(200_000)],
    ['a text of 10 MB', 'data + data', 'x'.repeat(5 * 1024 * 1024)],
    ['a pattern over a text of 1 MB', 're(data, "(x+x+)+y")', 'x'.repeat(1024 * 1024)],
  ])('%s', (_name, expression, data) => {
    const started = performance.now();
    expect(createEvaluator().evaluate(expression, { data })).toMatchObject({ ok: false, code: 'template-limit' });
    expect(performance.now() - started).toBeLessThan(PATIENCE_MS);
  });

  test.each([
    ['parentheses', `${'('.repeat(100)}1${')'.repeat(100)}`],
    ['negations', `${'!'.repeat(4000)}true`],
    ['a sum of 600', Array(600).fill('1').join('+')],
    ['brackets', '['.repeat(2000)],
    ['ternaries', 'true ? 1 : '.repeat(200)],
    ['4,097 characters', `"${'x'.repeat(4097)}"`],
  ])('%s are too much for one expression', (_name, expression) => {
    expect(createEvaluator().evaluate(expression, {})).toMatchObject({ ok: false });
  });
});

test('catastrophic patterns are matched in linear time', () => {
  const evaluator = createEvaluator();
  const started = performance.now();
  for (const pattern of ['(a+)+$', '(a|aa)+$', '(.*a){12}$']) {
    const scope = { data: { text: `${'a'.repeat(40)}!`, pattern } };
    expect(evaluator.evaluate('re(data.text, data.pattern)', scope)).toEqual({ ok: true, value: false });
  }
  expect(performance.now() - started).toBeLessThan(PATIENCE_MS);
});

test('what a template becomes is bounded as a whole', () => {
  const evaluator = createEvaluator();
  const data = 'x'.repeat(100_000);
  expect(evaluator.resolve(Array(20).fill('${{ data }}'), { data })).toMatchObject({
    ok: false,
    code: 'template-limit',
  });
  expect(evaluator.resolve('${{ data }}'.repeat(20), { data })).toMatchObject({ ok: false, code: 'template-limit' });
  expect(evaluator.resolve(Array(5).fill('${{ data }}'), { data })).toMatchObject({ ok: true });
});

test('a value nested too deeply is refused', () => {
  let data: unknown = 1;
  for (let depth = 0; depth < 200; depth++) data = [data];
  expect(createEvaluator().evaluate('data', { data })).toMatchObject({ ok: false, code: 'template-limit' });
});

test('after one that was too much, the next one has all its limits again', () => {
  const evaluator = createEvaluator();
  const data = numbers(3000);
  expect(evaluator.evaluate('data.map(a, data.map(b, a))', { data })).toMatchObject({ ok: false });
  expect(evaluator.evaluate('size(data)', { data })).toEqual({ ok: true, value: 3000 });
});

test('the limits can be set', () => {
  const evaluator = createEvaluator({ limits: { workMax: 100, listItemsMax: 3, outputCharsMax: 40 } });
  expect(evaluator.evaluate('data.map(x, x)', { data: numbers(3) })).toMatchObject({ ok: true });
  expect(evaluator.evaluate('data.map(x, x)', { data: numbers(4) })).toMatchObject({
    ok: false,
    code: 'template-limit',
  });
  expect(evaluator.evaluate(`"${'x'.repeat(50)}"`, {})).toMatchObject({ ok: false, code: 'template-limit' });
});

test('a compiled expression costs a fraction of compiling it', () => {
  const scope = { error: { code: 'TIMEOUT' }, attempts: 1, tasks: { build: { output: { x: 1.5 } } }, data: {} };
  const expressions = Array.from(
    { length: 1000 },
    (_, i) => `error.code != 'E${i}' && attempts < 3 && default(data.k, true)`,
  );
  const evaluator = createEvaluator();
  const run = (): number => {
    const started = performance.now();
    for (const expression of expressions) evaluator.evaluate(expression, scope);
    return performance.now() - started;
  };
  createEvaluator().evaluate(expressions[0] ?? '', scope);
  const compiling = run();
  // Seen: 45 us for the first, 1 to 2 us for each one after it.
  const runs = Array.from({ length: 30 }, run);
  expect(Math.min(...runs)).toBeLessThan(compiling / 3);
});
