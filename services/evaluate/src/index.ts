/** What the command line and others take from the evaluate service without starting it. */

export type { ExplainedObjective, Explanation } from './core/explain/types.ts';
export { sloJsonSchema } from './core/lint/json-schema.ts';
export type { LintProblem, Severity } from './core/lint/types.ts';
export { renderReport } from './core/report/report.ts';
export type { ReportInput, ReportRun } from './core/report/types.ts';
export { type ExplainRequest, type SloExplanation, sloExplain, sloReport } from './offline/explain.ts';
export { type LintResult, sliLint, sloLint } from './offline/lint.ts';
export { OfflineProblem } from './offline/problem.ts';
export { type SloTestOptions, type SloTestResult, sloTest } from './offline/slo-test.ts';
