import { Refusal } from '../runtime/control-plane.ts';
import type { FileContent, FilePlace } from '../runtime/files/ports.ts';
import { type Call, type KeptnRoute, textOf } from './context.ts';
import { requirePlace } from './places.ts';
import { KeptnError, notFound, orNotFound, pageA, pageOf, type Reply } from './reply.ts';

const LEVELS = [
  '/v1/project/{project}',
  '/v1/project/{project}/stage/{stage}',
  '/v1/project/{project}/stage/{stage}/service/{service}',
] as const;
const FILES_TOGETHER_MAX = 200;
const SHIPYARD = 'shipyard.yaml';
const METADATA = 'metadata.yaml';

/** Files of a project, stage or service: Keptn's resource-service, on Slipway's store. */
export const fileRoutes: readonly KeptnRoute[] = LEVELS.flatMap((level): KeptnRoute[] => [
  { method: 'GET', path: `${level}/resource`, permission: 'resources:read', handler: list },
  { method: 'POST', path: `${level}/resource`, permission: 'resources:write', handler: (call) => write(call, 201) },
  { method: 'PUT', path: `${level}/resource`, permission: 'resources:write', handler: (call) => write(call, 200) },
  { method: 'GET', path: `${level}/resource/{uri*}`, permission: 'resources:read', handler: read },
  { method: 'PUT', path: `${level}/resource/{uri*}`, permission: 'resources:write', handler: writeOne },
  { method: 'DELETE', path: `${level}/resource/{uri*}`, permission: 'resources:write', handler: remove },
]);

async function read(call: Call): Promise<Reply> {
  const place = await placeOf(call);
  const uri = uriOf(call);
  const commit = call.query.get('gitCommitID') || undefined;
  const found = await contentOf(call, place, uri, commit);
  if (found === undefined) throw notFound('Resource');
  const resourceContent = found.content.toString('base64');
  return { status: 200, body: { resourceURI: uri, resourceContent, metadata: metadataOf(place, found.commit) } };
}

type Found = { content: Buffer; commit: string };

async function contentOf(
  call: Call,
  place: FilePlace,
  uri: string,
  commit: string | undefined,
): Promise<Found | undefined> {
  const { plane } = call;
  const { project, stage, service } = place;
  if (uri === SHIPYARD && stage === undefined) {
    if (commit === undefined || (await isShipyardVersion(call, project, commit))) {
      const shipyard = await orNotFound(plane.getShipyard(project, commit), notFound('Resource'));
      return { content: Buffer.from(shipyard.text), commit: shipyard.version };
    }
  }
  if (uri === METADATA) return { content: Buffer.from(metadataText(place)), commit: '' };
  // The shipyard's version is the gitcommitid of events whose trigger named none: the files as they are.
  const isOfShipyard = commit !== undefined && (await isShipyardVersion(call, project, commit));
  const file = await orNotFound(plane.files.get(place, uri, isOfShipyard ? undefined : commit), notFound('Resource'));
  const own = uri === 'slo.yaml' && commit === undefined ? await ownSlo(call, { project, stage, service }) : undefined;
  if (own !== undefined && (file === undefined || own.at > file.at)) return own;
  return file;
}

async function ownSlo(
  { plane }: Call,
  { project, stage, service }: FilePlace,
): Promise<(Found & { at: number }) | undefined> {
  const place = {
    kind: 'slo' as const,
    project,
    ...(stage === undefined ? {} : { stage }),
    ...(service === undefined ? {} : { service }),
  };
  try {
    const { text, version, createdAt } = await plane.resources.get(place);
    return { content: Buffer.from(text), commit: version, at: createdAt };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

async function isShipyardVersion({ plane }: Call, project: string, version: string): Promise<boolean> {
  try {
    await plane.getShipyard(project, version);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

async function write(call: Call, status: number): Promise<Reply> {
  const place = await placeOf(call);
  const { body } = call;
  const given = typeof body === 'object' && body !== null ? (body as Record<string, unknown>).resources : undefined;
  if (!Array.isArray(given) || given.length > FILES_TOGETHER_MAX) {
    throw new KeptnError(
      400,
      `Invalid request format: resources must be a list of at most ${FILES_TOGETHER_MAX} files`,
    );
  }
  const files = given.map((one: unknown): FileContent => {
    const uri = textOf(one, 'resourceURI').replace(/^\/+/, '');
    if (uri === '') throw new KeptnError(400, 'Invalid request format: resourceURI must not be empty');
    return { uri, content: contentFrom(one) };
  });
  return { status, body: await store(call, place, files) };
}

async function writeOne(call: Call): Promise<Reply> {
  const place = await placeOf(call);
  return { status: 200, body: await store(call, place, [{ uri: uriOf(call), content: contentFrom(call.body) }]) };
}

async function store(call: Call, place: FilePlace, files: readonly FileContent[]): Promise<unknown> {
  const { plane, log } = call;
  const { project, stage, service } = place;
  for (const { uri, content } of files) {
    if (uri === SHIPYARD && stage === undefined) {
      await plane.putShipyard(project, content.toString('utf8'), { dryRun: false }).catch((error: unknown) => {
        throw error instanceof Refusal ? new KeptnError(400, error.message) : error;
      });
    }
  }
  const commit = await plane.files.put(place, files);
  for (const { uri, content } of files) {
    if (uri !== 'slo.yaml') continue;
    const own = {
      kind: 'slo' as const,
      project,
      ...(stage === undefined ? {} : { stage }),
      ...(service === undefined ? {} : { service }),
    };
    // Keptn keeps any text. A file that Slipway's own evaluation can't read is kept for the services that ask for it.
    await plane.resources.put(own, content.toString('utf8'), { dryRun: false }).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
      log('slo.yaml was stored, but the evaluate service cannot use it', {
        project,
        stage,
        service,
        problem: error.message,
      });
    });
  }
  return { commitID: commit, version: commit, metadata: metadataOf(place, commit) };
}

async function remove(call: Call): Promise<Reply> {
  const place = await placeOf(call);
  const commit = await call.plane.files.remove(place, uriOf(call));
  if (commit === undefined) throw notFound('Resource');
  return { status: 200, body: { commitID: commit, version: commit, metadata: metadataOf(place, commit) } };
}

async function list(call: Call): Promise<Reply> {
  const place = await placeOf(call);
  const files = await call.plane.files.list(place);
  const shown = files.map(({ uri, commit }) => ({ resourceURI: `/${uri}`, metadata: metadataOf(place, commit) }));
  shown.push({ resourceURI: `/${METADATA}`, metadata: metadataOf(place, '') });
  if (place.stage === undefined && !files.some(({ uri }) => uri === SHIPYARD)) {
    shown.push({ resourceURI: `/${SHIPYARD}`, metadata: metadataOf(place, '') });
  }
  return pageA('resources', shown, pageOf(call.query));
}

async function placeOf(call: Call): Promise<FilePlace> {
  const { project = '', stage, service } = call.params;
  return requirePlace(call, { project, stage, service });
}

/** The trailing part of the path, decoded by the router; job-executor escapes it twice. */
function uriOf({ params }: Call): string {
  const uri = (params.uri ?? '').replace(/^\/+/, '');
  if (!/%[0-9a-fA-F]{2}/.test(uri)) return uri;
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}

function contentFrom(value: unknown): Buffer {
  return Buffer.from(textOf(value, 'resourceContent'), 'base64');
}

/** Keptn kept one Git branch a stage. */
function metadataOf(place: FilePlace, version: string): { branch: string; upstreamURL: string; version: string } {
  return { branch: place.stage ?? 'master', upstreamURL: '', version };
}

function metadataText({ project, stage, service }: FilePlace): string {
  if (service !== undefined) return `serviceName: ${service}\n`;
  return stage === undefined ? `projectName: ${project}\n` : `stageName: ${stage}\n`;
}
