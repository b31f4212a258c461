import { checkExpression, checkTemplateText, type ExpressionProblem } from '../expression/check.ts';
import { isWholeExpression, mentionsExpression } from '../expression/template.ts';
import type { Where } from '../expression/where.ts';
import { pointerTo } from '../yaml/node.ts';
import type { Field, Reading } from './fields.ts';
import { readText } from './scalars.ts';

/** Checks every string below a value in which expressions may stand. */
export function checkTemplateField(reading: Reading, field: Field, where: Where): void {
  eachText(field, (text, at) => {
    if (mentionsExpression(text)) report(reading, at, checkTemplateText(text, where));
  });
}

/** An expression by itself, with or without `${{ }}` around it; the answer is without. */
export function readExpression(reading: Reading, field: Field, where: Where): string | undefined {
  const text = readText(reading, field);
  if (text === undefined) return undefined;
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
