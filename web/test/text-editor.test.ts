import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { violationsOf } from './support/axe.ts';
import './support/no-faults.ts';
import { SHIPYARD, World } from './world.ts';

// Each test runs under the page's policy, which refuses inline styles: `no-faults` fails it when one is tried.

let world: World;
beforeAll(async () => {
  world = await World.start();
  await world.apply('yard');
});
afterAll(() => world[Symbol.asyncDispose]());

const CHECKED_AND_WRONG = /status of 422/;
const textOf = (page: Page): Promise<string> => page.locator('.cm-content').innerText();

test('a problem is underlined at its place, marked beside its line, told on hover, and the list leads to it', async () => {
  await using view = await world.open('/projects/yard');
  view.expectFault(CHECKED_AND_WRONG);
  const { page } = view;
  await page.getByLabel('Shipyard as YAML').fill(SHIPYARD.replace('name: test', 'nam: test'));
  const underlined = page.locator('.cm-lintRange-error');
  await underlined.waitFor();
  expect(await underlined.innerText()).toBe('nam');
  await page.locator('.cm-lint-marker-error').waitFor();
  await underlined.hover();
  await page.locator('.cm-tooltip').getByText('"nam" is not a key of a task').waitFor();
  await page.locator('.findings').getByRole('status').getByText('1 problem').waitFor({ state: 'attached' });
  await page.locator('h1').click();
  await page.locator('.findings').getByRole('button', { name: '14:15' }).click();
  await page.keyboard.type('name');
  await underlined.waitFor({ state: 'detached' });
  expect(await textOf(page)).toContain('- name: test');
});

test('with the keyboard alone: letters are text, what is typed can be taken back, searched and left', async () => {
  await using view = await world.open('/projects/yard');
  view.expectFault(CHECKED_AND_WRONG);
  const { page } = view;
  const editor = page.getByLabel('Shipyard as YAML');
  await editor.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('?/gr');
  expect(await textOf(page)).toBe('?/gr');
  expect(new URL(page.url()).pathname).toBe('/projects/yard');
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.keyboard.press('Control+z');
  expect(await textOf(page)).toContain('kind: Shipyard');
  await page.keyboard.press('Control+f');
  await page.keyboard.type('release');
  await page.locator('.cm-searchMatch').getByText('release').waitFor();
  await page.keyboard.press('Escape');
  const described = await editor.evaluate((element) => {
    const root = element.getRootNode() as ShadowRoot;
    return root.getElementById(element.getAttribute('aria-describedby') ?? '')?.textContent;
  });
  expect(described).toContain('Tab leaves the text');
  await editor.focus();
  await page.keyboard.press('Tab');
  expect(await editor.evaluate((element) => element.matches(':focus'))).toBe(false);
});

test('keys of a shipyard and values that are allowed are offered where they may stand, and not twice', async () => {
  await using view = await world.open('/projects/yard');
  view.expectFault(CHECKED_AND_WRONG);
  const { page } = view;
  await page.getByLabel('Shipyard as YAML').fill(`apiVersion: slipway.dev/v1
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: build
              timeout: 5m`);
  const offered = page.locator('.cm-tooltip-autocomplete li');
  await page.keyboard.type('\nre');
  await offered.getByText('retry').click();
  await page.keyboard.type('\n  backoff: ');
  await page.keyboard.press('Control+Space');
  await offered.first().waitFor();
  expect(await offered.allInnerTexts()).toEqual(['exponential', 'fixed', 'linear']);
  await offered.getByText('exponential').click();
  await page.getByLabel('Plan').getByText('3 attempts').waitFor();
  await page.keyboard.type('\n');
  await page.keyboard.press('Control+Space');
  await offered.getByText('jitter').waitFor();
  expect(await offered.allInnerTexts()).not.toContain('backoff');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('End');
  await page.keyboard.type('\n');
  await page.keyboard.press('Control+Space');
  await offered.getByText('metadata').waitFor();
  expect(await offered.allInnerTexts()).toEqual(['kind', 'metadata']);
});

test('axe finds nothing on a problem, on the search and on what is offered, in three themes', async () => {
  await using view = await world.open('/projects/yard');
  view.expectFault(CHECKED_AND_WRONG);
  const { page } = view;
  await page.getByLabel('Shipyard as YAML').fill(SHIPYARD.replace('name: test', 'nam: test'));
  await page.locator('.cm-lintRange-error').waitFor();
  await page.keyboard.press('F8');
  await page.locator('.cm-tooltip-lint').waitFor();
  const found = await violationsOf(page, 'a problem');
  await page.keyboard.press('Control+f');
  await page.keyboard.type('name');
  await page.locator('.cm-searchMatch').first().waitFor();
  found.push(...(await violationsOf(page, 'the search')));
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('st');
  await page.keyboard.press('Control+Space');
  found.push(...(await violationsOf(page, 'what is offered')));
  expect(found).toEqual([]);
}, 60_000);

test('another theme of the page is one of the editor at once', async () => {
  await using view = await world.open('/projects/yard', { theme: 'light' });
  const key = view.page.locator('.cm-content .tok-propertyName').first();
  const look = (): Promise<string> => key.evaluate((element) => getComputedStyle(element).color);
  const light = await look();
  await view.page.getByRole('button', { name: 'Light' }).click();
  await expect.poll(look).not.toBe(light);
});

test('a text of 1 MB is opened, edited at both ends, and refused by the server in words', async () => {
  await using view = await world.open('/projects/yard', { width: 360 });
  view.expectFault(/status of 413/);
  const { page } = view;
  const editor = page.getByLabel('Shipyard as YAML');
  await editor.fill(SHIPYARD + '# one more line of a comment that goes on and on\n'.repeat(20_000));
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('# the first line\n');
  expect(await textOf(page)).toContain('# the first line');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('# the last line');
  expect(await textOf(page)).toContain('# the last line');
  await page.getByRole('alert').getByText('the body is larger than').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
});

test('an editor that cannot be fetched says so, and comes when it can', async () => {
  await using view = await world.open('/runs');
  view.expectFault(/ERR_FAILED/);
  const { page } = view;
  await page.route('**/text-editor-view-*.js', (route) => route.abort());
  await page.goto(`${world.url}/projects/yard`);
  await page.getByText('The editor could not be loaded').waitFor();
  await page.unroute('**/text-editor-view-*.js');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByLabel('Shipyard as YAML').waitFor();
});
