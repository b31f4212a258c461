import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEvaluator, parseShipyard, renderProblems } from '../../src/shipyard/index.ts';

const RUNS = { numRuns: 400 };

/** Pieces that mean something to YAML, to the shipyard or to an expression. */
const piece = fc.oneof(
  fc.constantFrom(
    ...'apiVersion: slipway.dev/v1|apiVersion: spec.keptn.sh/0.2.3|kind: Shipyard|spec:|stages:|sequences:|tasks:|name: a|name: dev'.split(
      '|',
    ),
    ...'triggeredOn:|event: dev.a.finished|selector: {match: {result: pass}}|with:|output:|input:|vars:|retry:|timeout: 5m'.split(
      '|',
    ),
    ...'\n|\n  |\n    |\n      |- |: |, |{|}|[|]|"|\'|#|&a |*a|<<: *a|!!str |!x |---|...|? |\t|\r\n|${{|}}|$${{| }}|tasks.a|data.x|"${{ data.x }}"|%YAML'.split(
      '|',
    ),
    '|',
    '>-',
    '|+',
  ),
  fc.string({ maxLength: 5 }),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const yamlish = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));

/** JSON is YAML: trees of the shipyard's own keys with values of any kind. */
const key = fc.constantFrom(
  ...[
    'apiVersion',
    'kind',
    'metadata',
    'name',
    'spec',
    'stages',
    'sequences',
    'tasks',
    'triggeredOn',
    'event',
    'selector',
    'match',
  ],
  ...[
    'input',
    'concurrency',
    'group',
    'limit',
    'policy',
    'timeout',
    'vars',
    'output',
    'properties',
    'with',
    'retry',
    'when',
    'x',
  ],
);
const leaf = fc.constantFrom(
  null,
  true,
  0,
  -1,
  1.5,
  '',
  'a',
  'dev',
  '5m',
  'dev.a.finished',
  '${{ data.x }}',
  '${{ tasks.',
  'slipway.dev/v1',
  'spec.keptn.sh/0.2.4',
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 8 },
    leaf,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
  ),
}));
const shaped = fc
  .record({
    apiVersion: leaf,
    spec: fc.record({ stages: fc.array(fc.record({ name: leaf, sequences: fc.array(tree, { maxLength: 2 }) })) }),
  })
  .map((value) => JSON.stringify(value));

describe('whatever is uploaded', () => {
  test('is a plan, or has problems with places inside the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          yamlish,
          shaped,
          tree.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const { plan, problems } = parseShipyard(text);
          const errors = problems.filter((problem) => problem.severity === 'error');
          expect(plan === undefined).toBe(errors.length > 0);
          const lines = text.split('\n');
          for (const { line, column } of problems) {
            expect(line).toBeGreaterThan(0);
            expect(line).toBeLessThanOrEqual(lines.length);
            expect(column).toBeGreaterThan(0);
            expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
          }
          expect(renderProblems(text, 'x.yaml', problems)).toBeTypeOf('string');
          expect(parseShipyard(text)).toEqual({ ...(plan && { plan }), problems });
        },
      ),
      RUNS,
    );
  });
});

const token = fc.constantFrom(
  ...'data|data.x|tasks.a.output|[1, 2]|{"a": 1}|"t"|1|2.5|true|null|(|)|[|]|{|}|,|.|?|:|+|-|*|/|%|==|!=|<|in|&&|!|has(|size(|default('.split(
    '|',
  ),
  ...'.map(x, |.filter(x, |.exists(x, |x|sum(|re(|json(|"${{"|}}|||'.split('|'),
  '||',
);
const expressionish = fc.array(token, { maxLength: 25 }).map((tokens) => tokens.join(' '));

describe('whatever is evaluated', () => {
  const evaluator = createEvaluator();

  test('is JSON, or has a message', () => {
    fc.assert(
      fc.property(fc.oneof(expressionish, fc.string()), fc.jsonValue(), (expression, data) => {
        const result = evaluator.evaluate(expression, { data, tasks: { a: { output: [1, 'b', { c: null }] } } });
        if (result.ok) expect(JSON.parse(JSON.stringify(result.value))).toEqual(result.value);
        else expect(result.message).not.toBe('');
      }),
      RUNS,
    );
  });

  test('passes JSON through as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (data) => {
        expect(evaluator.resolve({ a: ['${{ data }}'] }, { data })).toEqual({ ok: true, value: { a: [data] } });
      }),
      RUNS,
    );
  });

  test('a template never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(token, fc.constantFrom('${{', '$${{', '}}', ' ')), { maxLength: 20 }), (parts) => {
        expect(evaluator.resolve(parts.join(' '), { data: 1 }).ok).toBeTypeOf('boolean');
      }),
      RUNS,
    );
  });
});
