import type { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { registerDefault } from './default-macro.ts';
import { bytesToBase64, celToJson } from './json-value.ts';
import type { Meter } from './meter.ts';

const PATTERN_CHARS_MAX = 1000;
const PATTERNS_KEPT = 200;

/** All of them answer at once; the library need not look for promises. */
const SYNC = { async: false };

/** What expressions can do beyond CEL. */
export function registerFunctions(environment: Environment, options: { meter: Meter; outputCharsMax: number }): void {
  const { meter, outputCharsMax } = options;
  const add = (signature: string, handler: (...values: never[]) => unknown): void => {
    environment.registerFunction(signature, { handler, ...SYNC });
  };
  add('upper(string): string', (text: string) => text.toUpperCase());
  add('lower(string): string', (text: string) => text.toLowerCase());
  add('trim(string): string', (text: string) => text.trim());
  add('base64(string): string', (text: string) => bytesToBase64(new TextEncoder().encode(text)));
  add('base64(bytes): string', (bytes: Uint8Array) => bytesToBase64(bytes));
  add('json(dyn): string', (value: unknown) => {
    meter.spendDeep(value);
    return JSON.stringify(celToJson(value, { charsMax: outputCharsMax }));
  });
  add('fromJson(string): dyn', (text: string) => {
    meter.spend(text.length >> 2);
    return readJson(text);
  });
  add('first(list): dyn', (list: unknown[]) => elementOf(list, 'first', list[0]));
  add('last(list): dyn', (list: unknown[]) => elementOf(list, 'last', list.at(-1)));
  add('batch(list, int): list<list<dyn>>', (list: unknown[], size: bigint) => batchesOf(list, Number(size)));
  add('batch(list, double): list<list<dyn>>', (list: unknown[], size: number) => batchesOf(list, size));
  add('sum(list): dyn', (list: unknown[]) => sumOf(list));
  add('re(string, string): bool', (text: string, pattern: string) => {
    // The automaton looks at each character with each of its states.
    meter.spend((text.length * (pattern.length + 8)) / 8);
    return compilePattern(pattern).test(text);
  });
  registerDefault(environment);
  registerMixedArithmetic(environment);
}

const patterns = new Map<string, RE2JS>();

/** A pattern in RE2's syntax, which is matched in linear time; throws when it is none. */
export function compilePattern(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > PATTERN_CHARS_MAX) {
    throw new Error(`a pattern has at most ${PATTERN_CHARS_MAX} characters`);
  }
  const compiled = RE2JS.compile(pattern);
  if (patterns.size >= PATTERNS_KEPT) patterns.delete(patterns.keys().next().value ?? '');
  patterns.set(pattern, compiled);
  return compiled;
}

/** Numbers of JSON are doubles and literals such as 1 are integers; nobody should have to write 1.0 because of that. */
function registerMixedArithmetic(environment: Environment): void {
  const operations: [string, (a: number, b: number) => number][] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
    ['%', (a, b) => a % b],
  ];
  for (const [operator, compute] of operations) {
    const mixed = (a: number | bigint, b: number | bigint) => compute(Number(a), Number(b));
    environment.registerOperator(`int ${operator} double: double`, mixed);
    environment.registerOperator(`double ${operator} int: double`, mixed);
  }
  environment.registerOperator('double % double: double', (a: number, b: number) => a % b);
}

function elementOf(list: unknown[], which: string, element: unknown): unknown {
  if (list.length === 0) throw new Error(`${which}() of an empty list`);
  return element;
}

function batchesOf(list: unknown[], size: number): unknown[][] {
  if (!Number.isSafeInteger(size) || size < 1) throw new Error('batch() takes a size of at least 1');
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}

function sumOf(list: unknown[]): number | bigint {
  let whole = 0n;
  let rest = 0;
  let isWhole = true;
  for (const item of list) {
    if (typeof item === 'bigint') whole += item;
    else if (typeof item === 'number') {
      rest += item;
      isWhole = false;
    } else throw new Error('sum() takes a list of numbers');
  }
  return isWhole ? whole : rest + Number(whole);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('fromJson(): this is not JSON', { cause: error });
  }
}
