import type { EnvironmentCell, RunSummary } from '@slipway/contract';

const OPEN_SHOWN_MAX = 4;

/** The cells after what the stream told, at once; their counts follow when they are read again. */
export function withRuns(cells: readonly EnvironmentCell[], runs: readonly RunSummary[]): EnvironmentCell[] {
  const byPlace = Map.groupBy(runs, placeOf);
  const known = new Set(cells.map(placeOf));
  const added = [...byPlace].flatMap(([place, [first]]) =>
    first === undefined || known.has(place) ? [] : [emptyCell(first)],
  );
  return [...cells, ...added].map((cell) => (byPlace.get(placeOf(cell)) ?? []).reduce(withRun, cell));
}

function withRun(cell: EnvironmentCell, run: RunSummary): EnvironmentCell {
  const others = cell.openRuns.filter(({ id }) => id !== run.id);
  if (run.state === 'finished') {
    const isLast = cell.last === undefined || run.acceptedAt >= cell.last.acceptedAt;
    return { ...cell, openRuns: others, ...(isLast ? { last: run } : {}) };
  }
  const openRuns = [...others, run].toSorted((a, b) => b.acceptedAt - a.acceptedAt).slice(0, OPEN_SHOWN_MAX);
  return { ...cell, openRuns, open: Math.max(cell.open, openRuns.length) };
}

function emptyCell({ project, stage, service }: RunSummary): EnvironmentCell {
  return { project, stage, ...(service === undefined ? {} : { service }), open: 0, openRuns: [] };
}

function placeOf({ project, stage, service }: Pick<RunSummary, 'project' | 'stage' | 'service'>): string {
  return JSON.stringify([project, stage, service]);
}
