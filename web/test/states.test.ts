import { runPhaseLabels } from '@slipway/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { phaseLooks } from '../src/ui/state.ts';
import './support/no-faults.ts';
import { SHIPYARD, World } from './world.ts';

const SLEEPY = SHIPYARD.replace('delay: 100ms', 'delay: 10m');
const BY_EXPRESSION = SHIPYARD.replace("default(input.image, 'none')", 'input.image.size.of.it');

let world: World;
beforeAll(async () => {
  world = await World.start();
  await world.apply('shop');
});
afterAll(() => world[Symbol.asyncDispose]());

test('the states of a run are those of the contract, in its order and words', () => {
  const words = Object.entries(phaseLooks).map(([phase, { word }]) => [phase, word]);
  expect(words).toEqual(Object.entries(runPhaseLabels));
});

test('an aborted run is Aborted in the chips, the filter, the counts and what a run is compared with, and never Passed', async () => {
  const passed = await done('ended');
  const aborted = await world.trigger({ project: 'shop', service: 'ended' });
  await world.api('POST', `/v1/runs/${aborted}/abort`, {});
  const later = await done('ended');
  await using view = await world.open('/runs?service=ended');
  const { page } = view;
  await page.getByRole('button', { name: 'Passed 2' }).waitFor();
  await page.getByRole('button', { name: 'Aborted 1' }).click();
  await page.waitForURL('**/runs?service=ended&show=aborted');
  await page.getByText('1 run', { exact: true }).waitFor();
  await page.locator(`[data-run="${aborted}"]`).waitFor();
  // An address from before there were phases.
  await page.goto(`${world.url}/runs?service=ended&show=pass`);
  await page.getByText('2 runs', { exact: true }).waitFor();
  expect(await page.locator(`[data-run="${aborted}"]`).count()).toBe(0);
  await page.goto(`${world.url}/runs/compare?b=${later}`);
  const last = page.getByLabel('Last passed run before it').getByRole('link');
  expect(await last.getAttribute('href')).toContain(passed);
});

test('the list says why a run stands still', async () => {
  await world.apply('sleepy', SLEEPY);
  const sleeps = await world.trigger({ project: 'sleepy', service: 'why' });
  await world.finish(await world.claim('build', 'sleepy'), { result: 'fail', status: 'errored', message: 'no disk' });
  const works = await world.trigger({ project: 'sleepy', service: 'why' });
  await world.claim('build', 'sleepy');
  const waits = await world.trigger({ project: 'sleepy', service: 'why' });
  const paused = await world.trigger({ project: 'sleepy', service: 'why' });
  await world.api('POST', `/v1/runs/${paused}/pause`, {});
  await using view = await world.open('/runs?service=why');
  for (const [run, word] of [
    [sleeps, 'Sleeping'],
    [works, 'Working'],
    [waits, 'Waiting for worker'],
    [paused, 'Paused'],
  ] as const) {
    await view.page.locator(`[data-run="${run}"]`).getByText(word, { exact: true }).waitFor();
  }
  await view.page.getByRole('button', { name: 'Sleeping 1' }).click();
  await view.page.getByText('1 run', { exact: true }).waitFor();
  // The time line of a task that waits for its retry goes on, as its box does.
  await view.page.locator(`[data-run="${sleeps}"]`).click();
  const row = view.page.getByLabel('Timeline').getByRole('link', { name: /build/ });
  await expect.poll(() => row.locator('.num').innerText()).toMatch(/\d s|min/);
  await view.page.getByLabel('Stages and tasks').getByText('Sleeping').first().waitFor();
});

test('a task that failed by its own expression says so, with the caret below what it means', async () => {
  await world.apply('computed', BY_EXPRESSION);
  const run = await world.trigger({ project: 'computed', service: 'x' });
  await using view = await world.open(`/runs/${run}?task=build`);
  const panel = view.page.getByLabel('Task build', { exact: true });
  await panel.getByText('Ended before it was triggered.').waitFor();
  expect(await panel.getByText('Not triggered yet').count()).toBe(0);
  const lines = (await panel.locator('pre.lines').innerText()).split('\n');
  expect(lines.length).toBeGreaterThan(1);
  const caret = lines.findIndex((line) => /^\s*\^/.test(line));
  expect(caret).toBeGreaterThan(0);
  await view.page.getByLabel('Why').locator('pre.lines').waitFor();
  await view.page.getByLabel('Why').getByText("Task 'build' ended with fail").waitFor();
});

test('text from outside cannot turn round what stands beside it', async () => {
  await world.apply('bidi', SHIPYARD.replace('retry: {attempts: 2, delay: 100ms}', ''));
  const run = await world.trigger({ project: 'bidi', service: 'bidi' });
  const attempt = await world.claim('build', 'bidi');
  const evil = '\u202eevil\u202c \u0007';
  await world.finish(attempt, { result: 'fail', status: 'errored', message: evil, build: { [evil]: evil } });
  await using view = await world.open(`/runs/${run}`);
  await view.page.getByLabel('Why').getByText('\\u202eevil\\u202c').waitFor();
  await view.page
    .getByLabel('Task build', { exact: true })
    .locator('.json')
    .last()
    .getByText('\\u202e')
    .first()
    .waitFor();
  await view.page.goto(`${world.url}/runs?service=bidi`);
  await view.page.locator(`[data-run="${run}"]`).getByText('\\u202eevil').waitFor();
  expect(await view.page.evaluate(() => /[\u202a-\u202e]/.test(document.body.innerText))).toBe(false);
});

test('the hint of a paused run is a line for the terminal that names this server', async () => {
  const run = await world.trigger({ project: 'shop', service: 'hinted' });
  await world.api('POST', `/v1/runs/${run}/pause`, {});
  await using view = await world.open(`/runs/${run}`);
  await view.page.getByLabel('Why').getByText(`SLIPWAY_SERVER=${world.url} npx slipway resume ${run}`).waitFor();
});

test('what a screen reader hears of a reason does not change with the time', async () => {
  await world.apply('spoken');
  const run = await world.trigger({ project: 'spoken', service: 'spoken' });
  await world.claim('build', 'spoken', '/slow');
  await using view = await world.open(`/runs/${run}`);
  await view.page
    .getByLabel('Why')
    .getByText(/works on 'build' since/)
    .waitFor();
  const live = view.page.locator('p[aria-live]');
  expect(await live.textContent()).toMatch(/\/slow works on 'build'\.$/);
});

async function done(service: string): Promise<string> {
  const run = await world.trigger({ project: 'shop', service });
  await world.finish(await world.claim('build', 'shop'), { result: 'pass' });
  await world.finish(await world.claim('test', 'shop'), { result: 'pass' });
  return run;
}
