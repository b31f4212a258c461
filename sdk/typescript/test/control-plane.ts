import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../tools/test-servers.ts';

const slipway = fileURLToPath(new URL('../../../cli/bin/slipway.js', import.meta.url));
const READY_MS = 60_000;

/** The real control plane as a process of its own, with its data in a temporary folder. */
export class ControlPlane {
  readonly #folder = mkdtempSync(join(tmpdir(), 'slipway-sdk-'));
  readonly #nats: string | undefined;
  #child: ChildProcess | undefined;
  readonly #port: number;
  url = '';

  private constructor(port: number, nats: string | undefined) {
    this.#port = port;
    this.#nats = nats;
  }

  static async start(options: { nats?: string } = {}): Promise<ControlPlane> {
    const plane = new ControlPlane(await freePort(), options.nats);
    await plane.restart();
    return plane;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    if (this.#child === undefined) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
    this.#child = undefined;
  }

  /** On the same port, with the same data. */
  async restart(): Promise<void> {
    const args = ['serve', '--listen', `127.0.0.1:${this.#port}`, '--data', this.#folder];
    if (this.#nats !== undefined) args.push('--nats', this.#nats);
    const child = spawn(process.execPath, [slipway, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let output = '';
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-8192);
      const url = /Slipway listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`the control plane ended with ${code}:\n${output}`)));
    const timer = setTimeout(() => reject(new Error(`the control plane is not ready:\n${output}`)), READY_MS);
    this.url = await promise.finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
