import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { programPath } from '../../tools/test-servers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_MS = 30_000;
const WORKER = '/test/worker';
/** Without these the browser asks its maker's servers for this and that. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          input: {type: object, properties: {image: {type: string, default: shop:1}}}
          tasks:
            - name: build
              with: {image: "\${{ default(input.image, 'none') }}"}
              retry: {attempts: 2, delay: 100ms}
            - name: test
    - name: prod
      sequences:
        - name: rollout
          triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: pass}}}]
          tasks: [{name: release}]
`;

export type CloudEvent = { id: string; type: string; correlationid: string; data: Record<string, unknown> };

type Served = { url: string; close(): Promise<void> };

/** A real control plane, behind a wire that can be cut, and a real browser. */
export class World {
  readonly #server: Served;
  readonly #wire: Wire;
  readonly #browser: Browser;

  private constructor(server: Served, wire: Wire, browser: Browser) {
    this.#server = server;
    this.#wire = wire;
    this.#browser = browser;
  }

  static async start(args: readonly string[] = []): Promise<World> {
    buildOnce();
    const [server, browser] = await Promise.all([
      startServer(args),
      chromium.launch({ executablePath: programPath('chromium'), args: FLAGS }),
    ]);
    return new World(server, await Wire.to(Number(new URL(server.url).port)), browser);
  }

  get wire(): Wire {
    return this.#wire;
  }

  get url(): string {
    return this.#wire.url;
  }

  /** A page that remembers whatever was not as it must be. */
  async open(path: string, options: { width?: number; theme?: string } = {}): Promise<Watched> {
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 1280, height: 800 },
      reducedMotion: 'reduce',
    });
    if (options.theme !== undefined) {
      await context.addInitScript(`localStorage.setItem('slipway-theme', ${JSON.stringify(options.theme)})`);
    }
    const page = await context.newPage();
    const watched = new Watched(page, context, this.url);
    await page.goto(this.url + path);
    return watched;
  }

  async api<T>(method: string, path: string, body?: unknown, type = 'application/json'): Promise<T> {
    const response = await fetch(this.#server.url + path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': type }, body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? (undefined as T) : JSON.parse(text);
  }

  async apply(project: string, text = SHIPYARD): Promise<void> {
    await this.api('PUT', `/v1/projects/${project}/shipyard`, text, 'application/yaml');
  }

  /** Starts a run and gives its id. */
  async trigger(options: { project: string; service: string; type?: string; data?: object }): Promise<string> {
    const { project, service, type = 'dev.delivery.triggered', data } = options;
    const event = {
      specversion: '1.0',
      id: crypto.randomUUID(),
      source: '/test',
      type,
      data: { project, service, ...data },
    };
    const { items } = await this.api<{ items: { run: string }[] }>(
      'POST',
      '/v1/events',
      event,
      'application/cloudevents+json',
    );
    return items[0]?.run ?? '';
  }

  /** Claims one attempt of a task, as a service does. */
  async claim(task: string, project: string, source = WORKER): Promise<CloudEvent> {
    const path = `/v1/tasks/${task}/claim?wait=10s&max=1`;
    const [event] = await this.api<CloudEvent[]>('POST', path, { source, project });
    if (event === undefined) throw new Error(`there was no ${task} to claim`);
    return event;
  }

  async finish(event: CloudEvent, data: object, source = WORKER): Promise<void> {
    const type = event.type.replace('.triggered', '.finished');
    const answer = {
      specversion: '1.0',
      id: crypto.randomUUID(),
      source,
      type,
      causationid: event.id,
      data,
    };
    await this.api('POST', '/v1/events', answer, 'application/cloudevents+json');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.#wire.close();
    await this.#server.close();
  }
}

/** A page with what its console said and whom it asked. */
export class Watched {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly faults: string[] = [];

  constructor(page: Page, context: BrowserContext, origin: string) {
    this.page = page;
    this.#context = context;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.faults.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.faults.push(`thrown: ${error.message}`));
    page.on('dialog', (dialog) => {
      this.faults.push(`a script ran: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(origin)) this.faults.push(`a third party was asked: ${request.url()}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

/** A TCP connection to the server that can be pulled out and put back. */
class Wire {
  readonly url: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new Set<Socket>();
  #whole = true;

  private constructor(server: ReturnType<typeof createServer>, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async to(port: number): Promise<Wire> {
    const holder: { wire?: Wire } = {};
    const server = createServer((near) => {
      const { wire } = holder;
      if (wire === undefined || !wire.#whole) {
        near.destroy();
        return;
      }
      const far = connect(port, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        wire.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          wire.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    holder.wire = new Wire(server, typeof address === 'object' && address !== null ? address.port : 0);
    return holder.wire;
  }

  cut(): void {
    this.#whole = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#whole = true;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

/** `npm test` builds before it starts; a test file that is run alone does it here, once. */
function buildOnce(): void {
  if (existsSync(join(ROOT, 'web/dist/index.html'))) return;
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const built = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: join(ROOT, 'web'),
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`the web view could not be built: ${built.stderr}`);
}

async function startServer(args: readonly string[]): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-web-'));
  const all = ['serve', '--listen', '127.0.0.1:0', '--data', join(folder, 'data'), '--log-level', 'warn', ...args];
  const child = spawn(process.execPath, [join(ROOT, 'cli/bin/slipway.js'), ...all], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const deadline = Date.now() + START_MS;
  for (;;) {
    const url = /listens on (http:\S+)/.exec(output)?.[1];
    if (url !== undefined) {
      return {
        url,
        async close() {
          child.kill('SIGKILL');
          await ended;
          rmSync(folder, { recursive: true, force: true });
        },
      };
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`slipway serve did not start: ${output}`);
    }
    await delay(20);
  }
}
