/**
 * `npm run test:chart` without `--quick`, its second part: the chart against a real Kubernetes API server. Alone:
 * `node helm/testbed/run.ts [--chart DIR]`.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../tools/root.ts';
import { run } from '../../tools/servers/command.ts';
import { buildServers } from './build.ts';
import { Checks, none } from './checks.ts';
import { Cluster } from './cluster.ts';
import { loadCrds } from './crds.ts';
import { plantFaults } from './faults.ts';
import { type Case, liveThrough } from './lifecycle.ts';
import { workOfServices } from './pods/all-services.ts';
import { livePods } from './pods/release-pods.ts';
import { differences } from './release-objects.ts';

/** Runs all of it; answers whether every check held. */
export async function runTestbed(chart: string): Promise<{ passed: number; failed: number }> {
  const checks = new Checks();
  const programs = await buildServers(console.log);
  const home = mkdtempSync(join(tmpdir(), 'slipway-testbed-helm-'));
  try {
    await using cluster = await Cluster.start(programs);
    const definitions = await loadCrds(cluster.api);
    console.log(
      `The API server is ready after ${(cluster.readyMs / 1000).toFixed(1)} s, with ${definitions} definitions.`,
    );
    const cases = casesOf(chart);
    const outside = await clusterNames(cluster);
    await liveThrough({ cases, chart, cluster, checks, home });
    await checks.that('outside of their namespaces, nothing of the releases was made or is left', async () =>
      none(differences(await clusterNames(cluster), outside), 'not as before:'),
    );
    const layer = await buildLayer(join(home, 'image'));
    for (const one of cases.filter(({ name }) => name === 'default' || name === 'all-services')) {
      await livePods({ case: one, chart, layer, cluster, checks, home }, async (living) => {
        if (one.name === 'all-services') await workOfServices(living, checks);
      });
    }
    await plantFaults({ chart, cluster, checks, home });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  console.log(checks.total());
  return checks.count;
}

/** What the image holds, made by the script that its Dockerfile runs. */
async function buildLayer(folder: string): Promise<string> {
  const built = await run(process.execPath, [join(ROOT, 'helm/image/build.ts'), '--out', folder]);
  if (!built.ok) throw new Error(`the layer of the image could not be made:\n${built.output}`);
  return join(folder, 'app');
}

async function clusterNames(cluster: Cluster): Promise<string[]> {
  const all = await cluster.api.listCluster();
  return all.map(({ resource, name }) => `${resource}/${name}`).filter((name) => !name.startsWith('v1/namespaces/'));
}

/** The chart's values files, the plain one first. */
function casesOf(chart: string): Case[] {
  const folder = join(chart, 'ci');
  const files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
  if (files.length === 0) throw new Error(`${folder} has no values file`);
  const name = (file: string): string => basename(file).replace(/\.ya?ml$/, '');
  const plainFirst = files.toSorted((a, b) => Number(name(b) === 'default') - Number(name(a) === 'default'));
  return plainFirst.map((file) => ({ name: name(file), values: join(folder, file) }));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { chart: { type: 'string', default: join(ROOT, 'helm', 'slipway') } } });
  const { failed } = await runTestbed(resolve(values.chart));
  process.exitCode = failed === 0 ? 0 : 1;
}
