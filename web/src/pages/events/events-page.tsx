import '../run/run.css';
import type { EventView } from '@slipway/contract';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { eventQuery, eventsQuery, projectsQuery } from '../../api/queries.ts';
import { useStream } from '../../api/stream.ts';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { EventList, EventPanel } from '../../ui/event-list.tsx';
import { visible } from '../../ui/foreign.tsx';
import { useHold } from '../../ui/hold.ts';
import { useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import { SendDialog } from './send-dialog.tsx';

const route = getRouteApi('/events');
/** The tail is kept so long; what is older is read again when somebody scrolls to it. */
const TAIL_MAX = 5_000;

/** Everything that is taken and sent, as it happens. */
export function EventsPage() {
  useTitle('Events');
  const { event: selected, ...search } = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const { project, type } = search;
  const filter = useMemo(() => ({ project, type }), [project, type]);
  const options = eventsQuery(filter);
  const list = useInfiniteQuery({ ...options, placeholderData: (before) => before });
  const { data: projects } = useQuery(projectsQuery);
  const [tail, setTail] = useState<readonly EventView[]>([]);
  const [paused, setPaused] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const [sending, setSending] = useState<{ event: Record<string, unknown> | undefined }>();
  const [frozen, setFrozen] = useState<readonly EventView[]>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter has another tail
  useEffect(() => setTail([]), [filter]);
  useStream({
    filter: { ...filter, kind: 'event' },
    onResync: () => {
      setTail([]);
      void queries.invalidateQueries({ queryKey: options.queryKey });
    },
    onItems: (items) => {
      const told = items.flatMap((item) => (item.kind === 'event' ? [item.value] : []));
      setTail((before) => [...told.toReversed(), ...before].slice(0, TAIL_MAX));
    },
  });
  const all = useMemo(() => {
    const seen = new Set<string>();
    const loaded = list.data?.pages.flatMap((page) => page.items) ?? [];
    return [...tail, ...loaded].filter(({ position }) => !seen.has(position) && seen.add(position) !== undefined);
  }, [tail, list.data]);
  const { held, hold } = useHold();
  const still = paused || scrolled || held || selected !== undefined;
  // What somebody reads does not move away; what came meanwhile is counted.
  useEffect(() => {
    setFrozen((before) => (still ? (before ?? all) : undefined));
  }, [still, all]);
  const first = frozen?.[0]?.position;
  const added =
    frozen === undefined
      ? 0
      : Math.max(
          0,
          all.findIndex(({ position }) => position === first),
        );
  const events = frozen === undefined ? all : all.slice(added);
  const loaded = all.find(({ event }) => event.id === selected);
  // A permalink may lead to an event far below what is loaded.
  const older = useQuery({
    ...eventQuery(selected ?? ''),
    enabled: selected !== undefined && loaded === undefined && list.isSuccess,
  });
  const shown = selected === undefined ? undefined : (loaded ?? older.data);
  const change = (next: Record<string, string | undefined>): void =>
    void navigate({ search: { ...search, ...next }, replace: true });

  return (
    <div className="page events-page">
      <div className="head">
        <h1>Events</h1>
        <div className="end">
          <button type="button" className="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
            {paused ? 'Resume updates' : 'Pause updates'}
          </button>
          <button type="button" className="button primary" onClick={() => setSending({ event: undefined })}>
            Send an event …
          </button>
          <span className="only-wide">
            <CliButton
              line={cliLine(
                'get',
                'events',
                ...(project === undefined ? [] : ['--project', project]),
                ...(type === undefined ? [] : ['--type', type]),
              )}
            />
          </span>
        </div>
      </div>
      <div className="choices">
        <TypeFilter key={type} type={type} onChange={(next) => change({ type: next })} />
        <select
          className="select"
          aria-label="Project"
          value={project ?? ''}
          onChange={(event) => change({ project: event.target.value })}
        >
          <option value="">All projects</option>
          {projects?.items.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      {selected !== undefined && loaded === undefined && older.isError ? (
        <p role="alert" className="message tone-warning">
          The event {visible(selected)} cannot be shown: {visible(older.error.message)}{' '}
          <button type="button" className="as-link" onClick={() => change({ event: undefined })}>
            Close
          </button>
        </p>
      ) : null}
      <div className={shown === undefined ? 'split alone' : 'split'}>
        <section className="panel" aria-label="Events, newest first" {...hold}>
          {list.isError ? (
            <Failed error={list.error} what="The events cannot be shown" retry={() => void list.refetch()} />
          ) : list.isPending ? (
            <Loading rows={12} />
          ) : events.length === 0 ? (
            <Empty title={type === undefined && project === undefined ? 'No events yet' : 'No matching events'}>
              <p>
                {type === undefined && project === undefined
                  ? 'Send an event to start a sequence.'
                  : 'New events appear here automatically.'}
              </p>
            </Empty>
          ) : (
            <EventList
              events={events}
              fresh={added}
              onFresh={() => setFrozen(all)}
              selected={selected}
              onSelect={(id) => change({ event: id === selected ? undefined : id })}
              onScrolled={setScrolled}
              onEnd={() => {
                if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
              }}
            />
          )}
        </section>
        {shown === undefined ? null : (
          <EventPanel view={shown} onClose={() => change({ event: undefined })}>
            {shown.run === undefined ? null : (
              <Link to="/runs/$run" params={{ run: shown.run }} className="button small">
                View run
              </Link>
            )}
            <button type="button" className="button small" onClick={() => setSending({ event: shown.event })}>
              Edit and resend …
            </button>
          </EventPanel>
        )}
      </div>
      {sending === undefined ? null : <SendDialog event={sending.event} onClose={() => setSending(undefined)} />}
    </div>
  );
}

function TypeFilter({ type, onChange }: { type: string | undefined; onChange: (type: string | undefined) => void }) {
  const [text, setText] = useState(type ?? '');
  return (
    <search>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onChange(text.trim());
        }}
      >
        <input
          className="input"
          type="search"
          data-filter
          aria-label="Event type"
          placeholder="Type, such as build.finished    /"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onBlur={() => {
            if (text.trim() !== (type ?? '')) onChange(text.trim());
          }}
        />
      </form>
    </search>
  );
}
