import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { readOptions } from '../../tools/options.ts';
import { CACHE } from '../../tools/root.ts';
import { startNats } from '../../tools/test-servers.ts';
import { Load, percentile } from './load.ts';
import { PROJECT, startPlane, TASKS } from './plane.ts';
import { cpuMs, type Measured, rssMb, startNode, stop } from './processes.ts';

/**
 * How fast the whole is, measured from outside: a control plane, a task service on the public SDK and the load, each a
 * process of its own; durable writes on, lists and events projected. A sequence has three tasks.
 */
const PARTS = ['embedded', 'nats', 'memory'] as const;
const values = readOptions('npm run bench --', 'Measures throughput, latency and start of a whole Slipway.', {
  quick: { type: 'boolean', default: false, about: 'Shorter: under 50 s in all.' },
  seconds: { type: 'string', value: 'N', whole: 1, about: 'Seconds for each load (default 10, 3 with --quick).' },
  only: { type: 'string', value: 'PART', among: PARTS, about: `One part of ${PARTS.join(', ')}.` },
  dir: {
    type: 'string',
    default: CACHE,
    value: 'DIR',
    about: 'Folder for the data; it decides which disk is measured.',
  },
});
mkdirSync(values.dir, { recursive: true });
const seconds = Number(values.seconds ?? (values.quick ? 3 : 10));
const WARM_UP_SECONDS = 3;
const waitingRuns = values.quick ? 10_000 : 100_000;
type Figure = { name: string; value: number; unit: string; [more: string]: unknown };
const figures: Figure[] = [];

function figure(one: Figure): void {
  figures.push(one);
  process.stdout.write(`${JSON.stringify(one)}\n`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** How long the disk needs to make 4 KB durable, ms: median of 200. */
function fsyncMs(dir: string): number {
  const path = join(dir, 'fsync');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4096, 1);
  const times: number[] = [];
  for (let index = 0; index < 200; index++) {
    writeSync(file, block);
    const start = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - start);
  }
  closeSync(file);
  rmSync(path);
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  );
}

async function measureThroughput(mode: 'embedded' | 'nats'): Promise<void> {
  const dir = mkdtempSync(join(values.dir, 'bench-'));
  const nats = mode === 'nats' ? await startNats() : undefined;
  const processes: Measured[] = [];
  try {
    const { plane, url } = await startPlane(dir, nats?.url);
    processes.push(plane);
    const service = await startNode(
      'service',
      './service.ts',
      [],
      { SLIPWAY_SERVER: url, ...(nats ? { SLIPWAY_NATS: nats.url } : {}) },
      /ready/,
    );
    processes.push(service.process);
    const load = new Load(url);
    await load.connect(PROJECT);
    // Until the compilers have seen enough of it: in the first seconds after a start everything takes about a third longer.
    for (const inFlight of [16, 1]) await load.run({ project: PROJECT, inFlight, seconds: WARM_UP_SECONDS });
    await load.drain();
    for (const inFlight of [1, 64, 512]) {
      const watched = [
        ...processes,
        ...(nats ? [{ name: 'nats-server', pid: nats.pid }] : []),
        { name: 'load', pid: process.pid },
      ];
      const before = watched.map((one) => cpuMs(one.pid));
      const result = await load.run({ project: PROJECT, inFlight, seconds });
      const used = watched.map((one, index) => cpuMs(one.pid) - (before[index] ?? 0));
      await load.drain();
      const perSecond = result.sequences / result.seconds;
      figure({
        name: `${mode}/${inFlight}`,
        value: round(perSecond * TASKS),
        unit: 'tasks/s',
        sequencesPerSecond: round(perSecond),
        p50Ms: round(percentile(result.latenciesMs, 0.5)),
        p99Ms: round(percentile(result.latenciesMs, 0.99)),
        cpuUsPerTask: Object.fromEntries(
          watched.map((one, index) => [one.name, round(((used[index] ?? 0) * 1000) / (result.sequences * TASKS))]),
        ),
        fsyncMs: round(fsyncMs(dir)),
        rssMb: round(rssMb(plane.pid)),
      });
    }
    load.close();
  } finally {
    for (const one of processes.reverse()) await stop(one);
    await nats?.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measureMemory(): Promise<void> {
  const dir = mkdtempSync(join(values.dir, 'bench-'));
  const { plane, url } = await startPlane(dir, undefined);
  try {
    figure({ name: 'memory/0-waiting', value: round(rssMb(plane.pid)), unit: 'MB' });
    const load = new Load(url);
    await load.trigger(PROJECT, waitingRuns, 'wait');
    load.close();
    figure({ name: `memory/${waitingRuns}-waiting`, value: round(rssMb(plane.pid)), unit: 'MB' });
  } finally {
    await stop(plane);
    rmSync(dir, { recursive: true, force: true });
  }
}

function table(): string {
  const rows = figures.map((one) => {
    const cpu = Object.entries((one.cpuUsPerTask as Record<string, number> | undefined) ?? {}).map(
      ([name, us]) => `${name} ${Math.round(us)}`,
    );
    return [
      one.name,
      `${one.value} ${one.unit}`,
      one.sequencesPerSecond ?? '',
      one.p50Ms ?? '',
      one.p99Ms ?? '',
      cpu.join(', '),
      one.fsyncMs ?? '',
    ].map(String);
  });
  const head = ['what', 'figure', 'sequences/s', 'p50 ms', 'p99 ms', 'CPU us/task', 'fsync ms'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  return [head, ...rows]
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n');
}

process.stdout.write(
  `# ${cpus().length} x ${cpus()[0]?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, ${seconds} s each\n`,
);
const parts: Record<(typeof PARTS)[number], () => Promise<void>> = {
  embedded: () => measureThroughput('embedded'),
  nats: () => measureThroughput('nats'),
  memory: measureMemory,
};
for (const [name, measure] of Object.entries(parts))
  if (values.only === undefined || values.only === name) await measure();
process.stdout.write(`\n${table()}\n`);
