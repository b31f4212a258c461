import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../tools/root.ts';
import './support/no-faults.ts';
import { World } from './world.ts';

const run = promisify(execFile);
let world: World;
let routes: string[];
beforeAll(async () => {
  world = await World.start();
  await world.apply('shop');
  const labels = { note: "it's <b>7</b>" };
  const one = await world.trigger({ project: 'shop', service: 'carts', data: { labels } });
  await world.api('POST', `/v1/runs/${one}/abort`, {});
  const two = await world.trigger({ project: 'shop', service: 'carts' });
  routes = [
    '/runs',
    `/runs?project=shop&stage=dev&sequence=delivery&service=carts&show=running`,
    `/runs?label=${encodeURIComponent(`note=${labels.note}`)}`,
    `/runs/${two}`,
    `/runs/compare?a=${one}&b=${two}`,
    '/environment',
    '/services',
    '/events?project=shop&type=build.triggered',
    '/projects',
    '/projects/shop',
  ];
});
afterAll(() => world[Symbol.asyncDispose]());

test('what a page copies as a command line does what it says, in a shell', async () => {
  await using view = await world.open('/runs');
  await view.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  for (const route of routes) {
    await view.page.goto(world.url + route);
    await view.page.getByRole('button', { name: 'Copy as CLI' }).click();
    await view.page.getByText('Copied: ').waitFor();
    const line = await view.page.evaluate(() => navigator.clipboard.readText());
    expect([route, line]).toEqual([route, expect.stringContaining('npx slipway ')]);
    expect(line).toContain(`SLIPWAY_SERVER=${world.url} `);
    const slipway = `${process.execPath} ${join(ROOT, 'cli/bin/slipway.js')}`;
    const said = await inShell(line.replaceAll('npx slipway', slipway));
    expect([route, said.stderr]).toEqual([route, '']);
    expect([route, said.stdout]).toEqual([route, expect.stringMatching(/\S/)]);
  }
}, 90_000);

/** `diff` ends with 1 when there is a difference, which is what it was asked for. */
async function inShell(line: string): Promise<{ stdout: string; stderr: string }> {
  try {
    return await run('bash', ['-c', line]);
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    if (line.startsWith('diff ') && failed.code === 1) return failed;
    throw error;
  }
}
