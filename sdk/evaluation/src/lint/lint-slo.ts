import { thresholdsOf } from '../judge/total.ts';
import { field, readDocument, type SloDocument } from '../slo/document.ts';
import { comparisonExtensions, fileExtensions, objectiveExtensions } from '../slo/extension-schema.ts';
import { nearest } from '../slo/nearest.ts';
import { sloFromTree } from '../slo/parse.ts';
import { EXCESSIVE_ALIASING, Reader } from '../slo/reader.ts';
import { resolvePlain } from '../yaml/scalar.ts';
import type { MapTree } from '../yaml/tree.ts';
import { lintComparison } from './comparison.ts';
import { lintEarlierRuns } from './earlier-runs.ts';
import { type Linted, lintYaml } from './lint-yaml.ts';
import { lintObjectives } from './objectives.ts';
import type { LintProblem, Report } from './types.ts';

const FILE_KEYS = ['spec_version', 'filter', 'comparison', 'objectives', 'total_score'];
const COMPARISON_KEYS = [
  'compare_with',
  'include_result_with_score',
  'number_of_comparison_results',
  'aggregate_function',
];
const OBJECTIVE_KEYS = ['sli', 'displayName', 'pass', 'warning', 'weight', 'key_sli'];

/** Everything an author should hear about slo.yaml, in the order of the file: errors, and quirks before they bite. */
export function lintSlo(text: string): LintProblem[] {
  const problems = lintYaml(text, (linted) => lintFile(text, linted));
  return problems.toSorted(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
}

function lintFile(text: string, { tree, locate, problems, report }: Linted): void {
  const parsed = sloFromTree(tree, locate);
  if (!parsed.ok) {
    for (const { message, path, place } of parsed.problems) {
      problems.push({ severity: 'error', code: 'parse', message, path, place });
    }
  }
  if (problems.some(({ message }) => message === EXCESSIVE_ALIASING)) return;
  const root = tree?.kind === 'map' ? tree : null;
  lintDocuments(text, report);
  lintKeys(root, report);
  const document = readDocument(root, new Reader(locate));
  lintComparison(root, document, report);
  const extended = parsed.ok ? parsed.slo.extensions.extendedGrammar : plainText(root, 'grammar') === 'extended';
  lintObjectives(root, document, extended, report);
  if (parsed.ok) lintEarlierRuns(document, parsed.slo, report);
  lintTotal(root, document, report);
}

function lintDocuments(text: string, report: Report): void {
  const second = /^---(\s|$)/gm;
  const marks = [...text.matchAll(second)].filter(
    (match) =>
      text
        .slice(0, match.index)
        .replaceAll(/^\s*(#.*)?$/gm, '')
        .trim() !== '',
  );
  const at = marks[0]?.index;
  if (at !== undefined)
    report('warning', 'second-document', { at }, '', 'only the first document is read, what follows is ignored');
}

function lintKeys(root: MapTree | null, report: Report): void {
  unknownKeys(root, '', [...FILE_KEYS, ...Object.keys(fileExtensions.shape)], report);
  const comparison = field(root, 'comparison');
  if (comparison?.kind === 'map') {
    unknownKeys(comparison, 'comparison', [...COMPARISON_KEYS, ...Object.keys(comparisonExtensions.shape)], report);
  }
  const total = field(root, 'total_score');
  if (total?.kind === 'map') unknownKeys(total, 'total_score', ['pass', 'warning'], report);
  const objectives = field(root, 'objectives');
  if (objectives?.kind !== 'list') return;
  for (const [index, objective] of objectives.items.entries()) {
    if (objective.kind !== 'map') continue;
    const path = `objectives[${index}]`;
    unknownKeys(objective, path, [...OBJECTIVE_KEYS, ...Object.keys(objectiveExtensions.shape)], report);
    for (const key of ['pass', 'warning']) {
      const groups = field(objective, key);
      if (groups?.kind !== 'list') continue;
      for (const [i, group] of groups.items.entries()) {
        if (group.kind === 'map') unknownKeys(group, `${path}.${key}[${i}]`, ['criteria'], report);
      }
    }
  }
}

function unknownKeys(map: MapTree | null, path: string, known: readonly string[], report: Report): void {
  for (const { key, keyAt } of map?.entries ?? []) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === null ? '' : `; did you mean '${near}'?`;
    report(
      'warning',
      'unknown-key',
      { at: keyAt },
      path === '' ? key : `${path}.${key}`,
      `'${key}' is not a key here and is ignored${hint}`,
    );
  }
}

function lintTotal(root: MapTree | null, document: SloDocument, report: Report): void {
  const total = field(root, 'total_score');
  const tree = total ?? root ?? { at: 0 };
  const passTree = (total?.kind === 'map' ? field(total, 'pass') : undefined) ?? tree;
  const thresholds = thresholdsOf(document.totalScore);
  if (!thresholds.ok) {
    const hint = thresholds.message.startsWith('no target')
      ? 'set total_score.pass, for example "90%"'
      : 'write a number with an optional %, such as "90%"';
    report(
      'error',
      'total-score',
      tree,
      'total_score',
      `every evaluation will be errored with '${thresholds.message}': ${hint}`,
    );
    return;
  }
  const { pass, warning } = thresholds.value;
  if (!Number.isFinite(pass)) report('error', 'total-score', passTree, 'total_score.pass', `no score reaches ${pass}`);
  if (warning !== null && warning >= pass) {
    report(
      'warning',
      'warning-band-empty',
      tree,
      'total_score',
      `a warning at ${warning} can never happen, since ${pass} already passes`,
    );
  }
  if (pass > 100)
    report('warning', 'pass-over-100', passTree, 'total_score.pass', `${pass} is more than the highest score of 100`);
}

function plainText(map: MapTree | null, key: string): string | null {
  const tree = field(map, key);
  return tree?.kind === 'scalar' && resolvePlain(tree.text).tag === '!!str' ? tree.text : null;
}
