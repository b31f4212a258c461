import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, TerminalError } from '@slipway/sdk';
import { z } from 'zod';
import { type Running, startNode } from './processes.ts';

const READY_TIMEOUT_MS = 20_000;
const READY_PROBE_MS = 50;

/** What runs where: one shop a stage, on the port of that stage. */
export class Shops {
  readonly #ports: Readonly<Record<string, number>>;
  readonly #running = new Map<string, Running>();

  constructor(ports: Readonly<Record<string, number>>) {
    this.#ports = ports;
  }

  address(stage: string): string {
    const port = this.#ports[stage];
    if (port === undefined) throw new TerminalError(`no shop runs in stage '${stage}'`, { code: 'UNKNOWN_STAGE' });
    return `http://127.0.0.1:${port}`;
  }

  /** Ends the build that runs there and starts this one in its place, a process of its own. */
  async replace(stage: string, build: string): Promise<{ address: string; pid: number }> {
    const address = this.address(stage);
    await this.#running.get(stage)?.stop();
    const env = { BUILD: build, STAGE: stage, PORT: new URL(address).port };
    const running = startNode(join(import.meta.dirname, 'shop.ts'), [], env);
    this.#running.set(stage, running);
    await ready(running, address, build);
    return { address, pid: running.child.pid ?? -1 };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((running) => running.stop()));
  }
}

async function ready(running: Running, address: string, build: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (running.child.exitCode !== null) throw new TerminalError(`the shop ended: ${running.output().trim()}`);
    const version = await fetch(`${address}/version`).then(
      (response) => response.text(),
      () => '',
    );
    if (version === build) return;
    await sleep(READY_PROBE_MS);
  }
  throw new Error(`build ${build} did not answer at ${address} within ${READY_TIMEOUT_MS} ms`);
}

export const deployTask = (shops: Shops) =>
  defineTask({
    name: 'deploy',
    input: z.object({ build: z.string() }),
    output: z.object({ build: z.string(), address: z.string(), pid: z.number() }),
    run: async ({ build }, { stage = '' }) => ({ build, ...(await shops.replace(stage, build)) }),
  });
