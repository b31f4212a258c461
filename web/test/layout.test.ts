import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './support/no-faults.ts';
import { World } from './world.ts';

/** Just before and after each text of a duration that is longer than the one before. */
const AGES_MS = [9_900, 10_000, 59_900, 60_000, 599_000, 600_000, 3_599_000, 3_600_000, 36_000_000];
/** How much later than the run each part of the page above the tabs arrives. */
const ANSWERS_MS = { why: 300, contexts: 600, shipyards: 900 };

/** Notes every place at which the tabs were painted. */
const WATCH_TABS = `
  window.tabTops = [];
  const look = () => {
    const top = document.querySelector('.tabs')?.getBoundingClientRect().top;
    if (top !== undefined && top !== window.tabTops.at(-1)) window.tabTops.push(top);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
`;

let world: World;
beforeAll(async () => {
  world = await World.start();
  await world.apply('shop');
}, 90_000);
afterAll(() => world[Symbol.asyncDispose]());

describe.each([360, 1280, 1440])('at %i px', (width) => {
  test('a duration that grows moves neither the facts of a run nor its tabs', async () => {
    const id = await world.trigger({ project: 'shop', service: 'cart', data: { labels: { build: '2.4.1' } } });
    const { acceptedAt } = await world.api<{ acceptedAt: number }>('GET', `/v1/runs/${id}`);
    await using view = await world.open('/runs', { width });
    await view.page.goto(`${world.url}/runs/${id}`);
    await view.page.getByLabel('Why').getByText('build').first().waitFor();
    const places = new Set<string>();
    const texts = new Set<string>();
    for (const age of AGES_MS) {
      await view.page.clock.setFixedTime(acceptedAt + age);
      const text = await shownDuration(view.page, texts);
      texts.add(text);
      places.add(await placesOf(view.page));
    }
    expect([...places]).toHaveLength(1);
  }, 60_000);

  test('the parts of a run appear together, so the tabs are painted in one place', async () => {
    const id = await world.trigger({ project: 'shop', service: 'cart' });
    await using view = await world.open('/runs', { width });
    await view.page.locator('[data-run]').first().waitFor();
    for (const [part, later] of Object.entries(ANSWERS_MS)) {
      await view.page.route(
        (url) => url.pathname.startsWith('/v1/') && url.pathname.includes(part),
        async (route) => {
          await new Promise((resolve) => setTimeout(resolve, later));
          await route.continue();
        },
      );
    }
    await view.page.addInitScript(WATCH_TABS);
    await view.page.goto(`${world.url}/runs/${id}`);
    await view.page.getByLabel('Why').getByText('build').first().waitFor();
    await view.page.getByLabel('Stages and tasks').getByText('rollout').waitFor();
    expect(await view.page.evaluate<number[]>('window.tabTops')).toHaveLength(1);
  }, 60_000);
});

/** The duration among the facts, once it is another than those seen before. */
async function shownDuration(page: Page, seen: ReadonlySet<string>): Promise<string> {
  const duration = page.locator('.run-facts dd.span').nth(1);
  await expect.poll(async () => seen.has((await duration.textContent()) ?? ''), { timeout: 10_000 }).toBe(false);
  return (await duration.textContent()) ?? '';
}

function placesOf(page: Page): Promise<string> {
  return page.evaluate(`
    [
      document.querySelector('.run-facts').getBoundingClientRect().height,
      ...[...document.querySelectorAll('.run-facts > div')].map((fact) => fact.getBoundingClientRect().left),
      document.querySelector('.tabs').getBoundingClientRect().top,
    ].join(' ')
  `);
}
