import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings, settingTable } from '../src/settings.ts';

function settingsOf(flags: Record<string, string>, env: Record<string, string> = {}) {
  const read = readSettings(flags, env);
  if (!read.ok) throw new Error(read.problems.map((problem) => problem.message).join('; '));
  return read.settings;
}

function problemsOf(flags: Record<string, string>, env: Record<string, string> = {}) {
  const read = readSettings(flags, env);
  return read.ok ? [] : read.problems;
}

test('without any setting it listens on loopback and keeps its data beside the caller', () => {
  expect(settingsOf({})).toEqual({
    listen: { host: '127.0.0.1', port: 8484 },
    dataDir: resolve('.slipway'),
    natsUrl: undefined,
    natsCredsFile: undefined,
    natsCaFile: undefined,
    natsDomain: undefined,
    mongoUrl: undefined,
    postgresUrl: undefined,
    tokenFile: undefined,
    pushPrivate: undefined,
    logLevel: 'info',
    diskReserve: 5,
    projectOpenRuns: undefined,
    projectWaitingRuns: undefined,
    projectRunsPerSecond: undefined,
    pushConcurrency: 8,
  });
});

test('a flag wins over its variable, which wins over the default; an empty variable is not set', () => {
  expect(settingsOf({ '--log-level': 'warn' }, { SLIPWAY_LOG_LEVEL: 'debug' }).logLevel).toBe('warn');
  expect(settingsOf({}, { SLIPWAY_LOG_LEVEL: 'debug' }).logLevel).toBe('debug');
  expect(settingsOf({}, { SLIPWAY_LOG_LEVEL: '', SLIPWAY_NATS: '' }).logLevel).toBe('info');
});

test('each flag and its variable have the same name', () => {
  for (const { flag, env } of settingTable) {
    expect(env).toBe(`SLIPWAY_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`);
  }
});

test('two cluster stores at once are a problem', () => {
  const urls = { '--mongo': 'mongodb://127.0.0.1/slipway', '--postgres': 'postgres://slipway@127.0.0.1/slipway' };
  expect(problemsOf(urls)).toEqual([
    { where: '--postgres', message: 'MongoDB and PostgreSQL are both set: choose one store' },
  ]);
  expect(settingsOf({ '--postgres': 'postgresql://u:p@h1:5432,h2/slipway?sslmode=require' }).postgresUrl).toBe(
    'postgresql://u:p@h1:5432,h2/slipway?sslmode=require',
  );
});

describe('an unknown name is an error that names the nearest one', () => {
  test('a variable', () => {
    expect(problemsOf({}, { SLIPWAY_LISTNE: 'x', PATH: '/bin' })).toEqual([
      {
        where: 'SLIPWAY_LISTNE',
        message: 'SLIPWAY_LISTNE is not a setting of Slipway: did you mean SLIPWAY_LISTEN?',
        nearest: 'SLIPWAY_LISTEN',
      },
    ]);
  });

  test('a flag', () => {
    expect(problemsOf({ '--token': 'x' })[0]).toMatchObject({ where: '--token' });
  });

  test('what Kubernetes says of a service called slipway is none of ours', () => {
    const env = {
      SLIPWAY_SERVICE_HOST: '10.0.0.1',
      SLIPWAY_SERVICE_PORT_HTTP: '8484',
      SLIPWAY_PORT: 'tcp://10.0.0.1:8484',
      SLIPWAY_PORT_8484_TCP_ADDR: '10.0.0.1',
      SLIPWAY_NATS_PORT_4222_TCP: 'tcp://10.0.0.2:4222',
    };
    expect(problemsOf({}, env)).toEqual([]);
  });

  test('what belongs to the command line is not one', () => {
    expect(problemsOf({}, { SLIPWAY_SERVER: 'http://127.0.0.1:1', SLIPWAY_TOKEN: 'x' })).toEqual([]);
  });
});

describe('--listen', () => {
  test.each([
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:8080', { host: 'localhost', port: 8080 }],
    ['[::1]:8484', { host: '::1', port: 8484 }],
  ])('%s', (text, expected) => {
    expect(settingsOf({ '--listen': text }).listen).toEqual(expected);
  });

  test.each(['8484', ':8484', '127.0.0.1', '127.0.0.1:', 'http://x:1', '::1:8484', '[::bad', '127.0.0.1:65536', ''])(
    '%j is refused by name',
    (text) => expect(problemsOf({ '--listen': text })).toMatchObject([{ where: '--listen' }]),
  );
});

test('anything but loopback without a token refuses, and says the way out', () => {
  expect(problemsOf({ '--listen': '0.0.0.0:8484' })[0]?.message).toContain('--token-file');
  expect(problemsOf({}, { SLIPWAY_LISTEN: '[::]:8484' })[0]).toMatchObject({ where: 'SLIPWAY_LISTEN' });
  expect(settingsOf({ '--listen': '0.0.0.0:8484', '--token-file': 't' }).listen.host).toBe('0.0.0.0');
});

test('a password in a refused address is not repeated', () => {
  const [problem] = problemsOf({ '--nats': 'http://me:secret@host:1' });
  expect(problem?.message).toContain('***');
  expect(problem?.message).not.toContain('secret');
});

test('every problem is told at once', () => {
  const problems = problemsOf(
    { '--listen': 'x', '--mongo': 'localhost' },
    { SLIPWAY_LOG_LEVEL: 'warning', SLIPWAY_X: '' },
  );
  expect(problems.map((problem) => problem.where)).toEqual(['SLIPWAY_X', '--listen', '--mongo', 'SLIPWAY_LOG_LEVEL']);
});
