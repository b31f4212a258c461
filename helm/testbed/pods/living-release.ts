import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bring } from '../brought.ts';
import type { Cluster } from '../cluster.ts';
import { Release } from '../helm.ts';
import type { Case } from '../lifecycle.ts';
import { admitHooks, makeHookFiles, type PodSpec, type PodTemplate, templatesOf } from '../pod-templates.ts';
import { ReleaseObjects } from '../release-objects.ts';
import { makeReady, type ReadyContainer } from './pod.ts';
import { PodHost, type RunningPod } from './pod-host.ts';

const READY_MS = 30_000;
/** What follows needs what comes first; whatever is not named comes last. */
const FIRST = ['slipway-nats', 'slipway'];
/** An image that stands for anybody's. */
const STRANGER = /^registry\.example\.org\//;
const SERVER = 'http://slipway:8484';

type Ended = { code: number | null; output: string };

/** A release whose pods run as processes, made from the objects that Helm has put into the API server. */
export class LivingRelease implements AsyncDisposable {
  readonly #release: Release;
  readonly #host: PodHost;
  readonly #chart: string;
  #pods: RunningPod[] = [];
  #hook: PodSpec | undefined;

  private constructor(release: Release, host: PodHost, chart: string) {
    this.#release = release;
    this.#host = host;
    this.#chart = chart;
  }

  /** Installs the case; nothing of it runs yet. */
  static async install(options: {
    case: Case;
    chart: string;
    layer: string;
    cluster: Cluster;
    home: string;
  }): Promise<LivingRelease> {
    const { chart, layer, cluster, home } = options;
    const namespace = `pods-${options.case.name}`;
    const release = new Release({ cluster, namespace, home });
    await cluster.makeNamespace(namespace);
    await bring(cluster.api, namespace, options.case.name);
    await release.install(chart, [options.case.values]);
    const hooks = await release.hooks();
    await makeHookFiles(cluster.api, namespace, hooks);
    const host = await PodHost.start(layer, join(home, namespace));
    const living = new LivingRelease(release, host, chart);
    [living.#hook] = await admitHooks(cluster.api, namespace, hooks);
    return living;
  }

  async upgrade(to: Case): Promise<void> {
    await bring(this.#release.cluster.api, this.#release.namespace, to.name);
    await this.#release.upgrade(this.#chart, [to.values]);
  }

  /** Starts the pods that the release has now, and waits until those with a readiness probe are ready. */
  async start(): Promise<void> {
    const objects = await this.#objects();
    this.#host.setNames(serviceNames(objects, this.#release.namespace));
    for (const template of inOrder(templatesOf(objects))) this.#pods.push(await this.#startPod(template));
  }

  /** As the kubelet does it; throws when one did not end with 0. */
  async stop(): Promise<void> {
    for (const pod of this.#pods.splice(0).toReversed()) {
      const { code, signal } = await pod.stop();
      if (code !== 0) throw new Error(`${pod.name} ended with ${signal ?? code}:\n${pod.output()}`);
    }
  }

  /** What `helm test` runs, with these variables beside its own. */
  async test(env: Record<string, string> = {}): Promise<Ended> {
    const container = await this.#testContainer();
    return this.#host.run({ ...container, env: { ...container.env, ...env } });
  }

  /** A shell script in a container like the control plane's. */
  async script(text: string): Promise<string> {
    const template = templatesOf(await this.#objects()).find(({ of }) => of.endsWith('/slipway'));
    if (template === undefined) throw new Error('the release has no control plane');
    const container = await this.#ready(template.spec);
    return (await this.#host.run({ ...container, command: ['sh', '-c', text], args: [] })).output;
  }

  /** The image's command line, beside the pods and with the token that the chart's test has; `files` are in /files. */
  async commandLine(args: readonly string[], files: Record<string, string> = {}): Promise<Ended> {
    const folder = this.#host.newFolder();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { env, image } = await this.#testContainer();
    return this.#host.run({
      ...{ image, command: [], args: [...args], readOnly: true, user: 1000, group: 1000 },
      env: { SLIPWAY_SERVER: SERVER, SLIPWAY_TOKEN: env.SLIPWAY_TOKEN ?? '' },
      mounts: [{ from: folder, path: '/files', readOnly: true }],
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#host[Symbol.asyncDispose]();
  }

  #objects(): Promise<ReleaseObjects> {
    return ReleaseObjects.read(this.#release.cluster.api, this.#release.namespace);
  }

  #testContainer(): Promise<ReadyContainer> {
    if (this.#hook === undefined) throw new Error('the release has no pod to test it with');
    return this.#ready(this.#hook);
  }

  #ready(spec: PodSpec): Promise<ReadyContainer> {
    const { cluster, namespace } = this.#release;
    const { claims } = this.#host;
    return makeReady({ api: cluster.api, namespace, spec, folder: this.#host.newFolder(), claims });
  }

  async #startPod({ of, spec }: PodTemplate): Promise<RunningPod> {
    const name = of.split('/').at(-1) ?? of;
    const pod = this.#host.start(name, await this.#ready(spec), spec.terminationGracePeriodSeconds * 1000);
    const probe = probeOf(spec);
    if (probe !== undefined) await this.#host.untilReady(probe, pod, READY_MS);
    return pod;
  }
}

/** A Service's short name leads to it from its own namespace, the longer ones from everywhere. */
function serviceNames(objects: ReleaseObjects, namespace: string): string[] {
  return objects.of('v1/services').flatMap(({ name }) => {
    const whole = `${name}.${namespace}`;
    return [name, whole, `${whole}.svc`, `${whole}.svc.cluster.local`];
  });
}

function inOrder(templates: readonly PodTemplate[]): PodTemplate[] {
  const place = ({ of }: PodTemplate): number => {
    const at = FIRST.indexOf(of.split('/').at(-1) ?? '');
    return at < 0 ? FIRST.length : at;
  };
  return templates
    .filter(({ spec }) => !spec.containers.some(({ image }) => STRANGER.test(image)))
    .toSorted((a, b) => place(a) - place(b));
}

/** The address that its readiness probe asks. */
function probeOf({ containers: [container] }: PodSpec): string | undefined {
  const get = container?.readinessProbe?.httpGet;
  if (container === undefined || get === undefined) return undefined;
  const port = container.ports.find(({ name }) => name === get.port)?.containerPort ?? get.port;
  return `http://127.0.0.1:${port}${get.path}`;
}
