import type {
  ContextView,
  EnvironmentCell,
  EventView,
  Plan,
  Project,
  RunCounts,
  RunSummary,
  RunView,
  ServiceView,
  Session,
  ShipyardVersion,
  Subscription,
  Why,
} from '@slipway/contract';
import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query';
import { pathOf, type Query, request, requestTagged } from './client.ts';

export type Page<T> = { items: T[]; next?: string };
/** The contract leaves `plan` open; the control plane writes a Plan. */
export type Shipyard = Omit<ShipyardVersion, 'plan'> & { plan: Plan };

export const RUNS_PAGE = 100;
const EVENTS_PAGE = 500;

export const runsQuery = (filter: Query) =>
  infiniteQueryOptions({
    queryKey: ['runs', filter],
    queryFn: ({ pageParam, signal }) =>
      request<Page<RunSummary>>({
        path: '/v1/runs',
        query: { ...filter, limit: RUNS_PAGE, cursor: pageParam },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });

/** What ran last and what is open, in every stage of every project, in one answer. */
export const environmentQuery = queryOptions({
  queryKey: ['environment'],
  queryFn: ({ signal }) => request<Page<EnvironmentCell>>({ path: '/v1/environment', signal }),
});

/** How many runs a filter matches, by state and result. */
export const runCountsQuery = (filter: Query) =>
  queryOptions({
    queryKey: ['run-counts', filter],
    queryFn: ({ signal }) => request<RunCounts>({ path: '/v1/run-counts', query: filter, signal }),
  });

/** Runs of the same sequence and service, newest first, as many as one compares with. */
export const likeRunsQuery = ({ project, stage, sequence, service }: RunSummary) => {
  const query = { project, stage, sequence, service, limit: 25 };
  return queryOptions({
    queryKey: ['like-runs', query],
    queryFn: ({ signal }) => request<Page<RunSummary>>({ path: '/v1/runs', query, signal }),
  });
};

export const runQuery = (run: string) =>
  queryOptions({
    queryKey: ['run', run],
    queryFn: ({ signal }) => request<RunView>({ path: pathOf`/v1/runs/${run}`, signal }),
    // Comparing two runs of 2,000 tasks part by part costs twice what reading one does, and what is in sight is a screen of it.
    structuralSharing: false,
  });

export const whyQuery = (run: string) =>
  queryOptions({
    queryKey: ['why', run],
    queryFn: ({ signal }) => request<Why>({ path: pathOf`/v1/runs/${run}/why`, signal }),
  });

export const contextQuery = (correlationid: string) =>
  queryOptions({
    queryKey: ['context', correlationid],
    queryFn: ({ signal }) => request<ContextView>({ path: pathOf`/v1/contexts/${correlationid}`, signal }),
  });

const readRunEvents = (run: string, cursor: string | undefined, signal?: AbortSignal) =>
  request<Page<EventView>>({
    path: pathOf`/v1/runs/${run}/events`,
    query: { limit: EVENTS_PAGE, cursor },
    signal,
  });

export const runEventsQuery = (run: string) =>
  infiniteQueryOptions({
    queryKey: ['run-events', run],
    queryFn: ({ pageParam, signal }) => readRunEvents(run, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    // Events never change and come at the end: `readOnRunEvents` reads that, and nothing that is there is read again.
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Reads the last loaded page again, when it was the last there was; what comes behind it is fetched as one scrolls there. */
export async function readOnRunEvents(queries: QueryClient, run: string): Promise<void> {
  const { queryKey } = runEventsQuery(run);
  const before = queries.getQueryData(queryKey);
  const last = before?.pages.at(-1);
  if (before === undefined || last === undefined || last.next !== undefined) return;
  const cursor = before.pageParams.at(-1);
  const page = await readRunEvents(run, typeof cursor === 'string' ? cursor : undefined);
  queries.setQueryData(queryKey, (now) =>
    // Somebody scrolled on meanwhile: then this is no longer the last page.
    now === undefined || now.pages.length !== before.pages.length ? now : { ...now, pages: now.pages.with(-1, page) },
  );
}

export const eventsQuery = (filter: Query) =>
  infiniteQueryOptions({
    queryKey: ['events', filter],
    queryFn: ({ pageParam, signal }) =>
      request<Page<EventView>>({ path: '/v1/events', query: { ...filter, limit: 200, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });

export const eventQuery = (id: string) =>
  queryOptions({
    queryKey: ['event', id],
    queryFn: ({ signal }) => request<EventView>({ path: pathOf`/v1/events/${id}`, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: ({ signal }) => request<Page<Project>>({ path: '/v1/projects', query: { limit: 1000 }, signal }),
  staleTime: 30_000,
});

/** A project with the version of its settings, which a change of them replaces. */
export type ProjectWithTag = Project & { settingsVersion: string | undefined };

export async function readProject(project: string, signal?: AbortSignal): Promise<ProjectWithTag> {
  const { value, tag } = await requestTagged<Project>({ path: pathOf`/v1/projects/${project}`, signal });
  return { ...value, settingsVersion: tag };
}

export const projectQuery = (project: string) =>
  queryOptions({
    queryKey: [...projectsQuery.queryKey, project],
    queryFn: ({ signal }) => readProject(project, signal),
  });

export const shipyardQuery = (project: string) =>
  queryOptions({
    queryKey: ['shipyard', project],
    queryFn: ({ signal }) => request<Shipyard>({ path: pathOf`/v1/projects/${project}/shipyard`, signal }),
    staleTime: 30_000,
  });

export const shipyardVersionQuery = (project: string, version: string) =>
  queryOptions({
    queryKey: ['shipyard', project, version],
    queryFn: ({ signal }) => request<Shipyard>({ path: pathOf`/v1/projects/${project}/shipyards/${version}`, signal }),
    // A version is named by the hash of its meaning: it never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });

export const shipyardVersionsQuery = (project: string) =>
  queryOptions({
    queryKey: ['shipyards', project],
    queryFn: ({ signal }) =>
      request<Page<Shipyard>>({ path: pathOf`/v1/projects/${project}/shipyards`, query: { limit: 50 }, signal }),
  });

export const subscriptionsQuery = queryOptions({
  queryKey: ['subscriptions'],
  queryFn: ({ signal }) => request<Page<Subscription>>({ path: '/v1/subscriptions', query: { limit: 1000 }, signal }),
});

/** Who the server takes this browser for. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => request<Session>({ path: '/v1/session', signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

export const servicesQuery = queryOptions({
  queryKey: ['services'],
  queryFn: ({ signal }) => request<Page<ServiceView>>({ path: '/v1/services', signal }),
});
