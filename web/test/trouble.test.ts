import { setTimeout as delay } from 'node:timers/promises';
import type { EventView, RunSummary } from '@slipway/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNats } from '../../tools/test-servers.ts';
import './support/no-faults.ts';
import type { Watched } from './support/watched.ts';
import { MODES, World } from './world.ts';

/**
 * How long the connection is away. What is missed is replayed by its position and not by a time, so a few seconds show the
 * same as a minute; `CUT_SECONDS=60 npx vitest run web/test/trouble` is the whole minute.
 */
const CUT_MS = Number(process.env.CUT_SECONDS ?? 3) * 1_000;
const BACK_MS = 40_000;

describe.each(MODES)('%s', (mode) => {
  let world: World;
  beforeAll(async () => {
    world = await World.start([], { mode });
    await world.apply('shop');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  describe('the connection is cut, and nothing is missed', () => {
    test(
      'in the list of runs, on the page of a run and in the tail of events',
      async () => {
        const service = 'cut';
        const open = await world.trigger({ project: 'shop', service });
        await using runs = await world.open(`/runs?service=${service}`);
        await using run = await world.open(`/runs/${open}`);
        await using events = await world.open('/events');
        const views = [runs, run, events];
        await live(views);
        await runs.page.locator(`[data-run="${open}"]`).waitFor();
        await events.page.locator('[data-event]').first().waitFor();

        for (const view of views) view.expectFault(/net::ERR_/);
        world.wire.cut();
        const until = Date.now() + CUT_MS;
        await Promise.all(views.map((view) => view.page.locator('[data-live="cut"]').waitFor()));
        // In the middle of all that is missed, one is done to its end, one is aborted, and many begin.
        const aborted = await world.trigger({ project: 'shop', service });
        await world.api('POST', `/v1/runs/${aborted}/abort`, { reason: 'nobody looks' });
        await world.finish(await world.claim('build', 'shop'), { result: 'pass', build: { image: 'shop:9' } });
        await world.finish(await world.claim('test', 'shop'), { result: 'warning', message: 'one is slow' });
        for (let count = 0; count < 40; count++) await world.trigger({ project: 'shop', service });
        while (Date.now() < until) await delay(Math.min(1_000, until - Date.now()));
        world.wire.mend();
        await live(views);

        await run.page.getByLabel('Why').getByText('one is slow').waitFor();
        const { items } = await world.api<{ items: RunSummary[] }>('GET', `/v1/runs?service=${service}&limit=200`);
        expect(items).toHaveLength(42);
        await runs.page.getByText('42 runs', { exact: true }).waitFor();
        expect(await eachOf(runs, '[data-run]', 'data-run')).toEqual(items.map(({ id }) => id));
        // The list stands at its end now, where the two old ones are.
        await runs.page.locator(`[data-run="${open}"]`).getByText('Warning').waitFor();
        await runs.page.locator(`[data-run="${aborted}"]`).getByText('Aborted').waitFor();
        const told = await world.api<{ items: EventView[] }>('GET', '/v1/events?limit=200');
        await events.page.locator(`[data-event="${told.items[0]?.event.id}"]`).waitFor();
        expect(await eachOf(events, '[data-event]', 'data-event')).toEqual(told.items.map(({ event }) => event.id));
      },
      CUT_MS + 90_000,
    );
  });

  test('the server is killed and started again under open pages, which go on by themselves', async () => {
    await using own = await World.start();
    await own.apply('shop');
    const before = await own.trigger({ project: 'shop', service: 'killed' });
    await using runs = await own.open('/runs');
    await using run = await own.open(`/runs/${before}`);
    await using events = await own.open('/events');
    const views = [runs, run, events];
    await live(views);
    await runs.page.locator(`[data-run="${before}"]`).getByText('Waiting for worker').waitFor();

    for (const view of views) view.expectFault(/net::ERR_/);
    await own.server.kill();
    await Promise.all(views.map((view) => view.page.locator('[data-live="cut"]').waitFor({ timeout: BACK_MS })));
    await own.server.start();
    await live(views);
    const after = await own.trigger({ project: 'shop', service: 'born-after' });
    await own.finish(await own.claim('build', 'shop'), { result: 'fail', status: 'errored', message: 'no disk' });
    await runs.page.locator(`[data-run="${after}"]`).getByText('Waiting for worker').waitFor();
    await run.page.getByLabel('Timeline').getByText('build').first().waitFor();
    await run.page.getByLabel('Task build').getByText('of 2').waitFor();
    await own.api('POST', `/v1/runs/${before}/abort`, { reason: 'the old one' });
    await run.page.getByLabel('Why').getByText('Aborted after').waitFor();
    await runs.page.locator(`[data-run="${before}"]`).getByText('Aborted').waitFor();
    await events.page.locator('[data-event]', { hasText: 'dev.delivery.triggered' }).first().waitFor();
    const told = await own.api<{ items: EventView[] }>('GET', '/v1/events?limit=200');
    await events.page.locator(`[data-event="${told.items[0]?.event.id}"]`).waitFor();
    expect(await eachOf(events, '[data-event]', 'data-event')).toEqual(told.items.map(({ event }) => event.id));
  }, 120_000);
});

test('the broker goes and comes back under an open page: what cannot be taken says so, and is sent once more', async () => {
  await using own = await World.start([], { mode: 'NATS' });
  await own.apply('shop');
  const { nats } = own;
  if (nats === undefined) throw new Error('there is no broker');
  await using view = await own.open('/events');
  const { page } = view;
  await live([view]);
  await page.getByRole('button', { name: 'Send an event' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Project').selectOption('shop');
  await form.getByLabel('Sequence to start').selectOption('dev.delivery');
  view.expectFault(/status of 503/);
  await nats.kill();
  await form.getByRole('button', { name: 'Send', exact: true }).click();
  await form.getByRole('alert').getByText('the bus is away').waitFor({ timeout: BACK_MS });
  await using _back = await startNats({ port: nats.port, storeDir: nats.storeDir });
  const ready = async (): Promise<number> => (await fetch(`${own.server.url}/readyz`)).status;
  await expect.poll(ready, { timeout: BACK_MS }).toBe(200);
  // The same event again: whether the first was durable already or not, it starts one run.
  await form.getByRole('button', { name: 'Send', exact: true }).click();
  await form.getByRole('link', { name: 'View run' }).waitFor();
  await form.getByRole('button', { name: 'Close' }).click();
  // Under the pointer the list would hold its rows.
  await page.mouse.move(5, 5);
  await page.locator('[data-event]', { hasText: 'dev.delivery.triggered' }).waitFor();
  await own.finish(await own.claim('build', 'shop'), { result: 'pass' });
  await page.locator('[data-event]', { hasText: 'test.triggered' }).waitFor();
  const { items } = await own.api<{ items: RunSummary[] }>('GET', '/v1/runs');
  expect(items).toHaveLength(1);
});

test('who comes while the server is away is told so, and by the button it goes on', async () => {
  await using own = await World.start();
  await own.apply('shop');
  await using view = await own.open('/projects');
  await view.page.getByRole('link', { name: 'shop' }).first().waitFor();
  // Pages that were never opened are fetched while there is time.
  const fetched = () => view.page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  for (const part of [/services-page-[^/]+\.js$/, /services-page-[^/]+\.css$/])
    await expect.poll(fetched, { timeout: BACK_MS }).toContainEqual(expect.stringMatching(part));
  await view.page.evaluate(NEXT_PAINT);
  view.expectFault(/net::ERR_/);
  await own.server.kill();
  await view.page.getByRole('link', { name: 'Services' }).click();
  await view.page.getByText('The services cannot be shown').waitFor({ timeout: BACK_MS });
  await view.page.getByText('cannot be reached').waitFor();
  await own.server.start();
  await view.page.getByRole('button', { name: 'Try again' }).click();
  await view.page.getByText('No services yet').waitFor({ timeout: BACK_MS });
}, 90_000);

async function live(views: readonly Watched[]): Promise<void> {
  await Promise.all(views.map((view) => view.page.locator('[data-live="live"]').waitFor({ timeout: BACK_MS })));
}

/** What a virtual list shows, from its beginning to its end. */
async function eachOf(view: Watched, selector: string, attribute: string): Promise<string[]> {
  const lines = view.page.locator(selector);
  const box = lines.first().locator('xpath=ancestor::*[contains(@class, "all")]/..');
  await box.evaluate((list) => list.scrollTo(0, 0));
  const seen = new Set<string>();
  for (;;) {
    const before = seen.size;
    await view.page.evaluate(NEXT_PAINT);
    const shown = await lines.evaluateAll((all, name) => all.map((one) => one.getAttribute(name) ?? ''), attribute);
    for (const one of shown) seen.add(one);
    if (seen.size === before) return [...seen];
    await box.evaluate((list) => list.scrollBy(0, list.clientHeight / 2));
  }
}

const NEXT_PAINT = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';
