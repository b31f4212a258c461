import { isObject, ownValue } from '@slipway/contract';
import { type Env, type Run, scopeOfTask } from '../engine/index.ts';
import { pathsIn } from '../shipyard/index.ts';

/** The values that an expression of a task saw. They are not kept: what a task sees is frozen, so it can be looked up again. */
export function sawOf(run: Run, env: Env): (expression: string, task: string) => { name: string; value: unknown }[] {
  return (expression, task) => {
    const scope = scopeOfTask(run, env, task);
    return pathsIn(expression).map((path) => ({ name: path.join('.'), value: valueAt(scope, path) }));
  };
}

function valueAt(scope: unknown, path: readonly string[]): unknown {
  let value = scope;
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? ownValue(value, name) : undefined;
  return value;
}
