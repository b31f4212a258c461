/**
 * `node web/tools/pictures.ts`: makes the pictures that the README shows, docs/pictures/run-light.png and run-dark.png, of a run on
 * a real control plane in the middle of its way: a retry behind it, a task at work, a stage still to come.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { World } from '../test/world.ts';

const FOLDER = fileURLToPath(new URL('../../docs/pictures', import.meta.url));
const SIZE_MAX = 150_000;

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: podtato-head}
spec:
  stages:
    - name: staging
      sequences:
        - name: delivery
          tasks:
            - name: build
            - {name: scan-image, retry: {attempts: 3, delay: 700ms}}
            - name: deploy
            - name: load-test
            - name: evaluate
    - name: production
      sequences:
        - name: rollout
          triggeredOn: [{event: staging.delivery.finished, selector: {match: {result: pass}}}]
          tasks:
            - {name: approval}
            - {name: deploy}
            - {name: smoke-test}
`;

await using world = await World.start();
const project = 'podtato-head';
await world.apply(project, SHIPYARD);
const run = await world.trigger({
  project,
  service: 'frontend',
  type: 'staging.delivery.triggered',
  data: { image: 'podtato-head/frontend:1.4.2', labels: { build: '1.4.2', team: 'north' } },
});

async function work(task: string, source: string, ms: number, data: object): Promise<void> {
  const event = await world.claim(task, project, source);
  await delay(ms);
  await world.finish(event, data, source);
}

await delay(150);
await work('build', '/ci/runner-3', 900, {
  build: { image: 'podtato-head/frontend:1.4.2', digest: 'sha256:9f86d081' },
});
await work('scan-image', '/scanner/eu-1', 350, {
  status: 'errored',
  result: 'fail',
  message: 'the registry did not answer',
});
await work('scan-image', '/scanner/eu-1', 500, { 'scan-image': { critical: 0, high: 1, medium: 7 } });
await delay(250);
await work('deploy', '/deployer/a', 700, { deploy: { replicas: 3, url: 'https://frontend.staging.example' } });
await delay(200);
const load = await world.claim('load-test', project, '/load/k6-2');
await delay(900);
await world.api(
  'POST',
  '/v1/events',
  {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: '/load/k6-2',
    type: 'load-test.status.changed',
    causationid: load.id,
    data: { fraction: 0.62, message: '620 of 1000 users' },
  },
  'application/cloudevents+json',
);

mkdirSync(FOLDER, { recursive: true });
for (const theme of ['light', 'dark']) {
  await using view = await world.open(`/runs/${run}`, { theme });
  await view.page.getByText('620 of 1000 users').first().waitFor();
  await view.page.locator('.lane.ahead').waitFor();
  const path = join(FOLDER, `run-${theme}.png`);
  await view.page.screenshot({ path });
  const { size } = statSync(path);
  if (size > SIZE_MAX)
    throw new Error(`${path} has ${size} bytes, more than the ${SIZE_MAX} that the README should load`);
  if (view.faults.length > 0) throw new Error(view.faults.join('\n'));
  console.log(`${path}: ${Math.round(size / 1000)} KB`);
}
