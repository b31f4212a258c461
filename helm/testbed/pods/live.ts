import { z } from 'zod';
import type { Checks } from '../checks.ts';
import type { Cluster } from '../cluster.ts';
import type { Case } from '../lifecycle.ts';
import { LivingRelease } from './living-release.ts';

/** The cases whose pods are started: the plain one, all ways to connect, and the Secrets of a team in place of the chart's. */
const LIVING = ['default', 'all-services', 'hardened'];
/** Who one is in a container, and where one can write. */
const PROBE = `echo "user $(id -u), capabilities $(sed -n 's/^CapBnd:\\s*//p' /proc/self/status)"
for folder in / /app /bin /data /etc /etc/slipway /proc/sys /tmp /usr; do touch $folder/probe 2>/dev/null && echo $folder; done; true`;
const CONFINED = 'user 1000, capabilities 0000000000000000\n/data\n/tmp\n';
const GREETING = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: greeting}
spec:
  stages:
    - name: dev
      sequences:
        - name: greeting
          tasks: [{name: greet, with: {name: Kubernetes}}]
`;
const NUMBER = { checknumber: { number: '+49 30 901820' } };
const runSchema = z.object({ run: z.string() });

type Setting = { cases: readonly Case[]; chart: string; layer: string; cluster: Cluster; checks: Checks; home: string };

/** Starts the pods of some cases, runs what `helm test` would and what people do, and ends them as the kubelet does. */
export async function liveInPods(setting: Setting): Promise<void> {
  const { cases, chart, layer, cluster, checks, home } = setting;
  for (const one of cases.filter(({ name }) => LIVING.includes(name))) {
    await using living = await LivingRelease.install({ case: one, chart, layer, cluster, home });
    const started = await checks.that(
      `${one.name}: its pods run, as processes of their user with a read-only root and no capability`,
      () => living.start(),
    );
    if (!started) continue;
    await testRelease(living, one, checks);
    if (one.name === 'all-services') await workOfServices(living, checks);
    const all = cases.find(({ name }) => name === 'all-services');
    if (one.name === 'default' && all !== undefined) await upgradeAtWork(living, all, checks);
    await checks.that(`${one.name}: on SIGTERM every pod ends with 0, within its grace period`, () => living.stop());
  }
}

async function testRelease(living: LivingRelease, { name }: Case, checks: Checks): Promise<void> {
  await checks.that(`${name}: its control plane can write to its volumes and to nothing else`, async () => {
    const said = await living.script(PROBE);
    if (said !== CONFINED) throw new Error(said);
  });
  await checks.that(`${name}: what helm test runs ends with 0`, async () => {
    const { code, output } = await living.test();
    if (code !== 0) throw new Error(`it ended with ${code}:\n${output}`);
  });
  await checks.that(`caught: helm test of ${name} where the control plane does not know its token`, async () => {
    const { code, output } = await living.test({ SLIPWAY_TOKEN: 'unknown' });
    if (code === 0 || !output.includes(' 401 ')) throw new Error(`it ended with ${code}:\n${output}`);
  });
}

/** A run for each service of the case with all services, whose result the command line waits for. */
async function workOfServices(living: LivingRelease, checks: Checks): Promise<void> {
  const runs = (sequence: string, project: string, data: object): Promise<string> =>
    pass(living, ['trigger', sequence, '--project', project, '--data', JSON.stringify(data), '--wait', '30']);

  await checks.that('all-services: checknumber answers over NATS, as its own user there', async () => {
    await pass(living, ['apply', '/app/shipyard-examples/checknumber.yaml', '--project', 'checknumber']);
    await runs('dev.sequence-one', 'checknumber', NUMBER);
  });
  await checks.that('all-services: photo-authenticity is pushed to through its Service, evaluate claims', async () => {
    await pass(living, ['apply', '/app/shipyard-examples/photos.yaml', '--project', 'photos']);
    await runs('dev.authenticity', 'photos', { image: 'harbour.jpg' });
  });
  await checks.that('all-services: a service in an image of its own, in Python, claims with its token', async () => {
    await pass(living, ['apply', '/files/greeting.yaml', '--project', 'greeting'], { 'greeting.yaml': GREETING });
    await runs('dev.greeting', 'greeting', {});
  });
}

/** The store is kept, the token is good, and the bus takes over what was open without one. */
async function upgradeAtWork(living: LivingRelease, to: Case, checks: Checks): Promise<void> {
  await checks.that(
    `${to.name}: upgrade from default while a run waits for a service: the one that the upgrade brings ends it`,
    async () => {
      await pass(living, ['apply', '/app/shipyard-examples/checknumber.yaml', '--project', 'checknumber']);
      const trigger = ['trigger', 'dev.sequence-one', '--project', 'checknumber', '--data', JSON.stringify(NUMBER)];
      const { run } = runSchema.parse(JSON.parse(await pass(living, [...trigger, '--output', 'json'])));
      await living.stop();
      await living.upgrade(to);
      await living.start();
      await pass(living, ['watch', run, '--timeout', '30']);
    },
  );
}

/** The command line has to end with 0; answers what it said. */
async function pass(
  living: LivingRelease,
  args: readonly string[],
  files: Record<string, string> = {},
): Promise<string> {
  const { code, output } = await living.commandLine(args, files);
  if (code !== 0) throw new Error(`slipway ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}
