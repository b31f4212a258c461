import { type CelNode, childrenOf, isCelNode, pathOf } from './cel-node.ts';
import { createEnvironment } from './environment.ts';
import { defaultExpressionLimits, Meter } from './meter.ts';
import { allScopeNames } from './where.ts';

const limits = defaultExpressionLimits;
const environment = createEnvironment({ meter: new Meter(limits), outputCharsMax: limits.outputCharsMax });
const PATHS_MAX = 20;

/** The values that an expression looks at, as paths from the names in its scope: `data.env`, `tasks.build.output.n`. */
export function pathsIn(expression: string): string[][] {
  try {
    const root: unknown = environment.parse(expression).ast;
    const found = new Map<string, string[]>();
    if (isCelNode(root)) collect(root, found);
    return [...found.values()].slice(0, PATHS_MAX);
  } catch {
    return [];
  }
}

function collect(node: CelNode, found: Map<string, string[]>): void {
  const names = node.op === 'id' ? [String(node.args)] : pathOf(node)?.names;
  if (names !== undefined && allScopeNames.has(names[0] ?? '')) {
    found.set(names.join('.'), names);
    return;
  }
  for (const child of childrenOf(node)) collect(child, found);
}
