import { loadAll } from 'js-yaml';
import { expect, test } from 'vitest';
import { CHART, helm, type Manifest, manifests, named, VALUES_FILES } from './helm.ts';

interface Pod {
  automountServiceAccountToken?: boolean;
  securityContext?: { runAsNonRoot?: boolean; seccompProfile?: { type: string } };
  terminationGracePeriodSeconds?: number;
  containers: Container[];
  volumes?: Volume[];
}
interface Container {
  name: string;
  securityContext?: {
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    capabilities?: { drop?: string[] };
  };
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  env?: { valueFrom?: { secretKeyRef?: { name: string; key: string } } }[];
  volumeMounts?: { name: string }[];
}
interface Volume {
  name: string;
  secret?: { secretName: string };
  configMap?: { name: string };
  persistentVolumeClaim?: { claimName: string };
}

/** Objects that a values file expects somebody else to make. */
const OF_OTHERS: Record<string, string[]> = {
  'nats-postgres-keptn': ['Secret slipway-postgres'],
  'nats-mongo': ['Secret slipway-mongodb', 'Secret slipway-broker', 'Secret checknumber-credentials'],
  'all-services': ['ConfigMap greeter-python'],
  hardened: [
    'Secret slipway-tokens',
    'Secret slipway-nats-user',
    'Secret checknumber-credentials',
    'ConfigMap company-ca',
  ],
};

function podsOf(all: readonly Manifest[]): { name: string; pod: Pod }[] {
  return all.flatMap(({ kind, metadata, spec }) => {
    if (kind === 'Pod') return [{ name: metadata.name, pod: spec as unknown as Pod }];
    const template = spec?.template as { spec: Pod } | undefined;
    return template === undefined ? [] : [{ name: metadata.name, pod: template.spec }];
  });
}

test.each(VALUES_FILES)('%s: every pod is as the standard restricted wants it, and talks to no API', async (file) => {
  for (const { name, pod } of podsOf(await manifests(file))) {
    expect(pod, name).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const container of pod.containers) {
      expect(container, name).toMatchObject({
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        },
        resources: {
          requests: { cpu: expect.any(String), memory: expect.any(String) },
          limits: { memory: expect.any(String) },
        },
      });
    }
  }
});

test.each(VALUES_FILES)('%s: what a pod refers to is made by the chart, or named in its values', async (file) => {
  const all = await manifests(file);
  const made = new Set(all.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
  const missing = new Set<string>();
  for (const { pod } of podsOf(all)) {
    for (const wanted of references(pod)) if (!made.has(wanted)) missing.add(wanted);
    const volumes = (pod.volumes ?? []).map(({ name }) => name);
    for (const { volumeMounts = [] } of pod.containers) {
      for (const { name } of volumeMounts) expect(volumes).toContain(name);
    }
  }
  expect([...missing].toSorted()).toEqual((OF_OTHERS[file] ?? []).toSorted());
});

test.each(VALUES_FILES)('%s: who drains has the time for it', async (file) => {
  for (const { name, pod } of podsOf(await manifests(file))) {
    if (name.endsWith('-test') || name.endsWith('-nats')) continue;
    // The control plane: 5 s to be forgotten, 25 s to drain. A service on the SDK: 20 s to end, 10 s to answer.
    expect(pod.terminationGracePeriodSeconds, name).toBeGreaterThan(30);
  }
});

test.each(VALUES_FILES)('%s: no name twice, and every object in the namespace of the release', async (file) => {
  const names = (await manifests(file)).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(names).toEqual([...new Set(names)]);
});

test('the longest names still fit', async () => {
  const all = await manifests({
    fullnameOverride: 'a'.repeat(60),
    nats: { enabled: true },
    serviceMonitor: { enabled: true },
    services: [
      { name: 'b'.repeat(30), image: 'x', connect: 'nats' },
      { name: 'c'.repeat(30), image: 'x', connect: 'push' },
    ],
  });
  for (const { kind, metadata } of all) {
    // What Kubernetes allows to a Service and to the value of a label.
    expect(metadata.name.length, `${kind} ${metadata.name}`).toBeLessThanOrEqual(63);
    for (const label of Object.values(metadata.labels ?? {})) expect(label.length).toBeLessThanOrEqual(63);
  }
});

test('names that are numbers or words of YAML stay texts', async () => {
  const values = {
    nats: { enabled: true },
    services: ['2024', 'on'].map((name) => ({ name, image: 'x', connect: 'nats' })),
  };
  const { out } = await helm(['template', '77', CHART, '--namespace', '1e3'], values);
  const all = loadAll(out).filter((one): one is Manifest => typeof one === 'object' && one !== null);
  for (const { kind, metadata } of all) {
    expect(metadata, kind).toMatchObject({ namespace: '1e3', labels: { 'app.kubernetes.io/instance': '77' } });
  }
  for (const name of ['2024', 'on']) {
    const [service] = podsOf([named(all, 'Deployment', `77-slipway-${name}`)]);
    expect(service?.pod.containers[0]?.env).toContainEqual({ name: 'SLIPWAY_NAME', value: name });
    expect(named(all, 'ConfigMap', '77-slipway-nats').data?.['nats.conf']).toContain(`user: "${name}"`);
  }
});

test('a label or annotation of the values that the chart has as well is there once, and cannot undo what selects', async () => {
  const labels = { 'app.kubernetes.io/part-of': 'shop', 'app.kubernetes.io/component': 'mine', team: 'a' };
  const all = await manifests({
    commonLabels: labels,
    podLabels: labels,
    persistence: { annotations: { 'helm.sh/resource-policy': 'keep', backup: 'yes' } },
    serviceMonitor: { enabled: true, labels: { team: 'b' } },
    nats: { enabled: true, podAnnotations: { 'checksum/config': 'mine', own: 'yes' } },
  });
  const own = { 'app.kubernetes.io/part-of': 'slipway', 'app.kubernetes.io/component': 'control-plane' };
  expect(named(all, 'StatefulSet', 'slipway').metadata.labels).toMatchObject({ ...own, team: 'a' });
  expect(named(all, 'ServiceMonitor', 'slipway').metadata.labels).toMatchObject({ ...own, team: 'b' });
  expect(named(all, 'PersistentVolumeClaim', 'slipway-data').metadata.annotations).toEqual({
    ...{ 'helm.sh/resource-policy': 'keep', backup: 'yes' },
  });
});

test('a service that is scaled to nothing has no pod', async () => {
  const all = await manifests({ services: [{ name: 'checknumber', replicas: 0, terminationGracePeriodSeconds: 0 }] });
  const { spec } = named(all, 'Deployment', 'slipway-checknumber');
  expect(spec).toMatchObject({ replicas: 0, template: { spec: { terminationGracePeriodSeconds: 0 } } });
});

function references(pod: Pod): string[] {
  const fromEnv = pod.containers.flatMap(({ env = [] }) =>
    env.flatMap(({ valueFrom }) => (valueFrom?.secretKeyRef ? [`Secret ${valueFrom.secretKeyRef.name}`] : [])),
  );
  const fromVolumes = (pod.volumes ?? []).flatMap(({ secret, configMap, persistentVolumeClaim: claim }) => [
    ...(secret ? [`Secret ${secret.secretName}`] : []),
    ...(configMap ? [`ConfigMap ${configMap.name}`] : []),
    ...(claim ? [`PersistentVolumeClaim ${claim.claimName}`] : []),
  ]);
  return [...fromEnv, ...fromVolumes];
}
