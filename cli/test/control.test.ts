import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Served, startServe } from './serve.ts';
import { type Ended, slipway } from './slipway.ts';

/** Nobody serves these tasks: their runs stay open until somebody acts. */
const SHIPYARD = `spec:
  stages:
    - name: dev
      sequences:
        - name: seq
          tasks: [{name: first-build, uses: build}, {name: ship}]
`;

let server: Served;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-control-'));
  writeFileSync(join(folder, 'shipyard.yaml'), SHIPYARD);
  server = await startServe();
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function cli(...args: string[]): Promise<Ended> {
  return slipway(args, { env: { SLIPWAY_SERVER: server.url } });
}

async function read(...args: string[]) {
  const { code, stdout, stderr } = await cli(...args, '-o', 'json');
  if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${stderr}`);
  return JSON.parse(stdout);
}

async function project(name: string): Promise<void> {
  expect(await cli('apply', join(folder, 'shipyard.yaml'), '-p', name)).toMatchObject({ code: 0 });
}

async function started(name: string, ...args: string[]): Promise<string> {
  return (await read('trigger', 'dev.seq', '-p', name, ...args)).run;
}

describe('abort', () => {
  test('what a filter matches is counted, listed with --dry-run, and aborted with --yes only', async () => {
    await project('many');
    const blue = [await started('many', '-l', 'team=blue'), await started('many', '-l', 'team=blue')];
    const red = await started('many', '-l', 'team=red');
    const filter = ['-p', 'many', '--label', 'team=blue', '--since', '1h'];

    const listed = await cli('abort', ...filter, '--dry-run');
    expect(listed).toMatchObject({ code: 0, stderr: expect.stringMatching(/^2 open runs of .* would be aborted\n$/) });
    for (const run of blue) expect(listed.stdout).toContain(run);
    expect(listed.stdout).not.toContain(red);

    expect(await cli('abort', ...filter)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /2 open runs of project many, label team=blue, .* would be aborted\n +--yes does it/,
      ),
    });
    expect(await read('abort', ...filter, '--dry-run')).toMatchObject({ open: 2, aborted: 0, dryRun: true });
    expect(JSON.parse((await cli('abort', ...filter, '-o', 'json')).stderr)).toMatchObject({ code: 'not-confirmed' });

    expect(await cli('abort', ...filter, '--yes', '--reason', 'too blue')).toMatchObject({
      code: 0,
      stdout: '2 runs aborted\n',
    });
    const [one = ''] = blue;
    const aborted = await read('get', 'run', one);
    expect(aborted).toMatchObject({ state: 'finished', status: 'aborted' });
    expect(aborted.history).toMatchObject([{ reason: 'too blue', by: expect.stringMatching(/./) }]);
    expect(await read('get', 'run', red)).toMatchObject({ state: 'running' });
    expect(await cli('abort', ...filter, '--yes')).toMatchObject({
      code: 0,
      stdout: 'no open run: nothing to abort\n',
    });
  });

  test('several by their ids: what has ended by then is no mistake, what never was is one', async () => {
    await project('several');
    const runs = [await started('several'), await started('several'), await started('several')] as const;
    await cli('abort', runs[0]);
    expect(await cli('abort', ...runs)).toMatchObject({ code: 0, stdout: '2 runs aborted\n' });
    expect(await cli('abort', runs[0], 'no-such-run')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[unknown-run]'),
    });
  });

  test('--state leaves the others alone', async () => {
    await project('states');
    const [paused, running] = [await started('states'), await started('states')];
    await cli('pause', paused);
    expect(await read('abort', '-p', 'states', '--state', 'paused', '--yes')).toMatchObject({
      ...{ open: 1, aborted: 1, runs: [paused] },
    });
    expect(await read('get', 'run', running)).toMatchObject({ state: 'running' });
  });
});

describe('answer', () => {
  test('an open attempt, as its service would; another answer to it is late', async () => {
    await project('by-hand');
    const run = await started('by-hand');
    const { stdout } = await cli('get', 'run', run);
    const attempt = /Open attempt of 'first-build': (\S+)/.exec(stdout)?.[1] ?? '';
    const line = ['answer', attempt, '--result', 'warning', '--data', '{"image": "p:1"}', '--message', 'looks odd'];
    expect(await cli(...line)).toMatchObject({
      code: 0,
      stdout: `'first-build' of run ${run} is answered with warning\n`,
      stderr: '',
    });
    const [task] = (await read('get', 'run', run)).tasks;
    expect(task).toMatchObject({
      ...{ state: 'finished', result: 'warning', message: 'looks odd' },
      attempts: [{ output: { image: 'p:1' } }],
    });
    expect(await cli(...line)).toMatchObject({ code: 2, stderr: expect.stringContaining('[attempt-over]') });
    expect(await cli('answer', `${run}.ship.7`, '--result', 'pass')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`open now: ${run}.ship.1`),
    });
  });

  test('an answer by hand is refused while a service holds the attempt; one instead of it names the person', async () => {
    await project('held');
    const run = await started('held');
    const claimed = await fetch(`${server.url}/v1/tasks/build/claim?wait=30s`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source: '/build/1', project: 'held' }),
    });
    expect(await claimed.json()).toHaveLength(1);
    const answer = ['answer', `${run}.first-build.1`, '--result', 'pass'];
    const { code, stderr } = await cli(...answer);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('/build/1 works on') });
    expect((await read('get', 'run', run)).tasks[0]).toMatchObject({
      state: 'open',
      attempts: [{ executors: [{ source: '/build/1' }] }],
    });
    expect(stderr).toContain('--source /build/1');
    expect(await cli(...answer, '--source', '/build/1')).toMatchObject({ code: 0, stderr: '' });
    const shown = await read('get', 'run', run);
    expect(shown.tasks[0]).toMatchObject({
      ...{ state: 'finished', result: 'pass', message: `answered (by hand, by ${userInfo().username})` },
    });
    expect(shown.history).toMatchObject([
      { what: 'answer', source: '/cli/by-hand', by: userInfo().username, onBehalfOf: '/build/1' },
    ]);
  });
});

describe('a project', () => {
  test('has settings that are shown, and changed one by one', async () => {
    const file = join(folder, 'settings.json');
    writeFileSync(file, '{"limits": {"openRunsMax": 40}, "retention": {"finishedRunsForMs": 172800000}}');
    expect(await cli('apply', 'settings', file, '-p', 'tuned')).toMatchObject({ code: 0 });
    writeFileSync(file, '{"config": {"team": "north"}}');
    expect(await cli('apply', 'settings', file, '-p', 'tuned')).toMatchObject({ code: 0 });
    const { stdout } = await cli('get', 'project', 'tuned');
    expect(stdout).toMatch(/^tuned\nDialect: plain\nShipyard: none yet\nRuns at most: 40 open\n/);
    expect(stdout).toContain('Finished runs are kept: for 2d\nConfiguration: {"team":"north"}\n');
    expect(await read('get', 'project', 'tuned')).toMatchObject({ name: 'tuned', limits: { openRunsMax: 40 } });
    writeFileSync(file, '# as YAML\nlimits:\n  openRunsMax: 50\n');
    expect((await cli('apply', 'settings', file, '-p', 'tuned')).stdout).toContain('Runs at most: 50 open\n');
    writeFileSync(file, 'limits:\n  - a: [\n');
    expect(await cli('apply', 'settings', file, '-p', 'tuned')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is not valid YAML, line \d+, column \d+: /),
    });
    writeFileSync(file, '{"limits": {"openRunMax": 40}}');
    expect(await cli('apply', 'settings', file, '-p', 'tuned')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('/limits/openRunMax'),
    });
  });

  test('is deleted after what goes with it was counted, and not while runs are open', async () => {
    await project('doomed');
    const run = await started('doomed');
    expect(await cli('delete', 'project', 'doomed', '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/1 open run[\s\S]+slipway abort --project doomed/),
    });
    await cli('abort', run);
    const what = 'project doomed with 1 run and 1 version of its shipyard';
    expect(await cli('delete', 'project', 'doomed')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${what} would be deleted\n  --yes does it`),
    });
    expect(await cli('delete', 'project', 'doomed', '--dry-run')).toMatchObject({
      code: 0,
      stdout: `${what} would be deleted\n`,
    });
    expect(await cli('delete', 'project', 'doomed', '--yes')).toMatchObject({
      code: 0,
      stdout: `${what} is deleted\n`,
    });
    expect(await cli('get', 'project', 'doomed')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[unknown-project]'),
    });
  });
});
