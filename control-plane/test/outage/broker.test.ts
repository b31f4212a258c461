import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, serve, silentLogger } from '@slipway/sdk';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { freePort, startNats } from '../../../tools/test-servers.ts';
import { BACK_MAX_MS, PATIENCE_MS, PlaneProcess, REFUSED_MAX_MS, triggerUntilTaken, until } from './world.ts';

/** The broker away, killed, and without what it had. How long it is away: OUTAGE_SECONDS. */
const OUTAGE_MS = Number(process.env.OUTAGE_SECONDS ?? 5) * 1000;
const RUNS = 30;
/** Each run of the first stage starts one of the second. */
const ALL = 2 * RUNS;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function world() {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-outage-nats-'));
  const port = await freePort();
  let nats = await startNats({ port, storeDir: mkdtempSync(join(dir, 'disk-')) });
  const plane = new PlaneProcess('--nats', nats.url);
  await plane.start();
  await plane.putShipyard();
  const worked = new Map<string, number>();
  let work = (): Promise<unknown> => sleep(200);
  const tasks = ['a', 'b', 'c'].map((name) =>
    defineTask({
      name,
      input: z.unknown(),
      output: z.object({}),
      run: async (_input, { attemptId }) => {
        worked.set(attemptId, (worked.get(attemptId) ?? 0) + 1);
        await work();
        return {};
      },
    }),
  );
  const service = serve({
    ...{ tasks, name: 'out', connect: 'nats', nats: nats.url, concurrency: 100 },
    ...{ log: silentLogger, signals: false, drainMs: 100 },
  });
  ends.push(
    () => rmSync(dir, { recursive: true, force: true }),
    () => nats.kill(),
    () => plane[Symbol.asyncDispose](),
    () => service.close(),
  );
  await service.ready;
  return {
    plane,
    worked,
    service,
    workBy: (how: () => Promise<unknown>) => {
      work = how;
    },
    killNats: () => nats.kill(),
    startNats: async (withItsData: boolean) => {
      nats = await startNats({ port, storeDir: withItsData ? nats.storeDir : mkdtempSync(join(dir, 'disk-')) });
    },
    triggerAll: async () => {
      for (let run = 0; run < RUNS; run++) await triggerUntilTaken(plane, `t${run}`);
    },
  };
}

test(`the broker is away for ${OUTAGE_MS / 1000} s: 503 and no waiting, and all goes on when it returns`, async () => {
  const { plane, worked, killNats, startNats, triggerAll } = await world();
  await triggerAll();
  await until(PATIENCE_MS, 'some tasks to begin', () => worked.size > RUNS / 3);
  await killNats();
  const before = performance.now();
  const refused = await plane.trigger('while it is away');
  expect(performance.now() - before).toBeLessThan(REFUSED_MAX_MS);
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
  await until(PATIENCE_MS, 'readiness to be red', async () => (await fetch(`${plane.url}/readyz`)).status === 503);
  await sleep(OUTAGE_MS);
  await startNats(true);
  await until(BACK_MAX_MS, 'all runs to end', async () => (await plane.finished()) === ALL);
  await triggerUntilTaken(plane, 'after it');
}, 400_000);

test('the broker comes back with an empty disk, and everything that was open goes on', async () => {
  const { plane, worked, killNats, startNats, triggerAll } = await world();
  await triggerAll();
  await until(PATIENCE_MS, 'some tasks to begin', () => worked.size > RUNS / 3);
  await killNats();
  await startNats(false);
  await until(BACK_MAX_MS, 'all runs to end', async () => (await plane.finished()) === ALL);
  // Who was at work goes on, and is not begun a second time.
  expect([...worked.values()].filter((times) => times > 1)).toEqual([]);
}, 400_000);

test('answers that the broker lost while the control plane was away are asked for again', async () => {
  const { plane, worked, workBy, service, killNats, startNats, triggerAll } = await world();
  const gate = Promise.withResolvers<void>();
  workBy(() => gate.promise);
  await triggerAll();
  await until(PATIENCE_MS, 'every first task to begin', () => worked.size === RUNS);
  // The control plane keeps every 5 s how far the broker has come.
  await sleep(6_000);
  await plane.kill();
  gate.resolve();
  await until(PATIENCE_MS, 'every first task to end', () => service.stats().finished === RUNS);
  await until(PATIENCE_MS, 'the broker to have the answers', () => service.stats().answers.waiting === 0);
  await killNats();
  await startNats(false);
  await plane.start();
  await until(BACK_MAX_MS, 'all runs to end', async () => (await plane.finished()) === ALL);
  expect([...worked.values()].filter((times) => times > 1)).toEqual([]);
}, 400_000);

test('a control plane that is killed with answers in hand goes on when it returns', async () => {
  const { plane, worked, triggerAll } = await world();
  await triggerAll();
  await until(PATIENCE_MS, 'some tasks to begin', () => worked.size > RUNS / 2);
  await plane.kill();
  await plane.start();
  await until(BACK_MAX_MS, 'all runs to end', async () => (await plane.finished()) === ALL);
}, 400_000);
