import { Environment } from '@marcbachmann/cel-js';
import { registerFunctions } from './functions.ts';
import type { Meter } from './meter.ts';

/** What stands for the names of the language while types are checked. Only shapes that are certain have a type. */
const VARIABLES = {
  input: 'dyn',
  data: 'dyn',
  vars: 'map',
  tasks: 'map',
  run: 'map',
  stage: 'string',
  sequence: 'string',
  service: 'string',
  labels: 'map',
  project: 'map',
  item: 'dyn',
  index: 'dyn',
  error: 'dyn',
  result: 'dyn',
  status: 'dyn',
  output: 'dyn',
  message: 'dyn',
  attempts: 'dyn',
} as const;

export type ScopeName = keyof typeof VARIABLES;

/** CEL with our names and functions, and with limits on what one expression may look like. */
export function createEnvironment(options: { meter: Meter; outputCharsMax: number }): Environment {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 1000, maxDepth: 40, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 16 },
  });
  for (const [name, type] of Object.entries(VARIABLES)) environment.registerVariable(name, type);
  registerFunctions(environment, options);
  return environment;
}

/** Part of the library, and not of ours: with the reason and the way out. */
export const refusedFunctions: ReadonlyMap<string, { code: string; message: string }> = new Map([
  [
    'matches',
    { code: 'unsupported-function', message: '"matches" can take for ever on some patterns: write re(text, pattern)' },
  ],
  ['getDayOfYear', { code: 'unsupported-function', message: '"getDayOfYear" depends on the clock of the machine' }],
  ['secret', { code: 'not-supported-yet', message: '"secret" is not supported yet' }],
  ['kv', { code: 'not-supported-yet', message: '"kv" is not supported yet' }],
]);

/** Names of types, which `type(x) == int` compares with. */
export const typeNames: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'int',
  'list',
  'map',
  'null_type',
  'string',
  'type',
  'uint',
]);
