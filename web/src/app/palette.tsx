import type { RunSummary } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { type Query, request } from '../api/client.ts';
import { type Page, projectsQuery, sessionQuery } from '../api/queries.ts';
import { Glyph } from '../ui/badge.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useSettled } from '../ui/settled.ts';
import { runLook } from '../ui/state.ts';
import { Icon } from './icons.tsx';
import { pages } from './pages.ts';
import { useSignOut } from './sign-out.ts';
import { useTheme } from './theme.ts';

type Hit = { key: string; text: string; hint: string; icon: React.ReactNode; go: () => void };

const HITS_MAX = 40;
const NAMED_MAX = 20;
/** What may name a service or a project. */
const NAME = /^[\w.-]{2,256}$/;

async function namedRuns(name: string, signal: AbortSignal): Promise<RunSummary[]> {
  const ask = (query: Query) =>
    request<Page<RunSummary>>({ path: '/v1/runs', query: { ...query, limit: NAMED_MAX }, signal });
  const pages = await Promise.all([ask({ service: name }), ask({ project: name })]);
  return pages.flatMap(({ items }) => items);
}

const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

/** Ctrl-K: pages, projects and runs by what one types; an id opens its run or its context. */
export function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const { theme, next } = useTheme();
  const { data: session } = useQuery(sessionQuery);
  const signOut = useSignOut();
  const listId = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  // Not deferred: who types fast and presses Enter means what stands there.
  const typed = text.trim();
  const { data: projects } = useQuery(projectsQuery);
  const { data: recent } = useQuery({
    queryKey: ['palette', 'runs'],
    queryFn: ({ signal }) => request<Page<RunSummary>>({ path: '/v1/runs', query: { limit: 200 }, signal }),
    staleTime: 5_000,
  });
  // The newest runs are of the busiest project: what is typed is asked for as well, as a service and as a project.
  const asked = useSettled(typed);
  const { data: found, isFetching } = useQuery({
    queryKey: ['palette', 'named', asked],
    queryFn: ({ signal }) => namedRuns(asked, signal),
    enabled: NAME.test(asked),
    staleTime: 5_000,
  });

  const hits: Hit[] = [];
  if (ID.test(typed)) {
    hits.push(
      {
        key: 'run-id',
        text: `Run ${typed}`,
        hint: 'by its id',
        icon: <Icon name="runs" />,
        go: () => void navigate({ to: '/runs/$run', params: { run: typed } }),
      },
      {
        key: 'context-id',
        text: `Runs of context ${typed}`,
        hint: 'context',
        icon: <Icon name="runs" />,
        go: () => void navigate({ to: '/runs', search: { correlationid: typed } }),
      },
    );
  }
  const matches = (...words: (string | undefined)[]): boolean =>
    typed
      .toLowerCase()
      .split(/\s+/)
      .every((part) => words.some((word) => word?.toLowerCase().includes(part)));
  for (const page of pages) {
    if (!matches(page.name)) continue;
    hits.push({
      key: page.to,
      text: page.name,
      hint: 'page',
      icon: <Icon name={page.icon} />,
      go: () => void navigate({ to: page.to }),
    });
  }
  if (matches('theme light dark high contrast')) {
    hits.push({ key: 'theme', text: `Theme: ${theme}`, hint: 'change it', icon: <Icon name="theme" />, go: next });
  }
  const isKnown = session?.way === 'token' || session?.way === 'cookie';
  if (isKnown && matches('sign out')) {
    hits.push({
      key: 'sign-out',
      text: 'Sign out',
      hint: session.name ?? '',
      icon: <Icon name="theme" />,
      go: () => void signOut(),
    });
  }
  for (const { name } of projects?.items ?? []) {
    if (!matches(name, 'project')) continue;
    hits.push({
      key: `project ${name}`,
      text: name,
      hint: 'project',
      icon: <Icon name="projects" />,
      go: () => void navigate({ to: '/projects/$project', params: { project: name } }),
    });
  }
  const runs = new Map([...(recent?.items ?? []), ...(found ?? [])].map((run) => [run.id, run]));
  for (const run of [...runs.values()].toSorted((a, b) => b.acceptedAt - a.acceptedAt)) {
    if (hits.length >= HITS_MAX) break;
    const labels = Object.entries(run.labels ?? {}).map(([key, value]) => `${key}=${value}`);
    if (!matches(run.stage, run.sequence, run.service, run.project, run.id, run.correlationid, ...labels)) continue;
    const look = runLook(run);
    hits.push({
      key: run.id,
      text: `${run.stage}.${run.sequence}${run.service === undefined ? '' : ` · ${run.service}`}`,
      hint: `${run.project} · ${look.word}`,
      icon: (
        <span className={`badge tone-${look.tone}`}>
          <Glyph shape={look.shape} />
        </span>
      ),
      go: () => void navigate({ to: '/runs/$run', params: { run: run.id } }),
    });
  }
  const chosen = Math.min(at, hits.length - 1);
  const open = (hit: Hit | undefined): void => {
    if (!hit) return;
    onClose();
    hit.go();
  };
  return (
    <Dialog title="Find" hideTitle losesNothing className="palette" onClose={onClose}>
      <input
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={hits[chosen] ? `${listId}-${chosen}` : undefined}
        aria-label="Find a run, a project, a page"
        placeholder="Run, service, project, label, id …"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setAt(Math.min(hits.length - 1, chosen + 1));
          else if (event.key === 'ArrowUp') setAt(Math.max(0, chosen - 1));
          else if (event.key === 'Enter') open(hits[chosen]);
          else return;
          event.preventDefault();
        }}
      />
      {hits.length === 0 ? (
        <p className="screen muted" role="status">
          {isFetching || asked !== typed ? 'Searching …' : 'No page, project, service or run has this name.'}
        </p>
      ) : null}
      <div id={listId} className="found" role="listbox" aria-label="Results">
        {hits.map((hit, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the combobox above
          <div
            key={hit.key}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === chosen}
            tabIndex={-1}
            onClick={() => open(hit)}
            onPointerMove={() => setAt(index)}
          >
            {hit.icon}
            <span className="cut">{hit.text}</span>
            <span className="muted">{hit.hint}</span>
          </div>
        ))}
      </div>
    </Dialog>
  );
}
