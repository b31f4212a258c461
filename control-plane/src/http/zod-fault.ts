import { nearestName, ownValue } from '@slipway/contract';
import type { z } from 'zod';
import type { RefusalError } from '../runtime/control-plane.ts';
import { quoted, type Refused, refused } from './problem.ts';

const ERRORS_MAX = 20;
/** A pattern whose schema says in words what is wanted; a regular expression helps only those who read them. */
const FORM_IN_WORDS = /^(must|is) /;

/** What a schema says about a body, as one error for each place. */
export function refusedBody(error: z.ZodError, schema: z.ZodType): Refused {
  const errors = error.issues.slice(0, ERRORS_MAX).flatMap((issue) => errorsOf(issue, schema));
  const [first] = errors;
  const where = first?.pointer === undefined || first.pointer === '' ? 'the body' : first.pointer;
  const detail = first === undefined ? 'the body is not what this takes' : `${where} ${first.detail}`;
  return refused('invalid-request', detail, { errors });
}

function errorsOf(issue: z.core.$ZodIssue, schema: z.ZodType): RefusalError[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ code: 'invalid-value', detail: sentence(issue), pointer: pointerOf(issue.path) }];
  }
  const known = keysAt(schema, issue.path);
  return issue.keys.map((key) => {
    const nearest = nearestName(key, known);
    const hint = nearest === undefined ? listOf(known) : `: did you mean ${nearest}?`;
    return {
      code: 'unknown-key',
      detail: `is not a known key${hint}`,
      pointer: pointerOf([...issue.path, key]),
      ...(nearest === undefined ? {} : { nearest }),
    };
  });
}

function listOf(known: readonly string[]): string {
  return known.length === 0 ? '' : `: there are ${known.join(', ')}`;
}

/** The keys that an object below the body may have; none where the way there is not through objects alone. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  let shape = shapeOf(schema);
  for (const step of path)
    shape = shape && Object.hasOwn(shape, step) ? shapeOf(ownValue(shape, String(step))) : undefined;
  return Object.keys(shape ?? {});
}

/** Of an object, also of one that may be absent or null. */
function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if ('shape' in schema && typeof schema.shape === 'object' && schema.shape !== null) return { ...schema.shape };
  return 'unwrap' in schema && typeof schema.unwrap === 'function' ? shapeOf(schema.unwrap()) : undefined;
}

/** Of a query: the parameter and why it is refused. */
export function firstIssue(error: z.ZodError): { name: string; reason: string } {
  const [issue] = error.issues;
  if (issue === undefined) return { name: '', reason: 'is not valid' };
  return { name: String(issue.path[0] ?? ''), reason: sentence(issue) };
}

function sentence(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined && issue.path.length > 0 && issue.message.endsWith('received undefined')
        ? `is missing: it is ${article(issue.expected)}`
        : `must be ${article(issue.expected)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty';
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `has at most ${issue.maximum} characters`
        : issue.origin === 'array'
          ? `has at most ${issue.maximum} items`
          : `must be at most ${issue.maximum}`;
    case 'invalid_format':
      return FORM_IN_WORDS.test(issue.message) || issue.pattern === undefined
        ? issue.message
        : `must match ${quoted(issue.pattern)}`;
    case 'custom':
      return issue.message;
    default:
      return 'is not valid';
  }
}

function article(type: string): string {
  if (type === 'int') return 'a whole number';
  if (type === 'object' || type === 'record') return 'an object';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
