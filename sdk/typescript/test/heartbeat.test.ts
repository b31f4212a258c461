import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startNats } from '../../../tools/test-servers.ts';
import { createClient, defineTask, serve, silentLogger } from '../src/index.ts';
import { ControlPlane } from './control-plane.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: p}
spec: {stages: [{name: dev, sequences: [{name: go, tasks: [{name: long, heartbeat: 4s}]}]}]}
`;

test.concurrent.each(['claim', 'nats', 'push'] as const)(
  '%s: signs of life come as often as the shipyard wants them, without a word of the service',
  { timeout: 120_000 },
  async (connect) => {
    await using nats = await startNats();
    await using plane = await ControlPlane.start({ nats: nats.url });
    const client = createClient({ server: plane.url });
    await client.putShipyard({ project: 'p', body: SHIPYARD });
    const long = defineTask({
      name: 'long',
      input: z.unknown(),
      output: z.object({}),
      run: async () => {
        // Longer than the service's own beat of 5 s, too.
        await sleep(10_000);
        return {};
      },
    });
    const service = serve({
      ...{ tasks: [long], connect, server: plane.url, nats: nats.url },
      ...{ log: silentLogger, signals: false, drainMs: 1_000 },
    });
    await service.ready;
    const { run } = await client.trigger({ project: 'p', stage: 'dev', sequence: 'go', waitS: 60 });
    const { tasks, result } = await client.getRun({ run });
    expect([result, tasks[0]?.attempts.length]).toEqual(['pass', 1]);
    await service.close();
    client.close();
  },
);
