import { setTimeout as delay } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import './support/no-faults.ts';
import { SHIPYARD, World } from './world.ts';

const BUSY_RUNS = 60;
const BATCH = 6;
const STAGES = ['dev', 'test', 'load', 'staging', 'canary', 'prod', 'archive'];

let world: World;
beforeAll(async () => {
  world = await World.start();
  await world.apply('shop');
});
afterAll(() => world[Symbol.asyncDispose]());

test('what a finger, a pointer or the keys are at does not move: new runs wait behind a pill', async () => {
  for (let run = 0; run < 12; run++) await world.trigger({ project: 'shop', service: 'live' });
  await using view = await world.open('/runs?service=live');
  const { page } = view;
  await page.locator('[data-live="live"]').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  const focused = await page.evaluate(() => document.activeElement?.getAttribute('data-run'));
  expect(focused).not.toBeNull();
  const before = await page.locator(`[data-run="${focused}"]`).boundingBox();
  await world.trigger({ project: 'shop', service: 'live' });
  await page.getByRole('button', { name: '1 new run' }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-run'))).toBe(focused);
  expect(await page.locator(`[data-run="${focused}"]`).boundingBox()).toEqual(before);
  await page.getByRole('button', { name: '1 new run' }).click();
  await page.getByText('13 runs', { exact: true }).waitFor();

  // A phone: there is no pointer over anything before the tap.
  const phone = await page
    .context()
    .browser()
    ?.newContext({
      viewport: { width: 360, height: 800 },
      hasTouch: true,
      isMobile: true,
    });
  const small = await phone?.newPage();
  if (small === undefined) throw new Error('there is no second page');
  await small.goto(`${world.url}/runs?service=live`);
  await small.locator('[data-live="live"]').waitFor({ state: 'attached' });
  const row = small.locator('[data-run]').nth(1);
  const aimed = await row.getAttribute('data-run');
  for (let run = 0; run < 5; run++) await world.trigger({ project: 'shop', service: 'live' });
  await small.getByRole('button', { name: '5 new runs' }).waitFor();
  expect(await small.locator('[data-run]').nth(1).getAttribute('data-run')).toBe(aimed);
  await phone?.close();
}, 90_000);

test('with more changes than anybody can read a list is painted about once a second', async () => {
  await using view = await world.open('/runs?service=busy');
  const { page } = view;
  await page.locator('[data-live="live"]').waitFor();
  await page.evaluate(`
    window.paints = 0;
    new MutationObserver((changes) => {
      if (changes.some(({ addedNodes }) => [...addedNodes].some((node) => node.querySelector?.('[data-run]')))) window.paints += 1;
    }).observe(document.querySelector('.rows'), { childList: true, subtree: true });`);
  const start = Date.now();
  for (let run = 0; run < BUSY_RUNS; run += BATCH) {
    await Promise.all(Array.from({ length: BATCH }, () => world.trigger({ project: 'shop', service: 'busy' })));
    await delay(150);
  }
  await page.getByText(`${BUSY_RUNS} runs`, { exact: true }).waitFor();
  // Every row came; in a time of so many seconds, with the first few at once, in hardly more paints than seconds.
  const seconds = (Date.now() - start) / 1_000;
  expect(await page.evaluate<number>('window.paints')).toBeLessThanOrEqual(Math.ceil(seconds) + 8);
  await page.getByRole('button', { name: `All ${BUSY_RUNS}` }).waitFor();
}, 60_000);

test('seven stages stand beside each other in columns of their own; a cell keeps its height and its links under the pointer', async () => {
  await world.apply('long', chain(STAGES));
  const run = await world.trigger({ project: 'long', service: 'cart', type: 'dev.go.triggered' });
  await using view = await world.open('/environment?project=long');
  const { page } = view;
  const cells = page.locator('td[data-stage]');
  await page.locator(`a[href="/runs/${run}"]`).waitFor();
  expect(await cells.count()).toBe(STAGES.length);
  const boxes = await boxesOf(cells);
  for (const [at, box] of boxes.entries()) {
    expect(box.width).toBeGreaterThanOrEqual(168);
    const next = boxes[at + 1];
    if (next !== undefined) expect(box.x + box.width).toBeLessThanOrEqual(next.x + 1);
  }
  const overflowing = `[...document.querySelectorAll('.cell *')].filter((one) => {
    const cell = one.closest('td').getBoundingClientRect();
    return one.getBoundingClientRect().right > cell.right + 1;
  }).length`;
  expect(await page.evaluate(overflowing)).toBe(0);

  await page.locator('td[data-stage="dev"]').hover();
  const link = page.locator('td[data-stage="dev"] a').first();
  const before = { box: await link.boundingBox(), href: await link.getAttribute('href') };
  await world.trigger({ project: 'long', service: 'cart', type: 'dev.go.triggered' });
  await world.trigger({ project: 'long', service: 'apples', type: 'dev.go.triggered' });
  await page.getByRole('button', { name: 'Show updates' }).waitFor();
  expect({ box: await link.boundingBox(), href: await link.getAttribute('href') }).toEqual(before);
  await page.getByRole('button', { name: 'Show updates' }).click();
  await page.getByRole('rowheader', { name: 'apples' }).waitFor();
  await onPhone(page);
}, 60_000);

async function onPhone(page: Page): Promise<void> {
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
}

async function boxesOf(cells: Locator): Promise<{ x: number; width: number }[]> {
  const boxes = await Promise.all((await cells.all()).map((cell) => cell.boundingBox()));
  return boxes.flatMap((box) => (box === null ? [] : [box]));
}

/** Stages that follow each other. */
function chain(stages: readonly string[]): string {
  const [head] = SHIPYARD.split('  stages:');
  const parts = stages.map((stage, at) => {
    const before = stages[at - 1];
    const rule = before === undefined ? '' : `\n          triggeredOn: [{event: ${before}.go.finished}]`;
    return `    - name: ${stage}\n      sequences:\n        - name: go${rule}\n          tasks: [{name: build}]\n`;
  });
  return `${head}  stages:\n${parts.join('')}`;
}
