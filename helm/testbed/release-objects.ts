import { z } from 'zod';
import type { Api, Found } from './api.ts';

const KEEP = 'helm.sh/resource-policy';
const OF_RELEASE = 'meta.helm.sh/release-name';
/** Helm's own memory of a release. */
const MEMORY = 'helm.sh/release.v1';

const dataSchema = z.looseObject({ data: z.record(z.string(), z.string()).default({}) });

const specSchema = z.record(z.string(), z.unknown());

/** The objects of a release in its namespace, by resource and name. */
export class ReleaseObjects {
  readonly #found: ReadonlyMap<string, Found>;

  constructor(found: readonly Found[]) {
    this.#found = new Map(found.map((one) => [`${one.resource}/${one.name}`, one]));
  }

  static async read(api: Api, namespace: string): Promise<ReleaseObjects> {
    const all = await api.listNamespace(namespace);
    return new ReleaseObjects(all.filter(({ object }) => object.metadata.annotations[OF_RELEASE] !== undefined));
  }

  get names(): string[] {
    return [...this.#found.keys()].toSorted();
  }

  /** What an uninstall leaves because the chart says so. */
  get kept(): string[] {
    return this.names.filter((name) => this.#found.get(name)?.object.metadata.annotations[KEEP] === 'keep');
  }

  of(...resources: string[]): Found[] {
    return [...this.#found.values()].filter((one) => resources.includes(one.resource));
  }

  /**
   * What each of them says. Its version in etcd is not part of that: the server at times writes an object that an apply has not
   * changed, with the same content.
   */
  get contents(): Map<string, string> {
    return new Map(
      [...this.#found].map(([name, { object }]) => {
        const { resourceVersion, managedFields, ...metadata } = object.metadata;
        return [name, JSON.stringify({ ...object, metadata })];
      }),
    );
  }

  /** What each of them is for, whoever made it and when: what people wrote, and nothing that the server added. */
  get substance(): Map<string, string> {
    return new Map(
      [...this.#found].map(([name, { object }]) => {
        const { annotations, labels } = object.metadata;
        const { clusterIP, clusterIPs, ...spec } = specSchema.parse(object.spec ?? {});
        return [name, JSON.stringify({ ...object, metadata: { annotations, labels }, spec, status: undefined })];
      }),
    );
  }

  /** What its Secrets hold, each value by `secret/key`. */
  get secrets(): Map<string, string> {
    return new Map(
      this.of('v1/secrets').flatMap(({ name, object }) =>
        Object.entries(dataSchema.parse(object).data).map(([key, value]): [string, string] => [
          `${name}/${key}`,
          Buffer.from(value, 'base64').toString(),
        ]),
      ),
    );
  }
}

/** Everything in the namespace. */
export async function namesIn(api: Api, namespace: string): Promise<string[]> {
  const all = await api.listNamespace(namespace);
  return all
    .map(({ resource, name, object }) => (object.type === MEMORY ? `Helm's memory of ${name}` : `${resource}/${name}`))
    .toSorted();
}

/** Names in one and not in the other, as sentences. */
export function differences(now: readonly string[], wanted: readonly string[]): string[] {
  return [
    ...now.filter((name) => !wanted.includes(name)).map((name) => `${name} should not be there`),
    ...wanted.filter((name) => !now.includes(name)).map((name) => `${name} is missing`),
  ];
}
