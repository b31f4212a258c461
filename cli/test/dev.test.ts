import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNats } from '../../tools/test-servers.ts';
import { slipway, startSlipway } from './slipway.ts';

const START_MS = 240_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-dev-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('slipway dev', () => {
  test('--once starts everything, shows a run to its end, and leaves nothing running', {
    timeout: START_MS,
  }, async () => {
    const data = join(folder, 'once');
    const { code, stdout, stderr } = await slipway(['dev', '--once', '--data', data]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Control plane +http:\/\/127\.0\.0\.1:\d+, /);
    expect(stdout).toMatch(/\nServices +.*checknumber/);
    expect(stdout).toMatch(/\nExamples +applied.*checknumber/);
    expect(stdout).toMatch(/\$ npx slipway trigger dev\.authenticity --project photos/);
    expect(stdout).toMatch(/ evaluate +started by \/evaluate\//);
    expect(stdout).toMatch(/finished: (pass|warning) in /);
    expect(stdout).toMatch(/\nResult: (pass|warning) after /);
    expect(existsSync(join(data, 'slipway.db'))).toBe(true);
    expect(readdirSync(join(data, 'logs'))).toContain('checknumber.log');
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0] ?? '';
    expect(await slipway(['get', 'runs', '--server', url])).toMatchObject({ code: 3 });
  });

  test('--nats has the services connect over NATS', { timeout: START_MS }, async () => {
    await using nats = await startNats();
    const { code, stdout } = await slipway(['dev', '--once', '--data', join(folder, 'nats'), '--nats', nats.url]);
    expect(code).toBe(0);
    expect(stdout).toContain('services connect over NATS');
    const log = readFileSync(join(folder, 'nats', 'logs', 'checknumber.log'), 'utf8');
    expect(log).toContain('"connect":"nats"');
  });

  test('stays until Ctrl-C, tells of runs that end, and what it suggests works', { timeout: START_MS }, async () => {
    const tokenFile = join(folder, 'tokens');
    writeFileSync(tokenFile, '# who may what\n\nme * not-for-the-screen\n');
    const args = ['dev', '--listen', '127.0.0.1:0', '--data', join(folder, 'stays'), '--token-file', tokenFile];
    const { process: child, ended, output } = startSlipway(args);
    await expect.poll(output, { timeout: START_MS - 20_000, interval: 50 }).toContain('Ctrl-C ends everything');
    const said = output();
    const server = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? '';
    const run = /SLIPWAY_SERVER=\S+ npx slipway get run (\S+)/.exec(said)?.[1] ?? '';
    const asked = ['--server', server, '--token-file', tokenFile];
    expect(await slipway(['get', 'run', run, ...asked])).toMatchObject({ code: 0 });
    expect(said).not.toContain('not-for-the-screen');
    const exported = /export SLIPWAY_TOKEN=.*/.exec(said)?.[0] ?? '';
    const events = /curl .*\/events$/m.exec(said)?.[0] ?? '';
    expect(execFileSync('bash', ['-c', `${exported}\n${events}`], { encoding: 'utf8' })).toContain('"items"');

    const data = '{"name": "Ada", "number": "+49 30 901820"}';
    const trigger = ['trigger', 'dev.welcome', '-p', 'polyglot', '-d', data, '--wait', '60', '-o', 'json', ...asked];
    const { stdout } = await slipway(trigger);
    expect(JSON.parse(stdout)).toMatchObject({ result: 'pass', output: { greeting: 'Guten Tag, Ada!' } });
    await expect.poll(output).toMatch(/dev\.welcome \(polyglot\) pass in /);

    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'stays', 'logs', 'checknumber.log'), 'utf8')).toContain('ended');
  });
});
