import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNats } from '../../../tools/test-servers.ts';
import { KeptnDoorWorld } from './keptn-door-world.ts';

/** Programs made of Keptn's own Go packages (go-utils 0.20.4), unmodified: see go/main.go. */
const SOURCES = fileURLToPath(new URL('./go', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../.cache/keptn-clients', import.meta.url));
const PROGRAM = join(CACHE, 'keptn-clients');
const TOKEN = 'token-of-the-keptn-clients';
/** Registration, and a subscription that comes with the first ping. */
const PATIENCE_MS = 60_000;

let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-keptn-clients-'));
  writeFileSync(join(dir, 'tokens'), `keptn * ${TOKEN}\n`, { mode: 0o600 });
  mkdirSync(CACHE, { recursive: true });
  // Go builds again only what has changed.
  await promisify(execFile)('go', ['build', '-o', PROGRAM, '.'], { cwd: SOURCES });
}, 300_000);

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

const SHIPYARD = `apiVersion: "spec.keptn.sh/0.2.3"
kind: "Shipyard"
metadata: {name: "clients"}
spec:
  stages:
    - name: "dev"
      sequences:
        - name: "delivery"
          tasks: [{name: "echo"}, {name: "again"}]
`;

test("each call of Keptn's API clients does what it does with Keptn", async () => {
  await using world = await KeptnDoorWorld.start({ tokenFile: join(dir, 'tokens') });
  const { stdout } = await promisify(execFile)(PROGRAM, ['api', `${world.gateway}/api`, TOKEN]);
  expect(JSON.parse(stdout)).toMatchObject({
    keptnversion: '1.4.5',
    twice: 'project already exists',
    projects: 1,
    stage: 'dev',
    service: 'web',
    newest: Buffer.from('replicas: 2\n').toString('base64'),
    old: Buffer.from('replicas: 1\n').toString('base64'),
    missing: expect.stringContaining('esource not found'),
    files: 2,
    events: true,
    subscriptions: 2,
    log: 'it failed',
  });
});

test('a client with a wrong token is refused in words that it can read', async () => {
  await using world = await KeptnDoorWorld.start({ tokenFile: join(dir, 'tokens') });
  const run = promisify(execFile)(PROGRAM, ['api', `${world.gateway}/api`, 'a-token-that-is-not-known']);
  await expect(run).rejects.toMatchObject({ stderr: expect.stringContaining('incorrect api key auth') });
});

test("a remote service on Keptn's SDK does a sequence, with a file that it reads", async () => {
  await using world = await KeptnDoorWorld.start({ tokenFile: join(dir, 'tokens') });
  await prepare(world);
  await using _service = startService({ KEPTN_API_ENDPOINT: `${world.gateway}/api`, KEPTN_API_TOKEN: TOKEN });
  await expectEchoed(world);
}, 180_000);

test("a service on Keptn's SDK inside the cluster does a sequence over NATS, and is registered without a token", async () => {
  await using nats = await startNats();
  // The SDK asks for http://shipyard-controller:8080, so that name and port are what it must find.
  const host = `127.${10 + Math.floor(Math.random() * 200)}.${Math.floor(Math.random() * 250)}.7`;
  await using world = await KeptnDoorWorld.start({
    natsUrl: nats.url,
    tokenFile: join(dir, 'tokens'),
    keptnListen: { host, port: 8080 },
  });
  await prepare(world);
  const hosts = join(dir, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost\n${host} shipyard-controller resource-service\n`);
  await using _service = startService({ EVENTBROKER: nats.url }, hosts);
  await expectEchoed(world);
}, 180_000);

async function prepare(world: KeptnDoorWorld): Promise<void> {
  const ask = (path: string, body: unknown) => world.ask('POST', `/api${path}`, body, { token: TOKEN });
  const shipyard = Buffer.from(SHIPYARD).toString('base64');
  await ask('/controlPlane/v1/project', { name: 'clients', shipyard });
  await ask('/controlPlane/v1/project/clients/service', { serviceName: 'web' });
  const resources = [{ resourceURI: 'notes/hello.txt', resourceContent: Buffer.from('hello').toString('base64') }];
  await ask('/resource-service/v1/project/clients/stage/dev/service/web/resource', { resources });
}

async function expectEchoed(world: KeptnDoorWorld): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  const registered = async (): Promise<unknown[]> =>
    (await world.ask('GET', '/api/controlPlane/v1/uniform/registration', undefined, { token: TOKEN }))
      .body as unknown[];
  while ((await registered()).length === 0 && Date.now() < until) await sleep(100);
  // A service on core NATS hears only what is published while it is subscribed: its first ping tells it to what.
  await sleep(2_000);
  const data = { project: 'clients', stage: 'dev', service: 'web', file: 'notes/hello.txt' };
  const event = { type: 'sh.keptn.event.dev.delivery.triggered', source: 'ci', data };
  const { body } = await world.ask('POST', '/api/v1/event', event, { token: TOKEN });
  const { keptnContext } = body as { keptnContext: string };
  const find = async (type: string): Promise<Record<string, unknown> | undefined> => {
    const path = `/api/mongodb-datastore/event?keptnContext=${keptnContext}&type=sh.keptn.event.${type}`;
    const found = (await world.ask('GET', path, undefined, { token: TOKEN })).body as {
      events: { data: Record<string, unknown> }[];
    };
    return found.events[0]?.data;
  };
  while ((await find('dev.delivery.finished')) === undefined && Date.now() < until) await sleep(100);
  expect(await find('dev.delivery.finished')).toMatchObject({ result: 'pass', status: 'succeeded' });
  expect(await find('again.finished')).toMatchObject({ echoed: true, read: 'hello' });
}

/** With `hosts` in place of /etc/hosts, which takes the right to have a mount namespace of one's own. */
function startService(env: Record<string, string>, hosts?: string): AsyncDisposable & { child: ChildProcess } {
  const own = {
    HEALTH_ENDPOINT_ENABLED: 'false',
    K8S_NODE_NAME: 'node-1',
    K8S_NAMESPACE: 'keptn',
    K8S_POD_NAME: 'pod-1',
  };
  const topics = ['echo', 'again'].map((task) => `sh.keptn.event.${task}.triggered`).join(',');
  const all = { ...process.env, ...own, K8S_DEPLOYMENT_NAME: 'echo-service', PUBSUB_TOPIC: topics, ...env };
  const run = [PROGRAM, 'service', 'echo', 'again'];
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
  const [command = '', ...args] = hosts === undefined ? run : ['unshare', '-m', 'sh', '-c', script, hosts, ...run];
  const child = spawn(command, args, { env: all, stdio: 'ignore' });
  return {
    child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
