import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import './support/no-faults.ts';
import { World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
  await world.apply('shop');
});
afterAll(() => world[Symbol.asyncDispose]());

test('from page to page with a letter, to anything with Ctrl-K, through a list with j and k', async () => {
  const first = await world.trigger({ project: 'shop', service: 'keys' });
  const second = await world.trigger({ project: 'shop', service: 'keys' });
  await using view = await world.open('/runs?service=keys');
  const { page } = view;
  const { keyboard } = page;
  await page.locator(`[data-run="${first}"]`).waitFor();
  await keyboard.press('j');
  await keyboard.press('j');
  await keyboard.press('k');
  await keyboard.press('Enter');
  await page.waitForURL(`**/runs/${second}`);

  await keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await keys.waitFor();
  const letters = (await keys.innerText()).match(/(?<=\bg\s+)[a-z]\b/g) ?? [];
  await keyboard.press('Escape');
  await keys.waitFor({ state: 'detached' });
  const visited: string[] = [];
  for (const letter of letters) {
    await chord(page, letter, visited.at(-1) ?? `/runs/${second}`);
    visited.push(new URL(page.url()).pathname);
  }
  const links = await page
    .getByLabel('Pages')
    .getByRole('link')
    .evaluateAll((all) => all.map((one) => one.getAttribute('href')));
  expect(visited.toSorted()).toEqual(links.toSorted());

  await keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').waitFor();
  await keyboard.type('keys');
  await page.getByRole('option', { name: 'dev.delivery · keys' }).nth(1).waitFor();
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await page.waitForURL(`**/runs/${first}`);

  await chord(page, 'r', `/runs/${first}`);
  await page.getByRole('searchbox').waitFor();
  await keyboard.press('/');
  await keyboard.type('keys');
  await keyboard.press('Enter');
  await page.waitForURL('**/runs?service=keys');
}, 60_000);

test('a run is started, answered, looked into and aborted without a pointer', async () => {
  await using view = await world.open('/events');
  const { page } = view;
  const { keyboard } = page;
  await press(page, 'Send an event …');
  await page.getByRole('dialog').waitFor();
  await tabTo(page, 'Project');
  await choose(page, 'shop');
  await tabTo(page, 'Sequence to start');
  await expect.poll(() => page.getByLabel('Sequence to start').isEnabled()).toBe(true);
  await choose(page, 'dev.delivery');
  await press(page, 'Send');
  await page.getByRole('dialog').getByText('Accepted.').waitFor();
  await press(page, 'View run');
  await page.waitForURL('**/runs/*');

  await press(page, 'Answer by hand …');
  await tabTo(page, 'Result');
  await choose(page, 'warning');
  await tabTo(page, 'Message');
  await keyboard.type('by keys alone');
  await press(page, 'Send answer');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByLabel('Why').getByText("'test'").waitFor();
  await press(page, /^build/);
  await page.getByLabel('Task build').getByText('by keys alone').waitFor();
  await press(page, 'Events');
  await page.locator('[data-event]').first().waitFor();
  await keyboard.press('j');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Attributes' }).waitFor();
  await press(page, 'Abort …');
  await page.getByRole('dialog').waitFor();
  await keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await press(page, 'Abort …');
  await tabTo(page, 'Reason (shown in the history)');
  await keyboard.type('enough');
  await press(page, 'Abort');
  await page.getByLabel('Why').getByText('Aborted after').waitFor();
}, 90_000);

const STOPS_MAX = 120;
const CHORD_MS = 30_000;

/** Away from this path, by `g` and a letter; once more where a busy machine took longer between them than a person. */
async function chord(page: Page, letter: string, from: string): Promise<void> {
  const press = async (): Promise<string> => {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    return new URL(page.url()).pathname;
  };
  await expect.poll(press, { timeout: CHORD_MS }).not.toBe(from);
}

/** Goes on with Tab until what is in focus has that name. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let stop = 0; stop < STOPS_MAX; stop++) {
    const found = await page.evaluate(() => {
      const one = document.activeElement;
      if (!(one instanceof HTMLElement)) return '';
      const labels =
        'labels' in one && one.labels instanceof NodeList ? [...one.labels].map((label) => label.textContent) : [];
      // Of a label around a control only what stands before it.
      const label =
        labels[0] && one instanceof HTMLSelectElement
          ? one.closest('label')?.querySelector('span')?.textContent
          : labels[0];
      return (one.ariaLabel ?? label ?? one.textContent ?? '').trim();
    });
    if (typeof name === 'string' ? found === name : name.test(found)) return;
    seen.push(found);
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never came to ${name}, but to ${[...new Set(seen)].join(' | ')}`);
}

async function press(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}

/** In a closed select, typing chooses. */
async function choose(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text);
}
