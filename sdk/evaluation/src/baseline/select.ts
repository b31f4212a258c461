import type { BaselineSelection } from '../slo/extension-types.ts';
import type { Comparison } from '../slo/types.ts';
import type { PreviousEvaluation } from '../values.ts';

/** What is being judged, as far as a baseline may be chosen by it. */
export interface Subject {
  readonly contextId?: string;
  readonly stage?: string;
  readonly service?: string;
  readonly deployment?: string;
  readonly windowStart?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** How much a run that started "the same time yesterday" may be off. */
const OFFSET_TOLERANCE_MS = 60 * 60 * 1000;

/** Keptn's event store refuses to answer more. */
export const COMPARISON_RESULTS_MAX = 100;

/** How many earlier runs are asked for. A word that Keptn does not know means three, whatever the number says. */
export function slotsOf(comparison: Comparison): number {
  if (comparison.compareWith === 'single_result') return 1;
  if (comparison.compareWith === 'several_results') return comparison.numberOfComparisonResults;
  return 3;
}

/** The results an earlier run may have, or null for any. Keptn reads every other word as "all". */
export function resultsWanted(comparison: Comparison): readonly string[] | null {
  const word = comparison.includeResultWithScore.toLowerCase();
  if (word === 'pass') return ['pass'];
  if (word === 'pass_or_warn') return ['pass', 'warning'];
  return null;
}

/**
 * Keptn's choice: the newest N runs whose overall result fits, without the invalidated ones. A run takes its slot even
 * when it measured nothing; labels, builds and contexts play no part.
 */
export function selectKeptn(history: readonly PreviousEvaluation[], comparison: Comparison): PreviousEvaluation[] {
  return newestFirst(history.filter((run) => counts(run, comparison))).slice(0, slotsOf(comparison));
}

/** Extension 4: which runs may serve at all, newest first. How many are taken is decided per SLI. */
export function candidates(
  history: readonly PreviousEvaluation[],
  comparison: Comparison,
  selection: BaselineSelection,
  subject: Subject,
): PreviousEvaluation[] {
  const { pinned } = selection;
  if (pinned !== null) {
    return history.filter((run) => (run.id === pinned || run.evaluation === pinned) && !run.invalidated);
  }
  return newestFirst(history.filter((run) => counts(run, comparison) && fits(run, selection, subject)));
}

function counts(run: PreviousEvaluation, comparison: Comparison): boolean {
  const wanted = resultsWanted(comparison);
  return !run.invalidated && (wanted === null || wanted.includes(run.result));
}

function fits(run: PreviousEvaluation, selection: BaselineSelection, subject: Subject): boolean {
  if (selection.evaluatedOnly && (run.indicators === null || run.indicators.length === 0)) return false;
  if (selection.otherContexts && subject.contextId !== undefined && run.contextId === subject.contextId) return false;
  if (!same(run.stage, selection.stage ?? subject.stage) || !same(run.service, selection.service ?? subject.service)) {
    return false;
  }
  if (selection.sameDeployment && run.deployment !== subject.deployment) return false;
  if (selection.commit !== null && run.commit !== selection.commit) return false;
  if (selection.tag !== null && run.tag !== selection.tag) return false;
  if (selection.labels.some((label) => run.labels?.[label] !== subject.labels?.[label])) return false;
  return selection.offsetMs === null || isAtOffset(run, selection.offsetMs, subject);
}

/** An unknown place is not a different place: an event store already asked for one project, stage and service. */
const same = (actual: string | undefined, wanted: string | undefined): boolean =>
  actual === undefined || wanted === undefined || actual === wanted;

function isAtOffset(run: PreviousEvaluation, offsetMs: number, subject: Subject): boolean {
  if (run.windowStart === undefined || subject.windowStart === undefined) return false;
  return Math.abs(subject.windowStart - offsetMs - run.windowStart) <= OFFSET_TOLERANCE_MS;
}

const newestFirst = (runs: readonly PreviousEvaluation[]): PreviousEvaluation[] => runs.toSorted((a, b) => b.at - a.at);
