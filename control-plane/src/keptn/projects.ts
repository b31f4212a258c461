import { randomUUID } from 'node:crypto';
import { isName, type Plan, putOwn } from '@slipway/contract';
import { type ControlPlane, Refusal } from '../runtime/control-plane.ts';
import { type Call, type KeptnRoute, textOf } from './context.ts';
import { contextId } from './event-form.ts';
import { stagesOf } from './places.ts';
import { KeptnError, notFound, orNotFound, pageA, pageOf, type Reply } from './reply.ts';

const PROJECT = '/v1/project/{project}';
const STAGE = `${PROJECT}/stage/{stage}`;
const PROJECTS_MAX = 1_000;
const RUNS_PAGE = 200;
const SERVICE_MAX = 43;
const NS_PER_MS = '000000';

export const projectRoutes: readonly KeptnRoute[] = [
  { method: 'POST', path: '/v1/project', permission: 'projects:write', handler: create },
  { method: 'PUT', path: '/v1/project', permission: 'projects:write', handler: update },
  {
    method: 'GET',
    path: '/v1/project',
    permission: 'projects:read',
    handler: async ({ plane, query }) => {
      const { items } = await plane.listProjects({ limit: PROJECTS_MAX });
      const all = await Promise.all(items.map(({ name }) => expandedProject(plane, name)));
      return pageA('projects', all, pageOf(query));
    },
  },
  {
    method: 'GET',
    path: PROJECT,
    permission: 'projects:read',
    handler: async ({ plane, params }) => ({ status: 200, body: await expandedProject(plane, params.project ?? '') }),
  },
  { method: 'DELETE', path: PROJECT, permission: 'projects:write', handler: remove },
  {
    method: 'GET',
    path: `${PROJECT}/stage`,
    permission: 'projects:read',
    handler: async ({ plane, params, query }) =>
      pageA('stages', await expandedStages(plane, params.project ?? ''), pageOf(query)),
  },
  {
    method: 'GET',
    path: STAGE,
    permission: 'projects:read',
    handler: async ({ plane, params }) => ({ status: 200, body: await expandedStage(plane, params) }),
  },
  {
    method: 'GET',
    path: `${STAGE}/service`,
    permission: 'projects:read',
    handler: async ({ plane, params, query }) =>
      pageA('services', (await expandedStage(plane, params)).services, pageOf(query)),
  },
  {
    method: 'GET',
    path: `${STAGE}/service/{service}`,
    permission: 'projects:read',
    handler: async ({ plane, params }) => {
      const { services } = await expandedStage(plane, params);
      const found = services.find(({ serviceName }) => serviceName === params.service);
      if (found === undefined) throw notFound('Service');
      return { status: 200, body: found };
    },
  },
  {
    method: 'POST',
    path: `${PROJECT}/service`,
    permission: 'projects:write',
    handler: async ({ plane, params, body }) => {
      const project = params.project ?? '';
      await stagesOf(plane, project);
      const name = textOf(body, 'serviceName');
      if (!isName(name) || name.length > SERVICE_MAX) {
        throw new KeptnError(
          400,
          `Service name must consist of lower case letters, digits and -, at most ${SERVICE_MAX}`,
        );
      }
      if (!(await plane.addServiceName(project, name))) throw new KeptnError(409, 'service already exists');
      return { status: 200 };
    },
  },
  {
    method: 'DELETE',
    path: `${PROJECT}/service/{service}`,
    permission: 'projects:write',
    handler: async ({ plane, params }) => {
      const project = params.project ?? '';
      await stagesOf(plane, project);
      if (!(await plane.removeServiceName(project, params.service ?? ''))) throw notFound('Service');
      return { status: 200, body: { message: '' } };
    },
  },
  { method: 'POST', path: `${STAGE}/service/{service}/evaluation`, permission: 'evaluations:write', handler: evaluate },
];

async function create({ plane, body }: Call): Promise<Reply> {
  const name = textOf(body, 'name');
  if (!isName(name)) throw new KeptnError(400, 'Project name must consist of lower case letters, digits and -');
  const text = shipyardOf(body);
  if (text === undefined) throw new KeptnError(400, 'Shipyard must contain a valid shipyard spec encoded in base64');
  const isThere = await plane.getProject(name).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Refusal) return false;
      throw error;
    },
  );
  if (isThere) throw new KeptnError(409, 'project already exists');
  await plane.putProject(name, { dialect: 'keptn' });
  try {
    await upload(plane, name, text);
  } catch (error) {
    await plane.deleteProject(name).catch(() => undefined);
    throw error;
  }
  return { status: 201 };
}

async function update({ plane, body }: Call): Promise<Reply> {
  const name = textOf(body, 'name');
  await stagesOf(plane, name);
  const text = shipyardOf(body);
  if (text !== undefined) await upload(plane, name, text);
  return { status: 201 };
}

/** Keptn deletes a project whose sequences still run. */
async function remove({ plane, params }: Call): Promise<Reply> {
  const project = params.project ?? '';
  await stagesOf(plane, project);
  for (const state of ['waiting', 'running', 'paused', 'parked'] as const) {
    for (;;) {
      const { items } = await plane.listRuns({ project, state, limit: RUNS_PAGE });
      if (items.length === 0) break;
      for (const { id } of items) {
        await plane.command(id, 'abort', { reason: 'the project was deleted' }).catch((error: unknown) => {
          if (!(error instanceof Refusal)) throw error;
        });
      }
    }
  }
  await plane.files.deleteAll(project);
  await plane.deleteProject(project);
  return { status: 200, body: { message: '' } };
}

async function upload(plane: ControlPlane, project: string, text: string): Promise<void> {
  await plane.putShipyard(project, text, { dryRun: false }).catch((error: unknown) => {
    throw error instanceof Refusal ? new KeptnError(400, error.message) : error;
  });
}

function shipyardOf(body: unknown): string | undefined {
  const text = textOf(body, 'shipyard');
  return text === '' ? undefined : Buffer.from(text, 'base64').toString('utf8');
}

type ExpandedService = { serviceName: string; [key: string]: unknown };
type ExpandedStage = { stageName: string; services: ExpandedService[]; parentStages: string[] };

async function expandedProject(plane: ControlPlane, name: string): Promise<unknown> {
  const stages = await expandedStages(plane, name);
  const project = await orNotFound(plane.getProject(name), notFound('Project'));
  const shipyard = project.shipyardVersion ? await plane.getShipyard(name) : undefined;
  return {
    projectName: name,
    creationDate: nanoseconds(shipyard?.createdAt ?? 0),
    shipyard: shipyard?.text ?? '',
    shipyardVersion: (shipyard?.plan as Plan | undefined)?.apiVersion ?? '',
    stages,
    isUpstreamAutoProvisioned: false,
  };
}

async function expandedStages(plane: ControlPlane, project: string): Promise<ExpandedStage[]> {
  const stages = await stagesOf(plane, project);
  const services = (await plane.serviceNames(project)).map(
    ({ name, createdAt }): ExpandedService => ({
      serviceName: name,
      creationDate: nanoseconds(createdAt),
      deployedImage: '',
      lastEventTypes: {},
      openRemediations: [],
    }),
  );
  return stages.map(({ name }) => ({ stageName: name, services, parentStages: [] }));
}

async function expandedStage(plane: ControlPlane, params: Call['params']): Promise<ExpandedStage> {
  const found = (await expandedStages(plane, params.project ?? '')).find(({ stageName }) => stageName === params.stage);
  if (found === undefined) throw notFound('Stage');
  return found;
}

function nanoseconds(ms: number): string {
  return `${ms}${ms === 0 ? '' : NS_PER_MS}`;
}

const WINDOW_DEFAULT = '5m';

async function evaluate({ plane, params, body }: Call): Promise<Reply> {
  const { project = '', stage = '', service = '' } = params;
  // Here the words are in lower case and the status is 400, as Keptn's own tests want it.
  const stages = await stagesOf(plane, project).catch((error: unknown) => {
    throw error instanceof KeptnError ? new KeptnError(400, 'project not found') : error;
  });
  if (!stages.some(({ name }) => name === stage)) throw new KeptnError(400, 'stage not found');
  if (!(await plane.serviceNames(project)).some(({ name }) => name === service)) {
    throw new KeptnError(400, 'service not found');
  }
  const [timeframe, start, end, commit] = ['timeframe', 'start', 'end', 'gitcommitid'].map((key) => textOf(body, key));
  if (timeframe && end) throw new KeptnError(400, 'timeframe and end cannot be set at the same time');
  if (end && !start) throw new KeptnError(400, 'end without start: set both, or a timeframe');
  const labels: Record<string, string> = {};
  const given = typeof body === 'object' && body !== null ? (body as Record<string, unknown>).labels : undefined;
  if (typeof given === 'object' && given !== null) {
    for (const [key, value] of Object.entries(given)) if (typeof value === 'string') putOwn(labels, key, value);
  }
  try {
    const started = await plane.evaluations.start(
      { project, stage, service },
      {
        ...(start ? { start: withZone(start) } : {}),
        ...(end ? { end: withZone(end) } : {}),
        ...(timeframe || !end ? { timeframe: timeframe || WINDOW_DEFAULT } : {}),
        ...(Object.keys(labels).length > 0 ? { labels } : {}),
        ...(commit ? { gitCommitId: commit } : {}),
      },
      randomUUID(),
    );
    return { status: 200, body: { keptnContext: contextId(started.correlationid) } };
  } catch (error) {
    throw error instanceof Refusal ? new KeptnError(400, error.message) : error;
  }
}

/** The command line sends times without a zone, which Keptn reads as UTC. */
function withZone(time: string): string {
  return /(Z|[+-]\d{2}:?\d{2})$/i.test(time) ? time : `${time}Z`;
}
