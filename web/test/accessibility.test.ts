import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './support/no-faults.ts';
import { World } from './world.ts';

let world: World;
let routes: Record<string, string>;
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
    environment: '/environment',
    services: '/services',
    events: '/events',
    projects: '/projects',
    'a project': '/projects/shop',
    'no such run': '/runs/00000000-0000-0000-0000-000000000000',
  };
});
afterAll(() => world[Symbol.asyncDispose]());

describe.each(['light', 'dark', 'contrast'])('axe finds nothing in %s', (theme) => {
  test('on any route', async () => {
    await using view = await world.open('/runs', { theme });
    view.expectFault(/status of 404/);
    const found: string[] = [];
    for (const [name, path] of Object.entries(routes)) {
      await view.page.goto(world.url + path);
      await view.page.locator('h1, h2').first().waitFor();
      await view.page.locator('.loading').waitFor({ state: 'detached' });
      await view.page.evaluate(axe.source);
      const { violations } = await view.page.evaluate<Violations>('axe.run(document, { resultTypes: ["violations"] })');
      for (const { id, nodes } of violations)
        found.push(`${name}: ${id} at ${nodes.map((node) => node.target.join(' ')).join('; ')}`);
    }
    expect(found).toEqual([]);
  }, 60_000);
});

test('nothing scrolls sideways at 360 px, and what one taps is at least 24 px', async () => {
  await using view = await world.open('/runs', { width: 360 });
  view.expectFault(/status of 404/);
  for (const [name, path] of Object.entries(routes)) {
    await view.page.goto(world.url + path);
    await view.page.locator('h1, h2').first().waitFor();
    await view.page.locator('.loading').waitFor({ state: 'detached' });
    expect([name, await view.page.evaluate('document.documentElement.scrollWidth')]).toEqual([name, 360]);
    const small = await view.page.evaluate<string[]>(SMALL_TARGETS);
    expect([name, small]).toEqual([name, []]);
  }
});

test('the policy of the page is strict, and the page keeps to it', async () => {
  const response = await fetch(`${world.url}/`, { headers: { accept: 'text/html' } });
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain('unsafe');
  await using view = await world.open('/runs');
  for (const path of Object.values(routes).slice(0, -1)) {
    await view.page.goto(world.url + path);
    await view.page.locator('.loading').waitFor({ state: 'detached' });
  }
});

type Violations = { violations: { id: string; nodes: { target: string[] }[] }[] };

/** Links within a sentence may be as high as its line. */
const SMALL_TARGETS = `[...document.querySelectorAll('button, select, input, a')]
  .filter((one) => one.checkVisibility() && !one.closest('p, dd, .crumbs, th, label'))
  .map((one) => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.height < 24 || box.width < 24))
  .map(([html]) => html)`;
