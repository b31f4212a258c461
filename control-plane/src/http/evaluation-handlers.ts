import type { IncomingMessage } from 'node:http';
import type { EvaluationSummary } from '@slipway/contract';
import type { EvaluationFilter, ResourcePlace, Who } from '../runtime/evaluation/ports.ts';
import type { Caller } from './auth.ts';
import { type Door, send } from './door.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { etag, versionsOf } from './if-match.ts';
import type { Call, Handlers, Reply } from './route-types.ts';

type EvaluationRouteId =
  | `${'put' | 'get' | 'delete'}${'Slo' | 'Sli' | 'StageSli' | 'ProjectSli'}`
  | `list${'Slo' | 'Sli' | 'StageSli' | 'ProjectSli'}Versions`
  | 'getMergedSli'
  | 'listResources'
  | 'startEvaluation'
  | 'listServiceEvaluations'
  | 'listEvaluations'
  | 'getEvaluation'
  | 'getEvaluationReport'
  | 'invalidateEvaluation'
  | 'reinstateEvaluation'
  | 'replayEvaluation'
  | 'whatIfEvaluation';

const PAGE_SIZE = 50;
/** The page needs its own style and nothing else, from nowhere. */
const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** slo.yaml, sli.yaml and evaluations. */
export function makeEvaluationHandlers({ plane }: Pick<Door, 'plane'>): Pick<Handlers, EvaluationRouteId> {
  const { resources, evaluations } = plane;
  const slo = (params: ServiceParams): ResourcePlace => ({ kind: 'slo', ...serviceOf(params) });
  const sli = (params: ServiceParams): ResourcePlace => ({ kind: 'sli', ...serviceOf(params) });
  const stageSli = ({ project, stage }: { project: string; stage: string }): ResourcePlace => ({
    kind: 'sli',
    project,
    stage,
  });
  const projectSli = ({ project }: { project: string }): ResourcePlace => ({ kind: 'sli', project });

  async function put(place: ResourcePlace, { body, query, req }: Put): Promise<Reply> {
    const dryRun = query.dryRun === 'true';
    const answer = await resources.put(place, body, { dryRun, ifVersions: versionsOf(req.headers['if-match']) });
    const status = answer.changed && !dryRun ? 201 : 200;
    return { status, body: answer, headers: ['etag', etag(answer.version)] };
  }
  async function get(place: ResourcePlace, { query }: { query: { version?: string } }): Promise<Reply> {
    const found = await resources.get(place, query.version);
    return { status: 200, body: found, headers: ['etag', etag(found.version)] };
  }
  async function remove(place: ResourcePlace): Promise<Reply> {
    await resources.delete(place);
    return { status: 204 };
  }
  const versions = async (place: ResourcePlace, { query }: { query: PageQuery }): Promise<Reply> =>
    ok(await resources.listVersions(place, paged(query)));

  return {
    putSlo: (call) => put(slo(call.params), call),
    getSlo: (call) => get(slo(call.params), call),
    deleteSlo: (call) => remove(slo(call.params)),
    listSloVersions: (call) => versions(slo(call.params), call),
    putSli: (call) => put(sli(call.params), call),
    getSli: (call) => get(sli(call.params), call),
    deleteSli: (call) => remove(sli(call.params)),
    listSliVersions: (call) => versions(sli(call.params), call),
    putStageSli: (call) => put(stageSli(call.params), call),
    getStageSli: (call) => get(stageSli(call.params), call),
    deleteStageSli: (call) => remove(stageSli(call.params)),
    listStageSliVersions: (call) => versions(stageSli(call.params), call),
    putProjectSli: (call) => put(projectSli(call.params), call),
    getProjectSli: (call) => get(projectSli(call.params), call),
    deleteProjectSli: (call) => remove(projectSli(call.params)),
    listProjectSliVersions: (call) => versions(projectSli(call.params), call),
    getMergedSli: async ({ params }) => ok(await resources.merged(serviceOf(params))),
    listResources: async ({ params, query }) => ok(await resources.list(params.project, paged(query))),

    startEvaluation: async ({ params, body, req }) => {
      const started = await evaluations.start(serviceOf(params), body ?? {}, idempotencyKeyOf(req));
      const location = `/v1/runs/${encodeURIComponent(started.run)}`;
      return { status: 202, body: started, headers: ['location', location] };
    },
    listServiceEvaluations: async ({ params, query, labels }) =>
      ok(await evaluations.list({ ...filterOf(query, labels), ...serviceOf(params) })),
    listEvaluations: async ({ params, query: { stage, service, ...query }, labels }) => {
      const place = { ...(stage === undefined ? {} : { stage }), ...(service === undefined ? {} : { service }) };
      return ok(await evaluations.list({ ...filterOf(query, labels), ...place, project: params.project }));
    },
    getEvaluation: async ({ params, query }) => ok(await evaluations.get(params.id, query.source)),
    getEvaluationReport: async ({ params, res }) => {
      const page = await evaluations.report(params.id);
      send(res, 200, 'text/html; charset=utf-8', page, ['content-security-policy', REPORT_POLICY]);
      return undefined;
    },
    invalidateEvaluation: async ({ params, body, caller }) =>
      ok(await evaluations.invalidate(params.id, whoOf(caller, body))),
    reinstateEvaluation: async ({ params, body, caller }) =>
      ok(await evaluations.reinstate(params.id, whoOf(caller, body))),
    replayEvaluation: async ({ params }) => ok(await evaluations.replay(params.id)),
    whatIfEvaluation: async ({ params, body }) => ok(await evaluations.whatIf(params.id, body)),
  };
}

type ServiceParams = { project: string; stage: string; service: string };
type PageQuery = { limit?: number; cursor?: string };
type Put = { body: string; query: { dryRun?: 'true' | 'false' }; req: IncomingMessage };

/** Only what names a place: parameters of a path may hold more. */
function serviceOf({ project, stage, service }: ServiceParams): ServiceParams {
  return { project, stage, service };
}

function filterOf(
  query: Call<'listServiceEvaluations'>['query'],
  labels: Record<string, string>,
): Omit<EvaluationFilter, 'project'> {
  const { result, invalidated, samples, limit = PAGE_SIZE, ...rest } = query;
  return {
    ...rest,
    limit,
    samples: samples === 'true',
    ...(result === undefined ? {} : { results: [...new Set(result.split(','))] as EvaluationSummary['result'][] }),
    ...(invalidated === undefined ? {} : { invalidated: invalidated === 'true' }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

/** Who it was is what the token says; only where nobody is known may somebody say it himself. */
function whoOf(caller: Caller, body: Who | undefined): Who {
  return { author: caller.way === 'open' ? body?.author : caller.name, reason: body?.reason };
}

function ok(body: unknown): Reply {
  return { status: 200, body };
}

function paged({ limit = PAGE_SIZE, cursor }: PageQuery): { limit: number; cursor?: string } {
  return cursor === undefined ? { limit } : { limit, cursor };
}
