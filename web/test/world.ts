import { type Browser, chromium } from 'playwright-core';
import { programPath, startNats, type TestServer } from '../../tools/test-servers.ts';
import { buildView } from './support/built-view.ts';
import { ControlPlane } from './support/control-plane.ts';
import { TELL_REFUSALS, Watched } from './support/watched.ts';
import { Wire } from './support/wire.ts';
import { type Api, type CloudEvent, HttpWorker, NatsWorker, type Worker } from './support/worker.ts';

/** How services reach the control plane: by its HTTP API alone, or by a broker as well. */
export type Mode = 'embedded' | 'NATS';
/** For the suites that must hold over both. */
export const MODES: readonly Mode[] = ['embedded', 'NATS'];
/** What a suite takes that names none: `WEB_TEST_MODE=NATS npx vitest run web/test` has all of them over NATS. */
const MODE: Mode = process.env.WEB_TEST_MODE === 'NATS' ? 'NATS' : 'embedded';

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

/** A real control plane, behind a wire that can be cut, and a real browser. */
export class World {
  readonly server: ControlPlane;
  readonly wire: Wire;
  /** The broker, where there is one. */
  readonly nats: TestServer | undefined;
  readonly #browser: Browser;
  readonly #worker: Worker;

  private constructor(parts: {
    server: ControlPlane;
    wire: Wire;
    nats: TestServer | undefined;
    browser: Browser;
    worker: Worker;
  }) {
    this.server = parts.server;
    this.wire = parts.wire;
    this.nats = parts.nats;
    this.#browser = parts.browser;
    this.#worker = parts.worker;
  }

  /** `args` go to `slipway serve`; `data` is a folder that becomes the control plane's own. */
  static async start(args: readonly string[] = [], options: { data?: string; mode?: Mode } = {}): Promise<World> {
    const { data, mode = MODE } = options;
    await buildView();
    const nats = mode === 'NATS' ? await startNats() : undefined;
    const [server, browser] = await Promise.all([
      ControlPlane.start([...(nats ? ['--nats', nats.url] : []), ...args], data),
      chromium.launch({ executablePath: programPath('chromium'), args: FLAGS }),
    ]);
    const api: Api = (...request) => askApi(server.url, ...request);
    const worker = nats ? await NatsWorker.connect(nats.url, api) : new HttpWorker(api);
    return new World({ server, wire: await Wire.to(server.port), nats, browser, worker });
  }

  /** As a browser sees it: through the wire. */
  get url(): string {
    return this.wire.url;
  }

  /** A page that remembers whatever was not as it must be. */
  async open(path: string, options: { width?: number; theme?: string } = {}): Promise<Watched> {
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 1280, height: 800 },
      reducedMotion: 'reduce',
    });
    await context.addInitScript(TELL_REFUSALS);
    if (options.theme !== undefined) {
      await context.addInitScript(`localStorage.setItem('slipway-theme', ${JSON.stringify(options.theme)})`);
    }
    const page = await context.newPage();
    const watched = new Watched(page, context, this.url);
    await page.goto(this.url + path);
    return watched;
  }

  api<T>(method: string, path: string, body?: unknown, type?: string): Promise<T> {
    return askApi(this.server.url, method, path, body, type);
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
  claim(task: string, project: string, source = WORKER): Promise<CloudEvent> {
    return this.#worker.claim(task, project, source);
  }

  finish(attempt: CloudEvent, data: object, source = WORKER): Promise<void> {
    return this.#worker.finish(attempt, data, source);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.wire.close();
    await this.#worker[Symbol.asyncDispose]();
    await this.server.close();
    await this.nats?.stop();
  }
}

async function askApi<T>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  type = 'application/json',
): Promise<T> {
  const response = await fetch(url + path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': type }, body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? (undefined as T) : JSON.parse(text);
}
