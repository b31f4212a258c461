import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient, defineTask, type Service, serve, silentLogger } from '@slipway/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type RunningControlPlane, startControlPlane } from '../../../control-plane/src/main.ts';
import { evaluateOutput } from '../src/shell/output.ts';

/** A gate as people use it: a build is measured, evaluate compares it with the builds before, and only a pass is promoted. */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: gate}
spec:
  stages:
  - name: staging
    sequences:
    - name: delivery
      tasks:
      - name: load
      - name: evaluate
        properties:
          slo:
            comparison: {compare_with: several_results, include_result_with_score: pass, number_of_comparison_results: 2}
            objectives:
            - {sli: response_time, displayName: Response time, pass: [{criteria: ["<=+10%"]}]}
            total_score: {pass: "90%"}
        with:
          values: {response_time: "\${{ tasks.load.output.p95 }}"}
  - name: prod
    sequences:
    - name: release
      triggeredOn:
      - event: staging.delivery.finished
        selector: {match: {result: pass}}
      tasks: [{name: load}]
`;

let dataDir: string;
let plane: RunningControlPlane;
let client: Client;
let load: Service;
let evaluate: ReturnType<typeof spawn>;
let log = '';

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'slipway-evaluate-'));
  plane = await startControlPlane({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir,
    natsUrl: undefined,
    mongoUrl: undefined,
    tokenFile: undefined,
    logLevel: 'silent',
  });
  client = createClient({ server: plane.url });
  await client.putShipyard({ project: 'gate', body: SHIPYARD });
  load = serve({
    name: 'load',
    server: plane.url,
    signals: false,
    log: silentLogger,
    tasks: [
      defineTask({
        name: 'load',
        input: z.object({}),
        output: z.object({ p95: z.number() }),
        run: (_, ctx) => ({ p95: Number(ctx.data.p95 ?? 0) }),
      }),
    ],
  });
  // The service as it is started in earnest: its own process, told by its environment.
  evaluate = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: { ...process.env, SLIPWAY_SERVER: plane.url },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  evaluate.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
});

afterAll(async () => {
  evaluate?.kill('SIGTERM');
  if (evaluate?.exitCode === null) await once(evaluate, 'exit');
  await load?.close();
  client?.close();
  await plane?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function deliver(p95: number) {
  const run = await client.trigger({
    project: 'gate',
    stage: 'staging',
    sequence: 'delivery',
    service: 'carts',
    data: { p95 },
    waitS: 60,
  });
  const { items } = await client.listEvents({
    project: 'gate',
    type: 'evaluate.finished',
    correlationid: run.correlationid,
  });
  const data = items[0]?.event.data;
  const given = typeof data === 'object' && data !== null && 'evaluate' in data ? data.evaluate : undefined;
  return {
    ...run,
    trigger: items[0]?.event.causationid,
    eventId: String(items[0]?.event.id),
    output: evaluateOutput.parse(given),
  };
}

const promoted = async (correlationid: string) => {
  const { items } = await client.listEvents({ project: 'gate', type: 'prod.release.triggered', correlationid });
  return items.length > 0;
};

test('a good build is promoted, a slower one is not, and the baseline is what passed before', {
  timeout: 180_000,
}, async () => {
  const first = await deliver(400);
  expect(first.result, log).toBe('pass');
  expect(first.output.comparedEvents).toBeUndefined();
  expect(first.output.why).toBe('It passes with a score of 100, which reaches 90.');

  const second = await deliver(430);
  expect(second).toMatchObject({ result: 'pass', output: { comparedEvents: [first.eventId] } });

  const bad = await deliver(700);
  expect(bad.result).toBe('fail');
  expect(bad.output.comparedEvents).toEqual([second.eventId, first.eventId]);
  expect(bad.output.indicatorResults?.[0]).toMatchObject({
    status: 'fail',
    value: { value: 700, comparedValue: 415 },
    passTargets: [{ criteria: '<=+10%', targetValue: (415 * 110) / 100, violated: true }],
  });
  expect(bad.output.why).toBe('It fails with a score of 0, below 90: Response time (700 violates <=+10% (456.5)).');

  // The failed one is no baseline: it asks for passes.
  const third = await deliver(440);
  expect(third.output.comparedEvents).toEqual([second.eventId, first.eventId]);

  await expect.poll(() => promoted(third.correlationid)).toBe(true);
  expect(await promoted(bad.correlationid)).toBe(false);
});
