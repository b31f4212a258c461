import type { Environment } from '@marcbachmann/cel-js';
import { isObject, ownValue } from '@slipway/contract';
import { type CelNode, isCelNode, pathOf } from './cel-node.ts';

type MacroCall = { args: unknown[] };
type Checker = { check(node: unknown, context: unknown): unknown; getType(name: string): unknown };
type Runner = { run(node: unknown, context: unknown): unknown };

/** Codes of the library's errors that say: there is no such value. */
const ABSENT: ReadonlySet<unknown> = new Set(['no_such_key', 'index_out_of_bounds', 'unknown_variable']);

/** `default(value, other)`: the other where the value is missing or null. Any other error stays one. */
export function registerDefault(environment: Environment): void {
  environment.registerFunction('default(ast, ast): dyn', {
    handler: ({ args }: MacroCall) => ({
      args,
      async: false,
      typeCheck(checker: Checker, _macro: unknown, context: unknown) {
        for (const argument of args) checker.check(argument, context);
        return checker.getType('dyn');
      },
      evaluate(runner: Runner, _macro: unknown, context: unknown) {
        const value = valueOrAbsent(runner, args[0], context);
        return value === null || value === undefined ? runner.run(args[1], context) : value;
      },
    }),
    async: false,
  });
}

function valueOrAbsent(runner: Runner, node: unknown, context: unknown): unknown {
  try {
    const path = isCelNode(node) ? pathOf(node) : undefined;
    const found = path && follow(path, runner, context);
    return found === undefined ? runner.run(node, context) : found.value;
  } catch (error) {
    if (error instanceof Error && 'code' in error && ABSENT.has(error.code)) return undefined;
    throw error;
  }
}

/**
 * The usual case, keys all the way through plain objects, without the library's error: to draw its caret costs twenty times what
 * the rest does. Undefined: the library has to look.
 */
function follow(
  path: { variable: CelNode; names: string[] },
  runner: Runner,
  context: unknown,
): { value: unknown } | undefined {
  let value = runner.run(path.variable, context);
  for (const name of path.names.slice(1)) {
    if (value === null || value === undefined) return { value: undefined };
    if (
      !isObject(value) ||
      (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
    ) {
      return undefined;
    }
    value = Object.hasOwn(value, name) ? ownValue(value, name) : undefined;
  }
  return { value };
}
