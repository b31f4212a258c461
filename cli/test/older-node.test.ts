import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slipway, startSlipway } from './slipway.ts';

/** What makes this Node look older than it is, so that slipway.js starts the one of the install as a process of its own. */
const older =
  'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" }, enumerable: true })';
const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(older)}`];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-older-'));
});
afterAll(() => {
  for (const pid of running(seen)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Nothing stays behind, even where a test fails. */
const seen: number[] = [];

type Process = { pid: number; parent: number };

/** Without those that have ended and that nobody has asked about yet, as in a container without an init. */
function processes(): Process[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return lines.flatMap((line) => {
    const [pid, parent, state = ''] = line.trim().split(/\s+/);
    return state.startsWith('Z') ? [] : { pid: Number(pid), parent: Number(parent) };
  });
}

function childrenOf(pid = 0): number[] {
  const found = processes().flatMap((one) => (one.parent === pid ? one.pid : []));
  seen.push(...found);
  return found;
}

function running(pids: readonly number[]): number[] {
  const all = new Set(processes().map(({ pid }) => pid));
  return pids.filter((pid) => all.has(pid));
}

function serving(data: string) {
  const args = ['serve', '--listen', '127.0.0.1:0', '--data', join(folder, data), '--log-level', 'warn'];
  return startSlipway(args, { nodeArgs });
}

describe('under an older Node, the one of the install runs as a process of its own', () => {
  test('and it ends as that ends, having said what that said', async () => {
    const { code, stdout, stderr } = await slipway(['--version'], { nodeArgs });
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    expect(await slipway(['get', 'runs', '--state', 'runing'], { nodeArgs })).toMatchObject({ code: 2 });
    expect(await slipway(['get', 'runs', '--server', 'http://127.0.0.1:1'], { nodeArgs })).toMatchObject({ code: 3 });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('which hears %s, and may take its time', async (signal) => {
    const { process: wrapper, ended, output } = serving(signal);
    await expect.poll(output).toContain('listens on');
    wrapper.kill(signal);
    expect(await ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`${signal}: finishes running requests`),
    });
  });

  test('and does not outlive it: the data folder is free again', async () => {
    const { process: wrapper, ended, output } = serving('killed');
    await expect.poll(output).toContain('listens on');
    const children = childrenOf(wrapper.pid);
    expect(children).toHaveLength(1);
    wrapper.kill('SIGKILL');
    // Its output ends when the last that writes there has.
    expect(await ended).toMatchObject({ stderr: expect.stringContaining('SIGTERM: finishes running requests') });
    await expect.poll(() => running(children)).toEqual([]);

    const again = serving('killed');
    await expect.poll(again.output).toContain('listens on');
    again.process.kill('SIGTERM');
    expect(await again.ended).toMatchObject({ code: 0 });
  });

  test('nor do the services of dev, which hear nothing of how it is told', { timeout: 240_000 }, async () => {
    const args = ['dev', '--listen', '127.0.0.1:0', '--data', join(folder, 'dev')];
    const { process: wrapper, ended, output } = startSlipway(args, { nodeArgs });
    await expect.poll(output, { timeout: 200_000, interval: 100 }).toContain('Ctrl-C ends everything');
    const [child = 0] = childrenOf(wrapper.pid);
    const services = childrenOf(child);
    expect(services.length).toBeGreaterThan(1);
    if (existsSync('/proc/self/environ')) {
      const channel = readlinkSync(`/proc/${child}/fd/3`);
      for (const pid of services) {
        expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toMatch(/NODE_CHANNEL|SLIPWAY_ENDS_WITH_PARENT/);
        expect(existsSync(`/proc/${pid}/fd/3`) ? readlinkSync(`/proc/${pid}/fd/3`) : '').not.toBe(channel);
      }
    }
    wrapper.kill('SIGKILL');
    await ended;
    await expect.poll(() => running([child, ...services])).toEqual([]);
  });
});
