import { isObject } from '@slipway/contract';
import { compileInputSchema, type InputFault, type InputSchema } from '../input-schema.ts';
import { quoted } from '../text.ts';
import { type Compiled, compile, messageOf } from './compile.ts';
import { createEnvironment, type ScopeName } from './environment.ts';
import { celToJson } from './json-value.ts';
import {
  DECISION_WORK_MAX,
  defaultExpressionLimits,
  type ExpressionLimits,
  LimitExceeded,
  Meter,
  type WorkBudget,
} from './meter.ts';
import { shieldedScope } from './shield.ts';
import { mentionsExpression, type ParsedTemplate, parseTemplate } from './template.ts';

/** What an expression can name. What is left out is an error when it is named. */
export type Scope = { readonly [Name in ScopeName]?: unknown };

export type Evaluated =
  | { ok: true; value: unknown }
  /** `template-limit`: it would have cost too much. `expression`: it has no value here, and the message says where. */
  | {
      ok: false;
      code: 'expression' | 'template-limit';
      message: string;
      /** Where in the template, such as `.b.c[0]`; nothing where the template is one text. */
      at?: string;
    };

export type Evaluator = {
  /** The value of a CEL expression, as JSON. Without a budget it has one of its own, as has `resolve`. */
  evaluate(expression: string, scope: Scope, budget?: WorkBudget): Evaluated;
  /** JSON with every `${{ }}` in its strings replaced; a string that is one whole `${{ }}` keeps the value's type. */
  resolve(template: unknown, scope: Scope, budget?: WorkBudget): Evaluated;
  /** What of a value does not meet a JSON Schema: the first fault. A schema is compiled once. */
  faultOf(schema: Record<string, unknown>, value: unknown): InputFault | undefined;
};

const COMPILED_KEPT = 2000;
/** What an evaluation costs before it looks at a value, beside its characters: whether it is compiled already must not decide. */
const EVALUATION_WORK = 20;

/**
 * Evaluates expressions. Compiled ones are kept, so that the same expression over another scope costs microseconds; nothing else
 * is remembered, and the same arguments give the same answer.
 */
export function createEvaluator(options: { limits?: Partial<ExpressionLimits> } = {}): Evaluator {
  const limits = { ...defaultExpressionLimits, ...options.limits };
  const meter = new Meter(limits);
  const environment = createEnvironment({ meter, outputCharsMax: limits.outputCharsMax });
  const compiled = new Kept<Compiled>(COMPILED_KEPT, (expression) =>
    compile(environment, expression, { meter, charsMax: limits.expressionCharsMax }),
  );
  const templates = new Kept<ParsedTemplate>(COMPILED_KEPT, parseTemplate);
  const schemas = new WeakMap<Record<string, unknown>, InputSchema>();

  function evaluate(expression: string, scope: Scope, budget: WorkBudget = ownBudget()): Evaluated {
    budget.left -= EVALUATION_WORK + expression.length;
    const program = compiled.get(expression);
    if (!program.ok) return { ok: false, code: 'expression', message: program.message };
    const result = attempt(() => {
      const value = computed(program.run, scope, budget);
      return celToJson(value, { charsMax: limits.outputCharsMax });
    });
    if (result.ok || result.code === 'template-limit') return result;
    return { ...result, message: withCaret(result.message, expression) };
  }

  function computed(run: Run, scope: Scope, budget: WorkBudget): unknown {
    try {
      return metered(run, withDefaults(scope), budget);
    } catch (error) {
      const shielded = error instanceof LimitExceeded ? undefined : shieldedScope(scope);
      if (shielded === undefined) throw error;
      return metered(run, withDefaults(shielded), budget);
    }
  }

  function metered(run: Run, scope: Record<string, unknown>, budget: WorkBudget): unknown {
    meter.start(budget);
    meter.spend(0);
    const value = run(scope);
    // `exists`, `all`, `||` and `&&` may answer although a part of them failed; a limit is never answered over.
    if (meter.exceeded !== undefined) throw meter.exceeded;
    return value;
  }

  function resolveText(text: string, scope: Scope, room: Room): unknown {
    if (!mentionsExpression(text)) return take(room, text);
    const template = templates.get(text);
    if (!template.ok) throw new Error(`an expression is opened with \${{ and never closed: ${text.slice(0, 200)}`);
    const [only] = template.parts;
    if (template.parts.length === 1 && only?.kind === 'expression')
      return take(room, valueIn(only.expression, scope, room));
    let result = '';
    for (const part of template.parts) {
      result += part.kind === 'text' ? part.text : asText(valueIn(part.expression, scope, room));
      if (result.length > limits.outputCharsMax) tooLong(limits.outputCharsMax);
    }
    return take(room, result);
  }

  function valueIn(expression: string, scope: Scope, { budget }: Room): unknown {
    const result = evaluate(expression.trim(), scope, budget);
    if (result.ok) return result.value;
    throw result.code === 'template-limit' ? new LimitExceeded(result.message) : new Error(result.message);
  }

  /** All that one template becomes shares one bound. */
  function take(room: Room, value: unknown): unknown {
    room.left -= sizeOf(value);
    if (room.left < 0) tooLong(limits.outputCharsMax);
    return value;
  }

  function resolveValue(template: unknown, scope: Scope, room: Room): unknown {
    if (typeof template === 'string') return resolveText(template, scope, room);
    const inside = (key: string | number, value: unknown): unknown => {
      room.path.push(key);
      const resolved = resolveValue(value, scope, room);
      room.path.pop();
      return resolved;
    };
    if (Array.isArray(template)) return template.map((item, index) => inside(index, item));
    if (!isObject(template)) return template;
    return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, inside(key, value)]));
  }

  return {
    evaluate,
    resolve: (template, scope, budget = ownBudget()) => {
      const room: Room = { left: limits.outputCharsMax, path: [], budget };
      const result = attempt(() => resolveValue(template, scope, room));
      return result.ok || room.path.length === 0 ? result : { ...result, at: room.path.map(step).join('') };
    },
    faultOf: (schema, value) => {
      let known = schemas.get(schema);
      if (known === undefined) {
        known = compileInputSchema(schema);
        schemas.set(schema, known);
      }
      return known.ok
        ? known.faultsOf(value)[0]
        : { pointer: '', message: `the schema cannot be used: ${known.message}` };
    },
  };
}

type Run = (scope: Record<string, unknown>) => unknown;

function ownBudget(): WorkBudget {
  return { left: DECISION_WORK_MAX };
}

/** What is left for a template, and where in it we are: where it fails, the path stays. */
type Room = { left: number; path: (string | number)[]; budget: WorkBudget };

function step(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return /^[\w-]+$/.test(key) ? `.${key}` : `[${quoted(key)}]`;
}

/** The library shows where an error of its own is; of what is wrong with the value, the whole expression is the place. */
function withCaret(message: string, expression: string): string {
  if (message.includes('\n')) return message;
  const [line = ''] = expression.split('\n');
  return `${message}\n\n>    1 | ${line}\n${' '.repeat(9)}${'^'.repeat(line.length)}`;
}

function attempt(compute: () => unknown): Evaluated {
  try {
    return { ok: true, value: compute() };
  } catch (error) {
    const code = error instanceof LimitExceeded ? 'template-limit' : 'expression';
    return { ok: false, code, message: messageOf(error) };
  }
}

/** What may be absent and still has a sensible value. */
function withDefaults(scope: Scope): Record<string, unknown> {
  return {
    ...scope,
    vars: scope.vars ?? {},
    tasks: scope.tasks ?? {},
    labels: scope.labels ?? {},
    service: scope.service ?? '',
  };
}

/** In the middle of a text: text as it is, nothing for null, and JSON for the rest. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}

function tooLong(charsMax: number): never {
  throw new LimitExceeded(`what the template becomes is longer than ${charsMax} characters`);
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + sizeOf(item) + 1, 2);
  if (!isObject(value)) return 8;
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + 4 + sizeOf(item), 2);
}

/** The answers for the last few keys: the oldest leaves when it is full. */
class Kept<Value> {
  readonly #values = new Map<string, Value>();
  readonly #max: number;
  readonly #make: (key: string) => Value;

  constructor(max: number, make: (key: string) => Value) {
    this.#max = max;
    this.#make = make;
  }

  get(key: string): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = this.#make(key);
    if (this.#values.size >= this.#max) this.#values.delete(this.#values.keys().next().value ?? '');
    this.#values.set(key, value);
    return value;
  }
}
