import { expect, test } from 'vitest';
import { z } from 'zod';
import { startNats } from '../../../tools/test-servers.ts';
import { createClient, defineTask, serve, silentLogger } from '../src/index.ts';
import { ControlPlane } from './control-plane.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: p}
spec:
  stages:
    - {name: dev, sequences: [{name: go, tasks: [{name: grow}, {name: weigh}]}]}
    - {name: prod, sequences: [{name: go, triggeredOn: [{event: dev.go.finished}], tasks: [{name: weigh}]}]}
`;
const MB = 1024 * 1024;
const texts = z.object({ text: z.string().default('') });

/** The broker takes 1 MB, the data of these events are five times as large. */
test.each(['nats', 'claim', 'push'] as const)(
  '%s: data of 5 MB come and go as small data do, through a broker that takes 1 MB',
  { timeout: 120_000 },
  async (connect) => {
    await using nats = await startNats();
    await using plane = await ControlPlane.start({ nats: nats.url });
    const client = createClient({ server: plane.url });
    await client.putShipyard({ project: 'p', body: SHIPYARD });
    const grow = defineTask({
      name: 'grow',
      input: texts,
      output: texts,
      run: ({ text }) => ({ text: text.slice(0, 2 * MB) + 'y'.repeat(3 * MB) }),
    });
    const seen: number[] = [];
    const weigh = defineTask({
      name: 'weigh',
      input: z.unknown(),
      output: z.object({ bytes: z.number() }),
      run: (_input, { data }) => {
        const bytes = String((data.grow as { text?: string } | undefined)?.text).length;
        seen.push(bytes);
        return { bytes };
      },
    });
    const service = serve({
      ...{ tasks: [grow, weigh], name: 'large', connect, server: plane.url, nats: nats.url },
      ...{ log: silentLogger, signals: false, drainMs: 1_000 },
    });
    await service.ready;
    const data = { grow: { text: 'x'.repeat(5 * MB) } };
    const { run } = await client.trigger({ project: 'p', stage: 'dev', sequence: 'go', data, waitS: 60 });
    const view = await client.getRun({ run });
    expect([view.result, view.tasks.map(({ result }) => result)]).toEqual(['pass', ['pass', 'pass']]);
    const { items } = await client.listRuns({ project: 'p', stage: 'prod', limit: 1 });
    await expect
      .poll(
        async () => (await client.listRuns({ project: 'p', stage: 'prod', state: 'finished', limit: 1 })).items.length,
        {
          timeout: 60_000,
        },
      )
      .toBe(1);
    expect(items.length).toBeLessThan(2);
    expect(seen[0]).toBe(5 * MB);
    await service.close();
    client.close();
  },
);
