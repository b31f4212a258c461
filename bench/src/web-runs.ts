import { percentile } from './load.ts';
import { openPage } from './web-browser.ts';
import { type Bench, type Figure, round } from './web-figures.ts';

const OPENED = 7;
const ASKED = 5;
/** Each asks for what another of the server's ways to read a list finds, those included that match nothing. */
const filters = [
  '',
  'project=seeded',
  'project=nobody',
  'stage=prod',
  'sequence=rollout&project=seeded',
  'service=service-013',
  'service=nobody',
  'state=running',
  'state=finished&result=fail',
  'service=service-013&state=finished&result=fail',
  'label.team=team-3',
  'label.build=build-0000007',
  'label.build=nothing',
  'correlationid=00000000-0000-0000-0000-000000000000',
  `since=${Date.now() - 3_600_000}`,
  'state=finished&result=warning&label.team=team-3&stage=dev&project=seeded',
];

/** From the address to the first rows painted, nothing cached; and what of it is JavaScript. */
export async function measureFirstPage({ url, browser }: Bench): Promise<Figure[]> {
  const times: number[] = [];
  let scriptBytes = 0;
  for (let count = 0; count < OPENED; count++) {
    const page = await openPage(browser);
    await page.addInitScript(`
      new MutationObserver((_, observer) => {
        if (document.querySelector('[data-run]') === null) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => {
          window.paintedMs = performance.now();
          window.scriptBytes = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
        }));
      }).observe(document, { childList: true, subtree: true });`);
    await page.goto(`${url}/runs`);
    await page.locator('[data-run]').first().waitFor();
    while ((await page.evaluate('window.paintedMs')) === undefined) await page.waitForTimeout(10);
    times.push(await page.evaluate<number>('window.paintedMs'));
    // As it came over the wire, and not as it could have.
    if (count === 0) scriptBytes = await page.evaluate<number>('window.scriptBytes');
    await page.context().close();
  }
  times.sort((a, b) => a - b);
  const all = times.map((ms) => Math.round(ms)).join(', ');
  return [
    {
      name: 'first page, address to painted',
      value: round(percentile(times, 0.5)),
      goal: 500,
      unit: 'ms',
      note: `median of ${all}`,
    },
    { name: 'JavaScript until then, as sent', value: round(scriptBytes / 1_000), goal: 150, unit: 'KB' },
  ];
}

/** The slowest of the filters, each asked a few times, at the server. */
export async function measureFilters({ url }: Bench): Promise<Figure[]> {
  const slowest: { filter: string; ms: number }[] = [];
  for (const filter of filters) {
    const times: number[] = [];
    for (let count = 0; count < ASKED; count++) {
      const start = performance.now();
      await (await fetch(`${url}/v1/runs?limit=100&${filter}`)).arrayBuffer();
      times.push(performance.now() - start);
    }
    slowest.push({ filter, ms: Math.max(...times) });
  }
  slowest.sort((a, b) => b.ms - a.ms);
  const [first] = slowest;
  return [
    {
      name: `the slowest of ${filters.length} filters, at the server`,
      value: round(first?.ms ?? 0),
      goal: 500,
      unit: 'ms',
      note: slowest
        .slice(0, 3)
        .map(({ filter, ms }) => `${filter} ${round(ms)}`)
        .join('; '),
    },
  ];
}

const SCROLLED_MS = 6_000;

/** Frames while the wheel turns and pages are loaded on the way. */
export async function measureScroll({ url, browser }: Bench): Promise<Figure[]> {
  const page = await openPage(browser);
  await page.goto(`${url}/runs`);
  await page.locator('[data-run]').first().waitFor();
  await page.mouse.move(600, 500);
  await page.evaluate(`
    window.frames_ = [];
    let last = performance.now();
    const note = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(note); };
    requestAnimationFrame(note);`);
  const until = performance.now() + SCROLLED_MS;
  while (performance.now() < until) await page.mouse.wheel(0, 120);
  const frames = (await page.evaluate<number[]>('window.frames_')).slice(1).sort((a, b) => a - b);
  const rows = await page.evaluate('Math.round(document.querySelector(".rows").scrollTop / 44)');
  await page.context().close();
  return [
    {
      name: 'scroll frame p95',
      value: round(percentile(frames, 0.95)),
      goal: 25,
      unit: 'ms',
      note: `${frames.length} frames over ${rows} rows, median ${round(percentile(frames, 0.5))}, p99 ${round(percentile(frames, 0.99))}`,
    },
  ];
}
