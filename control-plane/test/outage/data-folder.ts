import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const cli = fileURLToPath(new URL('../../../cli/bin/slipway.js', import.meta.url));
export const START_MS = 60_000;
export const SHIPYARD =
  'apiVersion: slipway.dev/v1\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}]}]}]}\n';

export interface Served {
  url: string;
  output(): string;
  code: Promise<number | null>;
}

/** A data folder, and the control planes that run on it as processes of their own. */
export class DataFolder {
  readonly #dir = mkdtempSync(join(tmpdir(), 'slipway-data-'));
  readonly #children: ChildProcess[] = [];

  get path(): string {
    return join(this.#dir, 'data');
  }

  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async serve(...nodeArgs: string[]): Promise<Served> {
    const { output, code } = this.start(...nodeArgs);
    await expect.poll(output, { timeout: START_MS }).toMatch(/listens on http/);
    return { url: /listens on (http:\S+)/.exec(output())?.[1] ?? '', output, code };
  }

  /** Starts one that may refuse to run. */
  start(...nodeArgs: string[]): Omit<Served, 'url'> {
    const args = [...nodeArgs, cli, 'serve', '--listen', '127.0.0.1:0', '--data', this.path];
    const child = spawn(process.execPath, [...args, '--log-level', 'warn'], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
    return { output: () => text, code: new Promise((resolve) => child.once('exit', resolve)) };
  }
}

export async function ask(
  url: string,
  method: string,
  path: string,
  body?: string,
): Promise<{ status: number; json: unknown }> {
  const type = path === '/v1/events' ? 'application/cloudevents+json' : 'application/json';
  const headers = { 'content-type': method === 'PUT' ? 'application/yaml' : type };
  const answer = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  return { status: answer.status, json: await answer.json() };
}
