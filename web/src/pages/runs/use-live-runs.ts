import type { RunSummary } from '@slipway/contract';
import { type InfiniteData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { type Page, RUNS_PAGE, runsQuery } from '../../api/queries.ts';
import { useStream } from '../../api/stream.ts';
import { useNow } from '../../ui/now.ts';
import { belongs, type RunSearch, runQueryOf, streamQueryOf } from './filter.ts';

type Pages = InfiniteData<Page<RunSummary>, unknown>;

/** So many new runs wait above the list at most; with more it is read again. */
const FRESH_MAX = 500;

/**
 * The list, kept up to date: what is shown changes in place, what is new waits above it while `still` (somebody is about to
 * click), so that no row moves away under the pointer.
 */
export function useLiveRuns(search: RunSearch, live: { still: boolean; onNews: () => void }) {
  const { still, onNews } = live;
  const queries = useQueryClient();
  const minute = useNow(0);
  const filter = useMemo(() => runQueryOf(search, minute), [search, minute]);
  const options = runsQuery(filter);
  const list = useInfiniteQuery({ ...options, placeholderData: (before) => before });
  const [fresh, setFresh] = useState<readonly RunSummary[]>([]);
  const key = JSON.stringify(options.queryKey);
  // The first run of the list when it began to stand still: what is newer waits, also when the list is read again.
  const [anchor, setAnchor] = useState<string>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question has other news
  useEffect(() => {
    setFresh([]);
    setAnchor(undefined);
  }, [key]);

  useStream({
    filter: streamQueryOf(search),
    onResync: () => {
      onNews();
      void queries.invalidateQueries({ queryKey: options.queryKey });
    },
    onItems: (items) => {
      onNews();
      const told = new Map(items.flatMap(({ kind, value }) => (kind === 'run' ? [[value.id, value] as const] : [])));
      const known = new Set(
        queries.getQueryData<Pages>(options.queryKey)?.pages.flatMap((page) => page.items.map(({ id }) => id)),
      );
      if ([...told.keys()].some((id) => known.has(id))) {
        queries.setQueryData<Pages>(
          options.queryKey,
          (data) => data && mapRuns(data, (run) => told.get(run.id) ?? run),
        );
      }
      const added = [...told.values()].filter(
        (run) => !known.has(run.id) && belongs(run, search) && isNew(run, list.data),
      );
      setFresh((before) => {
        const rest = before.flatMap((run) => {
          const now = told.get(run.id) ?? run;
          return belongs(now, search) ? [now] : [];
        });
        const ids = new Set(rest.map(({ id }) => id));
        const more = added.filter(({ id }) => !ids.has(id));
        return more.length === 0 && rest.every((run, at) => run === before[at]) && rest.length === before.length
          ? before
          : [...rest, ...more].slice(-FRESH_MAX);
      });
    },
  });

  const showFresh = (): void => {
    queries.setQueryData<Pages>(options.queryKey, (data) => data && prepend(data, fresh));
    setFresh([]);
    setAnchor(undefined);
  };
  const mayShow = !still && fresh.length > 0 && list.data !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `fresh` is what it works on
  useEffect(() => {
    if (mayShow) showFresh();
  }, [mayShow, fresh]);

  const all = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const first = list.isPlaceholderData ? undefined : all[0]?.id;
  if (still && anchor === undefined && first !== undefined) setAnchor(first);
  if (!still && anchor !== undefined) setAnchor(undefined);
  const hidden = Math.max(0, still && anchor !== undefined ? all.findIndex(({ id }) => id === anchor) : 0);
  const runs = useMemo(
    // A run that ended no longer belongs into a list of working ones, but it leaves only once the list may move.
    () => (still ? all.slice(hidden) : all.filter((run) => belongs(run, search))),
    [all, hidden, search, still],
  );
  const waiting = new Set([...all.slice(0, hidden), ...fresh].map(({ id }) => id));
  return { list, runs, fresh: waiting.size, showFresh };
}

/** A run that is older than what was loaded is further down and comes with its page. */
function isNew(run: RunSummary, data: Pages | undefined): boolean {
  const first = data?.pages[0]?.items[0];
  return first === undefined || run.acceptedAt >= first.acceptedAt;
}

function mapRuns(data: Pages, change: (run: RunSummary) => RunSummary): Pages {
  return { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.map(change) })) };
}

function prepend(data: Pages, fresh: readonly RunSummary[]): Pages {
  const [first, ...rest] = data.pages;
  if (!first) return data;
  const known = new Set(first.items.map(({ id }) => id));
  const added = fresh.filter(({ id }) => !known.has(id)).toSorted((a, b) => b.acceptedAt - a.acceptedAt);
  // The first page is kept from growing without bound while the list stays open; what falls out is read again by its page.
  const items = [...added, ...first.items];
  if (rest.length === 0 && items.length > RUNS_PAGE * 10) {
    return { ...data, pages: [{ ...first, items: items.slice(0, RUNS_PAGE * 10) }] };
  }
  return { ...data, pages: [{ ...first, items }, ...rest] };
}
