import type { RunSummary } from '@slipway/contract';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { longShipyard, reportProgress } from './support/large.ts';
import './support/no-faults.ts';
import { seededData } from './support/seeded.ts';
import { World } from './world.ts';

const RUNS = 100_000;
const TASKS = 2_000;
const EVENTS = 20_000;
/** Generous: how fast it is measures `npm run bench:web`. */
const SLOW_MS = 60_000;
/** Whatever the length of a list, about a screen of it is in the page. */
const ROWS_MAX = 120;

let world: World;
beforeAll(async () => {
  world = await World.start([], { data: seededData(RUNS) });
  await world.apply('shop');
}, 300_000);
afterAll(() => world[Symbol.asyncDispose]());

describe('100,000 runs', () => {
  test(
    'are listed page by page as one scrolls, with few of them in the page',
    async () => {
      await using view = await world.open('/runs?project=seeded');
      const { page } = view;
      await page.locator('[data-run]').first().waitFor();
      const list = page.locator('.rows');
      for (const want of [150, 350, 550]) {
        await expect.poll(() => scrollOn(page, list), { timeout: SLOW_MS }).toBeGreaterThan(want);
        expect(await page.locator('[data-run]').count()).toBeLessThan(ROWS_MAX);
      }
      const { items } = await world.api<{ items: RunSummary[] }>('GET', '/v1/runs?project=seeded&limit=1000');
      const shown = await page
        .locator('[data-run]')
        .evaluateAll((all) => all.map((one) => one.getAttribute('data-run') ?? ''));
      const first = items.findIndex(({ id }) => id === shown[0]);
      expect(first).toBeGreaterThan(500);
      expect(items.slice(first, first + shown.length).map(({ id }) => id)).toEqual(shown);
    },
    SLOW_MS * 2,
  );

  test('are filtered on the server, to one of them by its label, which can be opened', async () => {
    await using view = await world.open('/runs');
    const { page } = view;
    await page.locator('[data-run]').first().waitFor();
    const filter = page.locator('[data-filter]');
    await filter.fill('build=build-0000007');
    await filter.press('Enter');
    await page.getByText('1 run', { exact: true }).waitFor({ timeout: SLOW_MS });
    await page.locator('[data-run]').click();
    await page
      .getByLabel('Why')
      .getByText(/Passed in|Passed with|Failed after/)
      .waitFor();
    await page.getByLabel('Parts of the run').getByRole('link', { name: 'Events' }).click();
    await page.getByText('6 events', { exact: true }).waitFor();
    await page.goto(`${world.url}/runs?service=service-013&show=fail&project=seeded`);
    const rows = page.locator('[data-run]');
    await rows.first().waitFor({ timeout: SLOW_MS });
    for (const text of await rows.allInnerTexts()) expect(text).toMatch(/Failed[\s\S]*service-013/);
  });

  test('do not keep a new one from being told, nor the other pages from opening', async () => {
    await using view = await world.open('/runs');
    const { page } = view;
    await page.locator('[data-live="live"]').waitFor();
    const run = await world.trigger({ project: 'shop', service: 'one-more' });
    await page.locator(`[data-run="${run}"]`).getByText('Waiting for worker').waitFor();
    await page.getByRole('link', { name: 'Environment' }).click();
    await page.getByRole('rowheader', { name: 'service-013' }).first().waitFor({ timeout: SLOW_MS });
    await page.getByRole('link', { name: 'Events' }).click();
    await page.locator('[data-event]').first().waitFor({ timeout: SLOW_MS });
  });
});

test(
  'a run of 2,000 tasks is counted, each of them is in its list, and it goes on live',
  async () => {
    await world.apply('long', longShipyard(TASKS));
    const run = await world.trigger({ project: 'long', service: 'chain', type: 'dev.long.triggered' });
    await using view = await world.open(`/runs/${run}`);
    const { page } = view;
    const lanes = page.getByLabel('Stages and tasks');
    await lanes.getByText('1,999 not started', { exact: false }).waitFor({ timeout: SLOW_MS });
    for (let done = 0; done < 5; done++) await world.finish(await world.claim('work', 'long'), { result: 'pass' });
    await lanes.getByText('5 passed', { exact: false }).waitFor();
    await page.getByText('5 of 2000', { exact: false }).or(page.getByText('5 of 2,000')).first().waitFor();
    const timeline = page.getByLabel('Timeline');
    const rows = timeline.locator('[data-line]');
    expect(await rows.count()).toBeLessThan(ROWS_MAX);
    await timeline.locator('.time-rows').evaluate((box) => box.scrollTo(0, box.scrollHeight));
    const last = rows.filter({ hasText: `t${TASKS}` });
    await last.click();
    await page.getByLabel(`Task t${TASKS}`).getByText('Not triggered yet. Needs t1999.').waitFor();
    await world.api('POST', `/v1/runs/${run}/abort`, {});
    await page.getByLabel('Why').getByText('Aborted after').waitFor({ timeout: SLOW_MS });
  },
  SLOW_MS * 2,
);

test(
  'a run of 20,000 events shows all of them in order, and its page goes on',
  async () => {
    await world.apply('talks');
    const run = await world.trigger({ project: 'talks', service: 'talks' });
    const attempt = await world.claim('build', 'talks');
    await reportProgress(world, attempt, EVENTS - 10);
    await using view = await world.open(`/runs/${run}?tab=events`);
    const { page } = view;
    await page.locator('[data-event]').first().waitFor({ timeout: SLOW_MS });
    const list = page.locator('.event-list');
    const seen: string[] = [];
    // Down to the end in steps of what is loaded: the last ones are the last that the control plane has.
    const atEnd = async (): Promise<boolean> => {
      seen.push(...(await idsOf(page)).slice(-1));
      await list.evaluate((box) => box.scrollTo(0, box.scrollHeight));
      return (await idsOf(page)).includes(`progress-${EVENTS - 10}`);
    };
    await expect.poll(atEnd, { timeout: SLOW_MS * 2, interval: 20 }).toBe(true);
    const numbers = seen.filter((id) => id.startsWith('progress-')).map((id) => Number(id.slice('progress-'.length)));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(await page.locator('[data-event]').count()).toBeLessThan(ROWS_MAX);
    await world.finish(attempt, { result: 'pass', build: { image: 'shop:20000' } });
    await page.goto(`${world.url}/runs/${run}?task=build`);
    await page.getByLabel('Task build').getByText('shop:20000').first().waitFor({ timeout: SLOW_MS });
  },
  SLOW_MS * 4,
);

test('a payload of 1 MB and a name of 63 characters are no problem at 360 px', async () => {
  const service = 's'.repeat(63);
  const list = Array.from({ length: 20_000 }, (_, index) => `line ${index} of a long log that somebody sent`);
  const run = await world.trigger({ project: 'shop', service, data: { list, text: 'x'.repeat(75_000) } });
  const { trigger } = await world.api<{ trigger: { data: object } }>('GET', `/v1/runs/${run}`);
  expect(JSON.stringify(trigger.data).length).toBeGreaterThan(980_000);
  await using view = await world.open(`/runs/${run}?tab=data`, { width: 360 });
  const { page } = view;
  await page.getByText('[ 20000').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  await page.getByRole('button', { name: '19900 more' }).click();
  await page.getByText('"line 599 of a long log').waitFor();
  await page.getByRole('button', { name: 'all 75,000 characters' }).click();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  await page.getByLabel('Parts of the run').getByRole('link', { name: 'Events' }).click();
  const types = page.locator('[data-event] .type');
  await types.nth(2).waitFor();
  expect(await types.allInnerTexts()).toEqual(['dev.delivery.triggered', 'dev.delivery.started', 'build.triggered']);
  await page.goto(`${world.url}/runs?service=${service}`);
  await page.locator(`[data-run="${run}"]`).waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
});

/** To the end of what is loaded; answers how many rows fit above what is shown now. */
async function scrollOn(page: Page, list: Locator): Promise<number> {
  await list.evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  return list.evaluate((box) => box.scrollTop / 44);
}

function idsOf(page: Page): Promise<string[]> {
  return page.locator('[data-event]').evaluateAll((all) => all.map((one) => one.getAttribute('data-event') ?? ''));
}
