/** The rules of evaluation: values, slo.yaml and history in, a decision with its reasons out. Pure. */

export { average, median, percentile, sorted } from './baseline/aggregate.ts';
export { previousOf } from './baseline/previous.ts';
export { COMPARISON_RESULTS_MAX, resultsWanted, type Subject, slotsOf } from './baseline/select.ts';
export { canonicalJson } from './explain/canonical.ts';
export { explain } from './explain/explain.ts';
export { type Decision, type DecisionInput, decide, type WhatIf, whatIf } from './explain/replay.ts';
export { type ExplainedObjective, type Explanation, RULES_VERSION } from './explain/types.ts';
export { nameOf, shown } from './explain/why.ts';
export { evaluate } from './judge/evaluate.ts';
export type { Verdict } from './judge/types.ts';
export { sloJsonSchema } from './lint/json-schema.ts';
export { type LintResult, sliLint, sloLint } from './lint/lint.ts';
export type { LintProblem, Severity } from './lint/types.ts';
export { renderReport } from './report/report.ts';
export type { ReportInput, ReportRun } from './report/types.ts';
export { sliQueries } from './sli/queries.ts';
export { type Reducer, sliQuerySchema } from './sli/query-schema.ts';
export type { Budget, Repeat, Retry } from './slo/extension-types.ts';
export { nearest } from './slo/nearest.ts';
export { parseSlo, sloFromValue } from './slo/parse.ts';
export type { Objective, ParsedSlo, Slo, SloProblem } from './slo/types.ts';
export { thinned } from './stats/mann-whitney.ts';
export { parseDuration } from './time/duration.ts';
export { formatTimestamp, parseTimestamp } from './time/timestamp.ts';
export { resolveWindow, type Window, type WindowRequest } from './time/window.ts';
export {
  type IndicatorResult,
  type IndicatorStatus,
  type IndicatorValue,
  missingValue,
  type PreviousEvaluation,
  type PreviousIndicator,
  type Result,
} from './values.ts';
export {
  type Decoded,
  decodePrevious,
  decodeSliAnswer,
  indicatorValue,
  isRecord,
  type StoredEvaluation,
} from './wire/decode.ts';
export { type FinishedEvaluation, finishEvaluation, type SliAnswer, type SloSource } from './wire/finish.ts';
export { type SliQuestion, type Started, type StartInput, startEvaluation } from './wire/start.ts';
