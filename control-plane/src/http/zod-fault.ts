import { nearestName } from '@slipway/contract';
import type { z } from 'zod';
import type { RefusalError } from '../runtime/control-plane.ts';
import { quoted, type Refused, refused } from './problem.ts';

const ERRORS_MAX = 20;

/** What a schema says about a body, as one error for each place. */
export function refusedBody(error: z.ZodError, known: readonly string[]): Refused {
  const errors = error.issues.slice(0, ERRORS_MAX).flatMap((issue) => errorsOf(issue, known));
  const [first] = errors;
  const where = first?.pointer === undefined || first.pointer === '' ? 'the body' : first.pointer;
  const detail = first === undefined ? 'the body is not what this takes' : `${where} ${first.detail}`;
  return refused('invalid-request', detail, { errors });
}

function errorsOf(issue: z.core.$ZodIssue, known: readonly string[]): RefusalError[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ code: 'invalid-value', detail: sentence(issue), pointer: pointerOf(issue.path) }];
  }
  return issue.keys.map((key) => {
    const nearest = issue.path.length === 0 ? nearestName(key, known) : undefined;
    const hint = nearest === undefined ? listOf(known, issue.path.length) : `: did you mean ${nearest}?`;
    return {
      code: 'unknown-key',
      detail: `is no key that is known here${hint}`,
      pointer: pointerOf([...issue.path, key]),
      ...(nearest === undefined ? {} : { nearest }),
    };
  });
}

function listOf(known: readonly string[], depth: number): string {
  return depth > 0 || known.length === 0 ? '' : `: there are ${known.join(', ')}`;
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
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `has at most ${issue.maximum} characters`
        : issue.origin === 'array'
          ? `has at most ${issue.maximum} items`
          : `must be at most ${issue.maximum}`;
    case 'invalid_format':
      return issue.pattern === undefined ? 'has the wrong form' : `must match ${quoted(issue.pattern)}`;
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
