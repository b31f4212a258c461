import { isObject } from '@slipway/contract';

/**
 * A node of the CEL library's syntax tree. Its public type leaves out what macros become (`meta`) and the function that a
 * checked node computes with (`handle`); the limits hang on them, and their tests fail should a new version change them.
 */
export type CelNode = {
  op: string;
  args: unknown;
  start: number;
  end: number;
  meta: { alternate?: unknown; macro?: unknown };
  handle?: unknown;
};

export function isCelNode(value: unknown): value is CelNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'op' in value &&
    typeof value.op === 'string' &&
    'args' in value &&
    'start' in value &&
    typeof value.start === 'number' &&
    'end' in value &&
    typeof value.end === 'number'
  );
}

/** The nodes that stand directly below this one as it is written. */
export function childrenOf(node: CelNode): CelNode[] {
  return nodesIn(node.args);
}

/** The nodes that are computed directly below this one: for a macro, what it became. */
export function computedChildrenOf(node: CelNode): CelNode[] {
  const children = nodesIn(node.args);
  if (isCelNode(node.meta.alternate)) children.push(node.meta.alternate);
  if (isObject(node.meta.macro)) children.push(...nodesIn(node.meta.macro));
  return children;
}

function nodesIn(value: unknown): CelNode[] {
  if (isCelNode(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  // The parts of a comprehension: what it runs over, its first value and its step.
  return isObject(value) && Object.getPrototypeOf(value) === Object.prototype
    ? Object.values(value).filter(isCelNode)
    : [];
}

/** The names from a variable down, and the variable: `tasks.build.output` and `tasks["build"]["output"]`. */
export function pathOf(node: CelNode): { variable: CelNode; names: string[] } | undefined {
  if ((node.op !== '.' && node.op !== '[]') || !Array.isArray(node.args)) return undefined;
  const [left, right]: unknown[] = node.args;
  const name = typeof right === 'string' ? right : isCelNode(right) && right.op === 'value' ? right.args : undefined;
  if (typeof name !== 'string' || !isCelNode(left)) return undefined;
  if (left.op === 'id') return { variable: left, names: [String(left.args), name] };
  const above = pathOf(left);
  return above && { variable: above.variable, names: [...above.names, name] };
}
