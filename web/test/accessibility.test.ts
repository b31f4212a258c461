import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { violationsOf } from './support/axe.ts';
import './support/no-faults.ts';
import { routesNotAmong } from './support/routes.ts';
import type { Watched } from './support/watched.ts';
import { World } from './world.ts';

const SETTLE_MS = 30_000;

let world: World;
let routes: Record<string, string>;
let dialogs: Record<string, { on: string; open(page: Page): Promise<void> }>;
beforeAll(async () => {
  world = await World.start();
  await world.apply('shop');
  const done = await world.trigger({ project: 'shop', service: 'carts', data: { labels: { team: 'north' } } });
  await world.finish(await world.claim('build', 'shop'), { result: 'warning', build: { artifact: 'shop:1' } });
  await world.finish(await world.claim('test', 'shop'), { result: 'fail', message: 'three tests fail' });
  const open = await world.trigger({ project: 'shop', service: 'orders' });
  routes = {
    runs: '/runs',
    'runs, none': '/runs?service=nobody',
    'a run that failed': `/runs/${done}`,
    'a run that waits': `/runs/${open}`,
    'its events': `/runs/${done}?tab=events`,
    'its data': `/runs/${done}?tab=data`,
    'its history': `/runs/${done}?tab=history`,
    'two runs': `/runs/compare?a=${done}&b=${open}`,
    'what a run may be compared with': `/runs/compare?b=${done}`,
    'no two runs': '/runs/compare',
    environment: '/environment',
    // With something in them they are looked at in evaluations.test.ts.
    'evaluations, none': '/evaluations?project=shop',
    'no such evaluation': '/evaluations/nobody',
    services: '/services',
    subscriptions: '/services?tab=subscriptions',
    events: '/events',
    projects: '/projects',
    'a project': '/projects/shop',
    'its versions': '/projects/shop?tab=versions',
    'its files, none': '/projects/shop?tab=quality',
    'its settings': '/projects/shop?tab=settings',
    'a project that is not there yet': '/projects/new-one',
    'no such run': '/runs/00000000-0000-0000-0000-000000000000',
    'no such page': '/nowhere',
  };
  dialogs = {
    find: { on: '/runs', open: (page) => page.keyboard.press('Control+k') },
    keys: { on: '/runs', open: (page) => page.keyboard.press('?') },
    'bulk abort': { on: '/runs', open: click(/Abort (all matching|… \(\d+ selected\))/) },
    abort: { on: `/runs/${open}`, open: click('Abort') },
    answer: { on: `/runs/${open}`, open: click('Answer by hand') },
    'send an event': { on: '/events', open: click('Send an event') },
    'delete a project': { on: '/projects/shop?tab=settings', open: click('Delete shop') },
    'new file': { on: '/projects/shop?tab=quality', open: click('New file') },
    'start an evaluation': { on: '/evaluations?project=shop', open: click('Start an evaluation') },
    'new project': { on: '/projects', open: click('New project') },
  };
});
afterAll(() => world[Symbol.asyncDispose]());

test('every route of the view is among those that are looked at here', () => {
  expect(routesNotAmong(Object.values(routes))).toEqual([]);
});

describe('axe finds nothing in light, dark and high contrast', () => {
  test('on any route', async () => {
    const found = await lookAt(Object.entries(routes).map(([name, path]) => ({ name, path })));
    expect(found).toEqual([]);
  }, 300_000);

  test('in any dialog', async () => {
    const found = await lookAt(
      Object.entries(dialogs).map(([name, { on, open }]) => ({
        name,
        path: on,
        act: async (page) => {
          await open(page);
          await page.getByRole('dialog').waitFor();
        },
      })),
    );
    expect(found).toEqual([]);
  }, 300_000);
});

test('nothing scrolls sideways at 360 px, and what one taps is at least 24 px', async () => {
  await using view = await world.open('/runs', { width: 360 });
  view.expectFault(/status of 404/);
  for (const [name, path] of Object.entries(routes)) {
    await settle(view.page, world.url + path);
    expect([name, await view.page.evaluate('document.documentElement.scrollWidth')]).toEqual([name, 360]);
    expect([name, await view.page.evaluate<string[]>(SMALL_TARGETS)]).toEqual([name, []]);
  }
  for (const [name, { on, open }] of Object.entries(dialogs)) {
    await settle(view.page, world.url + on);
    await open(view.page);
    await view.page.getByRole('dialog').waitFor();
    expect([name, await view.page.evaluate('document.documentElement.scrollWidth')]).toEqual([name, 360]);
    expect([name, await view.page.evaluate<string[]>(SMALL_TARGETS)]).toEqual([name, []]);
  }
}, 120_000);

test('the policy of the page is strict: no inline script, nothing from anywhere else', async () => {
  const response = await fetch(`${world.url}/`, { headers: { accept: 'text/html' } });
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain('unsafe');
  const html = await response.text();
  expect(html.match(/<script(?![^>]*\bsrc=)|<style|\son\w+=|javascript:/gi)).toBeNull();
  expect(html.match(/(?:src|href)="(?!\/)[^"]*"/g)).toBeNull();
});

test('a page that breaks the policy is noticed by these tests', async () => {
  await using view = await world.open('/runs');
  view.expectFault(/policy|Content Security Policy/);
  const told = view.page.waitForEvent('console', (message) => message.text().startsWith('the policy refused'));
  await view.page.evaluate(
    `document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = 1' }))`,
  );
  expect((await told).text()).toContain('script-src');
  expect(await view.page.evaluate('window.ran')).toBeUndefined();
});

type Look = { name: string; path: string; act?: (page: Page) => Promise<unknown> };

/** Each place once, looked at in each theme; answers what axe found. */
async function lookAt(places: readonly Look[]): Promise<string[]> {
  const found: string[] = [];
  for (const { name, path, act } of places) {
    await using view: Watched = await world.open('/v1/docs');
    view.expectFault(/status of 404/);
    await settle(view.page, world.url + path);
    await act?.(view.page);
    found.push(...(await violationsOf(view.page, name)));
  }
  return found;
}

async function settle(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator('h1, h2').first().waitFor();
  await expect.poll(() => page.locator('.loading').count(), { timeout: SETTLE_MS }).toBe(0);
}

function click(name: string | RegExp): (page: Page) => Promise<void> {
  return (page) => page.getByRole('button', { name }).first().click();
}

/** Links within a sentence may be as high as its line. */
const SMALL_TARGETS = `[...document.querySelectorAll('button, select, input, a')]
  .filter((one) => one.checkVisibility() && !one.closest('p, dd, .crumbs, th, label'))
  .map((one) => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.height < 24 || box.width < 24))
  .map(([html]) => html)`;
