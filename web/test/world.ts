import { type Browser, chromium } from 'playwright-core';
import { programPath } from '../../tools/test-servers.ts';
import { buildView } from './support/built-view.ts';
import { ControlPlane } from './support/control-plane.ts';
import { TELL_REFUSALS, Watched } from './support/watched.ts';
import { Wire } from './support/wire.ts';

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

/** A real control plane, behind a wire that can be cut, and a real browser. */
export class World {
  readonly server: ControlPlane;
  readonly wire: Wire;
  readonly #browser: Browser;

  private constructor(server: ControlPlane, wire: Wire, browser: Browser) {
    this.server = server;
    this.wire = wire;
    this.#browser = browser;
  }

  /** `args` go to `slipway serve`; `data` is a folder that becomes the control plane's own. */
  static async start(args: readonly string[] = [], data?: string): Promise<World> {
    await buildView();
    const [server, browser] = await Promise.all([
      ControlPlane.start(args, data),
      chromium.launch({ executablePath: programPath('chromium'), args: FLAGS }),
    ]);
    return new World(server, await Wire.to(server.port), browser);
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

  async api<T>(method: string, path: string, body?: unknown, type = 'application/json'): Promise<T> {
    const response = await fetch(this.server.url + path, {
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
    this.wire.close();
    await this.server.close();
  }
}
