import type { Project } from '@slipway/contract';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './support/no-faults.ts';
import { SHIPYARD, World } from './world.ts';

const MINE = SHIPYARD.replace('name: release', 'name: mine');
const THEIRS = SHIPYARD.replace('name: release', 'name: theirs');
const SLO =
  "spec_version: '1.0'\nobjectives:\n  - sli: errors\n    pass: [{criteria: ['<5']}]\ntotal_score: {pass: 90%}\n";
const SLO_PATH = '/v1/projects/shop/stages/dev/services/cart/slo';

let world: World;
beforeAll(async () => {
  world = await World.start();
  await world.apply('shop');
  await world.api('PUT', SLO_PATH, SLO, 'application/yaml');
});
afterAll(() => world[Symbol.asyncDispose]());

describe('an edit that was not applied', () => {
  test('survives another tab of the page and a reload, is asked about before the page is left, and can be discarded', async () => {
    await using view = await world.open('/projects/shop');
    const { page } = view;
    const editor = page.getByLabel('Shipyard as YAML');
    await editor.fill(MINE);
    await page.getByText('Unsaved draft').waitFor();
    const parts = page.getByLabel('Parts of the project');
    await parts.getByRole('link', { name: 'Versions' }).click();
    await page.getByLabel('Changes', { exact: true }).waitFor();
    await parts.getByRole('link', { name: 'Shipyard (draft)' }).click();
    await editor.getByText('mine').waitFor();

    await page.reload();
    expect(view.questions).toBe(1);
    await editor.getByText('mine').waitFor();

    await page.keyboard.press('Control+Home');
    await editor.fill(`${MINE}# more\n`);
    await page.getByLabel('Pages').getByRole('link', { name: 'Runs' }).click();
    const question = page.getByRole('dialog', { name: 'You have unsaved changes' });
    await question.getByText('Shipyard').waitFor();
    await question.getByRole('button', { name: 'Stay' }).click();
    expect(new URL(page.url()).pathname).toBe('/projects/shop');
    await page.getByLabel('Pages').getByRole('link', { name: 'Runs' }).click();
    await question.getByRole('button', { name: 'Keep draft and leave' }).click();
    await page.waitForURL('**/runs');

    await page.goto(`${world.url}/projects/shop`);
    await editor.getByText('# more').waitFor();
    await page.getByRole('button', { name: 'Discard draft' }).click();
    await editor.getByText('release').waitFor();
    await page.getByLabel('Pages').getByRole('link', { name: 'Runs' }).click();
    await page.waitForURL('**/runs');
  }, 90_000);

  test('of slo.yaml and of the settings is kept as well', async () => {
    await using view = await world.open('/projects/shop?tab=quality');
    const { page } = view;
    await page.getByRole('textbox', { name: 'slo.yaml' }).fill(SLO.replace('<5', '<7'));
    const parts = page.getByLabel('Parts of the project');
    await parts.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Active runs, maximum').fill('77');
    await parts.getByRole('link', { name: 'SLO and SLI (draft)' }).click();
    await page.locator('.editor-code').getByText('<7').waitFor();
    await parts.getByRole('link', { name: 'Settings (draft)' }).click();
    expect(await page.getByLabel('Active runs, maximum').inputValue()).toBe('77');
    await page.getByRole('button', { name: 'Discard changes' }).click();
    expect(await page.getByLabel('Active runs, maximum').inputValue()).toBe('');
  }, 60_000);

  test('of an event is there when the dialog is opened again; a click beside a dialog with entries does not close it', async () => {
    await using view = await world.open('/events');
    const { page } = view;
    const open = () => page.getByRole('button', { name: 'Send an event' }).click();
    const text = page.getByLabel('Event (JSON)');
    await open();
    await text.fill('{"type": "dev.delivery.triggered", "half": true');
    await page.mouse.click(5, 5);
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await open();
    expect(await text.inputValue()).toContain('"half": true');
    await page.getByRole('button', { name: 'Discard draft' }).click();
    expect(await text.inputValue()).toBe('');

    const run = await world.trigger({ project: 'shop', service: 'asked' });
    await page.goto(`${world.url}/runs/${run}`);
    await page.getByRole('button', { name: 'Abort …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('a long reason');
    await page.mouse.click(5, 5);
    await page.keyboard.press('Escape');
    await dialog.getByText('Discard what you entered?').waitFor();
    await dialog.getByRole('button', { name: 'Keep editing' }).click();
    expect(await dialog.getByLabel('Reason').inputValue()).toBe('a long reason');
    await page.keyboard.press('Escape');
    await dialog.getByRole('button', { name: 'Discard' }).click();
    await dialog.waitFor({ state: 'detached' });
  }, 60_000);
});

describe('what somebody else applied in the meantime is not overwritten unseen', () => {
  test('in a shipyard', async () => {
    await world.apply('both');
    await using view = await world.open('/projects/both');
    view.expectFault(/status of 412/);
    const { page } = view;
    const editor = page.getByLabel('Shipyard as YAML');
    await editor.fill(MINE);
    await world.apply('both', THEIRS);
    const conflict = page.getByRole('dialog', { name: 'The shipyard changed since you began' });
    await apply(page);
    await conflict.getByLabel('Differences').getByText('theirs').waitFor();
    await conflict.getByRole('button', { name: 'Keep editing' }).click();
    expect(await shipyard('both')).toContain('theirs');
    await apply(page);
    await conflict.getByRole('button', { name: 'Overwrite theirs' }).click();
    await page.getByText('is in use.').waitFor();
    expect(await shipyard('both')).toContain('mine');

    await editor.fill(SHIPYARD);
    await world.apply('both', THEIRS);
    await apply(page);
    await conflict.getByRole('button', { name: 'Discard mine, use theirs' }).click();
    await editor.getByText('theirs').waitFor();
    expect(await shipyard('both')).toContain('theirs');
  }, 60_000);

  test('where the project was not there when the edit began', async () => {
    await using view = await world.open('/projects/new-to-both');
    view.expectFault(/status of 404/);
    const { page } = view;
    await page.getByLabel('Shipyard as YAML').fill(MINE);
    await world.apply('new-to-both', THEIRS);
    await apply(page);
    await page.getByRole('dialog').getByLabel('Differences').getByText('theirs').waitFor();
    expect(await shipyard('new-to-both')).toContain('theirs');
  });

  test('in slo.yaml', async () => {
    await using view = await world.open('/projects/shop?tab=quality');
    view.expectFault(/status of 412/);
    const { page } = view;
    await page.getByRole('textbox', { name: 'slo.yaml' }).fill(SLO.replace('<5', '<8'));
    await world.api('PUT', SLO_PATH, SLO.replace('<5', '<9'), 'application/yaml');
    await apply(page);
    await page.getByRole('dialog', { name: 'slo.yaml changed since you began' }).getByText('<9').waitFor();
    await page.getByRole('button', { name: 'Overwrite theirs' }).click();
    await page.getByText('is in use.').waitFor();
    expect(await world.api<{ text: string }>('GET', SLO_PATH)).toMatchObject({
      text: expect.stringContaining('<8'),
    });
  });

  test('in the settings', async () => {
    await using view = await world.open('/projects/shop?tab=settings');
    view.expectFault(/status of 412/);
    const { page } = view;
    await page.getByLabel('Active runs, maximum').fill('11');
    await world.api('PUT', '/v1/projects/shop', { limits: { openRunsMax: 22, waitingRunsMax: 3 } });
    await page.getByRole('button', { name: 'Save' }).click();
    const conflict = page.getByRole('dialog', { name: 'The settings changed since you began' });
    await conflict.getByText('22').waitFor();
    expect((await world.api<Project>('GET', '/v1/projects/shop')).limits.openRunsMax).toBe(22);
    await conflict.getByRole('button', { name: 'Discard mine, use theirs' }).click();
    await expect.poll(() => page.getByLabel('Active runs, maximum').inputValue()).toBe('22');
  });
});

/** The text is checked before it may be applied. */
async function apply(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Apply', exact: true }).click({ timeout: 30_000 });
}

async function shipyard(project: string): Promise<string> {
  return (await world.api<{ text: string }>('GET', `/v1/projects/${project}/shipyard`)).text;
}
