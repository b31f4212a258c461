import { treeFromYaml, YamlProblem } from '../yaml/from-yaml.ts';
import { type Locate, locateIn, type Place, type Tree } from '../yaml/tree.ts';
import type { LintProblem, Report } from './types.ts';

export interface Linted {
  readonly tree: Tree | null;
  readonly locate: Locate;
  readonly problems: LintProblem[];
  readonly report: Report;
}

/** Runs the checks of one kind of file; a text that is no YAML has that one problem and no other. */
export function lintYaml(text: string, check: (linted: Linted) => void): LintProblem[] {
  const locate = locateIn(text);
  let tree: Tree | null;
  try {
    tree = treeFromYaml(text);
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    const message = `${error.message}${hintFor(text, error.place)}`;
    return [{ severity: 'error', code: 'yaml', message, path: '', place: error.place }];
  }
  const problems: LintProblem[] = [];
  const report: Report = (severity, code, { at }, path, message) => {
    problems.push({ severity, code, message, path, place: locate(at) });
  };
  check({ tree, locate, problems, report });
  return problems;
}

/** A criterion without quotes is by far the commonest text that is no YAML; the decoder's words do not lead there. */
function hintFor(text: string, place: Place | null): string {
  const line = place === null ? '' : (text.split('\n')[place.line - 1] ?? '');
  if (/[-:,[]\s*>/.test(line)) return '; an unquoted > starts a block of text, so quote the criterion: ">10"';
  return '';
}
