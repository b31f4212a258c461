import type { RunPhase } from '@slipway/contract';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { runCountsQuery } from '../../api/queries.ts';
import { useNow } from '../../ui/now.ts';
import { type RunSearch, runQueryOf } from './filter.ts';

export type RunTally = { total: number; byPhase: ReadonlyMap<RunPhase, number> };

/** Time passes, and with it runs leave the span of the filter. */
const RECOUNT_MS = 20_000;
/** While the list changes the counts follow it, with this pause between two. */
const PAUSE_MS = 1_000;

/** How many runs of each phase the other filters leave. `recount` says that the list has changed. */
export function useRunTally(search: RunSearch): { tally: RunTally | undefined; recount: () => void } {
  const queries = useQueryClient();
  const minute = useNow(0);
  const { state: _state, ...filter } = runQueryOf(search, minute);
  const options = runCountsQuery(filter);
  const { data } = useQuery({ ...options, placeholderData: keepPreviousData, refetchInterval: RECOUNT_MS });
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const key = JSON.stringify(options.queryKey);
  useEffect(
    () => () => {
      clearTimeout(waiting.current);
      waiting.current = undefined;
    },
    [],
  );
  const recount = useCallback(() => {
    waiting.current ??= setTimeout(() => {
      waiting.current = undefined;
      void queries.invalidateQueries({ queryKey: JSON.parse(key) });
    }, PAUSE_MS);
  }, [queries, key]);
  if (data === undefined) return { tally: undefined, recount };
  const byPhase = new Map<RunPhase, number>();
  for (const { phase, count } of data.items) byPhase.set(phase, (byPhase.get(phase) ?? 0) + count);
  return { tally: { total: data.total, byPhase }, recount };
}
