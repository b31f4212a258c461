import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { onPath } from '../../../tools/servers/command.ts';
import { programPath } from '../../../tools/servers/programs.ts';
import type { ReadyContainer } from './pod.ts';

const SCRIPT = join(import.meta.dirname, 'container.sh');
const LOOK_MS = 100;
/** Where a container finds programs that come with its image. */
const PATH = '/tools:/usr/local/bin:/usr/bin:/bin';

type Answer = { status: number; body: string };

/** A container that runs. */
export type RunningPod = {
  readonly name: string;
  output(): string;
  /** Whether it runs no more, though nobody stopped it. */
  hasEnded(): boolean;
  /** SIGTERM to its first process, and SIGKILL after the grace period, as the kubelet does; answers how it ended. */
  stop(): Promise<{ code: number | null; signal: string | null }>;
};

/**
 * A host for pods without any container engine: one network of their own, in which every Service's name leads to the loopback
 * address, and for each container namespaces and a root file system of its own (container.sh). The user, the missing capabilities, the
 * read-only root file system and the first process are as in the pod; the network policies and the limits are not.
 */
export class PodHost implements AsyncDisposable {
  readonly claims: string;
  readonly #folder: string;
  readonly #layer: string;
  readonly #network: ChildProcess;
  readonly #running = new Set<ChildProcess>();
  #count = 0;

  private constructor(folder: string, layer: string, network: ChildProcess) {
    this.#folder = folder;
    this.claims = join(folder, 'claims');
    this.#layer = layer;
    this.#network = network;
  }

  /** `layer` is what build.ts of the image has made; what pods keep goes into `folder`. */
  static async start(layer: string, folder: string): Promise<PodHost> {
    requireRoot();
    const ready = 'ip link set lo up && echo up && exec sleep infinity';
    const network = spawnMortal(tool('unshare'), ['--net', '--', 'sh', '-c', ready]);
    await once(network.stdout ?? network, 'data');
    const host = new PodHost(folder, layer, network);
    const tools = join(folder, 'tools');
    mkdirSync(tools, { recursive: true });
    placeProgram(process.execPath, join(tools, 'node'));
    placeProgram(programPath('nats-server'), join(tools, 'nats-server'));
    host.setNames([]);
    return host;
  }

  /** The names of the Services, for what is started from now on. */
  setNames(names: readonly string[]): void {
    writeFileSync(join(this.#folder, 'tools', 'hosts'), `127.0.0.1 localhost ${names.join(' ')}\n`);
  }

  newFolder(): string {
    this.#count += 1;
    const folder = join(this.#folder, String(this.#count));
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  start(name: string, container: ReadyContainer, graceMs: number): RunningPod {
    const child = this.#spawn(container);
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-16_384);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const ended = once(child, 'close');
    return {
      name,
      output: () => output,
      hasEnded: () => child.exitCode !== null || child.signalCode !== null,
      stop: async () => {
        const first = firstProcess(child);
        if (first !== undefined) process.kill(first, 'SIGTERM');
        const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
        const [code, signal] = await ended;
        clearTimeout(late);
        return { code, signal };
      },
    };
  }

  /** Runs a container to its end. */
  async run(container: ReadyContainer): Promise<{ code: number | null; output: string }> {
    const child = this.#spawn(container);
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const [code] = await once(child, 'close');
    return { code: typeof code === 'number' ? code : null, output };
  }

  /** A request from inside the pods' network. */
  async ask(
    url: string,
    init: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Answer> {
    const script =
      'const [url, init] = JSON.parse(process.argv[1]); const answer = await fetch(url, init); ' +
      'console.log(JSON.stringify({ status: answer.status, body: await answer.text() }));';
    const node = [process.execPath, '--input-type=module', '--eval', script, JSON.stringify([url, init])];
    const { stdout } = await promisify(execFile)(tool('nsenter'), [...this.#net(), '--', ...node]);
    return JSON.parse(stdout);
  }

  /** Waits until this address answers with 200. */
  async untilReady(url: string, pod: RunningPod, withinMs: number): Promise<void> {
    for (const deadline = Date.now() + withinMs; Date.now() < deadline; await delay(LOOK_MS)) {
      const answer = await this.ask(url).catch(() => undefined);
      if (answer?.status === 200) return;
      if (pod.hasEnded()) throw new Error(`${pod.name} ended before it was ready:\n${pod.output()}`);
    }
    throw new Error(`${pod.name} was not ready in ${withinMs} ms:\n${pod.output()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = [...this.#running].map((child) => once(child, 'exit'));
    for (const child of this.#running) child.kill('SIGKILL');
    await Promise.all(ended);
    const gone = once(this.#network, 'exit');
    this.#network.kill('SIGKILL');
    await gone;
  }

  #net(): string[] {
    return [`--net=/proc/${this.#network.pid}/ns/net`];
  }

  #spawn({ env, command, args, image, readOnly, user, group, mounts }: ReadyContainer): ChildProcess {
    const root = this.newFolder();
    const program = [...(command.length > 0 ? command : entryPoint(image)), ...args];
    const settings = Object.entries({ PATH, NODE_ENV: 'production', ...env }).map(
      ([name, value]) => `${name}=${value}`,
    );
    const child = spawnMortal(tool('nsenter'), [
      ...[...this.#net(), '--', tool('unshare'), '--mount', '--pid', '--fork', '--kill-child', '--', 'sh', SCRIPT],
      ...[root, String(readOnly), String(user), String(group), this.#layer, join(this.#folder, 'tools')],
      ...mounts.flatMap(({ from, path, readOnly: ro }) => [from, path, ro ? 'ro' : 'rw']),
      ...['--', ...settings, ...program],
    ]);
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }
}

/** Ends with this process, however that ends. */
function spawnMortal(file: string, args: readonly string[]): ChildProcess {
  return spawn(tool('setpriv'), ['--pdeathsig', 'KILL', '--', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What runs in the image when the pod gives arguments alone. */
function entryPoint(image: string): string[] {
  if (/(^|\/)slipway[:@]/.test(image)) return ['node', '/app/slipway.js'];
  if (/(^|\/)nats[:@]/.test(image)) return ['nats-server'];
  throw new Error(`what ${image} runs is not known here`);
}

/** The first process of the container: the child of `unshare`, which has taken the place of `nsenter`. */
function firstProcess(child: ChildProcess): number | undefined {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}

function placeProgram(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // On another disk.
    copyFileSync(from, to);
    chmodSync(to, 0o755);
  }
}

/** What `container.sh` and this file run is in util-linux, coreutils and iproute2. */
function tool(name: string): string {
  const path = onPath(name, ['/usr/sbin', '/sbin']);
  if (path === undefined) throw new Error(`starting pods as processes needs ${name}, which is not on PATH`);
  return path;
}

function requireRoot(): void {
  if (process.platform === 'linux' && process.getuid?.() === 0) return;
  throw new Error('starting pods as processes needs Linux and root: run the testbed with sudo');
}
