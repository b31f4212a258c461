import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { programPath } from '../../../tools/servers/programs.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const slipway = join(root, 'cli/bin/slipway.js');
const inputs = join(root, 'cli/test/kit/kit.json');
const folder = mkdtempSync(join(tmpdir(), 'slipway-kit-test-'));
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Result {
  id: string;
  connect: string;
  outcome: 'passed' | 'failed' | 'warned' | 'left-out';
  sent?: string;
  came?: string;
  wanted?: string;
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [slipway, 'kit', ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += chunk));
  child.stderr.on('data', (chunk) => (output.stderr += chunk));
  const [code] = await once(child, 'close');
  return { code, ...output };
}

async function resultsOf(args: readonly string[], env: Record<string, string> = {}): Promise<Result[]> {
  const { stdout, stderr } = await run(['-o', 'json', '--nats-server', programPath('nats-server'), ...args], env);
  expect(stdout, stderr).not.toBe('');
  return JSON.parse(stdout);
}

const idsOf = (results: readonly Result[], outcome: Result['outcome']): string[] =>
  results.filter((one) => one.outcome === outcome).map(({ id }) => id);

const failed = (results: readonly Result[]): Result[] => results.filter(({ outcome }) => outcome === 'failed');

/** Advice about time, which a busy machine does not follow. */
const ABOUT_TIME = ['many-side-by-side', 'many-not-blocked', 'drain-second-signal', 'repeat-waits'];

const typescript = [process.execPath, join(root, 'cli/test/kit/service.ts')];
const python = [programPath('python-sdk'), join(root, 'sdk/python/test/kit_service.py')];

const go = [join(folder, 'kit-go')];
for (const [room, target, what] of [
  ['sdk/go', 'kit-go', './internal/kitservice'],
  ['services/resize-go', 'resize', '.'],
] as const) {
  execFileSync(programPath('go'), ['build', '-o', join(folder, target), what], { cwd: join(root, room) });
}

/** The runs wait most of their time, so many of them go on at once, before vitest begins with its tests; those of Go after the others. */
const others: Promise<unknown>[] = [];
const afterOthers = async (isLater: boolean, start: () => Promise<Result[]>): Promise<Result[]> => {
  if (isLater) await Promise.allSettled(others);
  const results = start();
  if (!isLater) others.push(results);
  return results;
};
const sdks = (
  [
    ['TypeScript', 'claim', typescript],
    ['TypeScript', 'push', typescript],
    ['TypeScript', 'nats', typescript],
    ['Python', 'claim', python],
    ['Python', 'push', python],
    ['Python', 'nats', python],
    ['Go', 'claim', go],
    ['Go', 'push', go],
    ['Go', 'nats', go],
    ['Python in threads', 'claim', [...python, '--threads']],
  ] as const
).map(([name, connect, command]) => ({
  name: `${name} over ${connect}`,
  results: afterOthers(name === 'Go', () => resultsOf(['--inputs', inputs, '--connect', connect, '--', ...command])),
}));

describe('a service of an SDK passes every case', () => {
  test.each(sdks)('$name', { timeout: 600_000 }, async (service) => {
    const results = await service.results;
    expect(failed(results)).toEqual([]);
    expect(idsOf(results, 'left-out')).toEqual([]);
    expect(idsOf(results, 'warned').filter((id) => !ABOUT_TIME.includes(id))).toEqual([]);
    expect(results.length).toBeGreaterThan(65);
  });
});

const examples = (
  [
    ['bash and curl', 'services/archive-bash', ['bash', join(root, 'services/archive-bash/main.sh')]],
    [
      "Python's standard library",
      'services/greeter-python',
      ['python3', join(root, 'services/greeter-python/main.py')],
    ],
    ['Go', 'services/resize-go', [join(folder, 'resize')]],
  ] as const
).map(([name, room, command]) => ({
  name,
  results: resultsOf(['--inputs', join(root, room, 'kit.json'), '--connect', 'claim', '--', ...command], {
    ARCHIVE_FOLDER: join(folder, 'archive'),
  }),
}));

describe('an example service passes the cases that apply to it', () => {
  test.each(examples)('$name', { timeout: 600_000 }, async (service) => {
    const results = await service.results;
    expect(failed(results)).toEqual([]);
    expect(idsOf(results, 'passed').length).toBeGreaterThan(50);
  });
});

describe('a service with a planted mistake is caught', () => {
  const claiming = ['--connect', 'claim', '--', process.execPath, join(root, 'cli/test/kit/claiming-service.ts')];
  const quick = ['--inputs', inputs, '--timeout', '3', '--only'];
  const cases = 'answer-finished,answer-cause,repeat-same-output,repeat-503,repeat-lost,drain-finishes';

  test.concurrent.each([
    ['none at all passes', 'none', []],
    ['answers without the id of the attempt', 'no-cause', ['answer-finished', 'answer-cause']],
    ['an answer is not sent again after a refusal', 'no-repeat', ['repeat-503', 'repeat-lost']],
    ['a repeated attempt is done again', 'no-ledger', ['repeat-same-output']],
    ['SIGTERM ends it in the middle of its work', 'ends-at-once', ['drain-finishes']],
  ])('%s', { timeout: 300_000 }, async (_, fault, caught) => {
    const results = await resultsOf([...quick, cases, ...claiming], { FAULT: fault });
    const ids = failed(results).map(({ id }) => id);
    if (fault === 'none') expect(failed(results)).toEqual([]);
    else expect(ids).toEqual(expect.arrayContaining(caught));
  });

  test('the report has what was sent, what came, and what should have come; and the exit code is 1', async () => {
    const junit = join(folder, 'junit.xml');
    const only = [...quick, 'answer-passes', '--junit', junit, ...claiming];
    const { code, stdout } = await run(only, { FAULT: 'no-cause' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAILED {3}claim answer-passes/);
    expect(stdout).toMatch(/sent:\n.*"type":"kit\.triggered"/);
    expect(stdout).toMatch(/came:\n.*"type":"kit\.finished"/);
    expect(stdout).toMatch(/should have come:\n.*kit\.finished for the attempt/);
    expect(stdout).toContain('1 case: 0 passed, 1 failed');
    const xml = readFileSync(junit, 'utf8');
    expect(xml).toContain('<testsuite name="slipway kit claim" tests="1" failures="1" skipped="0">');
    expect(xml).toMatch(/<failure message="kit\.finished for the attempt [^"]+">sent:\n/);
  });
});

test('a command that cannot start, and inputs that cannot be, say the way out', async () => {
  const nothing = await run(['--task', 'kit', '--only', 'answer-finished', '--', '/no/such/program']);
  expect(nothing.code).toBe(1);
  expect(nothing.stdout).toContain('the service starts and begins to claim attempts');
  expect(nothing.stdout).toContain('ENOENT');
  const refusal = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refusal()).toContain('slipway kit --inputs kit.json -- COMMAND');
  expect(await refusal('--', 'x')).toContain('--task NAME with --input JSON');
  expect(await refusal('--task', 'kit', '--only', 'answers', '--', 'x')).toContain('slipway kit --list has all');
  expect(await refusal('--task', 'kit', '--connect', 'pigeon', '--', 'x')).toContain('write claim, push, nats');
  const bad = join(folder, 'bad.json');
  writeFileSync(bad, JSON.stringify({ task: 'kit', inputs: { good: {}, slwo: {} } }));
  expect(await refusal('--inputs', bad, '--', 'x')).toContain('/inputs/slwo: there are good, wrong, slow');
});

test('about ninety cases in ten groups are listed', async () => {
  const { stdout } = await run(['--list', '-o', 'json']);
  const cases: { id: string; group: string }[] = JSON.parse(stdout);
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  expect(cases.length).toBeGreaterThan(85);
  expect(new Set(cases.map(({ group }) => group)).size).toBe(10);
});
