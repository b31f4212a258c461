import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** A thread of the store dies while its process lives: nothing can be written any more, and only a new process helps. */
const cli = fileURLToPath(new URL('../../../cli/bin/slipway.js', import.meta.url));
const SHIPYARD =
  'apiVersion: slipway.dev/v1\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: a}]}]}]}\n';
const START_MS = 60_000;

let dir: string;
let children: ChildProcess[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-thread-'));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

test.each(['writer', 'reader'])(
  'the %s of the SQLite file dies: the process ends and says so, and the next one goes on where it was',
  async (role) => {
    const first = await serve('--inspect=127.0.0.1:0');
    await ask(first.url, 'PUT', '/v1/projects/default/shipyard', SHIPYARD);
    const trigger = { specversion: '1.0', id: 't', source: '/t', type: 'dev.seq.triggered' };
    expect(await ask(first.url, 'POST', '/v1/events', JSON.stringify(trigger))).toMatchObject({ status: 202 });
    await endThread(/ws:\S+/.exec(first.output())?.[0] ?? '', role);
    expect([await first.code, first.output()]).toEqual([
      3,
      expect.stringContaining(`cannot go on: the ${role} thread of the store ended with 7`),
    ]);

    const second = await serve();
    const claimed = await ask(second.url, 'POST', '/v1/tasks/a/claim?wait=20s', '{"source":"/w"}');
    expect(claimed).toMatchObject({ status: 200, json: [{ type: 'a.triggered' }] });
  },
  2 * START_MS,
);

async function serve(...nodeArgs: string[]): Promise<{ url: string; output(): string; code: Promise<number | null> }> {
  const args = [...nodeArgs, cli, 'serve', '--listen', '127.0.0.1:0', '--data', join(dir, 'data')];
  const child = spawn(process.execPath, [...args, '--log-level', 'warn'], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  const output = (): string => text;
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await expect.poll(output, { timeout: START_MS }).toMatch(/listens on http/);
  return { url: /listens on (http:\S+)/.exec(text)?.[1] ?? '', output, code };
}

async function ask(
  url: string,
  method: string,
  path: string,
  body: string,
): Promise<{ status: number; json: unknown }> {
  const type = path === '/v1/events' ? 'application/cloudevents+json' : 'application/json';
  const headers = { 'content-type': method === 'PUT' ? 'application/yaml' : type };
  const answer = await fetch(`${url}${path}`, { method, body, headers });
  return { status: answer.status, json: await answer.json() };
}

type Message = { method?: string; params?: Record<string, unknown> };

/** Ends one thread of another process from inside, by its debugger: the thread has no say in it. */
async function endThread(debuggerUrl: string, role: string): Promise<void> {
  const socket = new WebSocket(debuggerUrl);
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  const send = (method: string, params: object): void => socket.send(JSON.stringify({ id: 1, method, params }));
  const expression = `process.getBuiltinModule('node:worker_threads').workerData.role === '${role}' && process.exit(7)`;
  socket.addEventListener('message', ({ data }) => {
    const { method, params }: Message = JSON.parse(String(data));
    // A process does not end before its debugger has gone.
    if (method === 'NodeWorker.detachedFromWorker') socket.close();
    if (method !== 'NodeWorker.attachedToWorker') return;
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } });
    send('NodeWorker.sendMessageToWorker', { sessionId: params?.sessionId, message });
  });
  send('NodeWorker.enable', { waitForDebuggerOnStart: false });
}
