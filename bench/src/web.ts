import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { readOptions } from '../../tools/options.ts';
import { CACHE } from '../../tools/root.ts';
import { startPlane } from './plane.ts';
import { type Measured, stop } from './processes.ts';
import { launch } from './web-browser.ts';
import type { Bench, Figure } from './web-figures.ts';
import { measureIdle, measureLive } from './web-live.ts';
import { measureLongRun } from './web-long-run.ts';
import { measureFilters, measureFirstPage, measureScroll } from './web-runs.ts';

/**
 * How the web view feels with a full store: 100,000 finished runs, a run of 2,000 tasks, in a real browser against a real
 * control plane, each figure beside its goal. `npm run bench:web`, two minutes; `-- --only scroll` for one part.
 */
const PARTS = ['first-page', 'filters', 'scroll', 'live', 'long-run', 'idle'] as const;
const values = readOptions('npm run bench:web --', 'Measures the web view over a full store, in a real browser.', {
  runs: { type: 'string', default: '100000', value: 'N', whole: 1, about: 'Finished runs in the store.' },
  tasks: { type: 'string', default: '2000', value: 'N', whole: 1, about: 'Tasks of the long run.' },
  only: { type: 'string', value: 'PART', among: PARTS, about: `One part of ${PARTS.join(', ')}.` },
  dir: {
    type: 'string',
    default: CACHE,
    value: 'DIR',
    about: 'Folder for the data; it decides which disk is measured.',
  },
});
mkdirSync(values.dir, { recursive: true });
const parts: Record<(typeof PARTS)[number], (bench: Bench) => Promise<Figure[]>> = {
  'first-page': measureFirstPage,
  filters: measureFilters,
  scroll: measureScroll,
  live: measureLive,
  'long-run': measureLongRun,
  idle: measureIdle,
};

const dir = mkdtempSync(join(values.dir, 'bench-web-'));
const processes: Measured[] = [];
const figures: Figure[] = [];
try {
  const seed = new URL('../../tools/seed-runs.ts', import.meta.url).pathname;
  const seeded = spawnSync(process.execPath, [seed, '--data', join(dir, 'data'), '--runs', values.runs], {
    encoding: 'utf8',
  });
  if (seeded.status !== 0) throw new Error(seeded.stderr);
  const { plane, url } = await startPlane(dir, undefined);
  processes.push(plane);
  const browser = await launch();
  process.stdout.write(
    `# ${cpus().length} x ${cpus()[0]?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GB, Chromium ${browser.version()}, ${values.runs} finished runs\n`,
  );
  const bench: Bench = { url, browser, tasks: Number(values.tasks), plane };
  for (const [name, measure] of Object.entries(parts)) {
    if (values.only !== undefined && values.only !== name) continue;
    for (const figure of await measure(bench)) {
      figures.push(figure);
      process.stdout.write(`${JSON.stringify({ ...figure, met: figure.value <= figure.goal })}\n`);
    }
  }
  await browser.close();
} finally {
  for (const one of processes) await stop(one, 'SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}
process.stdout.write(`\n${table()}\n`);

function table(): string {
  const rows = figures.map(({ name, value, goal, unit, note }) => [
    name,
    `${value} ${unit}`,
    `<= ${goal} ${unit}`,
    value <= goal ? 'yes' : 'NO',
    note ?? '',
  ]);
  const head = ['what', 'figure', 'goal', 'met', ''];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
