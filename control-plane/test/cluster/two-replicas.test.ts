import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary, RunView } from '@slipway/contract';
import { defineTask, type Service, serve, silentLogger } from '@slipway/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { freePort, startMongo, startNats, startPostgres, type TestServer } from '../../../tools/test-servers.ts';

/** Two control planes over one database and one nats-server, a service on NATS, and claims over HTTP. */
const RUNS = 60;
const SHIPYARD =
  'apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: two}\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}, {name: b}]}, {name: claimed, tasks: [{name: c}]}]}, {name: prod, sequences: [{name: go, triggeredOn: [{event: dev.seq.finished}], tasks: [{name: a}]}]}]}';
const cli = fileURLToPath(new URL('../../../cli/bin/slipway.js', import.meta.url));

let dir: string;
let nats: Awaited<ReturnType<typeof startNats>>;
let database: TestServer;
let service: Service;
const replicas: { child: ChildProcess; url: string }[] = [];

const STORES = [
  { name: 'MongoDB', start: startMongo, args: (url: string) => ['--mongo', withPath(url, '/two')] },
  { name: 'PostgreSQL', start: startPostgres, args: (url: string) => ['--postgres', url] },
];

describe.each(STORES)('on $name', (store) => {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'slipway-cluster-'));
    nats = await startNats();
    database = await store.start();
    replicas.push(await startReplica(store.args(database.url)), await startReplica(store.args(database.url)));
    const tasks = ['a', 'b'].map((name) =>
      defineTask({ name, input: z.unknown(), output: z.object({ n: z.number() }), run: () => ({ n: 1 }) }),
    );
    service = serve({
      tasks,
      name: 'two',
      connect: 'nats',
      nats: { servers: nats.url },
      log: silentLogger,
      signals: false,
    });
    await service.ready;
  }, 400_000);

  afterAll(async () => {
    await service?.close();
    for (const { child } of replicas.splice(0)) await end(child, 'SIGTERM');
    await nats?.stop();
    await database?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 90_000);

  test('two replicas share the work, each shows all of it, and one that is killed leaves nothing behind', async () => {
    const [first, second] = replicas;
    if (!first || !second) throw new Error('two replicas were started');
    const put = await fetch(`${first.url}/v1/projects/two/shipyard`, {
      method: 'PUT',
      body: SHIPYARD,
      headers: { 'content-type': 'application/yaml' },
    });
    expect(put.status).toBe(201);
    for (let index = 0; index < RUNS / 2; index++) await trigger((index % 2 === 0 ? first : second).url, index);
    await end(first.child, 'SIGKILL');
    for (let index = RUNS / 2; index < RUNS; index++) await trigger(second.url, index);
    // What the killed one had taken and not acked, the broker gives to the other after its ack wait of 30 s.
    await until(
      async () => (await runs(second.url)).filter((run) => run.state === 'finished').length === 2 * RUNS,
      'all runs of both stages to end',
    );
    const all = await runs(second.url);
    expect(all).toHaveLength(2 * RUNS);
    expect(all.every((run) => run.result === 'pass')).toBe(true);

    const third = await startReplica(store.args(database.url));
    replicas.push(third);
    const some = all[0];
    if (!some) throw new Error('there are runs');
    const views = await Promise.all(
      [second, third].map(async ({ url }) => (await (await fetch(`${url}/v1/runs/${some.id}`)).json()) as RunView),
    );
    expect(views[0]?.state).toBe('finished');
    expect(views[1]).toEqual(views[0]);
  }, 480_000);

  test('a claim gets what another replica began: what was open before it came, and at once what begins while it waits', async () => {
    const [begins, claims] = replicas.slice(-2);
    if (!begins || !claims) throw new Error('two replicas run');
    for (const [index, isWaited] of [false, true].entries()) {
      const waiting = isWaited ? claim(claims.url) : undefined;
      if (isWaited) await until(async () => (await waits(claims.url)) > 0, 'the claim to wait');
      const begun = Date.now();
      await trigger(begins.url, 1000 + index, 'claimed');
      const [attempt] = await (waiting ?? claim(claims.url));
      expect(attempt?.type).toBe('c.triggered');
      // A look at all open runs comes each 45 to 75 s, which would be another thing.
      expect(Date.now() - begun).toBeLessThan(40_000);
      await answer(claims.url, String(attempt?.id));
      await until(
        async () => (await runs(begins.url)).some((run) => run.sequence === 'claimed' && run.state === 'finished'),
        'the run to end',
      );
    }
  }, 480_000);
});

async function claim(url: string): Promise<Record<string, unknown>[]> {
  const given = await fetch(`${url}/v1/tasks/c/claim?wait=60s`, {
    method: 'POST',
    body: JSON.stringify({ source: '/claimer', project: 'two' }),
    headers: { 'content-type': 'application/json' },
  });
  return given.status === 200 ? ((await given.json()) as Record<string, unknown>[]) : [];
}

async function waits(url: string): Promise<number> {
  const services = (await (await fetch(`${url}/v1/services`)).json()) as { items?: { task?: string }[] };
  return (services.items ?? []).filter((one) => JSON.stringify(one).includes('/claimer')).length;
}

async function answer(url: string, attempt: string): Promise<void> {
  const taken = await fetch(`${url}/v1/events`, {
    method: 'POST',
    body: JSON.stringify({
      ...{ specversion: '1.0', id: `${attempt}/done`, source: '/claimer', type: 'c.finished', causationid: attempt },
      data: { result: 'pass' },
    }),
    headers: { 'content-type': 'application/cloudevents+json' },
  });
  expect(taken.status).toBe(202);
}

async function startReplica(store: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    'serve',
    '--listen',
    `127.0.0.1:${port}`,
    '--data',
    dir,
    ...store,
    '--nats',
    nats.url,
    '--log-level',
    'error',
  ];
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  await until(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true, 'a replica to be ready');
  return { child, url };
}

function withPath(address: string, path: string): string {
  const url = new URL(address);
  url.pathname = path;
  return url.href;
}

async function trigger(url: string, index: number, sequence = 'seq'): Promise<void> {
  const event = {
    specversion: '1.0',
    id: `t${index}`,
    source: '/two',
    type: `dev.${sequence}.triggered`,
    data: { project: 'two' },
  };
  const taken = await fetch(`${url}/v1/events`, {
    method: 'POST',
    body: JSON.stringify(event),
    headers: { 'content-type': 'application/cloudevents+json' },
  });
  expect(taken.status).toBe(202);
  await taken.arrayBuffer();
}

async function runs(url: string): Promise<RunSummary[]> {
  const answer = await fetch(`${url}/v1/runs?project=two&limit=1000`);
  return ((await answer.json()) as { items?: RunSummary[] }).items ?? [];
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const limit = Date.now() + 150_000;
  while (Date.now() < limit) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`waited 150 s for ${what}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}
