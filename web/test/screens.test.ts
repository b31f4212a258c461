import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startMongo } from '../../tools/test-servers.ts';
import { violationsOf } from './support/axe.ts';
import './support/no-faults.ts';
import { routesNotAmong } from './support/routes.ts';
import type { Watched } from './support/watched.ts';
import { World } from './world.ts';

const SCREEN_MS = 60_000;
/** Pages that wait for a store that is away wait together. */
const AT_ONCE = 7;
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Each page that reads something, and the word that its failure begins with. */
const PAGES = {
  '/runs': 'The runs',
  [`/runs/${NOBODY}`]: 'The run',
  [`/runs/compare?a=${NOBODY}&b=${NOBODY}`]: 'One of the two runs',
  [`/runs/compare?b=${NOBODY}`]: 'One of the two runs',
  '/environment': 'The environment',
  '/evaluations': 'The projects',
  '/evaluations?project=shop': 'The projects',
  [`/evaluations/${NOBODY}.evaluate.1`]: 'The evaluation',
  '/services': 'The services',
  '/services?tab=subscriptions': 'The subscriptions',
  '/events': 'The events',
  '/projects': 'The projects',
  '/projects/shop': 'The shipyard',
  '/projects/shop?tab=versions': 'The versions',
  '/projects/shop?tab=quality': 'The files',
  '/projects/shop?tab=settings': 'The settings',
};

test('every route of the view is among those that are looked at here', () => {
  expect(routesNotAmong(Object.keys(PAGES))).toEqual([]);
});

test('while the answer is on its way each page says so, and shows it when it is there', async () => {
  await using world = await World.start();
  await world.apply('shop');
  // It reads nothing, so that nothing is known yet; from here all other pages are fetched.
  await using view = await world.open('/nowhere');
  await fetched(view);
  world.wire.hold();
  const found: string[] = [];
  for (const path of Object.keys(PAGES)) {
    await go(view, path);
    await view.page.locator('.loading:visible').first().waitFor();
    expect([path, await view.page.locator('.screen').count()]).toEqual([path, 0]);
    found.push(...(await looked(view, path)));
  }
  expect(found).toEqual([]);
  await go(view, '/projects/shop');
  await view.page.locator('.loading:visible').first().waitFor();
  world.wire.mend();
  await view.page.getByLabel('Plan').getByText('build', { exact: true }).waitFor({ timeout: SCREEN_MS });
}, 180_000);

test('where the store is away each page says that, never that there is nothing, and goes on by its button', async () => {
  const storeDir = mkdtempSync(join(tmpdir(), 'slipway-web-mongo-'));
  let mongo = await startMongo({ storeDir });
  const { port } = mongo;
  {
    await using world = await World.start(['--mongo', `mongodb://127.0.0.1:${port}/web?directConnection=true`]);
    await world.apply('shop');
    await mongo.kill();
    const found: string[] = [];
    // Who is connected the control plane knows without its store.
    const paths = Object.entries(PAGES).filter(([path]) => path !== '/services');
    for (let first = 0; first < paths.length; first += AT_ONCE) {
      const some = paths.slice(first, first + AT_ONCE);
      const views = await Promise.all(some.map(([path]) => openFaulty(world, path)));
      for (const [index, [path, what]] of some.entries()) {
        const { page } = views[index] ?? (await openFaulty(world, path));
        await page.getByRole('alert').getByText(`${what} cannot be shown`).waitFor({ timeout: SCREEN_MS });
        await page.getByText('store-unavailable (503)').waitFor();
        expect([path, await page.locator('.loading').count()]).toEqual([path, 0]);
        found.push(...(await violationsOf(page, path)));
      }
      await Promise.all(views.map((view) => view[Symbol.asyncDispose]()));
    }
    expect(found).toEqual([]);

    // A list that is live comes back by itself; this one is asked for again.
    await using view = await openFaulty(world, '/projects');
    await view.page.getByText('The projects cannot be shown').waitFor({ timeout: SCREEN_MS });
    mongo = await startMongo({ storeDir, port });
    await expect.poll(async () => (await fetch(`${world.url}/readyz`)).status, { timeout: SCREEN_MS }).toBe(200);
    await view.page.getByRole('button', { name: 'Try again' }).click();
    await view.page.getByRole('link', { name: 'shop' }).waitFor({ timeout: SCREEN_MS });
  }
  await mongo.stop();
  rmSync(storeDir, { recursive: true, force: true });
}, 240_000);

test('where the server is away each page says so', async () => {
  await using world = await World.start();
  await using view = await world.open('/nowhere');
  await fetched(view);
  view.expectFault(/net::ERR_/);
  await world.server.kill();
  for (const [path, what] of Object.entries(PAGES)) {
    await go(view, path);
    await view.page.getByRole('alert').getByText(`${what} cannot be shown`).waitFor({ timeout: SCREEN_MS });
    await view.page.getByText('cannot be reached').waitFor();
  }
}, 180_000);

test('on a server with nothing each page says what to do first', async () => {
  await using world = await World.start();
  await using view = await world.open('/nowhere');
  const found: string[] = [];
  for (const [path, title] of Object.entries({
    '/runs': 'No runs yet',
    '/environment': 'No projects yet',
    '/evaluations': 'No projects yet',
    '/services': 'No services yet',
    '/events': 'No events yet',
    '/projects': 'No projects yet',
    '/runs/compare': 'Select two runs',
  })) {
    await view.page.goto(world.url + path);
    const screen = view.page.locator('.screen', { has: view.page.getByRole('heading', { name: title }) });
    await screen.waitFor();
    // A line to copy, a place to go, or a sentence on what to do.
    expect([path, await screen.locator('pre, a, p').count()]).not.toEqual([path, 0]);
    found.push(...(await looked(view, path)));
  }
  expect(found).toEqual([]);
}, 120_000);

describe('where a token is asked for', () => {
  const token = 'slipway-test-token-of-some-length';

  test('one signs in once, and the page keeps nothing of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-web-token-'));
    writeFileSync(join(folder, 'tokens'), `ann * ${token}\n`, { mode: 0o600 });
    await using world = await World.start(['--token-file', join(folder, 'tokens')]);
    await using view = await world.open('/runs');
    view.expectFault(/status of 401/);
    const field = view.page.getByLabel('Token');
    await field.waitFor();
    expect(await looked(view, 'signed out')).toEqual([]);
    await field.fill('not-the-token');
    await view.page.getByRole('button', { name: 'Sign in' }).click();
    await view.page.getByRole('alert').waitFor();
    expect(await looked(view, 'refused')).toEqual([]);
    await field.fill(token);
    await view.page.getByRole('button', { name: 'Sign in' }).click();
    await view.page.getByText('No runs yet').waitFor();
    expect(
      await view.page.evaluate('JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie'),
    ).not.toContain(token);
    rmSync(folder, { recursive: true });
  });
});

async function openFaulty(world: World, path: string): Promise<Watched> {
  const view = await world.open('/v1/docs');
  view.expectFault(/status of 503/);
  await view.page.goto(world.url + path);
  return view;
}

/** As a link does: without the server. */
async function go({ page }: Watched, path: string): Promise<void> {
  await page.evaluate((to) => history.pushState({}, '', to), path);
}

/** The pages that were not opened are fetched while there is time. */
async function fetched({ page }: Watched): Promise<void> {
  const names = () => page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  for (const part of [
    /services-page-[^/]+\.js$/,
    /services-page-[^/]+\.css$/,
    /settings-tab-[^/]+\.js$/,
    /versions-tab-[^/]+\.js$/,
    /files-tab-[^/]+\.js$/,
  ])
    await expect.poll(names, { timeout: SCREEN_MS }).toContainEqual(expect.stringMatching(part));
}

/** What axe finds in three themes, and whether it reaches beyond a phone. */
async function looked({ page }: Watched, name: string): Promise<string[]> {
  const found = await violationsOf(page, name);
  const size = page.viewportSize() ?? { width: 1280, height: 800 };
  await page.setViewportSize({ ...size, width: 360 });
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
  await page.setViewportSize(size);
  return wide === 360 ? found : [...found, `${name} is ${wide} wide`];
}
