import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './support/no-faults.ts';
import { MODES, SHIPYARD, World } from './world.ts';

describe.each(MODES)('%s', (mode) => {
  let world: World;
  beforeAll(async () => {
    world = await World.start([], { mode });
    await world.apply('shop');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  describe('runs', () => {
    test('a run appears by itself, and its end is shown in its place', async () => {
      await using view = await world.open('/runs');
      await view.page.locator('[data-live="live"]').waitFor();
      const run = await world.trigger({ project: 'shop', service: 'carts' });
      const row = view.page.locator(`[data-run="${run}"]`);
      await row.getByText('Waiting for worker').waitFor();
      await world.finish(await world.claim('build', 'shop'), { result: 'pass' });
      await world.finish(await world.claim('test', 'shop'), { result: 'warning', message: 'slow' });
      await row.getByText('Warning').waitFor();
    });

    test('a label is text, whatever it looks like', async () => {
      const labels = { note: '<img src=x onerror=alert(1)>' };
      const run = await world.trigger({ project: 'shop', service: 'img', data: { labels } });
      await using view = await world.open('/runs');
      await view.page.locator(`[data-run="${run}"]`).getByText('<img src=x onerror=alert(1)>').waitFor();
      await view.page.goto(`${world.url}/runs/${run}`);
      await view.page.getByText('note=<img src=x onerror=alert(1)>').waitFor();
      expect(await view.page.locator('img[src="x"]').count()).toBe(0);
    });

    test('a filter is in the address, and runs on the server', async () => {
      await world.trigger({ project: 'shop', service: 'only-this-one' });
      await using view = await world.open('/runs?service=only-this-one');
      await view.page.getByText('1 run', { exact: true }).waitFor();
      await view.page.getByRole('button', { name: 'Passed' }).click();
      await view.page.getByText('No matching runs').waitFor();
      expect(new URL(view.page.url()).search).toBe('?service=only-this-one&show=passed');
      await view.page.goBack();
      await view.page.getByText('1 run', { exact: true }).waitFor();
    });

    test('bulk abort counts first, and says what it will do', async () => {
      await world.trigger({ project: 'shop', service: 'bulk' });
      await world.trigger({ project: 'shop', service: 'bulk' });
      await using view = await world.open('/runs?service=bulk');
      await view.page.getByRole('button', { name: /Abort (all matching|… \(\d+ selected\))/ }).click();
      await view.page.getByText('2 active runs').waitFor();
      await view.page.getByRole('button', { name: 'Abort 2 runs' }).click();
      await view.page.getByText('2 of 2 aborted').waitFor();
    });
  });

  describe('a run', () => {
    test('says on top what it waits for, and shows what has not run yet and what would follow', async () => {
      await world.apply('alone');
      const run = await world.trigger({ project: 'alone', service: 'carts' });
      await using view = await world.open(`/runs/${run}`);
      await view.page.getByLabel('Why').getByText("'build'").waitFor();
      const lanes = view.page.getByLabel('Stages and tasks');
      await lanes.getByText('Not yet: on pass of dev.delivery').waitFor();
      expect(await lanes.locator('.step.ahead').allInnerTexts()).toHaveLength(2);
      const first = await world.claim('build', 'alone');
      await view.page.getByLabel('Why').getByText("/test/worker works on 'build'").waitFor();
      await world.finish(first, { result: 'fail', status: 'errored', message: 'no disk', build: { free: 0 } });
      const second = await world.claim('build', 'alone');
      await world.finish(second, { result: 'pass', build: { free: 7 } });
      await view.page.getByRole('link', { name: /build/ }).first().click();
      await view.page.getByText('Only differences from attempt 1').click();
      await view.page.locator('.diff ins').getByText('7').waitFor();
      await world.finish(await world.claim('test', 'alone'), { result: 'pass' });
      await lanes.getByRole('link', { name: 'Open this run' }).waitFor();
    });

    test('is aborted after a word on what that means', async () => {
      const run = await world.trigger({ project: 'shop', service: 'abort-me' });
      await using view = await world.open(`/runs/${run}`);
      await view.page.getByRole('button', { name: 'Abort' }).click();
      const dialog = view.page.getByRole('dialog');
      await dialog.getByText("Withdraws 'build', which no service has started.").waitFor();
      await dialog.getByLabel('Reason').fill('wrong image');
      await dialog.getByRole('button', { name: 'Abort', exact: true }).click();
      await view.page.getByLabel('Why').getByText('Aborted after').waitFor();
      await view.page.getByRole('link', { name: 'History' }).click();
      await view.page.getByLabel('History', { exact: true }).getByText('wrong image').waitFor();
      expect(await view.page.getByRole('button', { name: 'Abort' }).count()).toBe(0);
    });

    test('its events are added to at the end while one reads them', async () => {
      await world.apply('told');
      const run = await world.trigger({ project: 'told', service: 'told' });
      await using view = await world.open(`/runs/${run}?tab=events`);
      await view.page.locator('[data-event]', { hasText: 'build.triggered' }).waitFor();
      await view.page.locator('[data-live="live"]').waitFor();
      await world.finish(await world.claim('build', 'told'), { result: 'pass' });
      await view.page.locator('[data-event]', { hasText: 'test.triggered' }).waitFor();
      await world.finish(await world.claim('test', 'told'), { result: 'pass' });
      await view.page.locator('[data-event]', { hasText: 'prod.rollout.triggered' }).waitFor();
      const types = await view.page.locator('[data-event] .type').allInnerTexts();
      expect(types[0]).toBe('dev.delivery.triggered');
      expect(types.at(-1)).toBe('prod.rollout.triggered');
    });

    test('goes on when a person answers in place of a service', async () => {
      const run = await world.trigger({ project: 'shop', service: 'by-hand' });
      await using view = await world.open(`/runs/${run}?task=build`);
      await view.page.getByRole('button', { name: 'Answer by hand' }).click();
      await view.page.getByLabel('Output, JSON').fill('{"artifact": "shop:2"}');
      await view.page.getByRole('button', { name: 'Send answer' }).click();
      await view.page.getByRole('dialog').waitFor({ state: 'detached' });
      await view.page.getByLabel('Task build').getByText('"shop:2"').waitFor();
      await view.page.getByLabel('Why').getByText("'test'").waitFor();
    });
  });

  describe('the rest', () => {
    test('a sequence is started from a form, and its event is in the tail', async () => {
      await using view = await world.open('/events');
      await view.page.locator('[data-live="live"]').waitFor();
      await view.page.getByRole('button', { name: 'Send an event' }).click();
      await view.page.getByLabel('Project').last().selectOption('shop');
      await view.page.getByLabel('Sequence to start').selectOption('dev.delivery');
      const text = view.page.getByLabel('Event (JSON)');
      expect(JSON.parse(await text.inputValue()).data).toMatchObject({ project: 'shop', image: 'shop:1' });
      await view.page.getByRole('button', { name: 'Send', exact: true }).click();
      await view.page.getByText('Accepted.').waitFor();
      await view.page.getByRole('button', { name: 'Close' }).click();
      await view.page.locator('[data-event]').first().waitFor();
      await view.page.locator('[data-event]', { hasText: 'dev.delivery.triggered' }).first().click();
      await view.page.getByRole('button', { name: 'Edit and resend' }).waitFor();
    });

    test('tasks that nobody answers stand first, with a line that helps', async () => {
      await world.apply('lonely', SHIPYARD.replaceAll('build', 'paint'));
      await world.trigger({ project: 'lonely', service: 'x' });
      await using view = await world.open('/services');
      await view.page.getByText("No service is connected for task 'paint'.").waitFor();
      await view.page.getByText('/v1/tasks/paint/claim').waitFor();
    });

    test('a mistake in a shipyard is shown with its line while typing, and a good text is applied', async () => {
      await world.apply('typed');
      await using view = await world.open('/projects/typed');
      // What the check of a text with a mistake answers.
      view.expectFault(/status of 422/);
      const editor = view.page.getByLabel('Shipyard as YAML');
      await editor.fill(SHIPYARD.replace('name: test', 'nam: test'));
      await view.page.locator('.findings').getByText('14:').first().waitFor();
      expect(await view.page.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true);
      await editor.fill(SHIPYARD.replace('name: test', 'name: check'));
      await view.page.getByLabel('Plan').getByText('check', { exact: true }).waitFor();
      await view.page.getByRole('button', { name: 'Apply' }).click();
      await view.page.getByText('is in use.').waitFor();
      expect(await view.page.locator('.versions li').count()).toBe(2);
    });
  });
});
