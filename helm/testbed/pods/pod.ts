import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Api } from '../api.ts';
import type { Container, PodSpec, Volume } from '../pod-templates.ts';

const dataSchema = z.object({
  data: z.record(z.string(), z.string()).default({}),
  binaryData: z.record(z.string(), z.string()).default({}),
});
type Item = { key: string; path: string };

/** A container with everything that it refers to looked up: what a kubelet hands to a container runtime. */
export type ReadyContainer = {
  env: Record<string, string>;
  command: string[];
  args: string[];
  image: string;
  readOnly: boolean;
  user: number;
  group: number;
  mounts: { from: string; path: string; readOnly: boolean }[];
};

/** Looks up what a pod's only container refers to, and lays out its volumes below `folder`. Claims are folders below `claims`. */
export async function makeReady(options: {
  api: Api;
  namespace: string;
  spec: PodSpec;
  folder: string;
  claims: string;
}): Promise<ReadyContainer> {
  const { api, namespace, spec, folder, claims } = options;
  const [container, ...more] = spec.containers;
  if (container === undefined || more.length > 0) throw new Error('the pod has not one container');
  const { runAsUser, runAsGroup, fsGroup } = spec.securityContext;
  const { readOnlyRootFilesystem } = container.securityContext;
  if (runAsUser === undefined || runAsGroup === undefined) throw new Error('the pod does not say as whom it runs');

  const read = async (kind: 'secrets' | 'configmaps', name: string): Promise<Record<string, Buffer>> => {
    const { data, binaryData } = dataSchema.parse(await api.get(`/api/v1/namespaces/${namespace}/${kind}/${name}`));
    const encoded = kind === 'secrets' ? data : binaryData;
    const plain = kind === 'secrets' ? {} : data;
    return {
      ...Object.fromEntries(Object.entries(encoded).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
      ...Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, Buffer.from(value)])),
    };
  };
  const layOut = async (volume: Volume): Promise<string> => {
    const claim = volume.persistentVolumeClaim?.claimName;
    const place = claim === undefined ? join(folder, volume.name) : join(claims, claim);
    mkdirSync(place, { recursive: true });
    chownSync(place, 0, fsGroup ?? 0);
    const { secret, configMap } = volume;
    if (secret !== undefined) writeFiles(place, await read('secrets', secret.secretName), secret, fsGroup ?? 0);
    else if (configMap !== undefined)
      writeFiles(place, await read('configmaps', configMap.name), configMap, fsGroup ?? 0);
    else chmodSync(place, 0o2777);
    return place;
  };
  const places = new Map<string, string>();
  for (const volume of spec.volumes) places.set(volume.name, await layOut(volume));
  const env = await readEnvironment(container, read);
  return {
    env,
    command: container.command.map((text) => expand(text, env)),
    args: container.args.map((text) => expand(text, env)),
    image: container.image,
    readOnly: readOnlyRootFilesystem,
    ...{ user: runAsUser, group: fsGroup ?? runAsGroup },
    mounts: container.volumeMounts.map(({ name, mountPath, subPath, readOnly }) => ({
      from: join(places.get(name) ?? '', subPath ?? ''),
      path: mountPath,
      readOnly,
    })),
  };
}

function writeFiles(
  folder: string,
  values: Record<string, Buffer>,
  { items, defaultMode }: { items?: Item[] | undefined; defaultMode: number },
  group: number,
): void {
  for (const { key, path } of items ?? Object.keys(values).map((key) => ({ key, path: key }))) {
    const file = join(folder, path);
    writeFileSync(file, values[key] ?? '');
    chownSync(file, 0, group);
    // The group of a volume may read what is in it.
    chmodSync(file, defaultMode | 0o040);
  }
}

async function readEnvironment(
  container: Container,
  read: (kind: 'secrets' | 'configmaps', name: string) => Promise<Record<string, Buffer>>,
): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const { secretRef, configMapRef } of container.envFrom) {
    const values = secretRef === undefined ? undefined : await read('secrets', secretRef.name);
    const more = configMapRef === undefined ? undefined : await read('configmaps', configMapRef.name);
    for (const [name, value] of Object.entries({ ...values, ...more })) env[name] = String(value);
  }
  for (const { name, value, valueFrom } of container.env) {
    const { secretKeyRef: secret, configMapKeyRef: map } = valueFrom ?? {};
    if (secret !== undefined) env[name] = String((await read('secrets', secret.name))[secret.key] ?? '');
    else if (map !== undefined) env[name] = String((await read('configmaps', map.name))[map.key] ?? '');
    else env[name] = expand(value ?? '', env);
  }
  return env;
}

/** `$(NAME)`, as Kubernetes writes it; a name that there is not stays as it is. */
function expand(text: string, env: Record<string, string>): string {
  return text.replace(/\$\(([A-Za-z_][A-Za-z0-9_]*)\)/g, (whole, name: string) => env[name] ?? whole);
}
