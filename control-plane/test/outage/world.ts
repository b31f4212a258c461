import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary } from '@slipway/contract';
import { freePort } from '../../../tools/test-servers.ts';

const cli = fileURLToPath(new URL('../../../cli/bin/slipway.js', import.meta.url));
const READY_MS = 90_000;

export const SHIPYARD =
  'apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: out}\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}, {name: b}]}]}, {name: prod, sequences: [{name: go, triggeredOn: [{event: dev.seq.finished}], tasks: [{name: c}]}]}]}';

/** A control plane in a process of its own, which may be killed and started again on the same port and data. */
export class PlaneProcess implements AsyncDisposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'slipway-outage-'));
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(...args: readonly string[]) {
    this.#args = args;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** With other arguments than its own where they are given. */
  async start(args: readonly string[] = this.#args): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const listen = ['--listen', `127.0.0.1:${this.#port}`, '--data', this.#dir, '--log-level', 'silent'];
    this.#child = spawn(process.execPath, [cli, 'serve', ...listen, ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await until(READY_MS, 'the control plane to be ready', async () => {
      return (await fetch(`${this.url}/readyz`).catch(() => undefined))?.ok === true;
    });
  }

  /** kill -9. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** As an upgrade does: the process drains before it exits. */
  terminate(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  async putShipyard(): Promise<void> {
    const answer = await fetch(`${this.url}/v1/projects/out/shipyard`, { method: 'PUT', body: SHIPYARD });
    if (!answer.ok) throw new Error(`the shipyard was refused: ${await answer.text()}`);
  }

  trigger(id: string, signal?: AbortSignal): Promise<Response> {
    const event = { specversion: '1.0', id, source: '/out', type: 'dev.seq.triggered', data: { project: 'out' } };
    return fetch(`${this.url}/v1/events`, {
      method: 'POST',
      body: JSON.stringify(event),
      headers: { 'content-type': 'application/cloudevents+json' },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Runs that have passed. */
  async finished(): Promise<number> {
    const answer = await fetch(`${this.url}/v1/runs?project=out&limit=1000`).catch(() => undefined);
    const runs = answer?.ok === true ? ((await answer.json()) as { items: RunSummary[] }).items : [];
    return runs.filter((run) => run.state === 'finished' && run.result === 'pass').length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** As a client would: again, while the control plane says that it cannot. */
export async function triggerUntilTaken(plane: PlaneProcess, id: string): Promise<void> {
  await until(PATIENCE_MS, `${id} to be taken`, async () => {
    const { status } = await plane.trigger(id);
    // A first try without an answer may have been taken all the same: then this is a repeat.
    if (![200, 202, 503].includes(status)) throw new Error(`${id} was answered ${status}`);
    return status !== 503;
  });
}

/** OUTAGE_STRICT=1, for a quiet machine: the times of docs/reliability.md, and not only that nothing hangs. */
const isStrict = process.env.OUTAGE_STRICT === '1';
export const PATIENCE_MS = 60_000;
export const REFUSED_MAX_MS = isStrict ? 2_500 : PATIENCE_MS;
/** The same where only silence tells that something is away. Without a look at the silence it takes half a minute. */
export const SILENT_MAX_MS = isStrict ? 2_500 : 15_000;
/** From the return of what was away until all is done that waited for it. */
export const BACK_MAX_MS = isStrict ? 15_000 : 90_000;

export async function until(ms: number, what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const limit = performance.now() + ms;
  while (performance.now() < limit) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited ${ms} ms for ${what}`);
}
