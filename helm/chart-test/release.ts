import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../tools/root.ts';
import { launch, type TestServer } from '../../tools/servers/process.ts';
import { freePort, programPath } from '../../tools/test-servers.ts';
import { type Manifest, manifests, named, secretData } from './helm.ts';

interface Container {
  args?: string[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
}

const READY_TIMEOUT_MS = 60_000;
const SLIPWAY = join(ROOT, 'cli', 'bin', 'slipway.js');

/**
 * What the chart renders, running here as processes of this clone: nats-server with the rendered configuration, the
 * control plane and services with the rendered environment and Secrets. The names of Services become ports of 127.0.0.1.
 */
export class Release implements AsyncDisposable {
  readonly manifests: Manifest[];
  readonly nats: TestServer | undefined;
  readonly #dir = mkdtempSync(join(tmpdir(), 'slipway-chart-'));
  /** What every process said on standard error. */
  log = '';
  /** Host and port inside the cluster, and here. */
  readonly #addresses = new Map<string, string>();
  readonly #children: ChildProcess[] = [];

  private constructor(rendered: Manifest[], nats: TestServer | undefined) {
    this.manifests = rendered;
    this.nats = nats;
  }

  static async start(values: object): Promise<Release> {
    const rendered = await manifests(values);
    const isOfNats = rendered.some(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'slipway-nats');
    const release = new Release(rendered, isOfNats ? await startRenderedNats(rendered) : undefined);
    if (release.nats) release.#addresses.set('slipway-nats:4222', `127.0.0.1:${release.nats.port}`);
    release.#addresses.set('slipway:8484', new URL(await release.startReplica()).host);
    return release;
  }

  get url(): string {
    return `http://${this.#addresses.get('slipway:8484')}`;
  }

  secret(name: string): Record<string, string> {
    return secretData(this.manifests, name);
  }

  async fetch(
    path: string,
    options: { token: string; method?: string; body?: string; type?: string },
  ): Promise<Response> {
    const { token, method = 'GET', body, type = 'application/json' } = options;
    const headers = { authorization: `Bearer ${token}`, 'content-type': type };
    return fetch(`${this.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  }

  /** Starts a service of this clone with the environment of its Deployment. */
  async startService(name: string, main: string): Promise<void> {
    const port = await freePort();
    this.#addresses.set(`slipway-${name}:8080`, `127.0.0.1:${port}`);
    this.#addresses.set('0.0.0.0:8080', `127.0.0.1:${port}`);
    const { env } = this.#process(named(this.manifests, 'Deployment', `slipway-${name}`));
    this.#spawn([join(ROOT, main)], env);
  }

  /** Runs a script with an environment to its end; answers its exit code and what it said. */
  async run(script: string, env: Record<string, string>): Promise<{ code: unknown; output: string }> {
    const child = this.#spawn([script], env);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = await once(child, 'close');
    return { code, output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    await this.nats?.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Starts a control plane with the environment of its pod; answers its address. */
  async startReplica(): Promise<string> {
    const kinds = ['StatefulSet', 'Deployment'];
    const workload = this.manifests.find(({ kind, metadata }) => kinds.includes(kind) && metadata.name === 'slipway');
    if (workload === undefined) throw new Error('there is no StatefulSet and no Deployment slipway');
    const { args, env } = this.#process(workload);
    const tokens = join(this.#dir, 'tokens');
    writeFileSync(tokens, this.secret('slipway-auth').tokens ?? '', { mode: 0o600 });
    const here = {
      SLIPWAY_LISTEN: '127.0.0.1:0',
      SLIPWAY_DATA: join(this.#dir, 'data'),
      SLIPWAY_TOKEN_FILE: tokens,
    };
    const child = this.#spawn([SLIPWAY, ...args], { ...env, ...here });
    return saysItListens(child);
  }

  /** What Kubernetes would start: arguments, and the environment with Secrets and `$(NAME)` filled in. */
  #process(workload: Manifest): { args: string[]; env: Record<string, string> } {
    const template = workload.spec?.template as { spec: { containers: Container[] } };
    const [container] = template.spec.containers;
    const env: Record<string, string> = {};
    for (const { name, value, valueFrom } of container?.env ?? []) {
      const from = valueFrom?.secretKeyRef;
      const text = from === undefined ? (value ?? '') : (this.secret(from.name)[from.key] ?? '');
      const filled = text.replaceAll(/\$\((\w+)\)/g, (whole, other: string) => env[other] ?? whole);
      env[name] = [...this.#addresses].reduce((done, [inside, here]) => done.replaceAll(inside, here), filled);
    }
    return { args: container?.args ?? [], env };
  }

  #spawn(args: readonly string[], env: Record<string, string>): ChildProcess {
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    this.#children.push(child);
    return child;
  }
}

/** nats-server with the rendered configuration; its ports and its folder are of this machine. */
function startRenderedNats(rendered: Manifest[]): Promise<TestServer> {
  const config = named(rendered, 'ConfigMap', 'slipway-nats').data?.['nats.conf'] ?? '';
  const template = named(rendered, 'StatefulSet', 'slipway-nats').spec?.template as {
    spec: { containers: Container[] };
  };
  const passwords = (template.spec.containers[0]?.env ?? []).map(({ name, valueFrom }) => {
    const { name: secret = '', key = '' } = valueFrom?.secretKeyRef ?? {};
    return `${name}=${secretData(rendered, secret)[key]}`;
  });
  return launch({
    name: 'nats-server',
    options: {},
    command: ({ port, storeDir }) => {
      const file = join(storeDir, 'nats.conf');
      const here = config
        .replace('"0.0.0.0:4222"', `"127.0.0.1:${port}"`)
        .replace('http: "0.0.0.0:8222"', '')
        .replace('store_dir: /data', `store_dir: ${JSON.stringify(storeDir)}`);
      writeFileSync(file, here);
      return { file: 'env', args: [...passwords, programPath('nats-server'), '--config', file] };
    },
    url: (port) => `nats://127.0.0.1:${port}`,
    greeting: '"jetstream":true',
    stopTimeoutMs: 10_000,
  });
}

async function saysItListens(child: ChildProcess): Promise<string> {
  let output = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const read = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-8192);
    const url = /Slipway listens on (\S+)/.exec(output)?.[1];
    if (url !== undefined) resolve(url);
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  child.once('exit', (code) => reject(new Error(`the control plane ended with ${code}:\n${output}`)));
  const timer = setTimeout(() => reject(new Error(`the control plane is not ready:\n${output}`)), READY_TIMEOUT_MS);
  return promise.finally(() => clearTimeout(timer));
}
