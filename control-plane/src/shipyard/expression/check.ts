import type { Near } from '../problem-list.ts';
import { quoted } from '../text.ts';
import { type CelNode, childrenOf, isCelNode, pathOf } from './cel-node.ts';
import { type Call, callOf, messageOf, refusalOf } from './compile.ts';
import { createEnvironment, refusedFunctions, typeNames } from './environment.ts';
import { compilePattern } from './functions.ts';
import { defaultExpressionLimits, Meter } from './meter.ts';
import { parseTemplate } from './template.ts';
import { allScopeNames, runEndFields, runFields, taskFields, type Where } from './where.ts';

/** What is wrong with an expression, with its place in the text that was checked. */
export type ExpressionProblem = {
  severity?: 'error' | 'warning';
  code: string;
  message: string;
  start: number;
  end: number;
  nearest?: string | undefined;
  near?: Near | undefined;
};

const limits = defaultExpressionLimits;
const environment = createEnvironment({ meter: new Meter(limits), outputCharsMax: limits.outputCharsMax });
const definitions = environment.getDefinitions().functions;
const MACROS = ['has', 'all', 'exists', 'exists_one', 'map', 'filter'];
const functionNames = namesOf(false);
const methodNames = namesOf(true);

/** Checks every `${{ }}` of a text. */
export function checkTemplateText(text: string, where: Where): ExpressionProblem[] {
  const template = parseTemplate(text);
  if (!template.ok) {
    const message = 'this expression is opened with ${{ and never closed with }}';
    return [{ code: 'expression-syntax', message, start: template.start, end: template.start + 3 }];
  }
  return template.parts.flatMap((part) =>
    part.kind === 'text'
      ? []
      : checkExpression(part.expression, where).map((problem) => ({
          ...problem,
          start: problem.start + part.start,
          end: problem.end + part.start,
        })),
  );
}

/** Checks one expression: its syntax, its names, its functions and its types. */
export function checkExpression(expression: string, where: Where): ExpressionProblem[] {
  const whole = { start: 0, end: expression.length };
  if (expression.trim() === '') return [{ code: 'expression-syntax', message: 'the expression is empty', ...whole }];
  if (expression.length > limits.expressionCharsMax) {
    const message = `an expression has at most ${limits.expressionCharsMax} characters`;
    return [{ code: 'template-limit', message, ...whole }];
  }
  try {
    const parsed = environment.parse(expression);
    const root: unknown = parsed.ast;
    if (!isCelNode(root)) return [{ code: 'expression-syntax', message: 'the expression cannot be read', ...whole }];
    const problems: ExpressionProblem[] = [];
    new NameCheck(where, problems, where.tasks?.maybe && guardedTasks(root)).visit(root, new Set());
    if (problems.length > 0) return problems;
    const checked = parsed.check();
    if (!checked.valid) return [fromLibrary('expression-type', checked.error, expression)];
    if (where.wants !== undefined && checked.type !== where.wants && checked.type !== 'dyn') {
      const message = `the answer must be true or false, and this is of type ${checked.type}`;
      return [{ code: 'expression-type', message, ...whole }];
    }
    return [];
  } catch (error) {
    return [fromLibrary('expression-syntax', error, expression)];
  }
}

function fromLibrary(code: string, error: unknown, expression: string): ExpressionProblem {
  const summary = error instanceof Error && 'summary' in error ? String(error.summary) : messageOf(error);
  const range = error instanceof Error && 'range' in error ? error.range : undefined;
  const hint = expression.includes('{{')
    ? ': expressions are CEL in ${{ }}, and no other template language is read'
    : '';
  const start = isRange(range) ? Math.min(range.start, expression.length) : 0;
  const end = isRange(range) ? Math.min(Math.max(range.end, start + 1), expression.length) : expression.length;
  return { code, message: summary + hint, start, end };
}

function isRange(value: unknown): value is { start: number; end: number } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'start' in value &&
    typeof value.start === 'number' &&
    'end' in value &&
    typeof value.end === 'number'
  );
}

/** Looks for names that mean nothing where the expression stands. */
class NameCheck {
  readonly #where: Where;
  readonly #problems: ExpressionProblem[];
  /** Tasks that the expression asks for before it looks at them; undefined where all have run. */
  readonly #guarded: ReadonlySet<string> | undefined;
  #isOver = false;

  constructor(where: Where, problems: ExpressionProblem[], guarded: ReadonlySet<string> | undefined) {
    this.#where = where;
    this.#problems = problems;
    this.#guarded = guarded;
  }

  /** `bound` are the variables of the macros around this node. */
  visit(node: CelNode, bound: ReadonlySet<string>): void {
    if (node.op === 'id') {
      this.#checkName(node, bound);
      return;
    }
    const access = pathOf(node);
    if (access !== undefined && !bound.has(access.names[0] ?? '')) this.#checkPath(node, access.names);
    const call = callOf(node);
    if (call === undefined) {
      for (const child of childrenOf(node)) this.visit(child, bound);
      return;
    }
    this.#checkCall(node, call);
    const [variable, ...steps] = call.arguments;
    const binds = call.isMethod && MACROS.includes(call.name) && variable?.op === 'id' && steps.length > 0;
    const receiver = Array.isArray(node.args) && call.isMethod ? node.args[1] : undefined;
    if (isCelNode(receiver)) this.visit(receiver, bound);
    if (binds) {
      const inside = new Set([...bound, String(variable.args)]);
      for (const step of steps) this.visit(step, inside);
    } else {
      for (const argument of call.arguments) this.visit(argument, bound);
    }
  }

  #checkName(node: CelNode, bound: ReadonlySet<string>): void {
    const name = String(node.args);
    const { names } = this.#where;
    if (bound.has(name) || names.has(name) || typeNames.has(name)) return;
    if (allScopeNames.has(name)) {
      this.#add(node, 'unknown-name', `"${name}" has no meaning here`);
      return;
    }
    this.#add(node, 'unknown-name', `there is no ${quoted(name)}`, { near: { name, known: names, list: true } });
  }

  /** `tasks.<name>.<field>`, `vars.<name>`, `project.<field>` and `run.<field>`. */
  #checkPath(node: CelNode, path: readonly string[]): void {
    const [base, name, field, ...more] = path;
    if (name === undefined || base === undefined || more.length > 0) return;
    if (base === 'tasks' && this.#where.names.has('tasks')) {
      if (field === undefined) this.#checkTask(node, name);
      else this.#checkOneOf(node, field, taskFields, `a task has no ${quoted(field)}`);
    } else if (field !== undefined) {
      return;
    } else if (base === 'vars' && this.#where.vars !== undefined) {
      this.#checkOneOf(node, name, this.#where.vars, `there is no variable ${quoted(name)}`);
    } else if (base === 'project') {
      this.#checkOneOf(node, name, ['name', 'config'], `a project has no ${quoted(name)}`);
    } else if (base === 'run') {
      const known = this.#where.isAfterMain ? [...runFields, ...runEndFields] : runFields;
      this.#checkOneOf(node, name, known, `a run has no ${quoted(name)} here`);
    }
  }

  #checkTask(node: CelNode, name: string): void {
    const known = this.#where.tasks;
    if (known === undefined) return;
    if (known.before.has(name)) {
      if (known.maybe?.has(name) && this.#guarded?.has(name) === false) {
        const way = `write default(tasks.${name}. ..., other), or ask has(tasks.${name}) first`;
        this.#add(node, 'task-may-not-run', `"${name}" may not have run when this is evaluated: ${way}`);
      }
      return;
    }
    if (known.all.has(name)) {
      const isBeside = known.after !== undefined && !known.after.has(name);
      const message = isBeside
        ? `"${name}" may run beside this task: add it to needs`
        : `"${name}" has not run when this is evaluated: only tasks before it have`;
      this.#add(node, isBeside ? 'task-beside' : 'task-not-before', message);
      return;
    }
    const message = `there is no task ${quoted(name)}`;
    // tasks.extract-metadata is read as a subtraction: what seems to be wrong with the rest of it is the same mistake.
    for (const dashed of known.all) {
      if (!dashed.startsWith(`${name}_`)) continue;
      this.#add(node, 'unknown-task', `${message}, and dashes in names are underscores here`, { nearest: dashed });
      this.#isOver = true;
      return;
    }
    this.#add(node, 'unknown-task', message, { near: { name, known: known.all } });
  }

  #checkOneOf(node: CelNode, name: string, known: readonly string[], message: string): void {
    if (!known.includes(name)) this.#add(node, 'unknown-name', message, { near: { name, known, list: true } });
  }

  #checkCall(node: CelNode, call: Call): void {
    const refusal = refusalOf(call);
    if (refusal !== undefined) {
      this.#add(node, refusal.code, refusal.message);
      return;
    }
    const known = call.isMethod ? methodNames : functionNames;
    if (!known.has(call.name)) {
      this.#add(node, 'unknown-function', `there is no function ${quoted(call.name)}`, {
        near: { name: call.name, known },
      });
    } else if (call.name === 're') {
      this.#checkPattern(call.arguments[1]);
    }
  }

  #checkPattern(node: CelNode | undefined): void {
    if (node?.op !== 'value' || typeof node.args !== 'string') return;
    try {
      compilePattern(node.args);
    } catch (error) {
      this.#add(node, 'unsupported-pattern', `this pattern cannot be used: ${messageOf(error)}`);
    }
  }

  #add(node: CelNode, code: string, message: string, way: { nearest?: string; near?: Near } = {}): void {
    if (!this.#isOver) this.#problems.push({ code, message, start: node.start, end: node.end, ...way });
  }
}

/** The tasks that stand in `default(...)`, in `has(tasks.<name>)` or in `'<name>' in tasks`. */
function guardedTasks(root: CelNode): Set<string> {
  const guarded = new Set<string>();
  const look: CelNode[] = [root];
  for (let node = look.pop(); node !== undefined; node = look.pop()) {
    const call = callOf(node);
    const argument = call?.arguments[0];
    const path = argument && pathOf(argument)?.names;
    const [base, name, ...more] = path ?? [];
    const isGuard = call?.name === 'default' || (call?.name === 'has' && more.length === 0);
    if (isGuard && base === 'tasks' && name !== undefined) guarded.add(name);
    if (node.op === 'in' && Array.isArray(node.args)) {
      const [left, right]: unknown[] = node.args;
      if (isCelNode(left) && left.op === 'value' && isCelNode(right) && right.op === 'id' && right.args === 'tasks')
        guarded.add(String(left.args));
    }
    look.push(...childrenOf(node));
  }
  return guarded;
}

function namesOf(methods: boolean): ReadonlySet<string> {
  const names = definitions
    .filter((definition) => (definition.receiverType !== null) === methods)
    .map((definition) => definition.name);
  return new Set([...names, ...MACROS].filter((name) => !refusedFunctions.has(name)));
}
