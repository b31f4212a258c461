import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventView, RunSummary } from '@slipway/contract';
import { freePort, startNats } from '../../../tools/test-servers.ts';

/**
 * SIGKILLs and SIGTERMs over real processes while runs go on: control plane, task service and, on NATS, the broker, one
 * after the other at random times. The service claims, listens on NATS, or is pushed to. A second sender uses the ids of the
 * first one with a source of its own. Afterwards nothing that was accepted may be lost, stuck, or answered twice.
 */
export type CrashLoopOptions = { mode: 'embedded' | 'nats' | 'push'; kills: number; runs: number; seed: number };
export type CrashLoopResult = {
  triggered: number;
  lost: number;
  stuck: number;
  failed: number;
  acceptedTwice: number;
  kills: Record<string, number>;
  /** Of the first run that is stuck: what it waits for, and its events. */
  stuckBecause: string | undefined;
  /** From the last kill to the end of the last run. */
  recoveredMs: number;
};

const SHIPYARD =
  'apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: crash}\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}, {name: b}, {name: c}]}]}]}';
const BATCH = 20;
/** Each so many batches, another sender repeats the ids. */
const FOREIGN_EACH = 4;
const CHECKED_RUNS = 300;
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export async function crashLoop(options: CrashLoopOptions & { recoverMs: number }): Promise<CrashLoopResult> {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-loop-'));
  const random = randomOf(options.seed);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const pushPort = await freePort();
  const natsPort = options.mode === 'nats' ? await freePort() : 0;
  const natsDir = mkdtempSync(join(tmpdir(), 'slipway-loop-nats-'));
  let nats = options.mode === 'nats' ? await startNats({ port: natsPort, storeDir: natsDir }) : undefined;
  const natsUrl = nats?.url;
  const serveArgs = ['serve', '--listen', `127.0.0.1:${port}`, '--data', join(dir, 'data'), '--log-level', 'silent'];
  const startPlane = (): ChildProcess =>
    spawn(
      process.execPath,
      [here('../../../cli/bin/slipway.js'), ...serveArgs, ...(natsUrl ? ['--nats', natsUrl] : [])],
      { stdio: 'ignore' },
    );
  const startService = (): ChildProcess =>
    spawn(process.execPath, [here('./service.ts')], {
      env: {
        ...process.env,
        SLIPWAY_SERVER: url,
        RUN_LOG: join(dir, 'runs.log'),
        ...(natsUrl ? { CRASH_NATS: natsUrl } : {}),
        ...(options.mode === 'push' ? { CRASH_PUSH_PORT: String(pushPort) } : {}),
      },
      stdio: 'ignore',
    });
  let plane = startPlane();
  let service = startService();
  const kills: Record<string, number> = {};
  try {
    await until(async () => (await ask(`${url}/readyz`))?.ok === true, 60_000);
    await send(`${url}/v1/projects/crash/shipyard`, 'PUT', SHIPYARD, 'application/yaml');
    let accepted = 0;
    let foreign = 0;
    const feeding = (async () => {
      while (accepted < options.runs) {
        const count = Math.min(BATCH, options.runs - accepted);
        const events = (source: string): string =>
          JSON.stringify(
            Array.from({ length: count }, (_, index) => ({
              ...{ specversion: '1.0', id: `t${accepted + index}`, source, type: 'dev.seq.triggered' },
              data: { project: 'crash' },
            })),
          );
        // As a client would: again, with the same ids, until they are taken.
        await send(`${url}/v1/events`, 'POST', events('/crash'), 'application/cloudevents-batch+json');
        if ((accepted / BATCH) % FOREIGN_EACH === 0) {
          await send(`${url}/v1/events`, 'POST', events('/other'), 'application/cloudevents-batch+json');
          foreign += count;
        }
        accepted += count;
      }
    })();
    for (let kill = 0; kill < options.kills; kill++) {
      await pause(200 + random() * 900);
      const draw = random();
      // An upgrade ends the process with SIGTERM: it drains, which has faults of its own.
      const signal = random() < 0.5 ? 'SIGKILL' : 'SIGTERM';
      const count = (victim: string): void => {
        kills[victim] = (kills[victim] ?? 0) + 1;
      };
      if (draw < 0.5) {
        count(`plane ${signal}`);
        await end(plane, signal);
        plane = startPlane();
      } else if (draw < 0.8 || !nats) {
        count(`service ${signal}`);
        await end(service, signal);
        service = startService();
      } else {
        count('nats SIGKILL');
        await nats.kill();
        nats = await startNats({ port: natsPort, storeDir: natsDir });
      }
    }
    const lastKillAt = performance.now();
    await feeding;
    const triggered = options.runs + foreign;
    let open = triggered;
    await until(async () => {
      const finished = (await allRuns(url)).filter((run) => run.state === 'finished').length;
      open = triggered - finished;
      return open === 0;
    }, options.recoverMs).catch(() => undefined);
    const recoveredMs = performance.now() - lastKillAt;
    const runs = await allRuns(url);
    let acceptedTwice = 0;
    for (const run of runs.slice(0, CHECKED_RUNS)) acceptedTwice += await finishedTwice(url, run.id);
    const stuck = runs.find((run) => run.state !== 'finished');
    return {
      stuckBecause: stuck && (await explain(url, stuck.id)),
      triggered,
      lost: triggered - runs.length,
      stuck: runs.filter((run) => run.state !== 'finished').length,
      failed: runs.filter((run) => run.state === 'finished' && run.result !== 'pass').length,
      acceptedTwice,
      kills,
      recoveredMs: Math.round(recoveredMs),
    };
  } finally {
    await end(service, 'SIGKILL');
    await end(plane, 'SIGKILL');
    await nats?.stop();
    rmSync(dir, { recursive: true, force: true });
    rmSync(natsDir, { recursive: true, force: true });
  }
}

/** Tasks of a run for which more than one answer counted, or whose next task was triggered more than once. */
async function finishedTwice(url: string, run: string): Promise<number> {
  const page = (await (await fetch(`${url}/v1/runs/${run}/events?limit=1000`)).json()) as { items: EventView[] };
  const counted = new Map<string, number>();
  for (const one of page.items) {
    const type = String(one.event.type);
    const ended = /^[abc]\.finished$/.test(type) && one.ignored === undefined;
    const sequence = /^dev\.seq\.(started|finished)$/.test(type);
    if (ended || sequence) counted.set(type, (counted.get(type) ?? 0) + 1);
  }
  return [...counted.values()].filter((count) => count > 1).length;
}

async function explain(url: string, run: string): Promise<string> {
  const why = await (await ask(`${url}/v1/runs/${run}/why`))?.text();
  const page = (await (await ask(`${url}/v1/runs/${run}/events?limit=1000`))?.json()) as { items: EventView[] };
  const events = page.items.map(({ event, ignored }) => `${event.type} ${event.source} ${ignored ?? ''}`);
  return [run, why, ...events].join('\n');
}

async function allRuns(url: string): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  let cursor = '';
  for (;;) {
    const answer = await ask(`${url}/v1/runs?project=crash&limit=1000${cursor}`);
    if (!answer?.ok) return runs;
    const page = (await answer.json()) as { items: RunSummary[]; next?: string };
    runs.push(...page.items);
    if (page.next === undefined) return runs;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

function ask(url: string): Promise<Response | undefined> {
  return fetch(url, { signal: AbortSignal.timeout(30_000) }).catch(() => undefined);
}

async function send(url: string, method: string, body: string, type: string): Promise<void> {
  await until(async () => {
    const answer = await fetch(url, {
      method,
      body,
      headers: { 'content-type': type },
      signal: AbortSignal.timeout(30_000),
    }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    return answer?.ok === true;
  }, 120_000);
}

async function until(holds: () => Promise<boolean>, limitMs: number): Promise<void> {
  const limit = performance.now() + limitMs;
  while (performance.now() < limit) {
    if (await holds()) return;
    await pause(50);
  }
  throw new Error(`it did not come true within ${limitMs} ms`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** mulberry32: the order of kills is the seed's. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
