import { createHash } from 'node:crypto';
import { z } from 'zod';
import { bring } from './brought.ts';
import { type Checks, none } from './checks.ts';
import type { Cluster } from './cluster.ts';
import { Release } from './helm.ts';
import { admit, admitHooks, templatesOf } from './pod-templates.ts';
import { danglingIn } from './references.ts';
import { differences, namesIn, ReleaseObjects } from './release-objects.ts';

/** A values file that the chart is tested with. */
export type Case = { name: string; values: string };

type Installed = Case & { release: Release; objects: ReleaseObjects; brought: string[] };

/** Hashes of all tokens. */
const TOKENS = 'slipway-auth/tokens';
/** The chart's claims, and where their values are. */
const CLAIMS: Record<string, string> = { 'slipway-data': 'persistence', 'slipway-nats-data': 'nats.persistence' };
const claimSchema = z.object({
  spec: z.object({ accessModes: z.array(z.string()), storageClassName: z.string().default('') }),
});

/**
 * The life of the chart with each values file: installed as the first, then, in the namespace of the case before, as what that is
 * upgraded to, rolled back from, and uninstalled. So every file is installed once and upgraded to once.
 */
export async function liveThrough(options: {
  cases: readonly Case[];
  chart: string;
  cluster: Cluster;
  checks: Checks;
  home: string;
}): Promise<void> {
  const { cases, chart, cluster, checks, home } = options;
  const installed: Installed[] = [];
  for (const one of cases) {
    const namespace = `ci-${one.name}`;
    const release = new Release({ cluster, namespace, home });
    await cluster.makeNamespace(namespace);
    await bring(cluster.api, namespace, one.name);
    const brought = await namesIn(cluster.api, namespace);
    const ok = await checks.that(`${one.name}: installs without a warning, by server-side apply`, () =>
      release.install(chart, [one.values]),
    );
    if (!ok) continue;
    const objects = await ReleaseObjects.read(cluster.api, namespace);
    installed.push({ ...one, release, objects, brought });
    await checks.that(
      `${one.name}: its pods are accepted where *restricted* is enforced, and get no token of the API server`,
      () => podsAreAdmitted(release, objects),
    );
    await checks.that(`${one.name}: every Secret, ConfigMap, volume and selector leads somewhere`, () =>
      nothingDangles(release, objects),
    );
  }
  for (const [index, before] of installed.entries()) {
    const next = installed[(index + 1) % installed.length] ?? before;
    await upgradeAndBack({ before, next, chart, cluster, checks });
  }
}

async function upgradeAndBack(options: {
  before: Installed;
  next: Installed;
  chart: string;
  cluster: Cluster;
  checks: Checks;
}): Promise<void> {
  const { before, next, chart, cluster, checks } = options;
  const { release } = before;
  const { api } = cluster;
  const keep = keepingClaims(before.objects, next.objects);
  const kept = [...new Set([...before.objects.kept, ...next.objects.kept])];
  const becomes = async (wanted: ReleaseObjects): Promise<void> => {
    const now = await ReleaseObjects.read(api, release.namespace);
    const stays = kept.filter((name) => now.names.includes(name));
    none(differences(now.names, [...new Set([...wanted.names, ...stays])]), 'the namespace is not as it should be:');
    secretsSurvive(before.objects, now);
  };

  const upgraded = await checks.that(
    `${next.name}: upgrade from ${before.name}: no warning, its Secrets survive, what is not of it any more is gone`,
    async () => {
      await release.upgrade(chart, [next.values], keep);
      await becomes(next.objects);
    },
  );
  if (upgraded) {
    await checks.that(`${next.name}: the same upgrade once more changes nothing`, () =>
      changesNothing(release, () => release.upgrade(chart, [next.values], keep)),
    );
    await checks.that(
      `${next.name}: rollback to ${before.name}: no warning, Secrets survive, all as it was`,
      async () => {
        await release.rollback(1);
        await becomes(before.objects);
        const { substance } = await ReleaseObjects.read(api, release.namespace);
        const other = [...before.objects.substance].filter(([name, text]) => substance.get(name) !== text);
        none(
          other.map(([name]) => name),
          'not as it was:',
        );
      },
    );
  }
  const stays =
    kept.length === 0 ? 'nothing' : `only ${kept.map((name) => name.replace(/^.*\/(.*\/)/, '$1')).join(', ')}`;
  await checks.that(`${before.name}: uninstall leaves ${stays}`, async () => {
    await release.uninstall();
    const meant = [...before.brought, ...kept];
    none(
      (await namesIn(api, release.namespace)).filter((name) => !meant.includes(name)),
      'left behind:',
    );
  });
}

export async function podsAreAdmitted(release: Release, objects: ReleaseObjects): Promise<void> {
  const { api } = release.cluster;
  const templates = templatesOf(objects);
  if (templates.length === 0) throw new Error('the release has no pods at all');
  for (const template of templates) await admit(api, release.namespace, template);
  await admitHooks(api, release.namespace, await release.hooks());
}

export async function nothingDangles(release: Release, objects: ReleaseObjects): Promise<void> {
  const { api } = release.cluster;
  none(await danglingIn(api, release.namespace, objects, templatesOf(objects)), 'leads nowhere:');
}

/**
 * What was generated at the install has to be what pods and people go on using: no value is another one, as long as it is there,
 * and the control plane takes every token. (Its list of them is made of the others, and changes with the services.)
 */
export function secretsSurvive(before: ReleaseObjects, now: ReleaseObjects): void {
  const secrets = now.secrets;
  const changed = [...before.secrets].filter(([name, value]) => (secrets.get(name) ?? value) !== value);
  none(
    changed.map(([name]) => name).filter((name) => name !== TOKENS),
    'Secrets that did not survive:',
  );
  const list = secrets.get(TOKENS);
  if (list === undefined) return;
  const unknown = [...secrets].filter(([name, value]) => /token$/.test(name) && !list.includes(sha256(value)));
  none(
    unknown.map(([name]) => name),
    'tokens that the control plane would refuse:',
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * A claim's class and modes cannot be changed. Where two cases want others, who upgrades keeps those that there are: answers the
 * values that say so.
 */
function keepingClaims(before: ReleaseObjects, next: ReleaseObjects): string[] {
  const wanted = new Set(next.names);
  return before.of('v1/persistentvolumeclaims').flatMap(({ resource, name, object }) => {
    const values = CLAIMS[name];
    if (values === undefined || !wanted.has(`${resource}/${name}`)) return [];
    const { accessModes, storageClassName } = claimSchema.parse(object).spec;
    return [`${values}.accessMode=${accessModes[0]}`, `${values}.storageClass=${storageClassName}`];
  });
}

export async function changesNothing(release: Release, act: () => Promise<void>): Promise<void> {
  const before = await ReleaseObjects.read(release.cluster.api, release.namespace);
  await act();
  const { contents } = await ReleaseObjects.read(release.cluster.api, release.namespace);
  const changed = [...before.contents].filter(([name, content]) => contents.get(name) !== content);
  none(
    changed.map(([name]) => name),
    'changed:',
  );
}
