import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@slipway/sdk';
import { freePort } from '../../../tools/test-servers.ts';
import { tableOf } from './decision.ts';
import { type Delivered, deliver } from './delivery.ts';
import { lastWords, type Running, startNode } from './processes.ts';
import { startPrometheus } from './prometheus.ts';

const ROOT = join(import.meta.dirname, '../../..');
const EXAMPLE = join(import.meta.dirname, '..');
const PLACE = { project: 'quality-gate', stage: 'staging', service: 'shop' };
const READY_TIMEOUT_MS = 30_000;

/** `npm run example:quality-gate`: a good build and a bad one, and what the gate makes of them. 0 when it was right both times. */
async function main(): Promise<number> {
  setUp();
  const dataDir = mkdtempSync(join(tmpdir(), 'slipway-quality-gate-'));
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rmSync(dataDir, { recursive: true, force: true }));

  const ports = { staging: await freePort(), production: await freePort() };
  const prometheus = cleanUp.use(await startPrometheus(ports));
  say(`Prometheus     ${prometheus.url}, looks at the shops of staging and production once a second`);

  const plane = startNode(join(ROOT, 'cli/bin/slipway.js'), ['serve', '--listen', '127.0.0.1:0', '--data', dataDir], {
    SLIPWAY_LOG_LEVEL: 'error',
  });
  cleanUp.defer(() => plane.stop());
  const server = await addressOf(plane);
  say(`Control plane  ${server}`);

  const env = { SLIPWAY_SERVER: server };
  const evaluate = startNode(join(ROOT, 'services/evaluate/src/main.ts'), [], {
    ...env,
    SLIPWAY_PROMETHEUS: prometheus.url,
  });
  cleanUp.defer(() => evaluate.stop());
  const operator = startNode(join(import.meta.dirname, 'service.ts'), [], { ...env, PORTS: JSON.stringify(ports) });
  cleanUp.defer(() => operator.stop());
  say(`Services       evaluate (process ${evaluate.child.pid}), shop-operator (process ${operator.child.pid})`);

  const client = createClient({ server, source: '/quality-gate' });
  cleanUp.defer(() => client.close());
  await upload(client);

  const good = await delivered(client, '1.0.0');
  const bad = await delivered(client, '1.1.0');
  const live = await (await fetch(`http://127.0.0.1:${ports.production}/version`)).text();

  conclude(good);
  conclude(bad);
  say(`\nProduction runs build ${live}.`);
  const isRight =
    good.result === 'pass' &&
    good.promotion === 'pass' &&
    bad.result === 'fail' &&
    bad.promotion === undefined &&
    live === good.build;
  say(isRight ? 'As it should be.' : 'That is NOT as it should be.');
  return isRight ? 0 : 1;
}

/** Prometheus comes from Debian's package when it is nowhere yet. */
function setUp(): void {
  const { status } = spawnSync(process.execPath, [join(ROOT, 'tools/setup-test-servers.ts'), 'prometheus'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the example needs Prometheus: install it, so that it is on PATH');
}

async function upload(client: Client): Promise<void> {
  const text = (name: string): string => readFileSync(join(EXAMPLE, name), 'utf8');
  await client.putShipyard({ project: PLACE.project, body: text('shipyard.yaml') });
  const slo = await client.putSlo({ ...PLACE, body: text('slo.yaml') });
  const sli = await client.putSli({ ...PLACE, body: text('sli.yaml') });
  say(`Uploaded       shipyard.yaml, slo.yaml (version ${slo.version}), sli.yaml (version ${sli.version})`);
}

async function delivered(client: Client, build: string): Promise<Delivered> {
  say(`\n$ npx slipway trigger staging.delivery --project quality-gate --service shop --label build=${build}`);
  return deliver(client, build, say);
}

function conclude({ build, result, decision, promotion }: Delivered): void {
  const end = promotion === undefined ? 'not promoted' : `promoted to production: ${promotion}`;
  say(`\nBuild ${build}: ${result.toUpperCase()}, score ${Number(decision.score.toFixed(2))}, ${end}`);
  for (const line of tableOf(decision)) say(`  ${line}`);
}

async function addressOf(plane: Running): Promise<string> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline && plane.child.exitCode === null) {
    const [address] = plane.output().match(/http:\/\/\S+/) ?? [];
    if (address !== undefined) return address;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the control plane did not start: ${plane.output().trim()}`);
}

function say(line: string): void {
  console.log(line);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

process.exitCode = await main().catch((error: unknown) => {
  console.error([error instanceof Error ? error.message : String(error), ...lastWords()].join('\n\n'));
  return 1;
});
