import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import './support/no-faults.ts';
import { World } from './world.ts';

const TABS = 8;
const WAIT_MS = 30_000;
/** As in a tab that was opened by Ctrl-click: hidden from its first moment. */
const HIDDEN = `Object.defineProperty(Document.prototype, 'hidden', { configurable: true, get: () => !window.seen });`;

let world: World;
beforeAll(async () => {
  world = await World.start();
  await world.apply('shop');
});
afterAll(() => world[Symbol.asyncDispose]());

test('eight tabs of one browser share one stream, and each shows what happens to its own', async () => {
  await using first = await world.open('/runs?service=tabs');
  const context = first.page.context();
  const runs: string[] = [];
  const tabs: Page[] = [];
  for (let tab = 1; tab < TABS; tab++) {
    const run = await world.trigger({ project: 'shop', service: 'tabs' });
    const page = await context.newPage();
    await page.goto(`${world.url}/runs/${run}`, { timeout: WAIT_MS });
    await page.getByLabel('Why').getByText("'build'").waitFor({ timeout: WAIT_MS });
    runs.push(run);
    tabs.push(page);
  }
  for (const page of [first.page, ...tabs]) await page.locator('[data-live="live"]').waitFor({ timeout: WAIT_MS });
  expect(await openStreams()).toBe(1);
  for (const run of runs) await world.api('POST', `/v1/runs/${run}/abort`, { reason: 'eight of them' });
  for (const page of tabs) await page.getByLabel('Why').getByText('Aborted after').waitFor({ timeout: WAIT_MS });
  for (const run of runs) await first.page.locator(`[data-run="${run}"]`).getByText('Aborted').waitFor();

  // A list that is filtered otherwise hears of what is its own, and of nothing else.
  await tabs[0]?.goto(`${world.url}/events?project=other`);
  await tabs[0]?.locator('[data-live="live"]').waitFor();
  await world.apply('other');
  await world.trigger({ project: 'shop', service: 'foreign' });
  await world.trigger({ project: 'other', service: 'own' });
  await tabs[0]?.locator('[data-event]', { hasText: 'build.triggered' }).first().waitFor();
  expect(await tabs[0]?.locator('[data-event]', { hasText: 'dev.delivery.triggered' }).count()).toBe(1);
}, 120_000);

test('a tab that was opened in the background follows nothing until somebody looks at it', async () => {
  const run = await world.trigger({ project: 'shop', service: 'background' });
  await using view = await world.open('/v1/docs');
  await view.page.context().addInitScript(HIDDEN);
  await view.page.goto(`${world.url}/runs/${run}`);
  await view.page.locator('[data-live="asleep"]').waitFor({ state: 'attached' });
  await view.page.getByLabel('Why').getByText("'build'").waitFor();
  expect(await openStreams()).toBe(0);
  await world.api('POST', `/v1/runs/${run}/abort`, {});
  await view.page.evaluate(`window.seen = true; document.dispatchEvent(new Event('visibilitychange'))`);
  await view.page.getByLabel('Why').getByText('Aborted after').waitFor();
});

async function openStreams(): Promise<number> {
  const text = await (await fetch(`${world.server.url}/metrics`)).text();
  return Number(/^slipway_http_streams (\d+)/m.exec(text)?.[1]);
}
