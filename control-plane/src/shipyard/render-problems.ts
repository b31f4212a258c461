import type { SourceProblem } from '@slipway/contract';
import { escapeControls } from './text.ts';

const LINE_CHARS_MAX = 160;

/**
 * The problems as a compiler shows them:
 *
 *     shipyard.yaml:7:11  unknown-key  "taks" is no key of a sequence: did you mean "tasks"?
 *       7 |           taks:
 *         |           ^
 */
export function renderProblems(text: string, fileName: string, problems: readonly SourceProblem[]): string {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  return problems.map((problem) => renderProblem(problem, fileName, lines[problem.line - 1] ?? '')).join('\n\n');
}

function renderProblem(problem: SourceProblem, fileName: string, source: string): string {
  const place = `${fileName}:${problem.line}:${problem.column}`;
  const kind = problem.severity === 'warning' ? `warning ${problem.code}` : problem.code;
  const head = `${place}  ${kind}  ${problem.message}`;
  const number = String(problem.line);
  const margin = ' '.repeat(number.length);
  const { line, caretAt } = window(source.replace(/\r$/, ''), problem.column - 1);
  return `${head}\n  ${number} | ${line}\n  ${margin} | ${' '.repeat(caretAt)}^`;
}

/** The part of a long line around the caret. Tabs become one blank, so that the caret stands below its place. */
function window(source: string, column: number): { line: string; caretAt: number } {
  const from = Math.max(0, Math.min(column - LINE_CHARS_MAX / 2, source.length - LINE_CHARS_MAX));
  const before = escapeControls(source.slice(from, column).replaceAll('\t', ' '));
  const after = escapeControls(source.slice(column, from + LINE_CHARS_MAX).replaceAll('\t', ' '));
  return { line: before + after, caretAt: before.length };
}
