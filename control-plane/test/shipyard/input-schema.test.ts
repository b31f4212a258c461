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

/** `$defs` d0 to dN, each of which applies the one before twice. */
function doubled(levels: number): Record<string, unknown> {
  const defs: Record<string, unknown> = { d0: { type: 'object' } };
  for (let level = 1; level <= levels; level++) {
    const before = { $ref: `#/$defs/d${level - 1}` };
    defs[`d${level}`] = { allOf: [before, before] };
  }
  return { $ref: `#/$defs/d${levels}`, $defs: defs };
}

test('a schema that doubles itself 60 times over costs one budget, and says so', () => {
  expect(faultsOf(doubled(5), {})).toEqual([]);
  expect(faultsOf(doubled(60), {})).toEqual([{ pointer: '', message: expect.stringMatching(/2000000 units of work/) }]);
});

test('a schema that doubles itself with every level of the data does, too', () => {
  const d = { properties: { a: { allOf: [{ $ref: '#/$defs/d' }, { $ref: '#/$defs/d' }] } } };
  const schema = { $ref: '#/$defs/d', $defs: { d } };
  const nested = (depth: number): unknown => (depth === 0 ? {} : { a: nested(depth - 1) });
  expect(faultsOf(schema, nested(5))).toEqual([]);
  expect(faultsOf(schema, nested(60))).toEqual([{ pointer: '', message: expect.stringMatching(/units of work/) }]);
});

test('patterns take from the same budget, by the length of the text and the size of the pattern', () => {
  const pattern = '^(.?){999}';
  const properties = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`p${index}`, { pattern }]));
  const long = Object.fromEntries(Object.keys(properties).map((key) => [key, 'x'.repeat(45_000)]));
  const faults = [{ pointer: '', message: expect.stringMatching(/units of work/) }];
  expect(faultsOf({ properties }, long)).toEqual(faults);
  expect(faultsOf({ properties: { p0: { pattern: '^x+$' } } }, { p0: 'x'.repeat(300_000) })).toEqual([]);
  expect(faultsOf({ properties }, { p0: 'short' })).toEqual([]);
});

test('two patterns of one schema are two', () => {
  const schema = { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } };
  expect(faultsOf(schema, { a: 'a', b: 'b' })).toEqual([]);
  expect(faultsOf(schema, { a: 'b', b: 'a' })).toHaveLength(2);
});

test('long elements that must be unique, and many required names, count for what they are', () => {
  const unique = { type: 'array', uniqueItems: true, maxItems: 1000 };
  const items = Array.from({ length: 1000 }, (_, index) => ['x'.repeat(800), index]);
  expect(faultsOf(unique, items)).toEqual([{ pointer: '', message: expect.stringMatching(/units of work/) }]);
  expect(
    faultsOf(
      unique,
      Array.from({ length: 1000 }, (_, index) => index),
    ),
  ).toEqual([]);
  const required = Array.from({ length: 5000 }, (_, index) => `n${index}`);
  expect(faultsOf({ items: { required } }, Array(1000).fill({}))).toEqual([
    { pointer: '', message: expect.stringMatching(/units of work/) },
  ]);
});

test('data under const, enum and default is data, also where it looks like a schema', () => {
  const data = { properties: { a: { type: 'string' } }, allOf: [{}] };
  expect(faultsOf({ const: data }, data)).toEqual([]);
  expect(faultsOf({ enum: [data] }, data)).toEqual([]);
});
