import type { CDPSession, Page } from 'playwright-core';
import { percentile } from './load.ts';
import { mainThreadMs, openPage } from './web-browser.ts';
import { ask, type Bench, EVENT_TYPE, type Figure, round } from './web-figures.ts';

const PROJECT = 'long';
const WORKER = '/bench/web';
const DONE_BEFORE = 300;
const OPENED = 5;
const UPDATES = 25;
const SETTLE_MS = 700;

/** A run of many tasks: opened from the list, and changed while it is looked at. */
export async function measureLongRun({ url, browser, tasks }: Bench): Promise<Figure[]> {
  const run = await startLongRun(url, tasks);
  for (let done = 0; done < DONE_BEFORE; done++) await finishOne(url);
  const page = await openPage(browser);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const mounts: number[] = [];
  for (let count = 0; count < OPENED; count++) {
    await page.goto(`${url}/runs?project=${PROJECT}`);
    await page.locator(`[data-run="${run}"]`).waitFor();
    // What the page fetches in its first idle moment is there before somebody clicks.
    await page.waitForTimeout(SETTLE_MS);
    mounts.push(await clickToPainted(page, run));
  }
  const updates = await measureUpdates(page, session, url);
  await page.context().close();
  const all = mounts.map((ms) => Math.round(ms)).join(', ');
  mounts.sort((a, b) => a - b);
  return [
    {
      name: `a run of ${tasks} tasks, click to painted`,
      value: round(percentile(mounts, 0.5)),
      goal: 500,
      unit: 'ms',
      note: `median of ${all}, its data fetched within`,
    },
    {
      name: `a run of ${tasks} tasks, one update`,
      value: round(percentile(updates.sorted, 0.5)),
      goal: 33,
      unit: 'ms',
      note: `main thread for a task that ended and the next that began, median of ${UPDATES}; p95 ${round(percentile(updates.sorted, 0.95))}`,
    },
  ];
}

async function clickToPainted(page: Page, run: string): Promise<number> {
  return page.evaluate<number>(`new Promise((done) => {
    const start = performance.now();
    new MutationObserver((_, observer) => {
      if (document.querySelector('.time-row') === null || document.querySelector('.counts') === null) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
    }).observe(document, { childList: true, subtree: true });
    document.querySelector('[data-run="${run}"]').click();
  })`);
}

/** Work of the main thread for each, less what the page does anyway in the same time. */
async function measureUpdates(page: Page, session: CDPSession, url: string): Promise<{ sorted: number[] }> {
  await page.waitForTimeout(SETTLE_MS * 3);
  const worked = async (act: () => Promise<void>): Promise<number> => {
    const before = await mainThreadMs(session);
    await act();
    await page.waitForTimeout(SETTLE_MS);
    return (await mainThreadMs(session)) - before;
  };
  const anyway: number[] = [];
  for (let count = 0; count < 10; count++) anyway.push(await worked(() => Promise.resolve()));
  const quiet = percentile(
    anyway.sort((a, b) => a - b),
    0.5,
  );
  const times: number[] = [];
  for (let count = 0; count < UPDATES; count++) times.push((await worked(() => finishOne(url))) - quiet);
  return { sorted: times.sort((a, b) => a - b) };
}

async function startLongRun(url: string, tasks: number): Promise<string> {
  const lines = Array.from({ length: tasks }, (_, index) => `            - {name: t${index + 1}, uses: work}`);
  const shipyard = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: ${PROJECT}}
spec:
  stages:
    - name: dev
      sequences:
        - name: long
          tasks:
${lines.join('\n')}
`;
  await ask(`${url}/v1/projects/${PROJECT}/shipyard`, { body: shipyard, type: 'application/yaml', method: 'PUT' });
  const event = {
    specversion: '1.0',
    id: 'long-run',
    source: WORKER,
    type: 'dev.long.triggered',
    data: { project: PROJECT, service: 'chain' },
  };
  const accepted = await ask<{ items: { run: string }[] }>(`${url}/v1/events`, {
    body: JSON.stringify(event),
    type: EVENT_TYPE,
  });
  return accepted.items[0]?.run ?? '';
}

async function finishOne(url: string): Promise<void> {
  const [attempt] = await ask<{ id: string }[]>(`${url}/v1/tasks/work/claim?wait=10s`, {
    body: JSON.stringify({ source: WORKER, project: PROJECT }),
    type: 'application/json',
  });
  if (attempt === undefined) throw new Error('there was no task to claim');
  const answer = {
    specversion: '1.0',
    id: `${attempt.id}.answer`,
    source: WORKER,
    type: 'work.finished',
    causationid: attempt.id,
    data: { result: 'pass' },
  };
  await ask(`${url}/v1/events`, { body: JSON.stringify(answer), type: EVENT_TYPE });
}
