import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT as root } from '../root.ts';
import { curlLines, readme, runCurlLines } from './readme-lines.ts';

const run = promisify(execFile);

let dir: string;
let url: string;
let server: ReturnType<typeof spawn>;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-readme-'));
  const args = [
    join(root, 'cli/bin/slipway.js'),
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--data',
    dir,
    '--log-level',
    'error',
  ];
  server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  url = await new Promise<string>((resolve, reject) => {
    let text = '';
    server.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /listens on (http:\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    server.once('exit', (code) => reject(new Error(`serve ended with ${code}`)));
  });
});

afterAll(async () => {
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await gone;
  rmSync(dir, { recursive: true, force: true });
});

test('the curl lines of the README do what it says: upload, trigger, claim, answer, read the result', async () => {
  const lines = curlLines().trim().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(5);
  expect(lines.length).toBeLessThanOrEqual(10);
  expect(await runCurlLines(url)).toMatchObject({
    project: 'default',
    state: 'finished',
    result: 'pass',
    output: { checknumber: { valid: true } },
  });
});

test('every file that the README links to is there', async () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? '');
  const missing: string[] = [];
  for (const link of links) {
    try {
      await run('ls', [join(root, link)]);
    } catch {
      missing.push(link);
    }
  }
  expect(missing).toEqual([]);
});

test('the task service of the README runs as it stands and connects to SLIPWAY_SERVER', async () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'slipway-readme-ts-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  writeFileSync(join(folder, 'greet.ts'), code);
  const service = spawn(process.execPath, ['greet.ts'], {
    cwd: folder,
    env: { ...process.env, SLIPWAY_SERVER: url },
    stdio: 'ignore',
  });
  try {
    const shipyard = 'spec: {stages: [{name: dev, sequences: [{name: hello, tasks: [{name: greet}]}]}]}\n';
    await fetch(`${url}/v1/projects/greeting/shipyard`, { method: 'PUT', body: shipyard });
    const event = {
      ...{ specversion: '1.0', id: 'greet-1', source: '/me', type: 'dev.hello.triggered' },
      data: { project: 'greeting', greet: { name: 'Ada' } },
    };
    const answer = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=60' },
      body: JSON.stringify(event),
    });
    expect(await answer.json()).toMatchObject({ result: 'pass', output: { greet: { text: 'Hello, Ada' } } });
  } finally {
    service.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
