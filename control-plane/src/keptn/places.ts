import type { Plan } from '@slipway/contract';
import { isName } from '@slipway/contract';
import type { ControlPlane } from '../runtime/control-plane.ts';
import type { FilePlace } from '../runtime/files/ports.ts';
import type { Call } from './context.ts';
import { notFound, orNotFound } from './reply.ts';

/** Keptn's stages of a project, from the shipyard in use; none while there is no shipyard. */
export async function stagesOf(plane: ControlPlane, project: string): Promise<Plan['stages']> {
  if (!isName(project)) throw notFound('Project');
  const { shipyardVersion } = await orNotFound(plane.getProject(project), notFound('Project'));
  if (!shipyardVersion) return [];
  const { plan } = await plane.getShipyard(project);
  return (plan as Plan).stages;
}

/** Checks that a place is there. Throws Keptn's own words for the level that isn't. */
export async function requirePlace({ plane }: Pick<Call, 'plane'>, place: FilePlace): Promise<FilePlace> {
  const stages = await stagesOf(plane, place.project);
  if (place.stage === undefined) return place;
  if (!stages.some(({ name }) => name === place.stage)) throw notFound('Stage');
  if (place.service === undefined) return place;
  const services = await plane.serviceNames(place.project);
  if (!services.some(({ name }) => name === place.service)) throw notFound('Service');
  return place;
}
