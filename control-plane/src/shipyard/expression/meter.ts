import { type CelNode, computedChildrenOf } from './cel-node.ts';

/** What bounds one evaluation. */
export type ExpressionLimits = {
  /** Characters of one expression. */
  expressionCharsMax: number;
  /** Units of work: about one per value looked at. 500,000 are some 60 ms. */
  workMax: number;
  /** Elements of any list that is made. */
  listItemsMax: number;
  /** Characters of any text that is made, and of all that one template becomes, as JSON. */
  outputCharsMax: number;
};

export const defaultExpressionLimits: ExpressionLimits = {
  expressionCharsMax: 4096,
  workMax: 500_000,
  listItemsMax: 10_000,
  outputCharsMax: 1024 * 1024,
};

/**
 * What one input may cost in all its expressions, templates and patterns together, in the units of `workMax`: about a
 * quarter of a second. Bounds on each piece alone let many pieces add up to minutes.
 */
export const DECISION_WORK_MAX = 2_000_000;

/** What is left for one input. Everything that is computed for it takes from the same budget. */
export type WorkBudget = { left: number };

/** An evaluation that would cost too much. It ends the run that asked, and no other. */
export class LimitExceeded extends Error {}

/**
 * Counts the work of one evaluation. CEL always ends, but nested `map`s over long lists end too late, and `a + a` in each of them
 * doubles what is held.
 */
export class Meter {
  readonly #limits: ExpressionLimits;
  #budget: WorkBudget = { left: 0 };
  #left = 0;
  /** Stays when a macro such as `exists` goes on after an error. */
  exceeded: LimitExceeded | undefined;

  constructor(limits: ExpressionLimits) {
    this.#limits = limits;
  }

  start(budget: WorkBudget): void {
    this.#budget = budget;
    this.#left = this.#limits.workMax;
    this.exceeded = undefined;
  }

  spend(units: number): void {
    this.#left -= units;
    this.#budget.left -= units;
    if (this.#left < 0) this.#stop(`the expression takes more than ${this.#limits.workMax} units of work`);
    if (this.#budget.left < 0) {
      this.#stop(`the expressions of one step take more than ${DECISION_WORK_MAX} units of work together`);
    }
  }

  /** Counts a value with all that is in it, as far as there is something left. */
  spendDeep(value: unknown): void {
    this.spend(shallowWork(value));
    if (typeof value !== 'object' || value === null) return;
    const items =
      Array.isArray(value) || value instanceof Set
        ? value
        : value instanceof Map
          ? value.values()
          : Object.values(value);
    for (const item of items) this.spendDeep(item);
  }

  made(value: unknown): void {
    if (typeof value === 'string' && value.length > this.#limits.outputCharsMax) {
      this.#stop(`the expression makes a text of more than ${this.#limits.outputCharsMax} characters`);
    }
    if (Array.isArray(value) && value.length > this.#limits.listItemsMax) {
      this.#stop(`the expression makes a list of more than ${this.#limits.listItemsMax} elements`);
    }
  }

  #stop(message: string): never {
    this.exceeded ??= new LimitExceeded(message);
    throw this.exceeded;
  }
}

/** Operators and calls that look at more than a fixed part of what they are given. */
const METERED: ReadonlySet<string> = new Set([
  '==',
  '!=',
  'in',
  '+',
  '-',
  '*',
  '/',
  '%',
  '<',
  '<=',
  '>',
  '>=',
  'call',
  'rcall',
]);
const DEEP: ReadonlySet<string> = new Set(['==', '!=', 'in']);

/** Hangs the meter on a checked expression. */
export function meterNodes(root: CelNode, meter: Meter): void {
  const seen = new Set<CelNode>();
  const visit = (node: CelNode): number => {
    if (seen.has(node)) return 0;
    seen.add(node);
    let nodes = 1;
    for (const child of computedChildrenOf(node)) nodes += visit(child);
    if (node.op === 'comprehension') meterComprehension(node, nodes, meter);
    else if (METERED.has(node.op)) meterOperation(node, meter);
    return nodes;
  };
  visit(root);
}

/** One step computes at most all nodes below, and what they cost beyond that they count themselves. */
function meterComprehension(node: CelNode, nodesBelow: number, meter: Meter): void {
  const compute = node.handle;
  if (typeof compute !== 'function') return;
  node.handle = (items: unknown, ...rest: unknown[]): unknown => {
    meter.spend(1 + lengthOf(items) * nodesBelow);
    const value: unknown = compute(items, ...rest);
    meter.made(value);
    return value;
  };
}

function meterOperation(node: CelNode, meter: Meter): void {
  const compute = node.handle;
  if (typeof compute !== 'function') return;
  const isCall = node.op === 'call' || node.op === 'rcall';
  const isDeep = DEEP.has(node.op);
  node.handle = (first: unknown, second: unknown, ...rest: unknown[]): unknown => {
    if (isCall && Array.isArray(first)) {
      for (const argument of first) meter.spend(shallowWork(argument));
    } else if (isDeep) {
      // A comparison ends with the shorter of the two; `in` looks through all of the second.
      if (node.op === 'in') meter.spendDeep(second);
      else if (typeof first === 'object' && typeof second === 'object') meter.spendDeep(first);
      else meter.spend(shallowWork(first));
    } else {
      meter.spend(shallowWork(first) + shallowWork(second));
    }
    const value: unknown = compute(first, second, ...rest);
    meter.made(value);
    return value;
  };
}

function shallowWork(value: unknown): number {
  if (typeof value === 'string') return 1 + (value.length >> 4);
  return typeof value === 'object' && value !== null ? 1 + lengthOf(value) : 1;
}

function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Uint8Array) return value.length >> 4;
  if (value instanceof Map || value instanceof Set) return value.size;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}
