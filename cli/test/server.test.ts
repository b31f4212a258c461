import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineTask, outcome, type Service, serve, silentLogger } from '@slipway/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Served, startServe } from './serve.ts';
import { type Ended, slipway, startSlipway } from './slipway.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: p}
spec:
  stages:
    - name: dev
      sequences:
        - name: seq
          tasks: [{name: build}, {name: ship}]
        - name: lonely
          tasks: [{name: nobody-does-this}]
        - name: late
          tasks: [{name: done-by-a-late-service}]
`;

let server: Served;
let service: Service;
let folder: string;

function cli(...args: string[]): Promise<Ended> {
  return slipway(args, { env: { SLIPWAY_SERVER: server.url } });
}

function closing(one: Service): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => one.close() };
}

async function startedRun(sequence: string): Promise<string> {
  const { stdout } = await cli('trigger', sequence, '-p', 'p', '-o', 'json');
  return JSON.parse(stdout).run;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-cli-'));
  writeFileSync(join(folder, 'shipyard.yaml'), SHIPYARD);
  server = await startServe();
  const build = defineTask({
    name: 'build',
    input: z
      .object({ result: z.enum(['pass', 'warning', 'fail']).default('pass'), message: z.string().optional() })
      .prefault({}),
    output: z.object({ image: z.string() }),
    run: ({ result, message }, { progress }) => {
      progress(0.5, 'half way');
      return outcome({ result, ...(message === undefined ? {} : { message }), output: { image: 'p:1' } });
    },
  });
  const ship = defineTask({
    name: 'ship',
    input: z.unknown(),
    output: z.object({ shipped: z.boolean() }),
    run: () => ({ shipped: true }),
  });
  service = serve({ tasks: [build, ship], server: server.url, signals: false, log: silentLogger });
  await service.ready;
  expect(await cli('apply', join(folder, 'shipyard.yaml'), '--project', 'p')).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await service?.close();
  await server?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('apply', () => {
  test('says which version is in use, and that nothing changed', async () => {
    const again = await cli('apply', join(folder, 'shipyard.yaml'), '--project', 'p');
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^shipyard of project p is unchanged, at version \w+\n$/),
    });
  });

  test('shows each problem of a refused one with its place in the file', async () => {
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, SHIPYARD.replace('stages:', 'stagse:'));
    const { code, stderr } = await cli('apply', file, '--project', 'p');
    expect(code).toBe(2);
    expect(stderr).toContain('[invalid-shipyard]');
    expect(stderr).toContain(`error: ${file} was refused [invalid-shipyard]\n`);
    expect(stderr.split('"stages"')).toHaveLength(2);
    expect(stderr).toContain(`${file}:5:3: `);
    expect(stderr).toContain('"stages"');
  });

  test('only checks with --dry-run', async () => {
    const file = join(folder, 'other.yaml');
    writeFileSync(file, SHIPYARD.replace('name: lonely', 'name: alone'));
    const { code, stdout } = await cli('apply', file, '--project', 'p', '--dry-run');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('would be now at version') });
    expect((await cli('get', 'shipyard', '-p', 'p')).stdout).toBe(SHIPYARD);
  });
});

describe('trigger --wait', () => {
  test('prints a line for each change into a pipe, then the result, and ends with 0', async () => {
    const { code, stdout, stderr } = await cli('trigger', 'dev.seq', '-p', 'p', '-s', 'shop', '--wait', '60');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n').map((line) => line.replace(/^ +\+\d+\.\d{3}s +/, ''));
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^dev\.seq +accepted as run \S+, context \S+$/),
        expect.stringMatching(/^build +triggered$/),
        expect.stringMatching(/^build +started by \/build\//),
        expect.stringMatching(/^build +pass in \d+ ms$/),
        expect.stringMatching(/^ship +pass in \d+ ms$/),
        expect.stringMatching(/^dev\.seq +finished: pass in \d+ ms$/),
        expect.stringMatching(/^Result: pass after \d+ ms$/),
        'Output: {',
      ]),
    );
    expect(stdout).not.toContain('\u001b');
  });

  test('ends with 1 when the run failed', async () => {
    const data = JSON.stringify({ build: { result: 'fail' } });
    const { code, stdout } = await cli('trigger', 'dev.seq', '-p', 'p', '--data', data, '--wait');
    expect(code).toBe(1);
    expect(stdout).toContain('Result: fail');
  });

  test('what a service says in several lines is printed in several lines', async () => {
    const data = JSON.stringify({ build: { result: 'fail', message: 'cannot\n> 1 | a.b\n        ^' } });
    const { stdout } = await cli('trigger', 'dev.seq', '-p', 'p', '--data', data, '--wait');
    const shown = 'cannot\n         > 1 | a.b\n                 ^\n';
    expect(stdout).toMatch(/ build +fail in \d+ ms: cannot\n/);
    expect(stdout).toContain(`\nMessage: ${shown}`);
    const run = /accepted as run ([^\s,]+)/.exec(stdout)?.[1] ?? '';
    const seen = await cli('get', 'run', run);
    expect(seen.stdout).toMatch(/ build +fail .* cannot\n/);
    expect(seen.stdout).toContain(`\nMessage: ${shown}`);
    const why = await cli('why', run);
    expect(why.stdout).toMatch(/^- .*: cannot \[finished\]\n {2}> 1 \| a\.b\n {10}\^/m);
  });

  test('ends with 0 for a warning', async () => {
    const data = JSON.stringify({ build: { result: 'warning' } });
    expect(await cli('trigger', 'dev.seq', '-p', 'p', '-d', data, '-w')).toMatchObject({ code: 0 });
  });

  test('prints the whole run as JSON', async () => {
    const { stdout } = await cli('trigger', 'dev.seq', '-p', 'p', '--wait', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'finished',
      result: 'pass',
      tasks: [{ key: 'build' }, { key: 'ship' }],
    });
  });

  test('ends with 4 when the time is over, and says that the run goes on', async () => {
    const { code, stderr } = await cli('trigger', 'dev.lonely', '-p', 'p', '--wait', '1');
    expect(code).toBe(4);
    expect(stderr).toMatch(/run \S+ has not ended within 1 s, and goes on/);
    expect(stderr).toContain('slipway watch');
  });

  test('says within seconds that no service is connected for the task and what starts one, and goes on', async () => {
    const watched = startSlipway(['trigger', 'dev.late', '-p', 'p', '--wait'], {
      env: { SLIPWAY_SERVER: server.url },
    });
    await expect
      .poll(watched.output, { timeout: 20_000 })
      .toMatch(/no service .*'done-by-a-late-service'.*\n {4}\S.*\n/i);
    expect(watched.output().match(/no service /gi)).toHaveLength(1);
    const late = defineTask({
      name: 'done-by-a-late-service',
      input: z.unknown(),
      output: z.object({}),
      run: () => ({}),
    });
    await using _ = closing(serve({ tasks: [late], server: server.url, signals: false, log: silentLogger }));
    expect((await watched.ended).code).toBe(0);

    const json = startSlipway(['trigger', 'dev.lonely', '-p', 'p', '--wait', '-o', 'json'], {
      env: { SLIPWAY_SERVER: server.url },
    });
    await expect.poll(json.output, { timeout: 20_000 }).toMatch(/no service .*'nobody-does-this'/i);
    json.process.kill('SIGINT');
    expect((await json.ended).stdout).toBe('');
  });

  test('ends with 130 when it is interrupted, and the run goes on', async () => {
    const {
      process: child,
      ended,
      output,
    } = startSlipway(['trigger', 'dev.lonely', '-p', 'p', '--wait'], { env: { SLIPWAY_SERVER: server.url } });
    await expect.poll(output).toContain('triggered');
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    const run = /run (\S+) goes on/.exec(stderr)?.[1] ?? '';
    expect(JSON.parse((await cli('get', 'run', run, '-o', 'json')).stdout)).toMatchObject({ state: 'running' });
  });
});

describe('refused by the server: 2, one line and the way out', () => {
  test('a sequence that is not there names the nearest', async () => {
    const { code, stderr } = await cli('trigger', 'dev.sequ', '-p', 'p');
    expect(code).toBe(2);
    expect(stderr).toContain("'seq'");
    expect(stderr).toContain('[unknown-sequence]');
  });

  test('a run that is not there', async () => {
    for (const command of [['get', 'run'], ['watch'], ['why'], ['abort']]) {
      const { code, stderr } = await cli(...command, 'no-such-run');
      expect({ command, code }).toEqual({ command, code: 2 });
      expect(stderr).toContain('[unknown-run]');
    }
  });

  test('as problem+json with -o json', async () => {
    const { code, stderr, stdout } = await cli('get', 'run', 'no-such-run', '-o', 'json');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ code: 'unknown-run', status: 404 });
  });
});

describe('control', () => {
  test('pause, resume, abort: each says the new state; what is not allowed now is refused', async () => {
    const run = await startedRun('dev.lonely');
    expect(await cli('pause', run, '--reason', 'lunch')).toMatchObject({ code: 0, stdout: `run ${run} is paused\n` });
    expect(await cli('pause', run)).toMatchObject({ code: 0, stdout: `run ${run} is paused, as it was\n` });
    expect(await cli('resume', run)).toMatchObject({ code: 0, stdout: `run ${run} is running\n` });
    expect(await cli('abort', run)).toMatchObject({ code: 0 });
    expect(await cli('resume', run)).toMatchObject({ code: 2, stderr: expect.stringContaining('[not-allowed-now]') });
    const { history } = JSON.parse((await cli('get', 'run', run, '-o', 'json')).stdout);
    expect(history[0]).toMatchObject({
      what: expect.stringContaining('pause'),
      reason: 'lunch',
      by: expect.any(String),
    });
  });

  test('why says that nobody is there, and watching an aborted run ends with 1', async () => {
    const run = await startedRun('dev.lonely');
    const { code, stdout } = await cli('why', run);
    expect(code).toBe(0);
    expect(stdout).toContain("o service is connected for task 'nobody-does-this'");
    expect(stdout).toContain('[no-service]');
    await cli('abort', run);
    expect(await cli('watch', run)).toMatchObject({ code: 1, stdout: expect.stringContaining('aborted') });
  });
});

describe('get', () => {
  test('runs by filter, aligned, and as JSON', async () => {
    await cli('trigger', 'dev.seq', '-p', 'p', '-l', 'team=blue', '--wait');
    const { stdout } = await cli('get', 'runs', '-p', 'p', '--label', 'team=blue', '--state', 'finished');
    const [head = '', row = ''] = stdout.split('\n');
    expect(head).toMatch(/^RUN +PROJECT +SEQUENCE +STATE +TASKS +DURATION +ACCEPTED$/);
    expect(row.slice(head.indexOf('SEQUENCE'))).toMatch(/^dev\.seq +Passed +2\/2 /);
    const json = await cli('get', 'runs', '-p', 'p', '--label', 'team=blue', '-o', 'json');
    expect(JSON.parse(json.stdout).items).toHaveLength(1);
  });

  test('runs by each state of the one list; an aborted run is not among those that passed', async () => {
    await cli('trigger', 'dev.seq', '-p', 'p', '-l', 'kind=states', '--wait');
    const run = await startedRun('dev.lonely');
    expect((await cli('get', 'runs', '--state', 'waiting-worker')).stdout).toMatch(
      new RegExp(`${run} .*Waiting for worker`),
    );
    await cli('abort', run);
    expect((await cli('get', 'runs', '--state', 'aborted')).stdout).toMatch(new RegExp(`${run} .*Aborted`));
    const passed = (await cli('get', 'runs', '--state', 'passed')).stdout;
    expect(passed).toContain('Passed');
    expect(passed).not.toContain(run);
    expect(await cli('get', 'runs', '--state', 'done')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('waiting-worker'),
    });
  });

  test('a run by the beginning of its id, where only one run begins so', async () => {
    const run = await startedRun('dev.seq');
    const short = run.slice(0, 13);
    for (const command of [['get', 'run'], ['watch'], ['why']]) {
      const { code, stdout } = await cli(...command, short);
      expect({ command, code }).toEqual({ command, code: 0 });
      if (command[0] !== 'watch') expect(stdout).toContain(run);
    }
    expect(await cli('get', 'run', '0000')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[unknown-run]'),
    });
  });

  test('services: an attempt counts for the service and task that work on it, and waits in one row', async () => {
    const claim = (task: string, source: string): Promise<Response> =>
      fetch(`${server.url}/v1/tasks/${task}/claim?wait=2s`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ source, project: 'q' }),
      });
    writeFileSync(
      join(folder, 'q.yaml'),
      'spec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: held-task}]}]}]}\n',
    );
    expect(await cli('apply', join(folder, 'q.yaml'), '-p', 'q')).toMatchObject({ code: 0 });
    for (let run = 0; run < 2; run += 1) await cli('trigger', 'dev.seq', '-p', 'q');
    expect(await (await claim('held-task', '/two/1')).json()).toHaveLength(1);
    await claim('other-task', '/two/1');
    await claim('held-task', '/two/2');
    await cli('trigger', 'dev.seq', '-p', 'q');
    const { items } = JSON.parse((await cli('get', 'services', '-o', 'json')).stdout);
    const held = (task: string, source: string): number =>
      items.find((one: { task: string; source: string }) => one.task === task && one.source === source)?.openAttempts;
    expect([held('held-task', '/two/1'), held('other-task', '/two/1'), held('held-task', '/two/2')]).toEqual([1, 0, 1]);
    const rows = (await cli('get', 'services', '--task', 'held-task')).stdout.split('\n').slice(1, 3);
    expect(rows.map((row) => / (\d+) +(\d+) +\S+ ago$/.test(row) || / \d+ +1 +now$/.test(row))).toEqual([true, false]);
  });

  test('subscriptions are made, listed and ended', async () => {
    const sink = 'http://127.0.0.1:9/events';
    const made = await cli('subscribe', 'audit', sink, '--types', '*.finished,dev.*', '-p', 'p');
    expect(made).toMatchObject({ code: 0, stdout: `subscription audit sends *.finished, dev.* to ${sink}\n` });
    expect((await cli('get', 'subscriptions')).stdout).toMatch(/^audit +http:\S+ +\*\.finished, dev\.\* +p\/\*\/\* /m);
    expect(await cli('unsubscribe', 'audit')).toMatchObject({ code: 0, stdout: 'subscription audit is deleted\n' });
    expect((await cli('get', 'subscriptions')).stdout).not.toContain('audit');
    expect(await cli('unsubscribe', 'audit')).toMatchObject({ code: 2 });
  });

  test('pages: the note says how to go on', async () => {
    await startedRun('dev.seq');
    await startedRun('dev.seq');
    const { stderr } = await cli('get', 'runs', '--limit', '1');
    const cursor = /--cursor (\S+)/.exec(stderr)?.[1] ?? '';
    expect(await cli('get', 'runs', '--limit', '1', '--cursor', cursor)).toMatchObject({ code: 0 });
  });

  test('events of a run, services, projects', async () => {
    const run = await startedRun('dev.seq');
    await cli('watch', run);
    expect((await cli('get', 'events', '--run', run)).stdout).toMatch(/dev\.seq\.triggered[\s\S]+build\.finished/);
    expect((await cli('get', 'services')).stdout).toMatch(/build +\/build\/\S+ +claim +yes/);
    expect((await cli('get', 'projects')).stdout).toMatch(/p +plain +\w+/);
    expect((await cli('get', 'shipyard', '-p', 'p', '--versions')).stdout).toContain('in use');
  });
});

describe('send', () => {
  test('a JSON file with a BOM, from standard input too; UTF-16 and broken UTF-8 are named', async () => {
    const file = join(folder, 'bom.json');
    const event = '\ufeff{"source": "/me", "type": "dev.seq.triggered", "data": {"project": "p"}}';
    writeFileSync(file, event);
    expect(await cli('send', file)).toMatchObject({ code: 0 });
    writeFileSync(join(folder, 'data.json'), '\ufeff{"x": 1}');
    expect(await cli('trigger', 'dev.seq', '-p', 'p', '-d', `@${join(folder, 'data.json')}`)).toMatchObject({
      code: 0,
    });
    const env = { SLIPWAY_SERVER: server.url };
    expect(await slipway(['send', '-'], { env, stdin: event })).toMatchObject({ code: 0 });
    for (const bytes of [Buffer.from(event, 'utf16le'), Buffer.from(event.slice(1), 'utf16le')]) {
      writeFileSync(file, bytes);
      expect(await cli('send', file)).toMatchObject({
        code: 2,
        stderr: `error: ${file} is UTF-16: save it as UTF-8\n`,
      });
    }
    writeFileSync(file, Buffer.from([0x7b, 0xe4, 0x7d]));
    expect((await cli('send', file)).stderr).toContain('is not UTF-8');
  });

  test('an event, with what nobody types filled in', async () => {
    const file = join(folder, 'event.json');
    writeFileSync(file, JSON.stringify({ type: 'dev.seq.triggered', data: { project: 'p' } }));
    expect(await cli('send', file)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/accepted +\S+ +\S+ +\S+/),
    });
  });

  test('a batch', async () => {
    const file = join(folder, 'events.json');
    const event = { type: 'dev.seq.triggered', data: { project: 'p' } };
    writeFileSync(file, JSON.stringify([event, { ...event, id: 'twice' }, { ...event, id: 'twice' }]));
    const { code, stdout } = await cli('send', file, '-o', 'json');
    expect(code).toBe(0);
    const outcomes = JSON.parse(stdout).items.map((item: { outcome: string }) => item.outcome);
    expect(outcomes).toEqual(['accepted', 'accepted', 'duplicate']);
  });
});

describe('serve', () => {
  test('ends with 0 when it is told to, and says its address on standard output alone', async () => {
    await using other = await startServe();
    const { code, stdout } = await other.stop('SIGTERM');
    expect(code).toBe(0);
    expect(stdout).toBe(`Slipway listens on ${other.url}\n`);
  });

  test('a port that is taken ends with 3 and the way out, and with no word about what was begun by then', async () => {
    const { host } = new URL(server.url);
    const args = ['serve', '--listen', host, '--log-level', 'warn'];
    const [taken, ...more] = await Promise.all(
      ['data', 'data2', 'data3'].map((name) => slipway([...args, '--data', join(folder, name)])),
    );
    const stderr = expect.stringMatching(/^error: could not start: cannot listen on [\d.:]+: another process .+\n$/);
    expect(taken).toEqual({ code: 3, stdout: '', stderr });
    for (const ended of more) expect(ended).toEqual(taken);
  });

  test('a data folder that is taken ends with 3', async () => {
    const data = join(server.folder, 'data');
    const { code, stderr } = await slipway(['serve', '--listen', '127.0.0.1:0', '--data', data]);
    expect(code).toBe(3);
    expect(stderr).toContain('another Slipway uses the data folder');
  });

  test('with a token file a caller needs one of its tokens', async () => {
    const file = join(folder, 'tokens');
    writeFileSync(file, '# who may token\nreader runs:read reader-0123456789abcdef\n', { mode: 0o600 });
    await using other = await startServe(['--token-file', file]);
    const ask = (env: Record<string, string>, ...args: string[]) =>
      slipway(['get', ...args], { env: { SLIPWAY_SERVER: other.url, ...env } });
    expect(await ask({}, 'runs')).toMatchObject({ code: 2, stderr: expect.stringContaining('SLIPWAY_TOKEN') });
    expect(await ask({ SLIPWAY_TOKEN: 'reader-0123456789abcdef' }, 'runs')).toMatchObject({ code: 0 });
    expect(await ask({}, 'runs', '--token-file', file)).toMatchObject({ code: 0 });
    expect(await ask({}, 'projects', '--token-file', file)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('projects:read'),
    });
  });
});
