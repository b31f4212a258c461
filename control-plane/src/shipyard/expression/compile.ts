import type { Environment } from '@marcbachmann/cel-js';
import { type CelNode, childrenOf, isCelNode } from './cel-node.ts';
import { refusedFunctions } from './environment.ts';
import { type Meter, meterNodes } from './meter.ts';

export type Compiled = { ok: true; run: (scope: Record<string, unknown>) => unknown } | { ok: false; message: string };

/** Reads and checks an expression once, so that evaluating it later costs little. */
export function compile(
  environment: Environment,
  expression: string,
  options: { meter: Meter; charsMax: number },
): Compiled {
  if (expression.length > options.charsMax) {
    return { ok: false, message: `an expression has at most ${options.charsMax} characters` };
  }
  try {
    const parsed = environment.parse(expression);
    const root: unknown = parsed.ast;
    if (!isCelNode(root)) return { ok: false, message: 'the expression cannot be read' };
    const refused = refusalIn(root);
    if (refused !== undefined) return { ok: false, message: refused };
    const checked = parsed.check();
    if (!checked.valid) return { ok: false, message: checked.error?.message ?? 'the types do not fit' };
    meterNodes(root, options.meter);
    return { ok: true, run: (scope) => parsed(scope) };
  } catch (error) {
    return { ok: false, message: messageOf(error) };
  }
}

function refusalIn(node: CelNode): string | undefined {
  const call = callOf(node);
  const refused = call && refusalOf(call);
  if (refused !== undefined) return refused.message;
  for (const child of childrenOf(node)) {
    const found = refusalIn(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

export type Call = { name: string; isMethod: boolean; arguments: CelNode[] };

/** The function or method that a node calls. */
export function callOf(node: CelNode): Call | undefined {
  if ((node.op !== 'call' && node.op !== 'rcall') || !Array.isArray(node.args)) return undefined;
  const name: unknown = node.args[0];
  const list: unknown = node.args.at(-1);
  if (typeof name !== 'string' || !Array.isArray(list)) return undefined;
  return { name, isMethod: node.op === 'rcall', arguments: list.filter(isCelNode) };
}

/** Why a function of the library must not be used. Times in another zone depend on the zone of the machine. */
export function refusalOf(call: Call): { code: string; message: string } | undefined {
  if (call.isMethod && call.name.startsWith('get') && call.arguments.length > 0) {
    return { code: 'unsupported-function', message: `"${call.name}" takes no time zone here: times are UTC` };
  }
  return refusedFunctions.get(call.name);
}

const MESSAGE_CHARS_MAX = 2000;

/** The library's message ends with the line of the expression and a caret. */
export function messageOf(error: unknown): string {
  if (error instanceof RangeError) return 'the expression is nested too deeply';
  const message = error instanceof Error ? error.message : String(error);
  return message.length > MESSAGE_CHARS_MAX ? `${message.slice(0, MESSAGE_CHARS_MAX)}…` : message;
}
