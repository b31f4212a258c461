import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../root.ts';
import { freePort } from '../test-servers.ts';

/** The lines at the top of each service's README, as somebody types them: what ends with & first, the others when it is ready. */
const SERVICES = ['archive-bash', 'checknumber', 'greeter-python', 'photo-authenticity'];
const READY_MS = 60_000;

let folder: string;
let port: number;
let started: ChildProcess[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-service-readme-'));
  port = await freePort();
  started = [];
});
afterEach(async () => {
  // The server last, so that services can say goodbye.
  for (const child of started.toReversed()) await end(child);
  rmSync(folder, { recursive: true, force: true });
});

test.each(SERVICES)(
  'the lines of services/%s/README.md end with a run that passed',
  async (service) => {
    const readme = readFileSync(join(ROOT, 'services', service, 'README.md'), 'utf8');
    const lines = /```sh\n([\s\S]*?)```/.exec(readme)?.[1]?.trim().split('\n') ?? [];
    const isBackground = (line: string): boolean => / &( +#.*)?$/.test(line);
    expect(lines[0]).toContain('npx slipway serve &');
    for (const line of lines.filter(isBackground)) {
      // Without npx, which does not hand on the signal that ends it.
      started.push(shell(`exec ${line.replace(/ &( +#.*)?$/, '').replace(/^npx /, '')}`, 'ignore'));
      await expect.poll(isReady, { timeout: READY_MS }).toBe(true);
    }
    const child = shell(lines.filter((line) => !isBackground(line)).join('\n'), 'pipe');
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(said).toContain('Result: pass');
    expect(code).toBe(0);
  },
  240_000,
);

function shell(line: string, output: 'ignore' | 'pipe'): ChildProcess {
  const env = {
    ...process.env,
    PATH: `${join(ROOT, 'node_modules', '.bin')}:${process.env.PATH}`,
    SLIPWAY_LISTEN: `127.0.0.1:${port}`,
    SLIPWAY_SERVER: `http://127.0.0.1:${port}`,
    SLIPWAY_DATA: join(folder, 'data'),
    ARCHIVE_FOLDER: join(folder, 'archive'),
  };
  return spawn('bash', ['-c', line], { cwd: ROOT, env, stdio: ['ignore', output, output] });
}

async function isReady(): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok === true;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
