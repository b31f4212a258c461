import type { RunView } from '@slipway/contract';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { runEventsQuery } from '../../api/queries.ts';
import { EventList, EventPanel } from '../../ui/event-list.tsx';
import { countText } from '../../ui/format.ts';
import { Failed, Loading } from '../../ui/screens.tsx';

/** The events of a run in the order in which they were taken and sent. */
export function RunEvents({ run, selected }: { run: RunView; selected: string | undefined }) {
  const navigate = useNavigate({ from: '/runs/$run' });
  const list = useInfiniteQuery(runEventsQuery(run.id));
  const events = list.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = events.find(({ event }) => event.id === selected);
  const select = (event: string | undefined): void => {
    void navigate({
      search: { tab: 'events', ...(event === undefined ? {} : { event }) },
      replace: true,
      resetScroll: false,
    });
  };
  if (list.isError)
    return <Failed error={list.error} what="The events cannot be shown" retry={() => void list.refetch()} />;
  return (
    <div className={shown === undefined ? 'split alone' : 'split'}>
      <section className="panel" aria-label="Events">
        <header>
          <h2>
            {list.data ? `${countText(events.length, 'event')}${list.hasNextPage ? ', more below' : ''}` : 'Events'}
          </h2>
        </header>
        {list.isPending ? (
          <Loading />
        ) : (
          <EventList
            events={events}
            since={run.acceptedAt}
            selected={selected}
            onSelect={(id) => select(id === selected ? undefined : id)}
            onEnd={() => {
              if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
            }}
          />
        )}
      </section>
      {shown === undefined ? null : <EventPanel view={shown} onClose={() => select(undefined)} />}
    </div>
  );
}
