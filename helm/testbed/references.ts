import { z } from 'zod';
import type { Api } from './api.ts';
import type { PodTemplate } from './pod-templates.ts';
import type { ReleaseObjects } from './release-objects.ts';

const keysSchema = z.object({
  data: z.record(z.string(), z.string()).default({}),
  binaryData: z.record(z.string(), z.string()).default({}),
});
const selectorSchema = z.record(z.string(), z.string());
const serviceSchema = z.object({
  spec: z.object({
    selector: selectorSchema,
    ports: z.array(z.object({ port: z.number(), targetPort: z.union([z.string(), z.number()]) })),
  }),
});
const matchLabels = z.object({ matchLabels: selectorSchema.default({}) });
const policySchema = z.object({ spec: z.object({ podSelector: matchLabels }) });
const budgetSchema = z.object({ spec: z.object({ selector: matchLabels }) });

/** What a pod would wait for in vain, or what would never reach one: names that lead nowhere, which the API server takes. */
export async function danglingIn(api: Api, namespace: string, objects: ReleaseObjects, templates: PodTemplate[]) {
  const found = await Promise.all(templates.map((template) => danglingInPod(api, namespace, template)));
  return [...found.flat(), ...selectorsOfNobody(objects, templates)];
}

async function danglingInPod(api: Api, namespace: string, { of, spec }: PodTemplate): Promise<string[]> {
  const has = (resource: string, name: string): Promise<{ there: boolean; keys: string[] }> =>
    api.ask('GET', `/api/v1/namespaces/${namespace}/${resource}/${name}`).then(({ status, text }) => {
      const { data, binaryData } = status === 200 ? keysSchema.parse(JSON.parse(text)) : { data: {}, binaryData: {} };
      return { there: status === 200, keys: [...Object.keys(data), ...Object.keys(binaryData)] };
    });
  const wanted: { resource: string; name: string; keys: string[] }[] = [];
  const want = (resource: string, name: string, keys: readonly string[], optional: boolean): void => {
    if (!optional) wanted.push({ resource, name, keys: [...keys] });
  };
  for (const { valueFrom } of spec.containers.flatMap(({ env }) => env)) {
    const { secretKeyRef: secret, configMapKeyRef: map } = valueFrom ?? {};
    if (secret !== undefined) want('secrets', secret.name, [secret.key], secret.optional);
    if (map !== undefined) want('configmaps', map.name, [map.key], map.optional);
  }
  for (const { secretRef, configMapRef } of spec.containers.flatMap(({ envFrom }) => envFrom)) {
    if (secretRef !== undefined) want('secrets', secretRef.name, [], secretRef.optional);
    if (configMapRef !== undefined) want('configmaps', configMapRef.name, [], configMapRef.optional);
  }
  for (const { secret, configMap, persistentVolumeClaim } of spec.volumes) {
    const keys = (secret?.items ?? configMap?.items ?? []).map(({ key }) => key);
    if (secret !== undefined) want('secrets', secret.secretName, keys, secret.optional);
    if (configMap !== undefined) want('configmaps', configMap.name, keys, configMap.optional);
    if (persistentVolumeClaim !== undefined) want('persistentvolumeclaims', persistentVolumeClaim.claimName, [], false);
  }
  if (spec.serviceAccountName !== undefined) want('serviceaccounts', spec.serviceAccountName, [], false);
  const missing = await Promise.all(
    wanted.map(async ({ resource, name, keys }) => {
      const { there, keys: held } = await has(resource, name);
      if (!there) return [`${of} needs ${resource}/${name}, which is not there`];
      return keys
        .filter((key) => !held.includes(key))
        .map((key) => `${of} needs the key ${key} of ${resource}/${name}`);
    }),
  );
  return missing.flat();
}

function selectorsOfNobody(objects: ReleaseObjects, templates: PodTemplate[]): string[] {
  const selected = (selector: Record<string, string>): PodTemplate[] =>
    templates.filter(({ labels }) => Object.entries(selector).every(([key, value]) => labels[key] === value));
  const services = objects.of('v1/services').flatMap(({ name, object }) => {
    const { selector, ports } = serviceSchema.parse(object).spec;
    const pods = selected(selector);
    if (pods.length === 0) return [`service ${name} selects no pod`];
    const open = pods.flatMap(({ spec }) => spec.containers.flatMap((one) => one.ports));
    return ports
      .filter(({ targetPort }) => !open.some((one) => one.name === targetPort || one.containerPort === targetPort))
      .map(({ targetPort }) => `service ${name} leads to port ${targetPort}, which no pod of it has`);
  });
  const policies = objects
    .of('networking.k8s.io/v1/networkpolicies')
    .filter(({ object }) => selected(policySchema.parse(object).spec.podSelector.matchLabels).length === 0)
    .map(({ name }) => `network policy ${name} selects no pod`);
  const budgets = objects
    .of('policy/v1/poddisruptionbudgets')
    .filter(({ object }) => selected(budgetSchema.parse(object).spec.selector.matchLabels).length === 0)
    .map(({ name }) => `disruption budget ${name} selects no pod`);
  return [...services, ...policies, ...budgets];
}
