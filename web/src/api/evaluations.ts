import type {
  Evaluation,
  EvaluationSummary,
  ReplayAnswer,
  Resource,
  ResourceHead,
  WhatIfAnswer,
} from '@slipway/contract';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { jsonBody, pathOf, type Query, request } from './client.ts';
import type { Page } from './queries.ts';

const EVALUATIONS_PAGE = 200;

/** Evaluations of a project, newest first, with every SLI: a heat map is one request. */
export const evaluationsQuery = (project: string, filter: Query = {}) =>
  infiniteQueryOptions({
    queryKey: ['evaluations', project, filter],
    queryFn: ({ pageParam, signal }) =>
      request<Page<EvaluationSummary>>({
        path: pathOf`/v1/projects/${project}/evaluations`,
        query: { limit: EVALUATIONS_PAGE, ...filter, cursor: pageParam },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });

/** The newest evaluations of a project, enough to have the last of each service in each stage. */
export const lastEvaluationsQuery = (project: string) =>
  queryOptions({
    queryKey: ['last-evaluations', project],
    queryFn: ({ signal }) =>
      request<Page<EvaluationSummary>>({
        path: pathOf`/v1/projects/${project}/evaluations`,
        query: { limit: EVALUATIONS_PAGE },
        signal,
      }),
    staleTime: 30_000,
  });

export const evaluationQuery = (id: string) =>
  queryOptions({
    queryKey: ['evaluation', id],
    queryFn: ({ signal }) => request<Evaluation>({ path: pathOf`/v1/evaluations/${id}`, signal }),
    staleTime: 30_000,
  });

export function replay(id: string): Promise<ReplayAnswer> {
  return request({ method: 'POST', path: pathOf`/v1/evaluations/${id}/replay` });
}

export type WhatIf = { slo?: string; baseline?: string[]; values?: Record<string, number | null> };

export function askWhatIf(id: string, changes: WhatIf, signal: AbortSignal): Promise<WhatIfAnswer> {
  return request({ method: 'POST', path: pathOf`/v1/evaluations/${id}/what-if`, body: jsonBody(changes), signal });
}

/** Where a file of a project lies: with its service, its stage, or the project itself. */
export type FilePlace = Pick<ResourceHead, 'kind' | 'stage' | 'service'>;

export function filePath(project: string, { kind, stage, service }: FilePlace): string {
  if (stage === undefined) return pathOf`/v1/projects/${project}/${kind}`;
  if (service === undefined) return pathOf`/v1/projects/${project}/stages/${stage}/${kind}`;
  return pathOf`/v1/projects/${project}/stages/${stage}/services/${service}/${kind}`;
}

export const filesQuery = (project: string) =>
  queryOptions({
    queryKey: ['files', project],
    queryFn: ({ signal }) =>
      request<Page<ResourceHead>>({ path: pathOf`/v1/projects/${project}/resources`, query: { limit: 1000 }, signal }),
  });

export const fileVersionsQuery = (project: string, place: FilePlace) =>
  queryOptions({
    queryKey: ['file', project, place],
    queryFn: ({ signal }) =>
      request<Page<Resource>>({ path: `${filePath(project, place)}/versions`, query: { limit: 50 }, signal }),
  });
