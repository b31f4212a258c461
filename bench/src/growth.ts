import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions } from '../../tools/options.ts';
import { CACHE } from '../../tools/root.ts';
import { Load, percentile } from './load.ts';
import { PROJECT, startPlane, TASKS } from './plane.ts';
import { type Measured, rssMb, startNode, stop } from './processes.ts';

/**
 * Whether cost grows with what is stored: the same load after 10,000 finished runs and after many, lists and filters over
 * them, and a start with all of them and 10,000 open ones. `npm run bench:growth -- --runs 1000000`; needs about 3 KB of disk
 * for each run and event, and minutes.
 */
const values = readOptions('npm run bench:growth --', 'Measures whether cost grows with what is stored.', {
  runs: { type: 'string', default: '1000000', value: 'N', whole: 1, about: 'Finished runs in the end.' },
  open: { type: 'string', default: '10000', value: 'N', whole: 1, about: 'Open runs at the start.' },
  few: { type: 'string', default: '10000', value: 'N', whole: 1, about: 'Finished runs at the first measurement.' },
  seconds: { type: 'string', default: '10', value: 'N', whole: 1, about: 'Seconds for each load.' },
  dir: {
    type: 'string',
    default: CACHE,
    value: 'DIR',
    about: 'Folder for the data; it decides which disk is measured.',
  },
});
mkdirSync(values.dir, { recursive: true });
const IN_FLIGHT = 256;
const dir = mkdtempSync(join(values.dir, 'growth-'));
const processes: Measured[] = [];
/** What a person looks at, and filters that fit much, little and nothing. */
const READS = [
  'runs',
  'runs?result=fail',
  'runs?state=running',
  'runs?service=nobody',
  'runs?label.build=7',
  'runs?stage=dev&sequence=seq&limit=200',
  'run-counts',
  `run-counts?project=${PROJECT}`,
  'environment',
  'events',
  'events?type=nothing.finished',
  'services',
];

function say(figure: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}

async function measure(load: Load, url: string, stored: number, plane: Measured): Promise<number> {
  const result = await load.run({ project: PROJECT, inFlight: IN_FLIGHT, seconds: Number(values.seconds) });
  await load.drain();
  const readMs: Record<string, number> = {};
  for (const path of READS) {
    const start = performance.now();
    await (await fetch(`${url}/v1/${path}`)).arrayBuffer();
    readMs[path] = Math.round(performance.now() - start);
  }
  const tasksPerSecond = Math.round((result.sequences / result.seconds) * TASKS);
  say({
    name: `growth/${stored}`,
    tasksPerSecond,
    p50Ms: percentile(result.latenciesMs, 0.5),
    p99Ms: percentile(result.latenciesMs, 0.99),
    readMs,
    rssMb: Math.round(rssMb(plane.pid)),
    dbMb: Math.round(statSync(join(dir, 'data', 'slipway.db')).size / 1e6),
  });
  return tasksPerSecond;
}

try {
  const { plane, url } = await startPlane(dir, undefined);
  processes.push(plane);
  const service = await startNode('service', './service.ts', [], { SLIPWAY_SERVER: url }, /ready/);
  processes.push(service.process);
  const load = new Load(url);
  await load.connect(PROJECT);
  let stored = (await load.run({ project: PROJECT, inFlight: 512, sequences: Number(values.few) })).sequences;
  await load.drain();
  const before = await measure(load, url, stored, plane);
  while (stored < Number(values.runs)) {
    stored += (
      await load.run({ project: PROJECT, inFlight: 512, sequences: Math.min(100_000, Number(values.runs) - stored) })
    ).sequences;
    await load.drain();
    say({ stored, dbMb: Math.round(statSync(join(dir, 'data', 'slipway.db')).size / 1e6) });
  }
  const after = await measure(load, url, stored, plane);
  say({ name: 'growth/ratio', value: Math.round((after / before) * 100) / 100, goal: '>= 0.8' });
  await load.trigger(PROJECT, Number(values.open), 'wait');
  load.close();
  for (const one of processes.splice(0).reverse()) await stop(one, 'SIGKILL');
  const again = await startPlane(dir, undefined);
  processes.push(again.plane);
  say({
    name: 'growth/start-after-kill',
    value: Math.round(again.readyMs),
    unit: 'ms',
    finished: stored,
    open: Number(values.open),
    goal: '< 3000',
  });
} finally {
  for (const one of processes.reverse()) await stop(one);
  rmSync(dir, { recursive: true, force: true });
}
