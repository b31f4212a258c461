import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const ANSWER_MS = 30_000;
const WAIT_MS = 200;
const WAITS_MAX = 50;

export const objectSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    uid: z.string().default(''),
    resourceVersion: z.string().default(''),
    annotations: z.record(z.string(), z.string()).default({}),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});
export type KubernetesObject = z.output<typeof objectSchema>;

/** An object with the resource that it is one of, such as `apps/v1/deployments`. */
export type Found = { resource: string; name: string; object: KubernetesObject };

const resourcesSchema = z.object({
  groupVersion: z.string(),
  resources: z.array(z.object({ name: z.string(), namespaced: z.boolean(), verbs: z.array(z.string()) })),
});
const groupsSchema = z.object({
  groups: z.array(z.object({ preferredVersion: z.object({ groupVersion: z.string() }) })),
});
const listSchema = z.object({ items: z.array(objectSchema).nullable() });

type Answer = { status: number; text: string; warnings: string[] };
type Resource = { path: string; name: string; namespaced: boolean };

/** The API server as its administrator talks to it. */
export class Api {
  readonly #port: number;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(options: { port: number; token: string; ca: Buffer }) {
    this.#port = options.port;
    this.#token = options.token;
    // Its certificate is for this name, and for the machine's own address.
    this.#agent = new Agent({ ca: options.ca, servername: 'kubernetes.default.svc', keepAlive: true });
  }

  async get(path: string): Promise<unknown> {
    return JSON.parse(await this.#done('GET', path));
  }

  /** Answers what became of it, and what the server warned of. */
  async create(
    path: string,
    body: string | object,
    contentType = 'application/json',
  ): Promise<{ object: unknown; warnings: string[] }> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await this.ask('POST', path, { text, contentType });
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${reason(answer.text)}`);
    return { object: JSON.parse(answer.text), warnings: answer.warnings };
  }

  async delete(path: string): Promise<void> {
    await this.#done('DELETE', path);
  }

  /** Every object of this namespace, of whatever kind. */
  async listNamespace(namespace: string): Promise<Found[]> {
    const resources = (await this.#resources()).filter((one) => one.namespaced);
    return this.#list(resources, `/namespaces/${namespace}`);
  }

  /** Every object outside of the namespaces. */
  async listCluster(): Promise<Found[]> {
    return this.#list(
      (await this.#resources()).filter((one) => !one.namespaced),
      '',
    );
  }

  ask(method: string, path: string, body?: { text: string; contentType: string }): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(body === undefined ? {} : { 'content-type': body.contentType }),
    };
    const options = { host: '127.0.0.1', port: this.#port, path, method, headers, agent: this.#agent };
    const outgoing = request({ ...options, timeout: ANSWER_MS }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text, warnings: warningsOf(incoming.headers.warning) }),
      );
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer in ${ANSWER_MS} ms`)));
    outgoing.end(body?.text);
    return promise;
  }

  async #done(method: string, path: string): Promise<string> {
    let answer = await this.ask(method, path);
    // A kind that was defined a moment ago: the server says when its storage is not there yet.
    for (let waits = 0; answer.status === 429 && waits < WAITS_MAX; waits += 1) {
      await delay(WAIT_MS);
      answer = await this.ask(method, path);
    }
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${reason(answer.text)}`);
    return answer.text;
  }

  /** What there is, which grows with every CustomResourceDefinition. */
  async #resources(): Promise<Resource[]> {
    const { groups } = groupsSchema.parse(await this.get('/apis'));
    const paths = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
    const found = await Promise.all(
      paths.map(async (path) => ({ path, ...resourcesSchema.parse(await this.get(path)) })),
    );
    return found.flatMap(({ path, resources }) =>
      resources
        .filter(({ name, verbs }) => verbs.includes('list') && !name.includes('/') && name !== 'events')
        .map(({ name, namespaced }) => ({ path, name, namespaced })),
    );
  }

  async #list(resources: readonly Resource[], below: string): Promise<Found[]> {
    const lists = await Promise.all(
      resources.map(async ({ path, name }) => {
        const { items } = listSchema.parse(await this.get(`${path}${below}/${name}`));
        const resource = `${path.replace(/^\/apis?\//, '')}/${name}`;
        return (items ?? []).map((object) => ({ resource, name: object.metadata.name, object }));
      }),
    );
    return lists.flat();
  }
}

/** `299 - "text"`, several with commas. */
export function warningsOf(header: string | undefined): string[] {
  const quoted = [...(header ?? '').matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '');
  return quoted.map((text) => text.replace(/\\(.)/g, '$1'));
}

function reason(text: string): string {
  try {
    return z.object({ message: z.string() }).parse(JSON.parse(text)).message;
  } catch {
    return text.slice(0, 500);
  }
}
