/** What the command line takes from the evaluate service without starting it. */

export { type ExplainRequest, type SloExplanation, sloExplain, sloReport } from './offline/explain.ts';
export { type ImportedSlo, importOpenSlo } from './offline/open-slo/import.ts';
export { OfflineProblem } from './offline/problem.ts';
export { type SloTestOptions, type SloTestResult, sloTest } from './offline/slo-test.ts';
