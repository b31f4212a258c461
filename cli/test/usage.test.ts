import { describe, expect, test } from 'vitest';
import { exitCode } from '../src/exit-code.ts';
import { slipway } from './slipway.ts';

describe('bad usage ends with 2 and names the way out', () => {
  test.each([
    [['trigr', 'dev.seq'], 'Did you mean trigger?'],
    [['get', 'rnus'], 'Did you mean runs?'],
    [['serve', '--listn', '127.0.0.1:0'], 'Did you mean --listen?'],
    [['get', 'runs', '--sate', 'running'], 'Did you mean --state?'],
    [['get', 'runs', '-o', 'yaml'], 'Allowed choices are text, json'],
    [['get', 'runs', '--limit', '0'], 'Write 1 to 1000'],
    [
      ['get', 'runs', '--state', 'runing'],
      'working, waiting-worker, waiting-person, waiting-turn, sleeping, paused, parked, passed',
    ],
    [['get', 'runs', '--label', 'team'], 'key=value'],
    [['get', 'events', '--run', 'r', '--type', 't'], 'no other filter'],
    [['apply', 'f.yaml'], '--project'],
    [['trigger', 'dev'], 'STAGE.SEQUENCE'],
    [['trigger', 'dev.seq', '--data', '{a: 1}'], '--data is not valid JSON, line 1, column 2'],
    [['trigger', 'dev.seq', '--data', '{"a":'], 'Unexpected end'],
    [['trigger', 'dev.seq', '--data', '[1]'], 'must be a JSON object'],
    [['trigger', 'dev.seq', '--data', '@/no/such/file'], 'there is no such file'],
    [['trigger', 'dev.seq', '--wait', '-1'], 'Write seconds'],
    [['watch'], "missing required argument 'run'"],
    [['watch'], 'slipway watch --help'],
    [['get', 'runs', '--since', 'yesterday'], 'Write 15m, 1h30m, 7d'],
    [['abort'], 'which run? name one, or filter them'],
    [['abort', 'run-1', '--project', 'p'], 'not both'],
    [['answer', 'run-1', '--result', 'pass'], 'RUN.TASK.NUMBER'],
    [['retry', 'run-1', '--all'], 'slipway trigger STAGE.SEQUENCE'],
    [['answer', 'run-1.build.1'], '--result'],
    [['answer', 'run-1.build.1', '--result', 'good'], 'pass, warning, fail'],
    [['answer', 'run-1.build.1', '--result', 'pass', '--data', '{a'], '--data is not valid JSON'],
    [['delete', 'run'], 'slipway delete --help'],
    [['apply', 'settings', '-', '--project', 'p'], 'standard input is not valid YAML'],
    [['lint', '/no/such.yaml'], 'there is no such file'],
    [['send', '-'], 'standard input is not valid JSON'],
    [['get', 'runs', '--server', 'localhost:8484'], 'http://127.0.0.1:8484'],
    [['get', 'runs', '--token-file', '/no/such/token'], '--token-file'],
    [['serve', '--listen', 'nonsense'], '--listen: "nonsense" is not an address'],
    [['serve', '--listen', '0.0.0.0:0'], 'no token is configured'],
    [[], 'Usage: slipway'],
  ])('slipway %j', async (args, said) => {
    const { code, stderr, stdout } = await slipway(args, { stdin: '' });
    expect(stderr + stdout).toContain(said);
    expect(code).toBe(2);
  });

  test('a misspelled variable is not ignored', async () => {
    const { code, stderr } = await slipway(['get', 'runs'], { env: { SLIPWAY_SERVR: 'http://127.0.0.1:1' } });
    expect(code).toBe(2);
    expect(stderr).toContain('SLIPWAY_SERVR is not a setting of Slipway: did you mean SLIPWAY_SERVER?');
  });
});

describe('a server that is not there ends with 3 and says how to start one', () => {
  const commands = [
    ['get', 'runs'],
    ['trigger', 'dev.seq'],
    ['watch', 'run-1'],
    ['why', 'run-1'],
    ['pause', 'run-1'],
    ['abort', '--all'],
    ['delete', 'project', 'p'],
    ['apply', '-', '--project', 'p'],
  ];
  test.each(commands)('slipway %s %s', async (...args) => {
    // Port 1 on loopback: nothing listens there, and nobody may without being root.
    const { code, stderr } = await slipway(args, { env: { SLIPWAY_SERVER: 'http://127.0.0.1:1' }, stdin: 'spec: {}' });
    expect(stderr).toContain('cannot reach http://127.0.0.1:1 (ECONNREFUSED)');
    expect(stderr).toContain('npx slipway serve');
    expect(code).toBe(3);
  });

  test('as JSON, when JSON was asked for', async () => {
    const { code, stderr, stdout } = await slipway(['get', 'runs', '-o', 'json', '--server', 'http://127.0.0.1:1']);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'server-unreachable' });
    expect(stdout).toBe('');
    expect(code).toBe(3);
  });
});

test('help and version end with 0', async () => {
  expect(await slipway(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('slipway dev') });
  expect(await slipway(['help', 'abort'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Usage: slipway abort[\s\S]+--dry-run[\s\S]+--server/),
  });
  expect(await slipway(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test('help names every exit code', async () => {
  const { stdout } = await slipway(['--help']);
  for (const code of Object.values(exitCode)) expect(stdout).toMatch(new RegExp(`^  ${code} +\\S`, 'm'));
});

test('help of serve names every flag and its variable', async () => {
  const { stdout } = await slipway(['serve', '--help']);
  for (const name of ['listen', 'data', 'nats', 'mongo', 'token-file', 'log-level']) {
    expect(stdout).toContain(`--${name} <`);
    expect(stdout).toContain(`SLIPWAY_${name.toUpperCase().replace('-', '_')}`);
  }
});

test('a Node that is too old starts the one that came with the install', async () => {
  // The process believes that it is Node 20; what it starts is told nothing of the kind.
  const pretend = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})";
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`];
  const { code, stdout } = await slipway(['--version'], { nodeArgs });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(await slipway(['get', 'nothing'], { nodeArgs })).toMatchObject({ code: 2 });
});
