import type { Place } from '../yaml/tree.ts';

export type Severity = 'error' | 'warning' | 'info';

/** One remark on a file. `code` is stable: editors and suppressions may refer to it. */
export interface LintProblem {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  /** Dotted path, `objectives[0].pass[0].criteria[1]`. */
  readonly path: string;
  readonly place: Place | null;
}

export type Report = (
  severity: Severity,
  code: string,
  at: { readonly at: number },
  path: string,
  message: string,
) => void;
