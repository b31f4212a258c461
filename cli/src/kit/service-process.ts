import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const OUTPUT_MAX = 8_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The author's service: a process in a group of its own, so that what it starts ends with it. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #output = '';

  constructor(command: readonly string[], env: Readonly<Record<string, string>>) {
    const [program = '', ...args] = command;
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('SLIPWAY_'));
    this.#child = spawn(program, args, {
      env: { ...Object.fromEntries(own), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_MAX);
      });
    }
    this.#ended = once(this.#child, 'exit').then(
      ([code, signal]) => ({ code, signal }),
      (error: unknown) => {
        this.#output += String(error);
        return { code: 127, signal: null };
      },
    );
  }

  /** The end of what it printed. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** To the process alone, as a supervisor does. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Undefined: it has not ended within so many ms. */
  async ended(withinMs: number): Promise<Ended | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), withinMs);
    try {
      return await Promise.race([this.#ended, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** kill -9, with everything it has started. */
  async kill(): Promise<void> {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It has ended, and everything it started.
    }
    if (this.isRunning) await this.#ended;
  }
}
