import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../../tools/root.ts';
import { programPath, startNats, type TestServer } from '../../tools/test-servers.ts';
import './support/no-faults.ts';
import { TELL_REFUSALS, Watched } from './support/watched.ts';
import { MODES } from './world.ts';

const START_MS = 120_000;
const RUN_MS = 60_000;

describe.each(MODES)('%s', (mode) => {
  let folder: string;
  let program: ChildProcess;
  let browser: Browser;
  let said = '';
  let nats: TestServer | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-web-newcomer-'));
    nats = mode === 'NATS' ? await startNats() : undefined;
    const bus = nats ? ['--nats', nats.url] : [];
    const args = ['start', '--', '--listen', '127.0.0.1:0', '--data', join(folder, 'data'), ...bus];
    program = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [program.stdout, program.stderr])
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    browser = await chromium.launch({
      executablePath: programPath('chromium'),
      args: ['--no-sandbox', '--disable-gpu'],
    });
  });
  afterAll(async () => {
    await browser.close();
    const ended = once(program, 'exit');
    // As Ctrl-C on a terminal: to the whole group.
    if (program.pid !== undefined && program.exitCode === null) {
      process.kill(-program.pid, 'SIGINT');
      await ended;
    }
    await nats?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('after the one line of the README: the page it prints shows its run; one more is started there, answered and aborted', {
    timeout: START_MS + 4 * RUN_MS,
  }, async () => {
    await expect.poll(() => said, { timeout: START_MS }).toContain('Ctrl-C ends everything');
    const url = /# the web view\s+(http:\S+)/.exec(plain(said))?.[1] ?? '';
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.addInitScript(TELL_REFUSALS);
    const page = await context.newPage();
    await using _watched = new Watched(page, context, new URL(url).origin);
    await page.goto(url);

    // The run that was started for the newcomer is the one in the list, and its page tells what it did.
    const row = page.locator('[data-run]');
    await row.first().waitFor();
    expect(await row.count()).toBe(1);
    await row.getByText(/Passed|Warning/).waitFor();
    await row.click();
    await page
      .getByLabel('Why')
      .getByText(/Passed (in|with a warning in)/)
      .waitFor();
    const told = /npx slipway get run (\S+)/.exec(plain(said))?.[1];
    expect(new URL(page.url()).pathname).toBe(`/runs/${told}`);

    // One more, from the page: the services of the clone do it.
    await start('polyglot', 'dev.welcome');
    await page.getByLabel('Why').getByText('Passed in').waitFor({ timeout: RUN_MS });

    // One that no service of the clone can do: the page says so, a person answers in its place, and then has seen enough.
    await start('delivery', 'hardening.delivery');
    await page.getByLabel('Why').getByText("'deployment'").waitFor();
    await page.getByLabel('Pages').getByRole('link', { name: 'Services' }).click();
    await page.getByText("No service is connected for task 'deployment'.").waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Answer by hand' }).click();
    await page.getByRole('button', { name: 'Send answer' }).click();
    await page.getByLabel('Why').getByText("'test'").waitFor();
    await page
      .getByLabel('Stages and tasks')
      .getByRole('link', { name: /^deployment.*Passed/ })
      .waitFor();
    await page.getByRole('button', { name: 'Abort' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Abort', exact: true }).click();
    await page.getByLabel('Why').getByText('Aborted after').waitFor();
    await page.getByLabel('Stages and tasks').getByText('Not triggered: ').first().waitFor();

    async function start(project: string, sequence: string): Promise<void> {
      await page.getByLabel('Pages').getByRole('link', { name: 'Events' }).click();
      await page.getByRole('button', { name: 'Send an event' }).click();
      const form = page.getByRole('dialog');
      await form.getByLabel('Project').selectOption(project);
      await form.getByLabel('Sequence to start').selectOption(sequence);
      await form.getByRole('button', { name: 'Send', exact: true }).click();
      await form.getByRole('link', { name: 'View run' }).click();
      await page.waitForURL('**/runs/*');
    }
  });
});

/** Without the colours of a terminal. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's colours begin with it
  return text.replace(/\u001b\[[\d;]*m/g, '');
}
