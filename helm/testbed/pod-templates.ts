import { z } from 'zod';
import type { Api } from './api.ts';
import type { ReleaseObjects } from './release-objects.ts';

const keyRef = z.object({ name: z.string(), key: z.string(), optional: z.boolean().default(false) });
const items = z.array(z.object({ key: z.string(), path: z.string() })).optional();
const optional = z.boolean().default(false);

const containerSchema = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z
          .object({
            secretKeyRef: keyRef.optional(),
            configMapKeyRef: keyRef.optional(),
            fieldRef: z.object({ fieldPath: z.string() }).optional(),
          })
          .optional(),
      }),
    )
    .default([]),
  ports: z.array(z.object({ name: z.string().optional(), containerPort: z.number() })).default([]),
  volumeMounts: z
    .array(
      z.object({
        name: z.string(),
        mountPath: z.string(),
        subPath: z.string().optional(),
        readOnly: z.boolean().optional(),
      }),
    )
    .default([]),
});
export type Container = z.output<typeof containerSchema>;

const volumeSchema = z.looseObject({
  name: z.string(),
  secret: z.object({ secretName: z.string(), items, optional }).optional(),
  configMap: z.object({ name: z.string(), items, optional }).optional(),
  emptyDir: z.looseObject({}).optional(),
  persistentVolumeClaim: z.object({ claimName: z.string() }).optional(),
});
export type Volume = z.output<typeof volumeSchema>;

const podSpecSchema = z.looseObject({
  serviceAccountName: z.string().optional(),
  securityContext: z
    .looseObject({
      runAsUser: z.number().optional(),
      runAsGroup: z.number().optional(),
      fsGroup: z.number().optional(),
    })
    .default({}),
  containers: z.array(containerSchema),
  volumes: z.array(volumeSchema).default([]),
});
export type PodSpec = z.output<typeof podSpecSchema>;

const templateSchema = z.looseObject({
  metadata: z.looseObject({
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: podSpecSchema,
});

export type PodTemplate = {
  /** `apps/v1/deployments/slipway`. */
  of: string;
  labels: Record<string, string>;
  spec: PodSpec;
  /** As the server has it. */
  raw: { metadata?: object | undefined; spec: object };
};

const workloadSchema = z.object({ spec: z.looseObject({ template: z.unknown().optional() }) });
const hookSchema = /^kind: (?<kind>\S+)$/m;

/** The pods that the release's workloads would be made of. */
export function templatesOf(objects: ReleaseObjects): PodTemplate[] {
  const kinds = ['deployments', 'statefulsets', 'daemonsets'].map((name) => `apps/v1/${name}`);
  return objects.of(...kinds, 'batch/v1/jobs').map(({ resource, name, object }) => {
    const { template } = workloadSchema.parse(object).spec;
    const { metadata, spec } = templateSchema.parse(template);
    const raw = z.object({ metadata: z.looseObject({}).optional(), spec: z.looseObject({}) }).parse(template);
    return { of: `${resource}/${name}`, labels: metadata.labels, spec, raw };
  });
}

/** Asks the server to take it as a Pod, as a controller would, without keeping it. */
export async function admit(api: Api, namespace: string, template: PodTemplate): Promise<void> {
  const name = `${template.of.split('/').at(-1)}-0`;
  const pod = { apiVersion: 'v1', kind: 'Pod', ...template.raw, metadata: { ...template.raw.metadata, name } };
  const warnings = await api.create(podsPath(namespace), pod);
  if (warnings.length > 0) throw new Error(`${template.of}: ${warnings.join('; ')}`);
}

/** The same for the pods among a release's hooks, given as Helm tells them; answers how many there were. */
export async function admitHooks(api: Api, namespace: string, hooks: string): Promise<number> {
  const pods = hooks.split(/^---$/m).filter((text) => hookSchema.exec(text)?.groups?.kind === 'Pod');
  for (const pod of pods) {
    const warnings = await api.create(podsPath(namespace), pod, 'application/yaml');
    if (warnings.length > 0) throw new Error(`hook: ${warnings.join('; ')}`);
  }
  return pods.length;
}

export function parsePodSpec(spec: unknown): PodSpec {
  return podSpecSchema.parse(spec);
}

function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`;
}
