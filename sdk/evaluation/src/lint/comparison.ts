import { COMPARISON_RESULTS_MAX } from '../baseline/select.ts';
import { field, type SloDocument } from '../slo/document.ts';
import { nearest } from '../slo/nearest.ts';
import { aggregateWords, compareWords, includeWords } from '../slo/words.ts';
import type { MapTree } from '../yaml/tree.ts';
import type { Report } from './types.ts';

/** The words that Keptn bends without a sound. */
export function lintComparison(root: MapTree | null, document: SloDocument, report: Report): void {
  const tree = field(root, 'comparison');
  if (tree?.kind !== 'map') return;
  const { compareWith, includeResultWithScore, numberOfComparisonResults, aggregateFunction } = document.comparison;
  const at = (key: string) => field(tree, key) ?? tree;
  if (!compareWords.includes(compareWith)) {
    const said = compareWith === '' ? 'compare_with is missing' : `compare_with does not know '${compareWith}'`;
    const message = `${said}: it compares with 3 earlier results and ignores number_of_comparison_results${hint(compareWith, compareWords)}`;
    report('warning', 'compare-with', at('compare_with'), 'comparison.compare_with', message);
  }
  if (!includeWords.includes(includeResultWithScore.toLowerCase())) {
    const message = `include_result_with_score does not know '${includeResultWithScore}' and takes all results, failed ones too${hint(includeResultWithScore, includeWords)}`;
    report(
      'warning',
      'include-result',
      at('include_result_with_score'),
      'comparison.include_result_with_score',
      message,
    );
  }
  if (!aggregateWords.includes(aggregateFunction)) {
    const message = `aggregate_function does not know '${aggregateFunction}': the baseline is always 0${hint(aggregateFunction, aggregateWords)}`;
    report('error', 'aggregate-function', at('aggregate_function'), 'comparison.aggregate_function', message);
  }
  lintNumber(tree, compareWith, numberOfComparisonResults, aggregateFunction, report);
}

function lintNumber(tree: MapTree, compareWith: string, number: number, aggregate: string, report: Report): void {
  const path = 'comparison.number_of_comparison_results';
  const given = field(tree, 'number_of_comparison_results');
  if (compareWith === 'several_results' && (number < 1 || number > COMPARISON_RESULTS_MAX)) {
    const message = `${number} earlier results cannot be asked for: every evaluation will be errored; use 1 to ${COMPARISON_RESULTS_MAX}`;
    report('error', 'number-of-results', given ?? tree, path, message);
  }
  if (given?.kind === 'scalar' && given.number !== undefined && !Number.isInteger(given.number)) {
    report('warning', 'number-of-results', given, path, `${given.text} is cut to ${Math.trunc(given.number)}`);
  }
  if (compareWith === 'single_result' && given !== undefined && number !== 1) {
    const message = `single_result compares with 1 result, the ${number} is ignored; use several_results`;
    report('warning', 'number-of-results', given, path, message);
  }
  if (compareWith === 'several_results' && ['p90', 'p95'].includes(aggregate) && number <= 9) {
    const message = `${aggregate} of at most 9 values is their maximum`;
    report(
      'info',
      'percentile-of-few',
      field(tree, 'aggregate_function') ?? tree,
      'comparison.aggregate_function',
      message,
    );
  }
}

function hint(word: string, known: readonly string[]): string {
  const near = word === '' ? null : nearest(word, known);
  return near === null ? `; use ${known.join(', ')}` : `; did you mean '${near}'?`;
}
