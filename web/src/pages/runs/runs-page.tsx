import './runs.css';
import type { RunSummary } from '@slipway/contract';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useRef, useState } from 'react';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { countText } from '../../ui/format.ts';
import { useHold } from '../../ui/hold.ts';
import { useNarrow, useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { BulkAbort } from './bulk-abort.tsx';
import { Facets } from './facets.tsx';
import { flagsOf, isFiltered, phaseOf, type RunSearch } from './filter.ts';
import { RunRow } from './run-row.tsx';
import { useLiveRuns } from './use-live-runs.ts';
import { useRunTally } from './use-run-tally.ts';

const route = getRouteApi('/runs');
const ROW_PX = 44;
const ROW_NARROW_PX = 72;
const AHEAD = 20;

export function RunsPage() {
  useTitle('Runs');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const narrow = useNarrow();
  const box = useRef<HTMLDivElement>(null);
  const { held, hold } = useHold();
  const [scrolled, setScrolled] = useState(false);
  const [aborting, setAborting] = useState(false);
  const [chosen, setChosen] = useState<ReadonlyMap<string, RunSummary>>(new Map());
  const { tally, recount } = useRunTally(search);
  const { list, runs, fresh, showFresh } = useLiveRuns(search, { still: held || scrolled, onNews: recount });
  const phase = phaseOf(search);
  // One source for all numbers of the page: what is loaded is no number that anybody asked for.
  const count = phase === undefined ? tally?.total : tally && (tally.byPhase.get(phase) ?? 0);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => box.current,
    estimateSize: () => (narrow ? ROW_NARROW_PX : ROW_PX),
    getItemKey: (index) => runs[index]?.id ?? index,
    overscan: 12,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows have another height
  useEffect(() => rows.measure(), [narrow]);
  const items = rows.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && lastShown > runs.length - AHEAD) void fetchNextPage();
  }, [lastShown, runs.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const choose = useCallback((run: RunSummary, wanted: boolean): void => {
    setChosen((before) => {
      const next = new Map(before);
      if (wanted) next.set(run.id, run);
      else next.delete(run.id);
      return next;
    });
  }, []);
  const change = (next: RunSearch): void => {
    box.current?.scrollTo({ top: 0 });
    void navigate({ search: next });
  };

  return (
    <div className="page runs-page">
      <div className="head">
        <h1>Runs</h1>
        {chosen.size > 0 ? (
          <Chosen runs={[...chosen.values()]} onAbort={() => setAborting(true)} onClear={() => setChosen(new Map())} />
        ) : (
          <>
            <span className="muted count" aria-live="off">
              {count === undefined ? '' : countText(count, 'run')}
            </span>
            <div className="end">
              <button type="button" className="button ghost" onClick={() => setAborting(true)}>
                Abort all matching …
              </button>
              <span className="only-wide">
                <CliButton line={cliLine('get', 'runs', ...flagsOf(search))} />
              </span>
            </div>
          </>
        )}
      </div>
      <Facets search={search} counts={tally} onChange={change} />
      <section className="panel list" aria-label="Runs, newest first">
        <div className="run-head only-wide" aria-hidden="true">
          <span>State</span>
          <span>Sequence</span>
          <span>Service</span>
          <span>Project</span>
          <span>Tasks</span>
          <span className="num">Duration</span>
          <span className="num">Accepted</span>
        </div>
        <div
          ref={box}
          className={list.isPlaceholderData ? 'rows old' : 'rows'}
          {...hold}
          onScroll={(event) => setScrolled(event.currentTarget.scrollTop > 8)}
        >
          {fresh > 0 ? (
            <button
              type="button"
              className="button primary small fresh"
              onClick={() => {
                showFresh();
                box.current?.scrollTo({ top: 0 });
              }}
            >
              {countText(fresh, 'new run')}
            </button>
          ) : null}
          {list.isError ? (
            <Failed error={list.error} what="The runs cannot be shown" retry={() => void list.refetch()} />
          ) : list.isPending ? (
            <Loading rows={12} />
          ) : runs.length === 0 ? (
            <NoRuns search={search} />
          ) : (
            <div className="all" style={{ height: rows.getTotalSize() }}>
              {items.map((item) => {
                const run = runs[item.index];
                return run === undefined ? null : (
                  <div
                    key={item.key}
                    className="slot"
                    style={{ transform: `translateY(${item.start}px)`, height: item.size }}
                  >
                    <RunRow run={run} chosen={chosen.has(run.id)} onChoose={choose} />
                  </div>
                );
              })}
            </div>
          )}
        </div>
      </section>
      {aborting ? (
        <BulkAbort
          search={search}
          chosen={chosen.size === 0 ? undefined : [...chosen.values()]}
          onClose={() => setAborting(false)}
        />
      ) : null}
    </div>
  );
}

/** Actions on the selected runs: compare two, abort any number. */
function Chosen(props: { runs: readonly RunSummary[]; onAbort: () => void; onClear: () => void }) {
  const { runs, onAbort, onClear } = props;
  const [before, after] = runs.toSorted((a, b) => a.acceptedAt - b.acceptedAt);
  return (
    <div className="chosen">
      <span className="count" role="status">
        {runs.length} selected
        {runs.length === 1 ? <span className="only-wide">. Select a second run to compare them</span> : null}
      </span>
      <div className="end">
        <button type="button" className="button ghost" onClick={onClear}>
          Clear selection
        </button>
        {before !== undefined && after !== undefined && runs.length === 2 ? (
          <Link to="/runs/compare" search={{ a: before.id, b: after.id }} className="button primary">
            Compare
          </Link>
        ) : null}
        <button type="button" className="button ghost" onClick={onAbort}>
          Abort … ({runs.length} selected)
        </button>
      </div>
    </div>
  );
}

function NoRuns({ search }: { search: RunSearch }) {
  if (isFiltered(search)) {
    return (
      <Empty title="No matching runs">
        <p>New runs that match appear here automatically.</p>
        <Link to="/runs" search={{}} className="button">
          Show all runs
        </Link>
      </Empty>
    );
  }
  return (
    <Empty title="No runs yet">
      <p>An event starts a run. Apply a shipyard, then trigger one of its sequences:</p>
      <pre>
        {cliLine('apply', 'shipyard-examples/checknumber.yaml', '--project', 'checknumber')}
        {'\n'}
        {cliLine(
          'trigger',
          'dev.sequence-one',
          '--project',
          'checknumber',
          '--data',
          '{"checknumber":{"number":"+49 30 901820"}}',
        )}
      </pre>
    </Empty>
  );
}
