import axe from 'axe-core';
import type { Page } from 'playwright-core';

const THEMES = ['light', 'dark', 'contrast', 'contrast-dark'];

type Violations = { violations: { id: string; nodes: { target: string[] }[] }[] };

/** What axe finds on the page as it stands, in each theme; `name` is what the page is called in the answer. */
export async function violationsOf(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  await page.evaluate(axe.source);
  for (const theme of THEMES) {
    await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    const { violations } = await page.evaluate<Violations>('axe.run(document, { resultTypes: ["violations"] })');
    for (const { id, nodes } of violations)
      found.push(`${name}, ${theme}: ${id} at ${nodes.map((node) => node.target.join(' ')).join('; ')}`);
  }
  return found;
}
