import { slotsOf } from '../baseline/select.ts';
import { TREND_RUNS_MIN } from '../judge/checks/history.ts';
import { field, type SloDocument } from '../slo/document.ts';
import type { Objective, Slo } from '../slo/types.ts';
import type { Report } from './types.ts';

/** Checks that look further back than `comparison` lets them pass for ever, and nobody notices. */
export function lintEarlierRuns(document: SloDocument, slo: Slo, report: Report): void {
  const slots = slotsOf(slo.comparison);
  for (const [index, objective] of slo.objectives.entries()) {
    const declared = document.objectives[index];
    // A control is the baseline, whatever the comparison says.
    if (declared === undefined || objective.extensions.control !== null) continue;
    for (const { key, needs, effect } of wantsOf(objective)) {
      if (needs <= slots) continue;
      const message = `${key} needs ${needs} earlier runs and comparison gives ${slots}: ${effect}; set compare_with: several_results and number_of_comparison_results: ${needs}`;
      const at = field(declared.tree, key) ?? declared.tree;
      report('warning', 'too-few-runs', at, `${declared.path}.${key}`, message);
    }
  }
}

function wantsOf({ extensions }: Objective): { key: string; needs: number; effect: string }[] {
  const { trend, adaptive, policy } = extensions;
  const wants = [];
  if (trend !== null) {
    // This run is one of them.
    const needs = trend.runs - 1;
    wants.push({ key: 'trend', needs, effect: `it sees fewer, and below ${TREND_RUNS_MIN} runs it always passes` });
  }
  if (adaptive !== null) wants.push({ key: 'adaptive', needs: adaptive.minRuns, effect: 'it always passes' });
  if (policy.minBaseline > 1)
    wants.push({ key: 'min_baseline', needs: policy.minBaseline, effect: 'there never is a baseline' });
  return wants;
}
