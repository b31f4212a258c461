import type { BaselineSelection } from '../slo/extension-types.ts';
import type { PreviousEvaluation, PreviousIndicator } from '../values.ts';

/** One earlier value that entered a baseline, with the run it came from: what an explanation must be able to show. */
export interface BaselineValue {
  readonly run: string;
  readonly value: number;
  readonly samples?: readonly number[];
}

/** Finds the earlier values of one SLI without walking every run for every objective. */
export interface BaselineIndex {
  /** Newest first; an SLI that stands twice in a run counts twice, failed measurements not at all. */
  valuesOf(sli: string): readonly BaselineValue[];
}

const NONE: readonly BaselineValue[] = [];

/** Keptn's slots: the runs are already chosen, whatever they hold. */
export function indexRuns(runs: readonly PreviousEvaluation[]): BaselineIndex {
  return indexed(runs, (indicator) => indicator.success);
}

/** Extension 4: looks back up to `depth` runs for `wanted` runs that hold the SLI with a wanted status. */
export function indexCandidates(
  runs: readonly PreviousEvaluation[],
  selection: BaselineSelection,
  wanted: number,
): BaselineIndex {
  const statuses = selection.indicatorStatus;
  const depth = selection.pinned !== null ? 1 : (selection.depth ?? wanted);
  const index = indexed(
    runs.slice(0, depth),
    (indicator) => indicator.success && (statuses === null || statuses.includes(indicator.status ?? '')),
  );
  return {
    valuesOf(sli) {
      const seen = new Set<string>();
      return index.valuesOf(sli).filter(({ run }) => {
        seen.add(run);
        return seen.size <= wanted;
      });
    },
  };
}

function indexed(runs: readonly PreviousEvaluation[], takes: (indicator: PreviousIndicator) => boolean): BaselineIndex {
  const bySli = new Map<string, BaselineValue[]>();
  for (const run of runs) {
    for (const indicator of run.indicators ?? []) {
      if (!takes(indicator)) continue;
      const { value, samples } = indicator;
      const entry: BaselineValue = samples === undefined ? { run: run.id, value } : { run: run.id, value, samples };
      const values = bySli.get(indicator.metric);
      if (values === undefined) bySli.set(indicator.metric, [entry]);
      else values.push(entry);
    }
  }
  return { valuesOf: (sli) => bySli.get(sli) ?? NONE };
}
