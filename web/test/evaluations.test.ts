import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findServices, startServices } from '../../cli/src/dev/example-services.ts';
import { ROOT } from '../../tools/root.ts';
import { violationsOf } from './support/axe.ts';
import './support/no-faults.ts';
import { MODES, World } from './world.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: sockshop}
spec:
  stages:
    - name: staging
      sequences:
        - name: check
          tasks:
            - name: evaluate
              with: {values: "\${{ input.values }}"}
`;
const SLO = `spec_version: '1.0'
comparison: {compare_with: single_result, include_result_with_score: pass}
objectives:
  - sli: p95
    displayName: Response time
    key_sli: true
    pass: [{criteria: ['<=+10%', '<600']}]
    warning: [{criteria: ['<=800']}]
  - sli: errors
    pass: [{criteria: ['<=1']}]
  - {sli: cpu}
total_score: {pass: '90%', warning: '75%'}
`;
const SLO_PATH = '/v1/projects/sockshop/stages/staging/services/carts/slo';

const RUN_MS = 60_000;

describe.each(MODES)('%s', (mode) => {
  let world: World;
  const closers: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-web-evaluate-'));
    closers.push(async () => rmSync(folder, { recursive: true, force: true }));
    world = await World.start([], { mode });
    closers.push(() => world[Symbol.asyncDispose]());
    const services = startServices({
      programs: findServices(ROOT).programs.filter(({ name }) => name === 'evaluate'),
      logFolder: folder,
      env: {
        ...process.env,
        SLIPWAY_SERVER: world.server.url,
        ...(world.nats ? { SLIPWAY_NATS: world.nats.url } : {}),
      },
    });
    closers.push(() => services.close());
    await world.apply('sockshop', SHIPYARD);
    await world.api('PUT', SLO_PATH, SLO, 'application/yaml');
    await evaluate('1.0', { p95: 400, errors: 0.2, cpu: 12 });
    await evaluate('1.1', { p95: 420, errors: 0.4, cpu: 13 });
    await evaluate('1.2', { p95: 900, errors: 0.4, cpu: null });
  }, 90_000);
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  /** One run whose only task the real service judges. */
  async function evaluate(build: string, values: Record<string, number | null>): Promise<string> {
    const type = 'staging.check.triggered';
    const run = await world.trigger({
      project: 'sockshop',
      service: 'carts',
      type,
      data: { labels: { build }, values },
    });
    await vi.waitFor(
      async () => expect((await world.api<{ state: string }>('GET', `/v1/runs/${run}`)).state).toBe('finished'),
      { timeout: RUN_MS, interval: 50 },
    );
    return run;
  }

  test('the heat map is walked with the arrows, says what a cell holds, and opens the right evaluation', async () => {
    await using view = await world.open('/evaluations?project=sockshop');
    const cell = (sli: string, build: string) => view.page.getByRole('link', { name: `${sli}, ${build}:` });
    await cell('Score', '1.2').focus();
    const panel = view.page.getByLabel('The cell');
    await panel.getByText('Pass threshold').waitFor();
    await view.page.keyboard.press('ArrowDown');
    expect(await cell('Response time', '1.2').evaluate((one) => one.matches(':focus'))).toBe(true);
    await panel.getByText('<=+10%', { exact: true }).waitFor();
    await panel.getByText('900', { exact: true }).waitFor();
    await panel.getByText('key SLI').waitFor();
    await view.page.keyboard.press('Home');
    expect(await cell('Response time', '1.0').evaluate((one) => one.matches(':focus'))).toBe(true);
    await view.page.keyboard.press('End');
    await view.page.keyboard.press('Enter');
    await view.page.waitForURL(/\/evaluations\/[^?]+\?sli=p95$/);
    await view.page.getByLabel('Why').getByText('a key objective failed').waitFor();
  });

  test('an evaluation that comes while the page is open appears in it', async () => {
    await using view = await world.open('/evaluations?project=sockshop');
    await view.page.locator('[data-live="live"]').waitFor();
    await evaluate('1.3', { p95: 410, errors: 0.1, cpu: 11 });
    await view.page.getByRole('link', { name: 'Score, 1.3: Passed, 100' }).waitFor();
  });

  test('from a run to its evaluation, with the formula behind a target, the same again, and another slo.yaml tried', async () => {
    const run = await evaluate('1.4', { p95: 590, errors: 0.1, cpu: 11 });
    await using view = await world.open(`/runs/${run}`);
    await view.page.getByRole('link', { name: 'Open the evaluation' }).click();
    const breakdown = view.page.getByLabel('Breakdown');
    await breakdown.getByText('How it was decided').first().click();
    await breakdown.getByText('410 × (100 + 10) ÷ 100').waitFor();
    await view.page.getByRole('button', { name: 'Replay' }).click();
    await view.page.getByText('Same decision').waitFor();
    await view.page.getByRole('link', { name: 'What-if' }).click();
    const answer = view.page.getByLabel('Result with these changes');
    await answer.getByText('No differences.').waitFor();
    const text = view.page.getByLabel('slo.yaml to try');
    await text.fill(SLO.replace('<=+10%', '<=+60%'));
    await answer.locator('.decided').last().getByText('Passed', { exact: true }).waitFor();
    await answer.locator('.decided').first().getByText('Warning', { exact: true }).waitFor();
    view.expectFault(/status of 422/);
    await text.fill(SLO.replace('objectives:', 'objectives: 7\nrest:'));
    await view.page.locator('.findings .tone-fail').first().waitFor();
    await view.page.getByLabel('Other objectives').getByRole('button', { name: 'Reset' }).click();
    await view.page.getByLabel('Response time').fill('300');
    await answer.locator('.decided').last().getByText('Passed', { exact: true }).waitFor();
  });

  test("a run that its evaluation failed shows the evaluation's own sentence, and leads to it", async () => {
    const run = await evaluate('1.5', { p95: 2000, errors: 3, cpu: 11 });
    await using view = await world.open(`/runs/${run}`);
    const why = view.page.getByLabel('Why').filter({ hasText: 'Failed after' });
    await why.getByText('It fails with a score of 0').filter({ visible: true }).waitFor();
    await why.getByText('Response time').waitFor();
    expect(await why.getByText('score 0.000000').count()).toBe(0);
    await why.getByRole('link', { name: 'Open evaluation' }).click();
    await view.page.waitForURL(`**/evaluations/${run}.evaluate.1`);
  });

  test('an evaluation is invalidated with a reason, serves as baseline for nobody, and is reinstated', async () => {
    const run = await evaluate('2.0', { p95: 430, errors: 0.1, cpu: 10 });
    await using view = await world.open(`/evaluations/${run}.evaluate.1`);
    await view.page.getByRole('button', { name: 'Invalidate' }).click();
    const dialog = view.page.getByRole('dialog');
    await dialog.getByText('No later evaluation is compared with it any more.').waitFor();
    await dialog.getByLabel('Reason').fill('load test was off');
    await dialog.getByRole('button', { name: 'Invalidate', exact: true }).click();
    await view.page.getByText('load test was off').first().waitFor();
    await view.page.goto(`${world.url}/evaluations?project=sockshop`);
    await view.page.getByRole('link', { name: 'Score, 2.0: Passed, 100, invalidated' }).waitFor();
    await view.page.goBack();
    await view.page.getByRole('button', { name: 'Reinstate' }).click();
    await dialog.getByRole('button', { name: 'Reinstate', exact: true }).click();
    await view.page.getByRole('button', { name: 'Invalidate' }).waitFor();
    await view.page.getByLabel('Marks').getByText('reinstated').waitFor();
  });

  test('one that could not be judged and one whose slo.yaml is gone are shown, not hidden', async () => {
    await world.api('DELETE', SLO_PATH);
    const run = await evaluate('3.0', { p95: 1 });
    await world.api('PUT', SLO_PATH, SLO, 'application/yaml');
    await using view = await world.open(`/evaluations/${run}.evaluate.1`);
    await view.page.getByText('No SLI was evaluated').waitFor();
    await view.page.goto(`${world.url}/evaluations?project=sockshop`);
    await view.page.getByRole('link', { name: /^Response time, 3.0: was not evaluated/ }).waitFor();
    view.expectFault(/status of 404/);
    await view.page.goto(`${world.url}/evaluations/nobody`);
    await view.page.getByText('Evaluation not found').waitFor();
  });

  test('a span of time is judged from a form, and its run is one click away', async () => {
    await using view = await world.open('/evaluations?project=sockshop&stage=staging&service=carts');
    await view.page.getByRole('button', { name: 'Start an evaluation' }).click();
    const dialog = view.page.getByRole('dialog');
    await dialog.getByLabel('The last').fill('10m');
    await dialog.getByLabel('Labels').fill('build=4.0');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await dialog.getByRole('link', { name: 'View run' }).click();
    await view.page.getByRole('link', { name: 'Open the evaluation' }).waitFor();
    await view.page.getByText('build=4.0').waitFor();
  });

  test('slo.yaml is written with the project: checked while typing, applied, and its versions kept', async () => {
    await using view = await world.open('/projects/sockshop?tab=quality');
    view.expectFault(/status of 422/);
    const editor = view.page.getByRole('textbox', { name: 'slo.yaml' });
    await editor.fill(SLO.replace("'<=1'", "'about 1'"));
    await view.page.locator('.findings .tone-fail').first().waitFor();
    expect(await view.page.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true);
    await editor.fill(SLO.replace("'<=1'", "'<=2'"));
    await view.page.getByRole('button', { name: 'Show changes' }).click();
    await view.page.locator('.text-diff .plus mark', { hasText: '2' }).waitFor();
    await view.page.getByRole('button', { name: 'Apply' }).click();
    await view.page.getByText('is in use.').waitFor();
    await expect.poll(() => view.page.locator('.versions li').count()).toBe(2);
  });

  // What it looks like is the same over both.
  if (mode === 'NATS') return;
  test('axe finds nothing on them, in three themes, and nothing reaches beyond a phone', async () => {
    const failed = await evaluate('5.0', { p95: 2_000, errors: 5, cpu: null });
    const pages = [
      '/evaluations?project=sockshop',
      `/evaluations/${failed}.evaluate.1`,
      `/evaluations/${failed}.evaluate.1?tab=what-if`,
      '/projects/sockshop?tab=quality',
    ];
    const found: string[] = [];
    await using view = await world.open('/runs');
    for (const path of pages) {
      await view.page.goto(world.url + path);
      await view.page.locator('h1').waitFor();
      await expect.poll(() => view.page.locator('.loading').count(), { timeout: RUN_MS }).toBe(0);
      found.push(...(await violationsOf(view.page, path)));
      await view.page.setViewportSize({ width: 360, height: 740 });
      found.push(...(await violationsOf(view.page, `${path}, 360 px`)));
      const wide = await view.page.evaluate<number>('document.querySelector(".page").scrollWidth');
      if (wide > 360) found.push(`${path} is ${wide} wide`);
      await view.page.setViewportSize({ width: 1280, height: 800 });
    }
    expect(found).toEqual([]);
  }, 180_000);
});
