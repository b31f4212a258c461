import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bring } from '../brought.ts';
import type { Checks } from '../checks.ts';
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
/** Who one is in a container, and where one can write. */
const PROBE = `echo "user $(id -u), capabilities $(sed -n 's/^CapBnd:\\s*//p' /proc/self/status)"
for folder in / /app /bin /data /etc /etc/slipway /proc/sys /tmp /usr; do touch $folder/probe 2>/dev/null && echo $folder; done; true`;

type Setting = { case: Case; chart: string; layer: string; cluster: Cluster; checks: Checks; home: string };

/** A release whose pods run as processes. */
export type LivingRelease = {
  /** Runs the image's command line beside them, with the token that the chart's own test has. */
  commandLine(
    args: readonly string[],
    files?: Record<string, string>,
  ): Promise<{ code: number | null; output: string }>;
};

/**
 * Starts the pods of a release as processes, from the objects that Helm has made in the API server; runs what `helm test` would, then
 * `work`, and ends them as the kubelet does.
 */
export async function livePods(setting: Setting, work: (living: LivingRelease) => Promise<void>): Promise<void> {
  const { case: one, chart, layer, cluster, checks, home } = setting;
  const namespace = `pods-${one.name}`;
  const release = new Release({ cluster, namespace, home });
  await cluster.makeNamespace(namespace);
  await bring(cluster.api, namespace, one.name);
  await release.install(chart, [one.values]);
  const objects = await ReleaseObjects.read(cluster.api, namespace);
  const folder = join(home, namespace);
  await using host = await PodHost.start({ layer, names: serviceNames(objects, namespace), folder });

  const ready = (spec: PodSpec): Promise<ReadyContainer> =>
    makeReady({ api: cluster.api, namespace, spec, folder: host.newFolder(), claims: host.claims });
  const pods: RunningPod[] = [];
  const started = await checks.that(
    `${one.name}: its pods run, as processes of their user with a read-only root and no capability`,
    async () => {
      for (const template of inOrder(templatesOf(objects)))
        pods.push(await startPod(host, template, await ready(template.spec)));
    },
  );
  if (!started) return;

  await checks.that(`${one.name}: its control plane can write to its volumes and to nothing else`, async () => {
    const [first] = templatesOf(objects).filter(({ of }) => of.endsWith('/slipway'));
    if (first === undefined) throw new Error('the release has no control plane');
    const { output } = await host.run({ ...(await ready(first.spec)), command: ['sh', '-c', PROBE], args: [] });
    if (output !== 'user 1000, capabilities 0000000000000000\n/data\n/tmp\n') throw new Error(output);
  });
  const hooks = await release.get('hooks');
  await makeHookFiles(cluster.api, namespace, hooks);
  const [hook] = await admitHooks(cluster.api, namespace, hooks);
  await checks.that(`${one.name}: what helm test runs ends with 0`, async () => {
    if (hook === undefined) throw new Error('the release has no pod to test it with');
    const { code, output } = await host.run(await ready(hook));
    if (code !== 0) throw new Error(`it ended with ${code}:\n${output}`);
  });
  await checks.that(`caught: helm test of ${one.name} where the control plane does not know its token`, async () => {
    if (hook === undefined) throw new Error('the release has no pod to test it with');
    const container = await ready(hook);
    const { code, output } = await host.run({ ...container, env: { ...container.env, SLIPWAY_TOKEN: 'unknown' } });
    if (code === 0 || !output.includes(' 401 ')) throw new Error(`it ended with ${code}:\n${output}`);
  });

  const token = hook === undefined ? '' : ((await ready(hook)).env.SLIPWAY_TOKEN ?? '');
  await work({ commandLine: (args, files) => host.run(commandLine(host, token, args, files ?? {})) });
  await checks.that(`${one.name}: on SIGTERM every pod ends with 0, within its grace period`, async () => {
    for (const pod of pods.toReversed()) {
      const { code, signal } = await pod.stop();
      if (code !== 0) throw new Error(`${pod.name} ended with ${signal ?? code}:\n${pod.output()}`);
    }
  });
}

/** A Service's short name leads to it from its own namespace, the longer ones from everywhere. */
function serviceNames(objects: ReleaseObjects, namespace: string): string[] {
  return objects
    .of('v1/services')
    .flatMap(({ name }) => [
      name,
      `${name}.${namespace}`,
      `${name}.${namespace}.svc`,
      `${name}.${namespace}.svc.cluster.local`,
    ]);
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

async function startPod(host: PodHost, { of, spec }: PodTemplate, container: ReadyContainer): Promise<RunningPod> {
  const pod = host.start(of.split('/').at(-1) ?? of, container, spec.terminationGracePeriodSeconds * 1000);
  const probe = probeOf(spec);
  if (probe !== undefined) await host.untilReady(probe, pod, READY_MS);
  return pod;
}

/** The address that its readiness probe asks. */
function probeOf({ containers: [container] }: PodSpec): string | undefined {
  const get = container?.readinessProbe?.httpGet;
  if (container === undefined || get === undefined) return undefined;
  const port = container.ports.find(({ name }) => name === get.port)?.containerPort ?? get.port;
  return `http://127.0.0.1:${port}${get.path}`;
}

function commandLine(
  host: PodHost,
  token: string,
  args: readonly string[],
  files: Record<string, string>,
): ReadyContainer {
  const folder = join(host.newFolder(), 'files');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return {
    env: { SLIPWAY_SERVER: 'http://slipway:8484', SLIPWAY_TOKEN: token },
    ...{ image: 'slipway:layer', command: [], args: [...args], readOnly: true, user: 1000, group: 1000 },
    mounts: [{ from: folder, path: '/files', readOnly: true }],
  };
}
