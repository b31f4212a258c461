import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './support/no-faults.ts';
import { SHIPYARD, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('two runs', () => {
  let before: string;
  let after: string;
  beforeAll(async () => {
    await world.apply('shop');
    before = await world.trigger({ project: 'shop', service: 'twins', data: { image: 'shop:1' } });
    await world.finish(await world.claim('build', 'shop'), { result: 'pass', build: { size: 10, parts: ['a', 'b'] } });
    await world.finish(await world.claim('test', 'shop'), { result: 'pass' });
    after = await world.trigger({ project: 'shop', service: 'twins', data: { image: 'shop:2' } });
    await world.finish(await world.claim('build', 'shop'), {
      result: 'pass',
      build: { size: 10, parts: ['a', 'x', 'b'] },
    });
    await world.finish(await world.claim('test', 'shop'), { result: 'fail', message: 'three tests fail' });
  });

  test('are ticked in the list and compared: where they part, and each payload as a tree of what differs', async () => {
    await using view = await world.open('/runs?service=twins');
    for (const run of [after, before]) {
      await view.page.getByRole('checkbox', { name: `Select dev.delivery, run ${run}` }).check();
    }
    await view.page.getByRole('link', { name: 'Compare' }).click();
    await view.page.waitForURL(`**/runs/compare?a=${before}&b=${after}`);
    await view.page.getByText("The runs differ from 'test' on: passed in A, failed in B: three tests fail").waitFor();
    await view.page
      .getByLabel('Tasks of both runs')
      .getByRole('link', { name: /^build/ })
      .click();
    const panel = view.page.getByLabel('Task build in both');
    expect(await panel.locator('.diff').last().locator('ins').allInnerTexts()).toEqual([
      expect.stringContaining('"x"'),
    ]);
    expect(await panel.locator('.diff').last().locator('del').count()).toBe(0);
    await view.page.getByRole('link', { name: 'Run details' }).click();
    await view.page.getByLabel('Run details').locator('ins', { hasText: 'shop:2' }).waitFor();
  });

  test('a run offers the last one that passed before it, and the keyboard ticks', async () => {
    await using view = await world.open(`/runs/${after}`);
    await view.page.getByRole('link', { name: 'Compare …' }).click();
    await view.page.getByLabel('Last passed run before it').getByRole('link').click();
    await view.page.waitForURL(`**/runs/compare?a=${before}&b=${after}`);
    await view.page.goto(`${world.url}/runs?service=twins`);
    await view.page.locator(`[data-run="${after}"]`).focus();
    await view.page.keyboard.press('x');
    await view.page.getByText('1 selected. Select a second run to compare them').waitFor();
  });
});

test('filters say how many runs each would show', async () => {
  await world.apply('counted');
  await world.trigger({ project: 'counted', service: 'a' });
  await world.trigger({ project: 'counted', service: 'b' });
  await using view = await world.open('/runs?project=counted');
  await view.page.getByRole('button', { name: 'Waiting for worker 2' }).waitFor();
  await view.page.getByRole('button', { name: 'Failed 0' }).waitFor();
});

test('a filter is saved under a name, found again, and forgotten', async () => {
  await using view = await world.open('/runs?service=twins&show=failed');
  const saved = view.page.getByLabel('Saved filters');
  await saved.selectOption('Save filter …');
  await view.page.getByLabel('Name').fill('twins that failed');
  await view.page.getByRole('button', { name: 'Save', exact: true }).click();
  await view.page.goto(`${world.url}/runs`);
  await saved.selectOption('twins that failed');
  await view.page.waitForURL('**/runs?service=twins&show=failed');
  await saved.selectOption('Delete filter');
  await view.page.reload();
  await saved.waitFor();
  expect(await saved.getByText('twins that failed').count()).toBe(0);
});

test('versions of a shipyard are compared in text and in meaning, and an older one is used again', async () => {
  await world.apply('yard');
  await world.apply('yard', SHIPYARD.replace('name: release', 'name: ship'));
  await using view = await world.open('/projects/yard?tab=versions');
  const change = view.page.getByLabel('Changes', { exact: true });
  await change.getByText("new task 'ship'; removed task 'release'").waitFor();
  await change.locator('.plus mark', { hasText: 'ship' }).waitFor();
  await view.page.getByRole('button', { name: 'Unified' }).click();
  await change.locator('.minus mark', { hasText: 'release' }).waitFor();
  await view.page.locator('.versions a').last().click();
  await view.page.getByRole('button', { name: 'Restore this version' }).click();
  const dialog = view.page.getByRole('dialog');
  await dialog.getByText("new task 'release'; removed task 'ship'").waitFor();
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await view.page.getByLabel('Plan').getByText('release', { exact: true }).waitFor();
  const { plan } = await world.api<{ plan: unknown }>('GET', '/v1/projects/yard/shipyard');
  expect(JSON.stringify(plan)).toContain('"release"');
});

test('settings are saved; what is wrong is told at its field before it is sent; what is emptied has no bound', async () => {
  await world.apply('tuned');
  await world.api('PUT', '/v1/projects/tuned', { retention: { finishedRunsMax: 5 } });
  await using view = await world.open('/projects/tuned?tab=settings');
  const form = view.page.getByLabel('Settings', { exact: true });
  const wrong = form.locator('[aria-invalid="true"]');
  await form.getByLabel('Active runs, maximum').fill('many');
  await form.getByLabel('New runs, maximum').fill('0');
  expect(await wrong.count()).toBe(0);
  await form.getByRole('button', { name: 'Save' }).click();
  await expect.poll(() => wrong.count()).toBe(2);
  await form.getByText('Enter a whole number above zero').waitFor();
  await form.getByLabel('Active runs, maximum').fill('50');
  await expect.poll(() => wrong.count()).toBe(1);
  await form.getByLabel('New runs, maximum').fill('0.5');
  await form.getByLabel('Waiting runs, maximum').fill('5');
  await form.getByLabel('Finished runs, maximum').fill('');
  await form.getByLabel('Keep finished runs for').fill('2');
  await form.getByRole('textbox', { name: 'Configuration' }).fill('{"team": "north"');
  await form.locator('.findings').getByText('Not valid JSON').waitFor();
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByRole('textbox', { name: 'Configuration' }).press('Control+End');
  await view.page.keyboard.type('}');
  await form.locator('.findings').getByText('No problems found').waitFor();
  await form.getByRole('button', { name: 'Save' }).click();
  await view.page.getByText('Saved.').waitFor();
  expect(await world.api('GET', '/v1/projects/tuned')).toMatchObject({
    limits: { openRunsMax: 50, waitingRunsMax: 5, runsPerSecond: 0.5 },
    retention: { finishedRunsForMs: 2 * 24 * 3_600_000, finishedRunsMax: null },
    config: { team: 'north' },
  });
});

test('a limit that is left empty shows the one of the server', async () => {
  await using limited = await World.start(['--project-open-runs', '1200']);
  await limited.apply('bounded');
  await using view = await limited.open('/projects/bounded?tab=settings');
  const placeholder = (label: string): Promise<string | null> =>
    view.page.getByLabel(label, { exact: true }).getAttribute('placeholder');
  expect(await placeholder('Active runs, maximum')).toBe('1,200');
  expect(await placeholder('Waiting runs, maximum')).toBe('no limit');
});

test('what the server refuses of the settings stands at its field as well', async () => {
  await world.apply('refused');
  await using view = await world.open('/projects/refused?tab=settings');
  view.expectFault(/status of 4\d\d/);
  const kept = view.page.getByLabel('Keep finished runs for', { exact: true });
  await kept.fill('999999999999');
  await view.page.getByRole('button', { name: 'Save' }).click();
  await view.page.getByRole('alert').waitFor();
  expect(await kept.getAttribute('aria-invalid')).toBe('true');
  await kept.fill('9');
  await view.page.getByRole('alert').waitFor({ state: 'detached' });
});

test('a project is deleted after its runs were counted and its name typed, and not while runs are open', async () => {
  await world.apply('doomed');
  const run = await world.trigger({ project: 'doomed', service: 'x' });
  await using view = await world.open('/projects/doomed?tab=settings');
  await view.page.getByRole('button', { name: 'Delete doomed' }).click();
  const dialog = view.page.getByRole('dialog');
  await dialog.getByText('1 run is still active').waitFor();
  await dialog.getByLabel('Type doomed to delete it').fill('doomed');
  expect(await dialog.getByRole('button', { name: 'Delete project' }).isDisabled()).toBe(true);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await world.api('POST', `/v1/runs/${run}/abort`, {});
  await view.page.getByRole('button', { name: 'Delete doomed' }).click();
  await dialog.getByText('with all their events will be deleted').waitFor();
  await dialog.getByText('is still active').waitFor({ state: 'detached' });
  expect(await dialog.getByRole('button', { name: 'Delete project' }).isDisabled()).toBe(true);
  await dialog.getByLabel('Type doomed to delete it').fill('doomed');
  await dialog.getByRole('button', { name: 'Delete project' }).click();
  await view.page.waitForURL('**/projects');
  await expect.poll(() => view.page.getByRole('link', { name: 'doomed' }).count()).toBe(0);
});

test('the environment shows what is open and what ended, and follows both', async () => {
  await world.apply('sites');
  const run = await world.trigger({ project: 'sites', service: 'web' });
  await using view = await world.open('/environment?project=sites');
  const cell = view.page.locator(`a[href="/runs/${run}"]`);
  await cell.getByText('Waiting for worker').waitFor();
  await view.page.locator('[data-live="live"]').waitFor();
  await world.finish(await world.claim('build', 'sites'), { result: 'pass' });
  await world.finish(await world.claim('test', 'sites'), { result: 'pass' });
  await cell.getByText('Passed').waitFor();
  await view.page.locator('td[data-stage="prod"]').getByText('Waiting for worker').waitFor();
});
