import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventView, RunSummary } from '@slipway/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../../tools/test-servers.ts';

const RUNS = 1000;
const SHIPYARD =
  'apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: crash}\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}, {name: b}, {name: c}]}]}]}';
const cli = fileURLToPath(new URL('../../../cli/bin/slipway.js', import.meta.url));

let dir: string;
let url: string;
let port: number;
let plane: ChildProcess;
let service: ChildProcess;
let runLog: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-crash-'));
  runLog = join(dir, 'runs.log');
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
  plane = await startPlane();
  service = spawn(process.execPath, [fileURLToPath(new URL('./service.ts', import.meta.url))], {
    env: { ...process.env, SLIPWAY_SERVER: url, RUN_LOG: runLog },
    stdio: 'inherit',
  });
}, 120_000);

afterAll(async () => {
  await end(service, 'SIGTERM');
  await end(plane, 'SIGTERM');
  rmSync(dir, { recursive: true, force: true });
});

test('killed in the middle of 1,000 running sequences and started again, all end and no finished task runs again', async () => {
  await ask(`${url}/v1/projects/crash/shipyard`, {
    method: 'PUT',
    body: SHIPYARD,
    headers: { 'content-type': 'application/yaml' },
  });
  for (let first = 0; first < RUNS; first += 100) await trigger(first, 100);
  // So few that some are left however late the kill comes.
  await until(async () => executed().length >= RUNS / 10, 'some tasks to run');
  await end(plane, 'SIGKILL');
  const before = executed().length;
  expect(before).toBeLessThan(3 * RUNS);
  plane = await startPlane();
  await until(async () => (await finished()) === RUNS, 'all runs to end');

  // A repeat of every trigger after the crash starts nothing.
  for (let first = 0; first < RUNS; first += 100) await trigger(first, 100);
  const runs = await allRuns();
  expect(runs).toHaveLength(RUNS);
  expect(runs.every((run) => run.state === 'finished' && run.result === 'pass' && run.tasksDone === 3)).toBe(true);
  const times = new Map<string, number>();
  for (const id of executed()) times.set(id, (times.get(id) ?? 0) + 1);
  // The service's ledger answers what is offered to it again: nothing ran twice, neither before nor past its finish.
  expect([...times.values()].filter((count) => count > 1)).toEqual([]);
  expect(times.size).toBe(3 * RUNS);
  for (const run of runs.slice(0, 50)) {
    const answer = await ask(`${url}/v1/runs/${run.id}/events?limit=200`);
    const page = (await answer.json()) as { items: EventView[] };
    const triggered = page.items
      .filter((one) => /^[abc]\.triggered$/.test(String(one.event.type)))
      .map((one) => one.event.id);
    expect(triggered).toEqual([`${run.id}.a.1`, `${run.id}.b.1`, `${run.id}.c.1`]);
  }
}, 400_000);

function executed(): string[] {
  return existsSync(runLog) ? readFileSync(runLog, 'utf8').trim().split('\n').filter(Boolean) : [];
}

async function trigger(first: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    specversion: '1.0',
    id: `t${first + index}`,
    source: '/crash',
    type: 'dev.seq.triggered',
    data: { project: 'crash' },
  }));
  const answer = await ask(`${url}/v1/events`, {
    method: 'POST',
    body: JSON.stringify(events),
    headers: { 'content-type': 'application/cloudevents-batch+json' },
  });
  await answer.arrayBuffer();
}

/** As a client would: again, while the control plane says that it has too much to do. */
async function ask(url: string, init?: RequestInit): Promise<Response> {
  for (;;) {
    const answer = await fetch(url, init);
    if (answer.ok) return answer;
    expect(answer.status).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function allRuns(): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  let cursor = '';
  for (;;) {
    const answer = await ask(`${url}/v1/runs?project=crash&limit=1000${cursor}`);
    const page = (await answer.json()) as { items: RunSummary[]; next?: string };
    runs.push(...page.items);
    if (page.next === undefined) return runs;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

async function finished(): Promise<number> {
  return (await allRuns()).filter((run) => run.state === 'finished').length;
}

async function startPlane(): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [cli, 'serve', '--listen', `127.0.0.1:${port}`, '--data', join(dir, 'data'), '--log-level', 'error'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  await until(
    async () => (await fetch(`${url}/livez`).catch(() => undefined))?.ok === true,
    'the control plane to answer',
  );
  return child;
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const limit = performance.now() + 150_000;
  while (performance.now() < limit) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited 150 s for ${what}`);
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}
