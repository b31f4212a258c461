import { createServer } from 'node:http';
import type { EventView } from '@slipway/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { violationsOf } from './support/axe.ts';
import './support/no-faults.ts';
import { World } from './world.ts';

const EVENTS = 260;

let world: World;
beforeAll(async () => {
  world = await World.start();
  await world.apply('shop');
});
afterAll(() => world[Symbol.asyncDispose]());

test('subscriptions are listed with what they matched and the last error, and deleted after a word on what that means', async () => {
  await using view = await world.open('/services?tab=subscriptions');
  const { page } = view;
  await page.getByRole('heading', { name: 'No subscriptions yet' }).waitFor();
  const sink = createServer((_request, response) => response.writeHead(400).end());
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const address = sink.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const body = { sink: `http://127.0.0.1:${port}/hook`, types: ['*.triggered'], project: 'shop', mode: 'observe' };
  await world.api('PUT', '/v1/subscriptions/mail', body);
  await world.trigger({ project: 'shop', service: 'pushed' });
  const row = page.getByRole('row', { name: /^mail/ });
  await row.getByText('*.triggered').waitFor();
  await row.getByText('project shop').waitFor();
  await row.getByText(/400/).waitFor();
  await expect.poll(() => row.locator('[data-name="Matched"]').innerText()).toMatch(/[1-9]/);
  expect(await violationsOf(page, 'subscriptions')).toEqual([]);
  await page.getByRole('button', { name: 'Delete mail' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Slipway stops sending events to').waitFor();
  await dialog.getByRole('button', { name: 'Delete subscription' }).click();
  await page.getByRole('heading', { name: 'No subscriptions yet' }).waitFor();
  sink.close();
}, 60_000);

test('a name that no project may have is refused in the form', async () => {
  await using view = await world.open('/projects');
  view.expectFault(/status of 404/);
  const { page } = view;
  await page.getByRole('button', { name: 'New project' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('My Shop!');
  await dialog.getByRole('button', { name: 'Write shipyard' }).click();
  expect(await dialog.getByLabel('Name').evaluate((one: HTMLInputElement) => one.validity.patternMismatch)).toBe(true);
  expect(new URL(page.url()).pathname).toBe('/projects');
  await dialog.getByLabel('Name').fill('my-shop');
  await dialog.getByRole('button', { name: 'Write shipyard' }).click();
  await page.waitForURL('**/projects/my-shop');
});

test('the address of an old event shows it, and one that is not there says so; Ctrl-K finds what is older than the newest runs', async () => {
  const first = await world.trigger({ project: 'shop', service: 'the-old-one' });
  const { items } = await world.api<{ items: EventView[] }>('GET', `/v1/runs/${first}/events?limit=1`);
  const batch = Array.from({ length: EVENTS }, (_, at) => ({
    ...{ specversion: '1.0', id: `old-${at}`, source: '/test', type: 'dev.delivery.triggered' },
    data: { project: 'shop', service: 'many' },
  }));
  for (let at = 0; at < EVENTS; at += 100)
    await world.api('POST', '/v1/events', batch.slice(at, at + 100), 'application/cloudevents-batch+json');
  await using view = await world.open(`/events?event=${items[0]?.event.id}`);
  view.expectFault(/status of 404/);
  const { page } = view;
  await page.getByLabel('Event', { exact: true }).getByText('the-old-one').waitFor();
  await page.goto(`${world.url}/events?event=nothing`);
  await page.getByRole('alert').getByText('The event nothing cannot be shown').waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill('the-old-one');
  await page.getByRole('option', { name: /the-old-one/ }).click();
  await page.waitForURL(`**/runs/${first}`);
}, 90_000);

test('below a comparison on a phone there is nothing to scroll through', async () => {
  const [a, b] = [
    await world.trigger({ project: 'shop', service: 'x' }),
    await world.trigger({ project: 'shop', service: 'y' }),
  ];
  await using view = await world.open(`/runs/compare?a=${a}&b=${b}`, { width: 360 });
  await view.page.getByLabel('Tasks of both runs').waitFor();
  const beyond = `(() => { const main = document.querySelector('.main');
    const bottoms = [...document.querySelectorAll('.page > *')].map((one) => one.getBoundingClientRect().bottom);
    return main.scrollHeight - Math.max(...bottoms) - main.scrollTop; })()`;
  await expect.poll(() => view.page.evaluate<number>(beyond)).toBeLessThanOrEqual(24);
  expect(await view.page.evaluate('document.documentElement.scrollHeight <= innerHeight')).toBe(true);
});
