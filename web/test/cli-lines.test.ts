import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Evaluation, Project, RunView } from '@slipway/contract';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../../tools/root.ts';
import './support/no-faults.ts';
import type { Watched } from './support/watched.ts';
import { SHIPYARD, World } from './world.ts';

const run = promisify(execFile);
const SLIPWAY = `${process.execPath} ${join(ROOT, 'cli/bin/slipway.js')}`;
/** What a shell would read as something else. */
const NASTY = `it's "late", $HOME and \`date\` \\n !1`;

let world: World;
let folder: string;
let routes: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-web-cli-'));
  writeFileSync(join(folder, 'shipyard.yaml'), SHIPYARD);
  writeFileSync(join(folder, 'sli.yaml'), "indicators: {errors: 'sum(errors)'}\n");
  world = await World.start();
  await world.apply('shop');
  const labels = { note: "it's <b>7</b>" };
  const one = await world.trigger({ project: 'shop', service: 'carts', data: { labels } });
  await world.api('POST', `/v1/runs/${one}/abort`, {});
  const two = await world.trigger({ project: 'shop', service: 'carts' });
  routes = [
    '/runs',
    `/runs?project=shop&stage=dev&sequence=delivery&service=carts&show=waiting-worker`,
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
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('what a page copies as a command line does what it says, in a shell', async () => {
  await using view = await opened('/runs');
  for (const route of routes) {
    await view.page.goto(world.url + route);
    const line = await copied(view.page, view.page);
    expect([route, line]).toEqual([route, expect.stringContaining('npx slipway ')]);
    expect(line).toContain(`SLIPWAY_SERVER=${world.url} `);
    const said = await inShell(line);
    expect([route, said.stderr]).toEqual([route, '']);
    expect([route, said.stdout]).toEqual([route, expect.stringMatching(/\S/)]);
  }
}, 90_000);

describe('what a dialog copies does from a terminal what its button would do', () => {
  test('a run is paused', async () => {
    const run = await world.trigger({ project: 'shop', service: 'carts' });
    await using view = await opened(`/runs/${run}`);
    await view.page.getByRole('button', { name: 'Pause' }).click();
    await dialog(view).getByLabel('Reason').fill(NASTY);
    await inShell(await copied(view.page, dialog(view)));
    expect(await runView(run)).toMatchObject({ state: 'paused', history: [{ reason: NASTY }] });
  });

  test('a task that nobody serves is answered by hand, and one that a service holds in its place', async () => {
    const run = await world.trigger({ project: 'shop', service: 'answered' });
    await using view = await opened(`/runs/${run}?task=build`);
    const answer = () => view.page.getByRole('button', { name: 'Answer by hand' }).click();
    await answer();
    await dialog(view).getByLabel('Result').selectOption('warning');
    await dialog(view).getByLabel('Output, JSON').fill('{"image": "it\'s"');
    expect(await dialog(view).getByRole('button', { name: 'Copy as CLI' }).isDisabled()).toBe(true);
    const output = { image: "it's", lines: 'a\nb' };
    await dialog(view).getByLabel('Output, JSON').fill(JSON.stringify(output));
    await dialog(view).getByLabel('Message').fill(NASTY);
    await inShell(await copied(view.page, dialog(view)));
    expect((await runView(run)).tasks[0]).toMatchObject({ result: 'warning', message: NASTY, output });

    const held = await world.claim('test', 'shop', "/it's-held");
    await view.page.goto(`${world.url}/runs/${held.id.split('.')[0]}?task=test`);
    await view.page.getByLabel('Task test').getByText("/it's-held").waitFor();
    await answer();
    await inShell(await copied(view.page, dialog(view)));
    expect((await runView(run)).tasks[1]).toMatchObject({
      state: 'finished',
      message: expect.stringContaining('by hand'),
    });
  });

  test('runs are aborted by filter, and as they were ticked', async () => {
    const labels = { note: NASTY };
    const [one, two, other] = [
      await world.trigger({ project: 'shop', service: 'bulk', data: { labels } }),
      await world.trigger({ project: 'shop', service: 'bulk', data: { labels } }),
      await world.trigger({ project: 'shop', service: 'bulk' }),
    ];
    await using view = await opened(`/runs?label=${encodeURIComponent(`note=${NASTY}`)}&within=1h`);
    await view.page.getByRole('button', { name: /Abort (all matching|… \(\d+ selected\))/ }).click();
    await dialog(view).getByText('2 active runs').waitFor();
    await dialog(view).getByLabel('Reason').fill(NASTY);
    expect((await inShell(await copied(view.page, dialog(view)))).stdout).toBe('2 runs aborted\n');
    expect(await runView(one)).toMatchObject({ status: 'aborted', history: [{ reason: NASTY }] });
    expect(await runView(two)).toMatchObject({ status: 'aborted' });
    expect(await runView(other)).toMatchObject({ state: 'running' });

    await view.page.goto(`${world.url}/runs?service=bulk`);
    await view.page.getByRole('checkbox', { name: other }).check();
    await view.page.getByRole('checkbox', { name: two }).check();
    await view.page.getByRole('button', { name: /Abort (all matching|… \(\d+ selected\))/ }).click();
    await dialog(view).getByText('1 active run').waitFor();
    await inShell(await copied(view.page, dialog(view)));
    expect(await runView(other)).toMatchObject({ status: 'aborted' });

    await view.page.goto(`${world.url}/runs?service=bulk&show=pass`);
    await view.page.getByRole('button', { name: /Abort (all matching|… \(\d+ selected\))/ }).click();
    await dialog(view).getByText('None of these runs is active').waitFor();
  });

  test('an event is sent', async () => {
    await using view = await opened('/events');
    await view.page.getByRole('button', { name: 'Send an event' }).click();
    const copy = dialog(view).getByRole('button', { name: 'Copy as CLI' });
    expect(await copy.isDisabled()).toBe(true);
    const event = { type: 'dev.delivery.triggered', data: { project: 'shop', labels: { note: NASTY } } };
    await dialog(view)
      .getByLabel('Event (JSON)')
      .fill(JSON.stringify(event, undefined, 2));
    expect((await inShell(await copied(view.page, dialog(view)))).stdout).toContain('accepted');
    const { items } = await world.api<{ items: RunView[] }>('GET', '/v1/runs?project=shop&limit=1');
    expect(items[0]?.labels).toEqual({ note: NASTY });
  });

  test('a project is made, gets a file, settings and an earlier shipyard, and is deleted', async () => {
    await using view = await opened('/projects');
    await view.page.getByRole('button', { name: 'New project' }).click();
    await dialog(view).getByLabel('Name').fill('by-line');
    await inShell(await copied(view.page, dialog(view)));
    const first = await world.api<Project>('GET', '/v1/projects/by-line');

    await view.page.goto(`${world.url}/projects/by-line?tab=quality`);
    await view.page.getByRole('button', { name: 'New file' }).click();
    expect(await dialog(view).getByRole('button', { name: 'Copy as CLI' }).isDisabled()).toBe(true);
    await dialog(view).getByLabel('File').selectOption('sli');
    await inShell(await copied(view.page, dialog(view)));
    await world.api('GET', '/v1/projects/by-line/sli');

    await view.page.goto(`${world.url}/projects/by-line?tab=settings`);
    const settings = view.page.getByLabel('Settings', { exact: true });
    await settings.getByLabel('Active runs, maximum').fill('50');
    await settings.getByLabel('Configuration').fill(JSON.stringify({ note: NASTY }));
    await inShell(await copied(view.page, settings));
    expect(await world.api('GET', '/v1/projects/by-line')).toMatchObject({
      ...{ limits: { openRunsMax: 50 }, config: { note: NASTY } },
    });

    await world.apply('by-line', SHIPYARD.replace('name: release', 'name: ship'));
    await view.page.goto(`${world.url}/projects/by-line?tab=versions`);
    await view.page.locator('.versions a').last().click();
    await view.page.getByRole('button', { name: 'Restore this version' }).click();
    await inShell(await copied(view.page, dialog(view)));
    expect(await world.api('GET', '/v1/projects/by-line')).toMatchObject({ shipyardVersion: first.shipyardVersion });

    await view.page.goto(`${world.url}/projects/by-line?tab=settings`);
    await view.page.getByRole('button', { name: 'Delete by-line' }).click();
    await inShell(await copied(view.page, dialog(view)));
    await expect(world.api('GET', '/v1/projects/by-line')).rejects.toThrow('404');
  }, 90_000);

  test('an evaluation is started, and invalidated', async () => {
    await using view = await opened('/evaluations?project=shop');
    await view.page.getByRole('button', { name: 'Start an evaluation' }).first().click();
    await dialog(view).getByLabel('Service').fill('judged');
    await dialog(view).getByLabel('Labels').fill(`build=7, note=it's`);
    await inShell(await copied(view.page, dialog(view)));
    const attempt = await world.claim('evaluation', 'shop');
    expect(attempt.data).toMatchObject({ service: 'judged', labels: { build: '7', note: "it's" } });
    await world.finish(attempt, { result: 'pass', evaluation: { score: 100, indicatorResults: [] } });

    await view.page.goto(`${world.url}/evaluations/${attempt.id}`);
    await view.page.getByRole('button', { name: 'Invalidate' }).click();
    await dialog(view).getByLabel('Reason').fill(NASTY);
    await inShell(await copied(view.page, dialog(view)));
    expect(await world.api<Evaluation>('GET', `/v1/evaluations/${attempt.id}`)).toMatchObject({
      invalidated: { reason: NASTY },
    });
  });
});

async function opened(path: string): Promise<Watched> {
  const view = await world.open(path);
  await view.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  return view;
}

function dialog(view: Watched): Locator {
  return view.page.getByRole('dialog');
}

/** The line that a button within `place` gives to the clipboard. */
async function copied(page: Page, place: Page | Locator): Promise<string> {
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await place.getByRole('button', { name: 'Copy as CLI' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).not.toBe('');
  return page.evaluate(() => navigator.clipboard.readText());
}

function runView(id: string): Promise<RunView> {
  return world.api<RunView>('GET', `/v1/runs/${id}`);
}

/** `diff` ends with 1 when there is a difference, which is what it was asked for. */
async function inShell(line: string): Promise<{ stdout: string; stderr: string }> {
  try {
    return await run('bash', ['-c', line.replaceAll('npx slipway', SLIPWAY)], { cwd: folder });
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    if (line.startsWith('diff ') && failed.code === 1) return failed;
    throw error;
  }
}
