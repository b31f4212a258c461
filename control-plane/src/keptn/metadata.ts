import type { KeptnRoute } from './context.ts';
import { KeptnError } from './reply.ts';

/** The release whose programs these routes were checked with. */
const KEPTN_VERSION = '1.4.5';

export const metadataRoutes: readonly KeptnRoute[] = [
  // Getting here took a token that is known.
  { method: 'POST', path: '/v1/auth', permission: 'public', handler: () => ({ status: 200 }) },
  {
    method: 'GET',
    path: '/v1/metadata',
    permission: 'public',
    handler: () => ({
      status: 200,
      body: {
        // The command line dereferences it, and asks for Git credentials unless it is true.
        automaticprovisioning: true,
        bridgeversion: KEPTN_VERSION,
        keptnlabel: 'keptn',
        keptnversion: KEPTN_VERSION,
        namespace: 'keptn',
        shipyardversion: '0.2.0',
      },
    }),
  },
  ...(['GET', 'POST', 'PUT', 'DELETE'] as const).map(
    (method): KeptnRoute => ({
      method,
      path: '/v1/secret',
      permission: 'projects:write',
      handler: () => {
        throw new KeptnError(501, "Slipway keeps no secrets for Keptn's services: create Kubernetes Secrets for them");
      },
    }),
  ),
];
