import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../../tools/root.ts';

const START_MS = 30_000;

/** A control plane as a process of its own, that can be killed and started again on the same data and port. */
export class ControlPlane {
  readonly #data: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #url = 'http://127.0.0.1:0';

  private constructor(data: string, args: readonly string[]) {
    this.#data = data;
    this.#args = args;
  }

  /** On the data of `data`, which is its own from now on; or on none. */
  static async start(args: readonly string[] = [], data?: string): Promise<ControlPlane> {
    const plane = new ControlPlane(data ?? mkdtempSync(join(tmpdir(), 'slipway-web-')), args);
    await plane.start();
    return plane;
  }

  get url(): string {
    return this.#url;
  }

  get port(): number {
    return Number(new URL(this.#url).port);
  }

  async start(): Promise<void> {
    const listen = new URL(this.#url).host;
    const all = ['serve', '--listen', listen, '--data', this.#data, '--log-level', 'warn', ...this.#args];
    const child = spawn(process.execPath, [join(ROOT, 'cli/bin/slipway.js'), ...all], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#url = await readyUrl(child);
  }

  /** As a machine that loses its power: nothing is said, nothing is closed. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#data, { recursive: true, force: true });
  }
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (): void => {
      child.kill('SIGKILL');
      reject(new Error(`slipway serve did not start: ${output}`));
    };
    const limit = setTimeout(fail, START_MS);
    child.once('exit', fail);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const url = /listens on (http:\S+)/.exec(output)?.[1];
        if (url === undefined) return;
        clearTimeout(limit);
        child.off('exit', fail);
        resolve(url);
      });
    }
  });
}
