/** The words that Keptn's documentation means. Others are bent in silence: to 3 runs, to all results, to 0. */
export const compareWords: readonly string[] = ['single_result', 'several_results'];
export const includeWords: readonly string[] = ['all', 'pass', 'pass_or_warn'];
export const aggregateWords: readonly string[] = ['avg', 'p50', 'p90', 'p95'];
