import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type CloudEvent, createClient } from '@slipway/sdk';
import { startControlPlane } from '../../../control-plane/src/main.ts';
import { startNats, type TestServer } from '../../../tools/test-servers.ts';

export interface WorldOptions {
  /** With a real nats-server, on which the evaluate service listens too. */
  readonly nats?: boolean;
  /** What the evaluate service is told by its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A real control plane, and the evaluate service as it is started in earnest: a process of its own, told by its environment. */
export class World implements AsyncDisposable {
  readonly client: Client;
  readonly url: string;
  readonly nats: TestServer | undefined;
  readonly #stack: AsyncDisposableStack;
  readonly #service: Service;

  private constructor(parts: {
    url: string;
    nats: TestServer | undefined;
    service: Service;
    stack: AsyncDisposableStack;
  }) {
    this.url = parts.url;
    this.nats = parts.nats;
    this.#service = parts.service;
    this.#stack = parts.stack;
    this.client = createClient({ server: parts.url, source: '/test' });
    parts.stack.defer(() => this.client.close());
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const stack = new AsyncDisposableStack();
    const dataDir = mkdtempSync(join(tmpdir(), 'slipway-evaluate-'));
    stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
    const nats = options.nats === true ? stack.use(await startNats()) : undefined;
    const plane = await startControlPlane({
      ...{ listen: { host: '127.0.0.1', port: 0 }, dataDir, logLevel: 'silent' },
      ...{ natsUrl: nats?.url, mongoUrl: undefined, tokenFile: undefined },
    });
    stack.defer(() => plane.close());
    const connected = nats === undefined ? {} : { SLIPWAY_NATS: nats.url };
    const service = new Service({ SLIPWAY_SERVER: plane.url, ...connected, ...options.env });
    stack.defer(() => service.stop());
    const world = new World({ url: plane.url, nats, service, stack });
    await until(
      'the evaluate service is there',
      () => world.#serves('evaluation'),
      () => world.log,
    );
    return world;
  }

  /** What the service has logged. */
  get log(): string {
    return this.#service.log;
  }

  async #serves(task: string): Promise<boolean> {
    const { items } = await this.client.listServices();
    return items.some((service) => service.task === task && service.connected);
  }

  /** The finished event of a task in a run, once there is one. */
  async finished(run: string, task: string): Promise<CloudEvent> {
    const look = async (): Promise<CloudEvent | undefined> => (await this.events(run, `${task}.finished`))[0];
    return until(`${task} has finished`, look, () => this.log);
  }

  /** The events of a run of this plain type, oldest first, without those that changed nothing. */
  async events(run: string, plainType: string): Promise<CloudEvent[]> {
    const { items } = await this.client.listRunEvents({ run, limit: 500 });
    return items
      .filter(
        ({ event, ignored }) =>
          ignored === undefined && String(event.type).replace('sh.keptn.event.', '') === plainType,
      )
      .map(({ event }) => event as unknown as CloudEvent);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

const PATIENCE_MS = 60_000;

/** Looks until there is something; says what was waited for and what the service logged when there never is. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  log: () => string,
): Promise<NonNullable<Exclude<T, false>>> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await sleep(25)) {
    const found = await look();
    if (found) return found as NonNullable<Exclude<T, false>>;
  }
  throw new Error(`waited in vain: ${what}\n${log()}`);
}

class Service {
  readonly #child: ChildProcess;
  log = '';

  constructor(env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

export const dataOf = (event: { readonly data?: unknown } | undefined): Record<string, unknown> => {
  const data = event?.data;
  return typeof data === 'object' && data !== null ? { ...data } : {};
};
