import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onPath } from '../../../tools/servers/command.ts';

const BUILD = fileURLToPath(new URL('../build.ts', import.meta.url));
/** The image's user. */
const USER = 1000;
const READY_MS = 60_000;

/** The layer of the image, outside of the clone so that nothing of it can help, and its programs as the image runs them. */
export class Layer {
  readonly folder = mkdtempSync(join(tmpdir(), 'slipway-layer-'));
  readonly app = join(this.folder, 'app');
  readonly said: string;
  readonly #started = new Set<ChildProcess>();

  constructor() {
    const built = spawnSync(process.execPath, [BUILD, '--out', this.folder], { encoding: 'utf8' });
    this.said = `${built.stdout}${built.stderr}`;
    if (built.status !== 0) {
      rmSync(this.folder, { recursive: true, force: true });
      throw new Error(this.said);
    }
    // Made by root in the image too: everybody may read it, nobody else may write.
    chmodSync(this.folder, 0o755);
  }

  /** A folder that the image's user may write, as a volume would be. */
  volume(): string {
    const folder = mkdtempSync(join(this.folder, 'volume-'));
    if (isRoot()) chownSync(folder, USER, USER);
    return folder;
  }

  /** A container with these arguments, until it has printed something like `ready`; answers what that found. */
  async start(args: string[], options: { env?: NodeJS.ProcessEnv; ready: RegExp }): Promise<RegExpExecArray> {
    const child = this.#spawn(args, options.env ?? {});
    let output = '';
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = options.ready.exec(output);
      if (found !== null) resolve(found);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}:\n${output}`)));
    const timer = setTimeout(() => reject(new Error(`${args.join(' ')} is not ready:\n${output}`)), READY_MS);
    return promise.finally(() => clearTimeout(timer));
  }

  /** A container with these arguments, to its end. */
  async run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; output: string }> {
    const child = this.#spawn(args, env);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code] = await once(child, 'close');
    return { code: Number(code), output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#started].filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = running.map((child) => once(child, 'exit'));
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(ended);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(args: string[], env: NodeJS.ProcessEnv): ChildProcess {
    const [command, ...before] = asUser();
    const child = spawn(command, [...before, join(this.app, 'slipway.js'), ...args], {
      cwd: this.volume(),
      // Nothing of this process' environment but what finds its programs.
      env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#started.add(child);
    return child;
  }
}

/** Node, as the image's user where we may become it. */
function asUser(): [string, ...string[]] {
  const setpriv = onPath('setpriv');
  const become = ['--reuid', String(USER), '--regid', String(USER), '--clear-groups', '--', process.execPath];
  const can = isRoot() && setpriv !== undefined && spawnSync(setpriv, [...become, '--version']).status === 0;
  return can ? [setpriv, ...become] : [process.execPath];
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
