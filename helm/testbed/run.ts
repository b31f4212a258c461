/**
 * `npm run test:chart` without `--quick`, its second part: the chart against a real Kubernetes API server. Alone:
 * `node helm/testbed/run.ts [--chart DIR]`.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ROOT } from '../../tools/root.ts';
import { run } from '../../tools/servers/command.ts';
import { buildServers } from './build.ts';
import { Checks, none } from './checks.ts';
import { Cluster } from './cluster.ts';
import { loadCrds } from './crds.ts';
import { plantFaults } from './faults.ts';
import { type Case, liveThrough } from './lifecycle.ts';
import { liveInPods } from './pods/live.ts';
import { differences } from './release-objects.ts';

async function runTestbed(chart: string, home: string, checks: Checks): Promise<void> {
  const programs = await buildServers(console.log);
  await using cluster = await Cluster.start(programs, home);
  const definitions = await loadCrds(cluster.api);
  const { gitVersion } = z.object({ gitVersion: z.string() }).parse(await cluster.api.get('/version'));
  const ready = (cluster.readyMs / 1000).toFixed(1);
  console.log(`Kubernetes ${gitVersion}: the API server is ready after ${ready} s, with ${definitions} definitions.`);

  const cases = casesOf(chart);
  const outside = await clusterNames(cluster);
  await liveThrough({ cases, chart, cluster, checks, home });
  await checks.that('outside of their namespaces, nothing of the releases was made or is left', async () =>
    none(differences(await clusterNames(cluster), outside), 'not as before:'),
  );
  const layer = await buildLayer(join(home, 'image'));
  await liveInPods({ cases, chart, layer, cluster, checks, home });
  await plantFaults({ chart, cluster, checks, home });
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

const { values } = parseArgs({ options: { chart: { type: 'string', default: join(ROOT, 'helm', 'slipway') } } });
const home = mkdtempSync(join(tmpdir(), 'slipway-testbed-'));
// However this ends, short of SIGKILL, nothing of it stays; what it has started ends with it even then.
process.on('exit', () => rmSync(home, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const checks = new Checks();
await runTestbed(resolve(values.chart), home, checks).catch((error: unknown) =>
  checks.broken('the testbed comes to its end', error),
);
console.log(checks.total());
process.exitCode = checks.failed === 0 ? 0 : 1;
