import type { Page } from 'playwright-core';
import { percentile } from './load.ts';
import { PROJECT } from './plane.ts';
import { browserCpuMs, openPage } from './web-browser.ts';
import { ask, type Bench, EVENT_TYPE, type Figure, round } from './web-figures.ts';

const CALM = 60;
/** Four a second: above five a list is painted once a second. */
const CALM_EVERY_MS = 250;
const BUSY_SECONDS = 8;
const BUSY_BATCH = 20;
const BUSY_EVERY_MS = 100;
const SETTLE_MS = 3_000;
const IDLE_MS = 20_000;

/** From the time that the server notes as that of acceptance to the frame after the row is in the page; one clock for both. */
export async function measureLive({ url, browser }: Bench): Promise<Figure[]> {
  const page = await openPage(browser);
  await page.goto(`${url}/runs`);
  await page.locator('[data-live="live"]').waitFor();
  await page.evaluate(`
    window.painted = {};
    new MutationObserver(() => {
      const fresh = [...document.querySelectorAll('[data-run]')].map((row) => row.dataset.run).filter((id) => !(id in window.painted));
      for (const id of fresh) window.painted[id] = 0;
      if (fresh.length > 0) requestAnimationFrame(() => setTimeout(() => {
        for (const id of fresh) window.painted[id] = performance.timeOrigin + performance.now();
      }));
    }).observe(document.querySelector('.rows'), { childList: true, subtree: true });`);
  for (let count = 0; count < CALM; count++) {
    await trigger(url, `calm-${count}`);
    await page.waitForTimeout(CALM_EVERY_MS);
  }
  const calm = await delays(page, url, 'calm');
  const until = performance.now() + BUSY_SECONDS * 1_000;
  for (let batch = 0; performance.now() < until; batch++) {
    await Promise.all(Array.from({ length: BUSY_BATCH }, (_, index) => trigger(url, `busy-${batch}-${index}`)));
    await page.waitForTimeout(BUSY_EVERY_MS);
  }
  const busy = await delays(page, url, 'busy');
  await page.context().close();
  const perSecond = Math.round(busy.told / BUSY_SECONDS);
  return [
    live('accepted to painted p50, a few a second', calm, 0.5, 50),
    live('accepted to painted p99, a few a second', calm, 0.99, 500),
    live(`accepted to painted p50, ${perSecond} runs/s`, busy, 0.5, 600),
    live(`accepted to painted p99, ${perSecond} runs/s`, busy, 0.99, 1_200),
  ];
}

type Delays = { told: number; sorted: number[] };

function live(name: string, { told, sorted }: Delays, part: number, goal: number): Figure {
  const note = `${sorted.length} of ${told} were in sight, the slowest ${round(sorted.at(-1) ?? 0)}`;
  return { name, value: round(percentile(sorted, part)), goal, unit: 'ms', note };
}

/** Of those runs that were painted: what came and was pushed out of sight within one frame was never seen by anybody. */
async function delays(page: Page, url: string, kind: string): Promise<Delays> {
  await page.waitForTimeout(SETTLE_MS);
  const painted = await page.evaluate<Record<string, number>>('window.painted');
  const sorted: number[] = [];
  let told = 0;
  let cursor: string | undefined;
  do {
    const next: string = cursor === undefined ? '' : `&cursor=${cursor}`;
    const found = await ask<{ items: { id: string; acceptedAt: number; service?: string }[]; next?: string }>(
      `${url}/v1/runs?project=${PROJECT}&limit=1000${next}`,
    );
    for (const { id, acceptedAt, service } of found.items) {
      if (!service?.startsWith(kind)) continue;
      told++;
      const at = painted[id];
      if (at) sorted.push(at - acceptedAt);
    }
    cursor = found.next;
  } while (cursor !== undefined);
  return { told, sorted: sorted.sort((a, b) => a - b) };
}

async function trigger(url: string, service: string): Promise<void> {
  const event = {
    specversion: '1.0',
    id: `web-${service}`,
    source: '/bench/web',
    type: 'dev.wait.triggered',
    data: { project: PROJECT, service },
  };
  await ask(`${url}/v1/events`, { body: JSON.stringify(event), type: EVENT_TYPE });
}

/** A tab that is open on the list, with young runs in sight whose times go on, and nothing else happens. */
export async function measureIdle({ url, browser }: Bench): Promise<Figure[]> {
  await trigger(url, 'idle');
  const page = await openPage(browser);
  await page.goto(`${url}/runs`);
  await page.locator('[data-live="live"]').waitFor();
  await page.waitForTimeout(SETTLE_MS);
  const before = browserCpuMs();
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const used = ((browserCpuMs() - before) / (performance.now() - start)) * 100;
  await page.context().close();
  return [
    { name: 'idle tab, all processes of the browser', value: round(used), goal: 2, unit: '%', note: 'of one core' },
  ];
}
