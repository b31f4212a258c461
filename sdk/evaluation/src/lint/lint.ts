import { parseSlo } from '../slo/parse.ts';
import { lintSli } from './lint-sli.ts';
import { lintSlo } from './lint-slo.ts';
import type { LintProblem } from './types.ts';

export interface LintResult {
  readonly problems: readonly LintProblem[];
  readonly errors: number;
  readonly warnings: number;
  /** One line per problem, `3:11  warning  ...  (code)`, as an editor or a person reads it. */
  readonly lines: readonly string[];
}

/** Checks the text of slo.yaml. */
export function sloLint(text: string): LintResult {
  return result(lintSlo(text));
}

/** Checks the text of sli.yaml; with that of slo.yaml also whether every SLI has a query. */
export function sliLint(text: string, sloText?: string): LintResult {
  const parsed = sloText === undefined ? null : parseSlo(sloText);
  if (parsed === null || !parsed.ok) return result(lintSli(text));
  const slis = [...new Set(parsed.slo.objectives.map((objective) => objective.sli))];
  return result(lintSli(text, { slis, filters: parsed.slo.filter.map((filter) => filter.key) }));
}

function result(problems: readonly LintProblem[]): LintResult {
  const count = (severity: string): number => problems.filter((problem) => problem.severity === severity).length;
  return { problems, errors: count('error'), warnings: count('warning'), lines: problems.map(line) };
}

function line({ place, severity, message, code }: LintProblem): string {
  const where = place === null ? '-' : `${place.line}:${place.column}`;
  return `${where.padEnd(7)} ${severity.padEnd(8)} ${message}  (${code})`;
}
