import { fromEnvironment, serve } from '@slipway/sdk';
import { deployTask, Shops } from './deploy.ts';
import { loadTask } from './load.ts';

/** The task service of the example: it deploys, and it plays the customers. PORTS says where the shop of each stage listens. */
const ports: Record<string, number> = JSON.parse(process.env.PORTS ?? '{}');
const shops = new Shops(ports);
const service = serve({ name: 'shop-operator', ...fromEnvironment(), tasks: [deployTask(shops), loadTask(shops)] });
service.closed
  .finally(() => shops.close())
  .catch(() => {
    process.exitCode = 1;
  });
