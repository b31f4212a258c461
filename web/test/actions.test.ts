import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunView } from '@slipway/contract';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findServices, startServices } from '../../cli/src/dev/example-services.ts';
import { ROOT } from '../../tools/root.ts';
import { startNats } from '../../tools/test-servers.ts';
import './support/no-faults.ts';
import { readFileSync } from 'node:fs';
import { World } from './world.ts';

const READY_MS = 30_000;
/** Three tasks in three languages. */
const POLYGLOT = readFileSync(join(ROOT, 'shipyard-examples/polyglot.yaml'), 'utf8');
const GATED = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: gated}
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks: [{name: build}, {name: checknumber, with: {number: "+49 30 901820"}}, {name: approve}]
    - name: prod
      sequences:
        - name: rollout
          triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: pass}}}]
          tasks: [{name: release}]
`;

describe.each(['embedded', 'NATS'])('with the services of this clone, %s', (mode) => {
  let world: World;
  const closers: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-web-services-'));
    closers.push(async () => rmSync(folder, { recursive: true, force: true }));
    const nats = mode === 'NATS' ? await startNats() : undefined;
    if (nats) closers.push(() => nats.stop());
    world = await World.start(nats ? ['--nats', nats.url] : []);
    closers.push(() => world[Symbol.asyncDispose]());
    await world.apply('polyglot', POLYGLOT);
    await world.apply('gated', GATED);
    const services = startServices({
      programs: findServices(ROOT).programs.filter(({ name }) => /checknumber|greeter|archive/.test(name)),
      logFolder: join(folder, 'logs'),
      env: {
        ...process.env,
        SLIPWAY_SERVER: world.server.url,
        ...(nats ? { SLIPWAY_NATS: nats.url } : {}),
        ARCHIVE_FOLDER: join(folder, 'archive'),
      },
    });
    closers.push(() => services.close());
  }, 60_000);
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  test('a sequence is started from its form, runs through its services, and every page shows it', async () => {
    await using view = await world.open('/services');
    const { page } = view;
    const services = page.getByLabel('Services by task');
    for (const task of ['checknumber', 'greet', 'archive'])
      await services.getByRole('rowheader', { name: task, exact: true }).waitFor({ timeout: READY_MS });
    await services
      .getByRole('row', { name: /^checknumber/ })
      .getByText(mode === 'NATS' ? 'NATS' : 'HTTP claim')
      .waitFor();

    await page.getByRole('link', { name: 'Events' }).click();
    await page.getByRole('button', { name: 'Send an event' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Project').selectOption('polyglot');
    await form.getByLabel('Sequence to start').selectOption('dev.welcome');
    const text = form.getByLabel('Event (JSON)');
    const event = JSON.parse(await text.inputValue());
    await text.fill(
      JSON.stringify({
        ...event,
        data: { ...event.data, name: 'Ada', number: '+49 30 901820', labels: { build: '7' } },
      }),
    );
    await form.getByRole('button', { name: 'Send', exact: true }).click();
    await form.getByRole('link', { name: 'View run' }).click();

    await page.waitForURL('**/runs/*');
    const run = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await page.getByLabel('Why').getByText('Passed in').waitFor({ timeout: READY_MS });
    const lanes = page.getByLabel('Stages and tasks');
    for (const task of ['checknumber', 'greet', 'archive'])
      await lanes.getByRole('link', { name: new RegExp(`^${task}`) }).waitFor();
    await lanes.getByRole('link', { name: /^greet/ }).click();
    await page.getByLabel('Task greet').getByText('Guten Tag, Ada!').waitFor();
    await page.getByLabel('Task greet').getByText('HTTP claim').waitFor();

    const parts = page.getByLabel('Parts of the run');
    await parts.getByRole('link', { name: 'Events' }).click();
    const list = await world.api<{ items: { event: { id: string; type: string } }[] }>(
      'GET',
      `/v1/runs/${run}/events?limit=100`,
    );
    await page.locator(`[data-event="${list.items.at(-1)?.event.id}"]`).click();
    await page.getByLabel('Event', { exact: true }).getByText('Guten Tag, Ada!').waitFor();
    expect(await page.locator('[data-event] .type').allInnerTexts()).toEqual(
      list.items.map(({ event: { type } }) => type),
    );
    await parts.getByRole('link', { name: 'Input and output' }).click();
    await page.getByLabel('Output').getByText('Guten Tag, Ada!').waitFor();
    await parts.getByRole('link', { name: 'History' }).click();
    await page.getByText('No manual actions').waitFor();

    await page.getByRole('link', { name: 'Environment' }).click();
    await page
      .getByLabel('Project polyglot')
      .getByRole('link', { name: /Passed 7.*welcome/ })
      .click();
    await page.waitForURL(`**/runs/${run}`);
    await page.getByRole('link', { name: 'build=7' }).click();
    await page.waitForURL('**/runs?label=build%3D7');
    await page.locator(`[data-run="${run}"]`).getByText('Passed').waitFor();
    await page.getByRole('link', { name: 'Projects' }).click();
    await page.getByRole('link', { name: 'polyglot' }).click();
    await page.getByLabel('Plan').getByText('archive', { exact: true }).waitFor();
  }, 90_000);

  test('a run is paused, answered by hand, resumed, approved, and what follows it is aborted', async () => {
    const run = await world.trigger({ project: 'gated', service: 'shop' });
    await using view = await world.open(`/runs/${run}`);
    const { page } = view;
    const why = page.getByLabel('Why');
    await why.getByText("'build'").waitFor();
    await command('Pause', 'wait for the night');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    // A service works on it: the answer of a person ends the attempt, and the history has both names.
    await world.claim('build', 'gated', '/holds-it');
    await page.getByLabel('Task build', { exact: true }).getByText('/holds-it').waitFor();
    await answer('build', 'pass', '/holds-it is working on this attempt');
    // It may finish what it had begun, and starts nothing new.
    await why.getByText('paused', { exact: false }).first().waitFor();
    expect((await world.api<RunView>('GET', `/v1/runs/${run}`)).tasks.map(({ state }) => state)).toEqual([
      'finished',
      'pending',
      'pending',
    ]);
    await command('Resume', 'it is night');
    // A service of this clone does the second, a person the third.
    await page
      .getByLabel('Stages and tasks')
      .getByRole('link', { name: /^checknumber.*Passed/ })
      .waitFor({ timeout: READY_MS });
    await why.getByText("'approve'").waitFor();
    await page
      .getByLabel('Stages and tasks')
      .getByRole('link', { name: /^approve/ })
      .click();
    await answer('approve', 'pass');
    await why.getByText('Passed in').waitFor();
    await page.getByLabel('Parts of the run').getByRole('link', { name: 'History (4)' }).click();
    await page.getByText('wait for the night').waitFor();
    const history = page.getByLabel('History', { exact: true });
    await history.getByText('Answered build by hand: pass').waitFor();
    await history.getByText('by eve instead of /holds-it').waitFor();
    await history.getByText('Answered approve by hand: pass').waitFor();

    await page.getByLabel('Stages and tasks').getByRole('link', { name: 'Open this run' }).click();
    await page.waitForURL((url) => !url.pathname.endsWith(run));
    await page.getByText('Triggered by').waitFor();
    await command('Abort', 'not today');
    await why.getByText('Aborted after').waitFor();
    expect(await page.getByRole('button', { name: /Abort|Pause|Resume/ }).count()).toBe(0);

    async function command(name: string, reason: string): Promise<void> {
      await page.getByRole('button', { name }).click();
      await page.getByRole('dialog').getByLabel('Reason').fill(reason);
      await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }

    async function answer(task: string, result: string, warning?: string): Promise<void> {
      await page.getByLabel(`Task ${task}`, { exact: true }).getByRole('button', { name: 'Answer by hand' }).click();
      await page.getByLabel('Result').selectOption(result);
      await page.getByLabel('Your name').fill('eve');
      if (warning !== undefined) await page.getByRole('dialog').getByText(warning).waitFor();
      await page.getByRole('button', { name: 'Send answer' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
  }, 90_000);
});

test('on a phone the filters unfold, runs are ticked and aborted, and nothing moves or is too small for it', async () => {
  await using world = await World.start();
  await world.apply('gated', GATED);
  const [one, two] = [
    await world.trigger({ project: 'gated', service: 'a-service-with-a-name-that-is-long-enough-to-be-cut' }),
    await world.trigger({ project: 'gated', service: 'shop' }),
  ];
  await using view = await world.open('/runs', { width: 360 });
  const { page } = view;
  const project = page.getByLabel('project', { exact: true });
  await page.locator(`[data-run="${two}"]`).waitFor();
  expect(await project.isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Filters', exact: true }).click();
  await project.selectOption('gated');
  await page.getByLabel('Saved filters').selectOption('Save filter …');
  await page.getByLabel('Name').fill('mine');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await fits();
  await page.getByRole('button', { name: 'Filters (1)' }).click();

  const row = page.locator(`[data-run="${one}"]`);
  const before = await row.boundingBox();
  await page.getByRole('checkbox', { name: one }).click();
  await page.getByRole('checkbox', { name: two }).click();
  await page.getByText('2 selected', { exact: true }).waitFor();
  expect(await row.boundingBox()).toEqual(before);
  await fits();
  await page.getByRole('button', { name: /Abort (all matching|… \(\d+ selected\))/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Copy as CLI' }).waitFor();
  await fits();
  await page.getByRole('dialog').getByRole('button', { name: 'Abort 2 runs' }).click();
  await page.getByText('2 of 2 aborted').waitFor();

  /** Nothing scrolls sideways, the dialog included, and what one taps has 24 px. */
  async function fits(): Promise<void> {
    const wide = `[...document.querySelectorAll('html, dialog')].filter((one) => one.scrollWidth > one.clientWidth).length`;
    expect(await page.evaluate(wide)).toBe(0);
    const small = `[...document.querySelectorAll('.runs-page :is(button, select, label.pick), dialog button')]
      .filter((one) => one.checkVisibility() && Math.min(one.offsetHeight, one.offsetWidth) < 24)
      .map((one) => one.outerHTML)`;
    expect(await page.evaluate(small)).toEqual([]);
  }
});

test('on a phone what is chosen comes into sight, and anything can be found', async () => {
  await using world = await World.start();
  await world.apply('gated', GATED);
  const run = await world.trigger({ project: 'gated', service: 'shop' });
  await using view = await world.open('/events', { width: 360 });
  const { page } = view;
  await page.locator('[data-event]').first().click();
  await expect.poll(() => inSight(page.getByLabel('Event', { exact: true }).getByText('Attributes'))).toBe(true);
  await page.getByRole('link', { name: 'View run' }).click();
  await page.waitForURL(`**/runs/${run}`);
  await page.getByLabel('Why').getByRole('button', { name: 'answer it by hand' }).click();
  await page.getByRole('dialog', { name: "Answer 'build' by hand" }).waitFor();
  await page.keyboard.press('Escape');
  await page
    .getByLabel('Stages and tasks')
    .getByRole('link', { name: /^approve/ })
    .click();
  await expect.poll(() => inSight(page.getByLabel('Task approve').getByText('Not triggered yet'))).toBe(true);
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('combobox').fill('theme');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => localStorage.getItem('slipway-theme'))).toBe('light');
});

async function inSight(place: Locator): Promise<boolean> {
  const [box, height] = [await place.boundingBox(), place.page().viewportSize()?.height ?? 0];
  return box !== null && box.y >= 0 && box.y + box.height < height;
}
