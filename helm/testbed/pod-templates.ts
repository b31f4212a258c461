import { z } from 'zod';
import type { Api } from './api.ts';
import type { ReleaseObjects } from './release-objects.ts';

const keyRef = z.object({ name: z.string(), key: z.string(), optional: z.boolean().default(false) });
const nameRef = z.object({ name: z.string(), optional: z.boolean().default(false) });
const items = z.array(z.object({ key: z.string(), path: z.string() })).optional();
const optional = z.boolean().default(false);
const defaultMode = z.number().default(0o644);

const containerSchema = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  securityContext: z
    .looseObject({ readOnlyRootFilesystem: z.boolean().default(false) })
    .default({ readOnlyRootFilesystem: false }),
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
  envFrom: z.array(z.object({ secretRef: nameRef.optional(), configMapRef: nameRef.optional() })).default([]),
  readinessProbe: z
    .looseObject({ httpGet: z.looseObject({ path: z.string(), port: z.union([z.string(), z.number()]) }).optional() })
    .optional(),
  ports: z.array(z.object({ name: z.string().optional(), containerPort: z.number() })).default([]),
  volumeMounts: z
    .array(
      z.object({
        name: z.string(),
        mountPath: z.string(),
        subPath: z.string().optional(),
        readOnly: z.boolean().default(false),
      }),
    )
    .default([]),
});
export type Container = z.output<typeof containerSchema>;

const volumeSchema = z.looseObject({
  name: z.string(),
  secret: z.object({ secretName: z.string(), items, optional, defaultMode }).optional(),
  configMap: z.object({ name: z.string(), items, optional, defaultMode }).optional(),
  emptyDir: z.looseObject({}).optional(),
  persistentVolumeClaim: z.object({ claimName: z.string() }).optional(),
});
export type Volume = z.output<typeof volumeSchema>;

const podSpecSchema = z.looseObject({
  serviceAccountName: z.string().optional(),
  terminationGracePeriodSeconds: z.number().default(30),
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
const KIND = /^kind: (?<kind>\S+)$/m;

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
export function admit(api: Api, namespace: string, template: PodTemplate): Promise<PodSpec> {
  const name = `${template.of.split('/').at(-1)}-0`;
  const pod = { apiVersion: 'v1', kind: 'Pod', ...template.raw, metadata: { ...template.raw.metadata, name } };
  return admitPod(api, namespace, { of: template.of, body: JSON.stringify(pod), contentType: 'application/json' });
}

/** The same for the pods among a release's hooks, given as Helm tells them; answers what became of them. */
export async function admitHooks(api: Api, namespace: string, hooks: string): Promise<PodSpec[]> {
  const admitted: PodSpec[] = [];
  for (const body of ofKind('Pod', hooks))
    admitted.push(await admitPod(api, namespace, { of: 'a hook', body, contentType: 'application/yaml' }));
  return admitted;
}

/** Makes what the pods among the hooks mount, as Helm does right before it makes the pods. */
export async function makeHookFiles(api: Api, namespace: string, hooks: string): Promise<void> {
  for (const body of ofKind('ConfigMap', hooks))
    await api.create(`/api/v1/namespaces/${namespace}/configmaps`, body, 'application/yaml');
}

function ofKind(kind: string, manifests: string): string[] {
  return manifests.split(/^---$/m).filter((text) => KIND.exec(text)?.groups?.kind === kind);
}

async function admitPod(
  api: Api,
  namespace: string,
  { of, body, contentType }: { of: string; body: string; contentType: string },
): Promise<PodSpec> {
  const { object, warnings } = await api.create(
    `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`,
    body,
    contentType,
  );
  if (warnings.length > 0) throw new Error(`${of}: ${warnings.join('; ')}`);
  const { spec } = z.object({ spec: podSpecSchema }).parse(object);
  // Put there for every pod that does not say no.
  if (spec.volumes.some(({ name }) => name.startsWith('kube-api-access'))) {
    throw new Error(`${of} gets a token for the API server, which it has no use for`);
  }
  return spec;
}
