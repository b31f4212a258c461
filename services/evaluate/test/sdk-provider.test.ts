import { defineTask, type Service, serve, silentLogger } from '@slipway/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { dataOf, World } from './world.ts';

/** An SLI provider of our own day: a task service for `get-sli`, in the plain dialect. */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: plain}
spec: {stages: [{name: dev, sequences: [{name: gate, tasks: [{name: evaluate, properties: {timeframe: 5m}}]}]}]}
`;
const SLO = 'filter: {region: eu}\nobjectives: [{sli: rt, pass: [{criteria: ["<600"]}]}]\ntotal_score: {pass: "90%"}\n';

const asked: unknown[] = [];
const provider = defineTask({
  name: 'get-sli',
  input: z.looseObject({
    sliProvider: z.string(),
    start: z.string(),
    end: z.string(),
    indicators: z.array(z.string()),
  }),
  output: z.object({ start: z.string(), end: z.string(), indicatorValues: z.array(z.unknown()) }),
  run: (question) => {
    asked.push(question);
    const { start, end, indicators } = question;
    return { start, end, indicatorValues: indicators.map((metric) => ({ metric, value: 42, success: true })) };
  },
});

let world: World;
beforeAll(async () => {
  world = await World.start();
  await world.client.putShipyard({ project: 'plain', body: SHIPYARD });
  await world.client.putProject({ project: 'plain', body: { config: { sliProvider: 'ours' } } });
});
afterAll(() => world?.[Symbol.asyncDispose]());

test.each(['claim', 'push'] as const)('a task service for get-sli is a provider: %s', async (connect) => {
  const place = { project: 'plain', stage: 'dev', service: `carts-${connect}` };
  await world.client.putSlo({ ...place, body: SLO });
  const service: Service = serve({
    ...{ tasks: [provider], connect, server: world.url, name: `ours-${connect}`, signals: false, log: silentLogger },
  });
  await service.ready;
  try {
    const { run, result } = await world.client.trigger({ ...place, sequence: 'gate', waitS: 60 });
    expect(result, world.log).toBe('pass');
    expect(dataOf(await world.finished(run, 'evaluate')).evaluate).toMatchObject({
      indicatorResults: [{ value: { metric: 'rt', value: 42, success: true }, status: 'pass' }],
    });
    const filters = [{ key: 'region', value: 'eu' }];
    expect(asked.at(-1)).toMatchObject({ sliProvider: 'ours', indicators: ['rt'], customFilters: filters });
  } finally {
    await service.close();
  }
});
