import type { RunSummary, RunView } from '@slipway/contract';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { contextQuery, runQuery, shipyardVersionQuery, whyQuery } from '../../api/queries.ts';

/** Lanes of other runs of the context that are drawn with their tasks; more are one line each. */
const DRAWN_MAX = 6;
const OTHERS_STALE_MS = 5_000;

export function drawnRuns(run: RunView, relatives: readonly RunSummary[]): RunSummary[] {
  return relatives.filter(({ id }) => id !== run.id).slice(0, DRAWN_MAX);
}

export const laneQuery = (id: string) => ({ ...runQuery(id), staleTime: OTHERS_STALE_MS });

/**
 * True once everything above the tabs has been read or has failed once, and from then on. Painted as they arrive, the band and the lanes
 * would push the tabs down three times.
 */
export function useTopRead(run: RunView): boolean {
  const [shown, setShown] = useState<string>();
  const why = isAnswered(useQuery(whyQuery(run.id)));
  const shipyard = isAnswered(useQuery(shipyardVersionQuery(run.project, run.shipyardVersion)));
  const context = useQuery(contextQuery(run.correlationid));
  const others = useQueries({
    queries: drawnRuns(run, context.data?.runs ?? []).map(({ id }) => laneQuery(id)),
    combine: (answers) => answers.every(isAnswered),
  });
  const isRead = why && shipyard && isAnswered(context) && others;
  if (isRead && shown !== run.id) setShown(run.id);
  return isRead || shown === run.id;
}

function isAnswered({ isPending, failureCount }: { isPending: boolean; failureCount: number }): boolean {
  return !isPending || failureCount > 0;
}
