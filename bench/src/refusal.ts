import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { readOptions } from '../../tools/options.ts';
import { CACHE } from '../../tools/root.ts';
import { PROJECT, startPlane } from './plane.ts';
import { cpuMs, stop } from './processes.ts';

/**
 * What it costs to refuse a new run: CPU of the control plane for each request, beside one that is asked nothing (`/livez`), which
 * is what Node needs for HTTP itself. Refused because its project is over its limit (429), and because the whole is
 * overloaded (503), which is brought about by holding the lock of its SQLite file. `npm run bench:refusal 2>/dev/null`: what is
 * refused is logged.
 */
const values = readOptions('npm run bench:refusal --', 'Measures what it costs to refuse a run.', {
  dir: {
    type: 'string',
    default: CACHE,
    value: 'DIR',
    about: 'Folder for the data; it decides which disk is measured.',
  },
});
mkdirSync(values.dir, { recursive: true });
const REQUESTS = 4000;
const CONNECTIONS = 16;
const LARGE = 'x'.repeat(100_000);
/** Until it is overloaded, and until it has caught up. */
const CHANGE_MAX_MS = 30_000;

type Ask = { method: string; path: string; headers?: Record<string, string>; body?: string };
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function send(url: string, { method, path, headers = {}, body = '' }: Ask): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const req = request(`${url}${path}`, { method, agent, headers: { ...headers, ...length } }, (res) => {
      res.resume().on('end', () => resolve(res.statusCode ?? 0));
    });
    req.on('error', reject);
    req.end(body);
  });
}

let count = 0;
const trigger = (text: string): Record<string, unknown> => ({
  ...{ specversion: '1.0', id: `r${++count}`, source: '/bench', type: 'dev.wait.triggered' },
  data: { project: PROJECT, text },
});

/** The whole event is the body. */
function structured(text = ''): Ask {
  const headers = { 'content-type': 'application/cloudevents+json' };
  return { method: 'POST', path: '/v1/events', headers, body: JSON.stringify(trigger(text)) };
}

/** What it is stands in the headers, and only the data is the body. */
function binary(text = ''): Ask {
  const { data, ...attributes } = trigger(text);
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, String(value)]));
  const type = { 'content-type': 'application/json' };
  return { method: 'POST', path: '/v1/events', headers: { ...headers, ...type }, body: JSON.stringify(data) };
}

type Plane = { url: string; pid: number };

async function measure(name: string, { url, pid }: Plane, ask: () => Ask, status: number): Promise<void> {
  const before = cpuMs(pid);
  let left = REQUESTS;
  let others = 0;
  const worker = async (): Promise<void> => {
    while (left-- > 0) if ((await send(url, ask())) !== status) others++;
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const value = Math.round(((cpuMs(pid) - before) / REQUESTS) * 1e4) / 10;
  const figure = { name: `refusal/${name}`, value, unit: 'us CPU/request', status, otherStatus: others };
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}

async function pressure(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^slipway_pressure (\d)/m.exec(metrics)?.[1]);
}

/** Nothing can be written while somebody else holds the lock; what waits then grows old. */
async function whileOverloaded(dir: string, { url }: Plane, work: () => Promise<void>): Promise<void> {
  const lock = new DatabaseSync(join(dir, 'data', 'slipway.db'));
  try {
    lock.exec('BEGIN IMMEDIATE');
    const begunMs = performance.now();
    const waiting: Promise<number>[] = [];
    for (;;) {
      if (performance.now() - begunMs > CHANGE_MAX_MS) throw new Error('it never said that it is overloaded');
      const sent = send(url, binary());
      waiting.push(sent);
      const status = await Promise.race([sent, sleep(100)]);
      if (status === 503 && (await pressure(url)) === 2) break;
    }
    await work();
    lock.exec('ROLLBACK');
    await Promise.all(waiting);
    for (const limitMs = performance.now() + CHANGE_MAX_MS; (await pressure(url)) > 0 && performance.now() < limitMs; )
      await sleep(100);
  } finally {
    lock.close();
  }
}

const dir = mkdtempSync(join(values.dir, 'refusal-'));
const { plane: started, url } = await startPlane(dir, undefined);
const plane = { url, pid: started.pid };
const livez: Ask = { method: 'GET', path: '/livez' };
try {
  await measure('warm-up', plane, () => livez, 200);
  await measure('livez', plane, () => livez, 200);
  await whileOverloaded(dir, plane, async () => {
    await measure('503-binary', plane, () => binary(), 503);
    await measure('503-structured', plane, () => structured(), 503);
  });
  const limits = { limits: { runsPerSecond: 0.001 } };
  const json = { 'content-type': 'application/json' };
  await send(url, { method: 'PUT', path: `/v1/projects/${PROJECT}`, headers: json, body: JSON.stringify(limits) });
  await send(url, structured());
  await measure('429-structured', plane, () => structured(), 429);
  await measure('429-structured-100KB', plane, () => structured(LARGE), 429);
} finally {
  agent.destroy();
  await stop(started);
  rmSync(dir, { recursive: true, force: true });
}
