import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, type Service, serve, silentLogger } from '@slipway/sdk';
import pg from 'pg';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { freePort, promotePostgres, startPostgres, startStandby } from '../../../tools/test-servers.ts';
import { BACK_MAX_MS, PATIENCE_MS, PlaneProcess, REFUSED_MAX_MS, triggerUntilTaken, until } from './world.ts';

const RUNS = 15;
/** Each run of `seq` starts one of the next stage. */
const ALL = 2 * RUNS;

test('PostgreSQL is killed and comes back: 503 at once meanwhile, and every accepted run ends', async () => {
  const port = await freePort();
  const storeDir = mkdtempSync(join(tmpdir(), 'slipway-outage-pg-'));
  let server = await startPostgres({ port, storeDir });
  await using plane = new PlaneProcess('--postgres', server.url);
  await plane.start();
  await plane.putShipyard();
  const { service, begun } = await serveSlowly(plane);
  for (let index = 0; index < RUNS; index++) await triggerUntilTaken(plane, `t${index}`);
  await until(PATIENCE_MS, 'some tasks to begin', () => begun() > RUNS / 3);
  await server.kill();
  for (const id of ['while it is away', 'and again']) {
    const before = performance.now();
    const refused = await plane.trigger(id);
    expect(performance.now() - before).toBeLessThan(REFUSED_MAX_MS);
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
  }
  await until(PATIENCE_MS, 'readiness to be red', async () => (await fetch(`${plane.url}/readyz`)).status === 503);
  server = await startPostgres({ port, storeDir });
  await until(BACK_MAX_MS, 'all runs to end', async () => (await plane.finished()) >= ALL);
  await triggerUntilTaken(plane, 'after it');
  await service.close();
  await plane.kill();
  await server.stop();
  rmSync(storeDir, { recursive: true, force: true });
}, 400_000);

test('the primary dies and its synchronous standby takes over: no accepted run is lost', async () => {
  const primary = await startPostgres({ config: `wal_keep_size = 64MB` });
  const standby = await startStandby(primary);
  await useSynchronousStandby(primary.url);
  // libpq's form: all hosts, of which the primary is found.
  const url = `postgres://slipway@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres`;
  await using plane = new PlaneProcess('--postgres', url);
  await plane.start();
  await plane.putShipyard();
  const { service, begun } = await serveSlowly(plane);
  for (let index = 0; index < RUNS; index++) await triggerUntilTaken(plane, `t${index}`);
  await until(PATIENCE_MS, 'some tasks to begin', () => begun() > RUNS / 3);
  await primary.kill();
  expect((await plane.trigger('between the two')).status).toBe(503);
  promotePostgres(standby);
  await until(BACK_MAX_MS, 'all runs to end', async () => (await plane.finished()) >= ALL);
  await triggerUntilTaken(plane, 'after it');
  await service.close();
  await plane.kill();
  await standby.stop();
  await primary.stop();
}, 400_000);

async function serveSlowly(plane: PlaneProcess): Promise<{ service: Service; begun: () => number }> {
  let worked = 0;
  const run = async () => {
    worked++;
    await sleep(300);
    return {};
  };
  const tasks = ['a', 'b', 'c'].map((name) => defineTask({ name, input: z.unknown(), output: z.object({}), run }));
  const service = serve({
    // The answer to a claim can be lost with the store: the attempt comes back when the lease is over.
    ...{ tasks, name: 'out', connect: 'claim', server: plane.url, concurrency: 4, leaseMs: 5_000 },
    ...{ log: silentLogger, signals: false, drainMs: 100 },
  });
  await service.ready;
  return { service, begun: () => worked };
}

/** From now on each commit waits until the standby has it on its disk. */
async function useSynchronousStandby(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`);
  await client.query('SELECT pg_reload_conf()');
  await until(PATIENCE_MS, 'the standby to be synchronous', async () => {
    const { rows } = await client.query('SELECT sync_state FROM pg_stat_replication');
    return rows[0]?.sync_state === 'sync';
  });
  await client.end();
}
