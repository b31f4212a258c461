import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checks } from './checks.ts';
import type { Cluster } from './cluster.ts';
import { Release } from './helm.ts';
import { changesNothing, nothingDangles, podsAreAdmitted, secretsSurvive } from './lifecycle.ts';
import { namesIn, ReleaseObjects } from './release-objects.ts';

/** Something that a chart can do wrong, which the checks have to catch. */
type Fault = {
  name: string;
  /** One more template of the chart. */
  template: string;
  /** What makes it show. */
  show: (release: Release, chart: string) => Promise<unknown>;
  /** What the check has to say. */
  says: RegExp;
};

const DEPLOYMENT = (container: string, more = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: fault}
spec:
  selector: {matchLabels: {app: fault}}
  ${more}
  template:
    metadata: {labels: {app: fault}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers: [{name: fault, image: fault, ${container}}]
`;
const SAFE = 'securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}';

const install = (release: Release, chart: string): Promise<void> => release.install(chart, []);
const read = (release: Release): Promise<ReleaseObjects> => ReleaseObjects.read(release.cluster.api, release.namespace);

const FAULTS: readonly Fault[] = [
  {
    name: 'a privileged container',
    template: DEPLOYMENT('securityContext: {privileged: true}'),
    show: install,
    says: /the API server warned:[\s\S]*would violate PodSecurity "restricted:latest": privileged/,
  },
  {
    name: 'a privileged container, where nobody warns',
    template: DEPLOYMENT('securityContext: {privileged: true}'),
    show: async (release, chart) => {
      await install(release, chart).catch(() => undefined);
      await podsAreAdmitted(release, await read(release));
    },
    says: /violates PodSecurity "restricted:latest": privileged/,
  },
  {
    name: 'a field that does not exist',
    template: DEPLOYMENT(SAFE, 'replicaz: 3'),
    show: install,
    says: /replicaz/,
  },
  {
    name: 'a Secret made anew at every upgrade',
    template: 'apiVersion: v1\nkind: Secret\nmetadata: {name: fault}\ndata: {token: {{ randAlphaNum 32 | b64enc }}}\n',
    show: async (release, chart) => {
      await install(release, chart);
      const before = await read(release);
      await release.upgrade(chart, []);
      secretsSurvive(before, await read(release));
    },
    says: /Secrets that did not survive:\nfault\/token/,
  },
  {
    name: 'pods that every upgrade replaces',
    template: DEPLOYMENT(`${SAFE}, env: [{name: AT, value: {{ now | quote }}}]`),
    show: async (release, chart) => {
      await install(release, chart);
      // The stamp counts nanoseconds.
      await changesNothing(release, () => release.upgrade(chart, []));
    },
    says: /changed:[\s\S]*apps\/v1\/deployments\/fault/,
  },
  {
    name: 'an object that an uninstall forgets',
    template:
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fault, annotations: {helm.sh/resource-policy: keep}}\ndata: {}\n',
    show: async (release, chart) => {
      await install(release, chart);
      await release.uninstall();
      const left = await namesIn(release.cluster.api, release.namespace);
      if (left.includes('v1/configmaps/fault')) throw new Error(`left behind: ${left.join(', ')}`);
    },
    says: /left behind: .*v1\/configmaps\/fault/,
  },
  {
    name: 'a pod that waits for a Secret that nobody makes',
    template: DEPLOYMENT(`${SAFE}, envFrom: [], env: [{name: A, valueFrom: {secretKeyRef: {name: nowhere, key: a}}}]`),
    show: async (release, chart) => {
      await install(release, chart);
      await nothingDangles(release, await read(release));
    },
    says: /apps\/v1\/deployments\/fault needs secrets\/nowhere, which is not there/,
  },
];

/** Plants each fault in a copy of the chart, and sees it caught by the check that is meant for it. */
export async function plantFaults(options: {
  chart: string;
  cluster: Cluster;
  checks: Checks;
  home: string;
}): Promise<void> {
  const { chart, cluster, checks, home } = options;
  for (const [index, fault] of FAULTS.entries()) {
    const copy = join(home, `fault-${index}`);
    cpSync(chart, copy, { recursive: true });
    writeFileSync(join(copy, 'templates', 'fault.yaml'), fault.template);
    const namespace = `fault-${index}`;
    await cluster.makeNamespace(namespace);
    await checks.that(`caught: ${fault.name}`, async () => {
      const said = await fault.show(new Release({ cluster, namespace, home }), copy).then(
        () => 'nothing',
        (error: Error) => error.message,
      );
      if (!fault.says.test(said)) throw new Error(`wanted ${fault.says}, and the check said: ${said}`);
    });
  }
}
