import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import './support/no-faults.ts';
import { World } from './world.ts';

const TOKEN = 'slipway-test-token-of-some-length';

test('Tab begins at a link past the navigation; each page puts the focus on its heading, a dialog that is done on the reason', async () => {
  await using world = await World.start();
  await world.apply('shop');
  const run = await world.trigger({ project: 'shop', service: 'focus' });
  await using view = await world.open('/runs');
  const { page } = view;
  await page.locator(`[data-run="${run}"]`).waitFor();
  await page.keyboard.press('Tab');
  expect(await focused(page)).toBe('Skip to content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill('evaluations');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/evaluations');
  await expect.poll(() => focused(page)).toBe('Evaluations');
  await page.getByLabel('Pages').getByRole('link', { name: 'Runs' }).click();
  await expect.poll(() => focused(page)).toBe('Runs');

  await page.locator(`[data-run="${run}"]`).click();
  await expect.poll(() => focused(page)).toContain('delivery');
  await page.getByRole('button', { name: 'Answer by hand …' }).click();
  await page.getByRole('button', { name: 'Send answer' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await expect.poll(() => page.evaluate(() => document.activeElement !== document.body)).toBe(true);
}, 60_000);

test('a lost connection is said at the end of what is in sight, at any width', async () => {
  await using world = await World.start();
  for (const width of [1280, 360]) {
    await using view = await world.open('/runs', { width });
    await view.page.locator('[data-live="live"]').waitFor({ state: 'attached' });
    view.expectFault(/net::ERR_/);
    world.wire.cut();
    const note = view.page.getByText('Connection lost, reconnecting. This page shows the last data that arrived.');
    await note.waitFor();
    const box = await note.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(800);
    world.wire.mend();
    await note.waitFor({ state: 'detached', timeout: 40_000 });
  }
}, 120_000);

test('where the server knows its callers the page says as whom one is signed in, and signs out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-web-who-'));
  writeFileSync(join(folder, 'tokens'), `ann * ${TOKEN}\n`, { mode: 0o600 });
  await using world = await World.start(['--token-file', join(folder, 'tokens')]);
  await using view = await world.open('/runs');
  view.expectFault(/status of 401/);
  const { page } = view;
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('ann', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
  await page.reload();
  await page.getByLabel('Token').waitFor();
  rmSync(folder, { recursive: true });
});

function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
}
