import { checkExpression, checkTemplateText, type ExpressionProblem } from '../expression/check.ts';
import { isWholeExpression, mentionsExpression, parseTemplate } from '../expression/template.ts';
import type { Where } from '../expression/where.ts';
import { pointerTo } from '../yaml/node.ts';
import type { Field, Reading } from './fields.ts';
import { readText } from './scalars.ts';

/** Checks every string below a value in which expressions may stand. */
export function checkTemplateField(reading: Reading, field: Field, where: Where): void {
  let isOver = false;
  eachText(field, (text, at) => {
    if (isOver || !mentionsExpression(text)) return;
    isOver = isOverLimit(reading, at, text);
    if (!isOver) report(reading, at, checkTemplateText(text, where));
  });
}

const TASK_EXPRESSIONS_MAX = 200;
const SEQUENCE_EXPRESSIONS_MAX = 2_000;
const EXPRESSION_CHARACTERS_MAX = 1_000_000;

/** Each expression is checked here and computed in a run, also where an alias repeats it. */
function isOverLimit(reading: Reading, at: Field, text: string): boolean {
  const parsed = parseTemplate(text);
  const count = parsed.ok ? Math.max(1, parsed.parts.filter(({ kind }) => kind === 'expression').length) : 1;
  const used = reading.expressions;
  used.task += count;
  used.sequence += count;
  used.characters += text.length;
  const limit =
    used.task > TASK_EXPRESSIONS_MAX
      ? `a task (or the output of a sequence) has at most ${TASK_EXPRESSIONS_MAX} expressions`
      : used.sequence > SEQUENCE_EXPRESSIONS_MAX
        ? `a sequence has at most ${SEQUENCE_EXPRESSIONS_MAX} expressions`
        : used.characters > EXPRESSION_CHARACTERS_MAX
          ? `the expressions of a shipyard have at most ${EXPRESSION_CHARACTERS_MAX} characters`
          : undefined;
  if (limit === undefined) return false;
  const message = `${limit}, those that aliases repeat included`;
  reading.problems.add({ code: 'too-many-expressions', message, pointer: at.pointer, at: at.node.at });
  return true;
}

/** An expression by itself, with or without `${{ }}` around it; the answer is without. */
export function readExpression(reading: Reading, field: Field, where: Where): string | undefined {
  const text = readText(reading, field);
  if (text === undefined || isOverLimit(reading, field, text)) return undefined;
  const whole = isWholeExpression(text);
  const expression = whole?.expression ?? text;
  const problems = checkExpression(expression, where);
  report(
    reading,
    field,
    problems.map((problem) => ({
      ...problem,
      start: problem.start + (whole?.start ?? 0),
      end: problem.end + (whole?.start ?? 0),
    })),
  );
  return problems.length === 0 ? expression.trim() : undefined;
}

/** Where text is taken as it is, somebody who writes an expression would wait for it in vain. */
export function warnOfExpressions(reading: Reading, field: Field, why: string): void {
  eachText(field, (text, at) => {
    if (!mentionsExpression(text)) return;
    reading.problems.add({
      severity: 'warning',
      code: 'literal-expression',
      message: `\${{ }} stays text here, because ${why}: computed input stands under "with"`,
      pointer: at.pointer,
      at: at.node.at,
    });
  });
}

function report(reading: Reading, field: Field, problems: readonly ExpressionProblem[]): void {
  const placeOf = field.node.kind === 'scalar' ? field.node.placeOf : undefined;
  for (const { start, end, ...problem } of problems) {
    const at = placeOf?.(start, end) ?? field.node.at;
    reading.problems.add({ ...problem, pointer: field.pointer, at });
  }
}

function eachText(field: Field, visit: (text: string, at: Field) => void): void {
  const { node, pointer } = field;
  if (node.kind === 'scalar') {
    if (typeof node.value === 'string') visit(node.value, field);
  } else if (node.kind === 'list') {
    node.items.forEach((item, index) => {
      eachText({ pointer: pointerTo(pointer, index), keyAt: item.at, node: item }, visit);
    });
  } else {
    for (const entry of node.entries) {
      eachText({ pointer: pointerTo(pointer, entry.key), keyAt: entry.keyAt, node: entry.value }, visit);
    }
  }
}
