import type { EvaluatedSli, EvaluationSummary } from '@slipway/contract';

/** Names the row of the total; no SLI is named so, for it is no text that YAML gives a name. */
export const TOTAL = '';

export type HeatRow = { sli: string; name: string; keySli: boolean; cells: (EvaluatedSli | undefined)[] };
export type HeatMap = { columns: EvaluationSummary[]; rows: HeatRow[] };

/** Evaluations as columns, oldest first; every SLI that any of them had as a row, in the order of the newest that had it. */
export function heatMapOf(newestFirst: readonly EvaluationSummary[]): HeatMap {
  const columns = newestFirst.toReversed();
  const known = new Map<string, { name: string; keySli: boolean }>();
  for (const { slis } of newestFirst) {
    for (const { sli, displayName, keySli } of slis ?? []) {
      if (!known.has(sli)) known.set(sli, { name: displayName ?? sli, keySli });
    }
  }
  const bySli = columns.map(({ slis }) => new Map((slis ?? []).map((one) => [one.sli, one])));
  return {
    columns,
    rows: [...known].map(([sli, { name, keySli }]) => ({
      ...{ sli, name, keySli },
      cells: bySli.map((slis) => slis.get(sli)),
    })),
  };
}

/** What one calls an evaluation by: its build where it has one, else when it was. */
export function buildOf({ labels, tag, commit, deployment }: EvaluationSummary): string | undefined {
  return labels?.build ?? labels?.version ?? tag ?? labels?.buildId ?? commit?.slice(0, 8) ?? deployment;
}

/** Where an evaluation belongs: a service in a stage. */
export type Place = { stage: string; service: string | undefined };
export type PlaceHistory = Place & { evaluations: EvaluationSummary[] };

export function placesOf(newestFirst: readonly EvaluationSummary[]): PlaceHistory[] {
  const groups = Map.groupBy(newestFirst, ({ stage, service }) => JSON.stringify([stage, service]));
  return [...groups.values()].flatMap((evaluations) => {
    const [newest] = evaluations;
    return newest === undefined ? [] : [{ stage: newest.stage, service: newest.service, evaluations }];
  });
}

/** Seven letters at most before an exponent: what one compares, not what a computer holds. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(2);
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
  return Number(value.toFixed(digits)).toLocaleString('en', { maximumFractionDigits: digits });
}
