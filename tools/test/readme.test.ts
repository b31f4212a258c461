import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
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
