import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, serve, silentLogger } from '@slipway/sdk';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { freePort, startMongo } from '../../../tools/test-servers.ts';
import { BACK_MAX_MS, PATIENCE_MS, PlaneProcess, REFUSED_MAX_MS, triggerUntilTaken, until } from './world.ts';

/** How long the store is away: OUTAGE_SECONDS. */
const OUTAGE_MS = Number(process.env.OUTAGE_SECONDS ?? 5) * 1000;
const RUNS = 15;
const ALL = 2 * RUNS;

test(`the store is away for ${OUTAGE_MS / 1000} s: 503 and no waiting, and all goes on when it returns`, async () => {
  const storeDir = mkdtempSync(join(tmpdir(), 'slipway-outage-mongo-'));
  const port = await freePort();
  let mongo = await startMongo({ storeDir, port });
  await using plane = new PlaneProcess('--mongo', `mongodb://127.0.0.1:${port}/outage?directConnection=true`);
  await plane.start();
  await plane.putShipyard();
  let worked = 0;
  const run = async () => {
    worked++;
    await sleep(300);
    return {};
  };
  const tasks = ['a', 'b', 'c'].map((name) => defineTask({ name, input: z.unknown(), output: z.object({}), run }));
  const service = serve({
    // A claim that was durable and whose answer was lost with the store comes back when its lease is over.
    ...{ tasks, name: 'out', connect: 'claim', server: plane.url, concurrency: 4, leaseMs: 5_000 },
    ...{ log: silentLogger, signals: false, drainMs: 100 },
  });
  await service.ready;
  for (let index = 0; index < RUNS; index++) await triggerUntilTaken(plane, `t${index}`);
  await until(PATIENCE_MS, 'some tasks to begin', () => worked > RUNS / 3);
  await mongo.kill();
  // Twice: what was in memory still is not after a moment.
  for (const id of ['while it is away', 'and again']) {
    const before = performance.now();
    const refused = await plane.trigger(id);
    expect(performance.now() - before).toBeLessThan(REFUSED_MAX_MS);
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
  }
  await until(PATIENCE_MS, 'readiness to be red', async () => (await fetch(`${plane.url}/readyz`)).status === 503);
  await sleep(OUTAGE_MS);
  mongo = await startMongo({ storeDir, port });
  await until(BACK_MAX_MS, 'all runs to end', async () => (await plane.finished()) >= ALL);
  await triggerUntilTaken(plane, 'after it');
  await service.close();
  await plane.kill();
  await mongo.stop();
  rmSync(storeDir, { recursive: true, force: true });
}, 400_000);
