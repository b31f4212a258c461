import { expect, test } from 'vitest';
import { inputProblem } from '../../src/runtime/input-schema.ts';

/** What comes with each trigger, whoever sends it. */
const common = { project: 'shop', stage: 'dev', service: 'carts', labels: { team: 'a' } };
const handedOn = { ...common, status: 'succeeded', result: 'pass', message: '' };
const n = { type: 'integer' };

const detailOf = (schema: Record<string, unknown>, data: unknown): string | undefined =>
  inputProblem(schema, data)?.detail;

test.each<[what: string, schema: Record<string, unknown>]>([
  ['additionalProperties', { type: 'object', properties: { n }, additionalProperties: false }],
  ['unevaluatedProperties', { allOf: [{ properties: { n } }], unevaluatedProperties: false }],
  ['maxProperties', { maxProperties: 1 }],
  ['propertyNames', { propertyNames: { maxLength: 1 } }],
  ['patternProperties', { patternProperties: { '.': n } }],
  ['a part of it by reference', { $ref: '#/$defs/a~1b', $defs: { 'a/b': { properties: { n }, maxProperties: 1 } } }],
  ['a member of a member', { properties: { n: { properties: { service: n } } }, additionalProperties: false }],
])('reserved members come with any data: %s', (_what, schema) => {
  expect(inputProblem(schema, { n: 1, ...common })).toBeUndefined();
  expect(inputProblem(schema, { n: 1, ...handedOn })).toBeUndefined();
  expect(inputProblem(schema, { n: 1, ...common, other: 'x' })).toBeDefined();
});

test('other members are refused as before, by pointer', () => {
  const schema = { properties: { n }, additionalProperties: false };
  expect(inputProblem(schema, { n: 'x', ...common, other: 1 })?.errors).toEqual([
    { code: 'invalid-input', detail: 'data must NOT have additional properties: other', pointer: '/data' },
    { code: 'invalid-input', detail: '/n must be integer', pointer: '/data/n' },
  ]);
});

test.each<[what: string, schema: Record<string, unknown>]>([
  ['under properties', { properties: { service: { const: 'cart' } } }],
  ['in a part', { allOf: [{ anyOf: [{ properties: { service: { const: 'cart' } } }] }] }],
  ['by reference', { $ref: '#/$defs/one', $defs: { one: { properties: { service: { const: 'cart' } } } } }],
  ['by an anchor', { $ref: '#one', $defs: { one: { $anchor: 'one', properties: { service: { const: 'cart' } } } } }],
  ['under a condition', { if: { required: ['n'] }, else: { not: { required: ['service'] } } }],
  ['of another member', { dependentRequired: { service: ['n'] } }],
])('a reserved member that the schema names is checked: %s', (_what, schema) => {
  expect(inputProblem(schema, common)).toBeDefined();
});

test('a reserved member may be required', () => {
  const schema = { required: ['service'] };
  expect(detailOf(schema, common)).toBeUndefined();
  expect(detailOf(schema, { project: 'shop' })).toMatch(/must have required property 'service'/);
});

test('a schema that refers to itself is read to its end', () => {
  expect(detailOf({ allOf: [{ $ref: '#' }] }, common)).toMatch(/cannot be checked/);
});
