import { expect, test } from 'vitest';
import { compileInputSchema } from '../../src/shipyard/index.ts';

function faultsOf(schema: Record<string, unknown>, data: unknown): unknown {
  const compiled = compileInputSchema(schema);
  return compiled.ok ? compiled.faultsOf(data) : compiled.message;
}

test('data that does not fit is named by pointer and reason', () => {
  const schema = {
    type: 'object',
    required: ['image'],
    properties: { image: { type: 'string' } },
    additionalProperties: false,
  };
  expect(faultsOf(schema, { image: 'a.jpg' })).toEqual([]);
  expect(faultsOf(schema, { imagee: 1 })).toEqual([
    { pointer: '', message: "must have required property 'image'" },
    { pointer: '', message: 'must NOT have additional properties: imagee' },
  ]);
  expect(faultsOf(schema, { image: 7 })).toEqual([{ pointer: '/image', message: 'must be string' }]);
});

test('patterns are matched in linear time, in values and in names', () => {
  const schema = { properties: { a: { pattern: '(a+)+$' } }, patternProperties: { '^x(b+)+$': { type: 'number' } } };
  const started = performance.now();
  expect(faultsOf(schema, { a: `${'a'.repeat(40)}!`, [`x${'b'.repeat(40)}!`]: 'text' })).toEqual([
    { pointer: '/a', message: 'must match pattern "(a+)+$"' },
  ]);
  expect(faultsOf(schema, { a: 'aaa', xbb: 'text' })).toEqual([{ pointer: '/xbb', message: 'must be number' }]);
  expect(performance.now() - started).toBeLessThan(30_000);
});

test('two schemas may have the same $id', () => {
  const schema = { $id: 'https://example.org/input', type: 'object' };
  expect(faultsOf(schema, {})).toEqual([]);
  expect(faultsOf({ ...schema, type: 'array' }, {})).toEqual([{ pointer: '', message: 'must be array' }]);
});

test('a schema that refers to itself without end fails the data and nothing else', () => {
  expect(faultsOf({ $ref: '#' }, {})).toEqual([{ pointer: '', message: expect.stringMatching(/cannot be checked/) }]);
});

test('what cannot be used is said', () => {
  expect(faultsOf({ type: 'objekt' }, {})).toMatch(/type/);
  expect(faultsOf({ pattern: '(a)\\1' }, {})).toMatch(/invalid escape sequence/);
  expect(faultsOf({ $ref: 'https://example.org/elsewhere' }, {})).toMatch(/elsewhere/);
});
