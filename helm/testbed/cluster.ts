import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onPath, run } from '../../tools/servers/command.ts';
import { launch, type TestServer } from '../../tools/servers/process.ts';
import { Api } from './api.ts';
import type { Programs } from './build.ts';
import { type Recorder, startRecorder } from './recorder.ts';

const READY_MS = 60_000;
const LOOK_MS = 100;
/** What a careful team has on its namespaces: pods that are not restricted are refused, and whoever makes such a template is warned. */
const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/enforce-version': 'latest',
  'pod-security.kubernetes.io/warn': 'restricted',
  'pod-security.kubernetes.io/warn-version': 'latest',
};

/** A real API server on a real etcd, with nothing else of Kubernetes: no controller, no scheduler, no kubelet. */
export class Cluster implements AsyncDisposable {
  readonly api: Api;
  readonly recorder: Recorder;
  /** For Helm: the recorder, which is the administrator. */
  readonly kubeconfig: string;
  /** How long until it took requests. */
  readonly readyMs: number;
  readonly #stop: () => Promise<void>;

  private constructor(parts: {
    api: Api;
    recorder: Recorder;
    kubeconfig: string;
    readyMs: number;
    stop: () => Promise<void>;
  }) {
    ({ api: this.api, recorder: this.recorder, kubeconfig: this.kubeconfig, readyMs: this.readyMs } = parts);
    this.#stop = parts.stop;
  }

  /** What the servers keep goes below `home`. */
  static async start(programs: Programs, home: string): Promise<Cluster> {
    const started = performance.now();
    const folder = join(home, 'cluster');
    mkdirSync(folder, { recursive: true });
    const token = randomBytes(24).toString('hex');
    const servers: TestServer[] = [];
    const stop = async (): Promise<void> => {
      // Nobody will look at what they have kept, so there is no reason to wait for a tidy end.
      for (const server of servers.toReversed()) await server.kill();
    };
    try {
      await makeKeys(folder);
      writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
      servers.push(await startEtcd(programs.etcd, folder));
      servers.push(await startApiserver(programs.apiserver, { etcd: servers[0]?.url ?? '', folder }));
      const port = servers[1]?.port ?? 0;
      const ca = readFileSync(join(folder, 'certificates', 'apiserver.crt'));
      const api = new Api({ port, token, ca });
      await untilReady(api);
      const recorder = await startRecorder({ port, token, ca });
      const kubeconfig = join(folder, 'kubeconfig');
      writeFileSync(kubeconfig, kubeconfigFor(recorder.url), { mode: 0o600 });
      return new Cluster({
        ...{ api, recorder, kubeconfig, readyMs: performance.now() - started },
        stop: async () => {
          recorder.stop();
          await stop();
        },
      });
    } catch (error) {
      await stop();
      throw error;
    }
  }

  /** A namespace that takes restricted pods only, with the account that a controller would have made. */
  async makeNamespace(name: string): Promise<void> {
    await this.api.create('/api/v1/namespaces', {
      ...{ apiVersion: 'v1', kind: 'Namespace' },
      metadata: { name, labels: RESTRICTED },
    });
    await this.api.create(`/api/v1/namespaces/${name}/serviceaccounts`, {
      ...{ apiVersion: 'v1', kind: 'ServiceAccount' },
      metadata: { name: 'default' },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}

function startEtcd(file: string, folder: string): Promise<TestServer> {
  return launch({
    name: 'etcd',
    options: { storeDir: join(folder, 'etcd') },
    command: ({ port, storeDir }) => ({
      file,
      args: [
        ...['--data-dir', join(storeDir, 'data'), '--log-level', 'error', '--unsafe-no-fsync'],
        ...['--listen-client-urls', `http://127.0.0.1:${port}`, '--advertise-client-urls', `http://127.0.0.1:${port}`],
        // Its peers, of which there are none, would come through a socket.
        ...['--listen-peer-urls', `unix://${join(storeDir, 'peer')}:0`],
      ],
    }),
    url: (port) => `http://127.0.0.1:${port}`,
    stopTimeoutMs: 10_000,
  });
}

function startApiserver(file: string, { etcd, folder }: { etcd: string; folder: string }): Promise<TestServer> {
  return launch({
    name: 'kube-apiserver',
    options: { storeDir: folder },
    command: ({ port }) => ({
      file,
      args: [
        ...[`--etcd-servers=${etcd}`, '--bind-address=127.0.0.1', `--secure-port=${port}`],
        ...[`--cert-dir=${join(folder, 'certificates')}`, `--token-auth-file=${join(folder, 'tokens.csv')}`],
        ...['--service-account-issuer=https://kubernetes.default.svc', '--authorization-mode=RBAC'],
        ...[`--service-account-key-file=${join(folder, 'account.pub')}`],
        ...[`--service-account-signing-key-file=${join(folder, 'account.key')}`],
        ...['--service-cluster-ip-range=10.96.0.0/16', '--endpoint-reconciler-type=none'],
        // As everywhere: whether a pod may be privileged is for its namespace to say.
        '--allow-privileged=true',
      ],
    }),
    url: (port) => `https://127.0.0.1:${port}`,
    stopTimeoutMs: 10_000,
  });
}

/** What service accounts' tokens are signed with. */
async function makeKeys(folder: string): Promise<void> {
  const openssl = onPath('openssl');
  if (openssl === undefined) throw new Error('the keys of the API server are made by openssl, which is not on PATH');
  const key = join(folder, 'account.key');
  const made = await run(openssl, ['genrsa', '-out', key, '2048']);
  const told = await run(openssl, ['rsa', '-in', key, '-pubout', '-out', join(folder, 'account.pub')]);
  if (!made.ok || !told.ok) throw new Error(`openssl made no key: ${made.output}${told.output}`);
}

async function untilReady(api: Api): Promise<void> {
  let last = 'nothing';
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await delay(LOOK_MS)) {
    const answer = await api.ask('GET', '/readyz').catch((error: Error) => ({ status: 0, text: error.message }));
    if (answer.status === 200) return;
    last = answer.text;
  }
  throw new Error(`kube-apiserver was not ready in ${READY_MS} ms, and said last: ${last}`);
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'testbed' },
    clusters: [{ name: 'testbed', cluster: { server } }],
    users: [{ name: 'testbed', user: {} }],
    contexts: [{ name: 'testbed', context: { cluster: 'testbed', user: 'testbed' } }],
  });
}
