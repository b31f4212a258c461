import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routes } from '@slipway/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNats } from '../../tools/test-servers.ts';
import { startServe } from './serve.ts';
import { type Ended, slipway, startSlipway } from './slipway.ts';

/** Every secret that Slipway is given, each with a word in it that must never come out again. */
const CANARY = 'canary';
const TOKEN = `${CANARY}-token-0123456789`;
const OTHER = `${CANARY}-other-0123456789`;
const PASSWORD = `${CANARY}-password`;

let folder: string;
const tokens = (): string => join(folder, 'tokens');
const own = (): string => join(folder, 'own-token');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-secrets-'));
  writeFileSync(tokens(), `all * ${TOKEN}\nreader runs:read ${OTHER}\n`, { mode: 0o600 });
  writeFileSync(own(), TOKEN, { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('no token and no password comes out of a server: not by API, page, error, log, file or command line', async () => {
  const nats = await startNats({ config: `authorization { user: plane, password: "${PASSWORD}" }` });
  const natsUrl = nats.url.replace('//', `//plane:${PASSWORD}@`);
  await using server = await startServe(['--log-level', 'trace', '--token-file', tokens(), '--nats', natsUrl]);
  const seen: string[] = [];
  async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<void> {
    const reading = new AbortController();
    const signal = AbortSignal.any([reading.signal, AbortSignal.timeout(60_000)]);
    const init = { method, headers, signal, ...(body === undefined ? {} : { body }) };
    const answer = await fetch(`${server.url}${path}`, init);
    // A stream does not end by itself.
    if (answer.ok && path.startsWith('/v1/stream')) setTimeout(() => reading.abort(), 300);
    // The session's cookie is the one thing that is meant to carry it, to its owner alone.
    const shown = [...answer.headers].filter(([name]) => name !== 'set-cookie');
    const text = await answer.text().catch(() => '');
    seen.push(`${method} ${path} ${answer.status} ${JSON.stringify(shown)} ${text}`);
  }
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const json = { 'content-type': 'application/json' };
  const yaml = { ...bearer(TOKEN), 'content-type': 'application/yaml' };

  const task = `{name: t, with: {x: "\${{ secret('${CANARY}-name') }}"}}`;
  const shipyard = `apiVersion: slipway.dev/v1\nspec: {stages: [{name: dev, sequences: [{name: seq, tasks: [{name: t}]}]}]}\n`;
  await ask('PUT', '/v1/projects/p/shipyard', yaml, shipyard);
  const event = { specversion: '1.0', id: '1', source: '/s', type: 'dev.seq.triggered', data: { project: 'p' } };
  await ask('POST', '/v1/events', { ...json, ...bearer(TOKEN) }, JSON.stringify(event));
  await ask('POST', '/v1/session', json, JSON.stringify({ token: TOKEN }));
  await ask('POST', '/v1/session', json, JSON.stringify({ token: `${CANARY}-wrong-0123456789` }));
  await ask('POST', '/v1/session', json, `{"token":"${TOKEN}",}`);
  const cookie = { cookie: `slipway_session=${Buffer.from(TOKEN).toString('base64url')}` };
  for (const route of routes) {
    const path = route.path
      .replace(/\{project\}/, 'p')
      .replace('{command}', 'abort')
      .replace(/\{\w+\}/g, '1');
    if (route.method !== 'GET' && route.path.startsWith('/v1/session')) continue;
    for (const headers of [bearer(TOKEN), bearer(OTHER), bearer(`${CANARY}-wrong`), cookie, {}])
      await ask(route.method, path, headers, route.method === 'GET' ? undefined : '{}');
  }
  for (const path of ['/', '/runs', '/nothing']) await ask('GET', path, { accept: 'text/html', ...cookie });
  const env = { SLIPWAY_SERVER: server.url, SLIPWAY_TOKEN: TOKEN };
  for (const args of [
    ['get', 'runs'],
    ['get', 'runs', '-o', 'json'],
    ['get', 'projects'],
    ['watch', 'nothing'],
  ])
    seen.push(JSON.stringify(await slipway(args, { env })));
  seen.push(
    JSON.stringify(await slipway(['get', 'runs', '--token-file', own()], { env: { SLIPWAY_SERVER: server.url } })),
  );
  await nats.stop();
  await ask('GET', '/readyz', bearer(TOKEN));
  await ask('POST', '/v1/events', { ...json, ...bearer(TOKEN) }, JSON.stringify({ ...event, id: '2' }));
  const { stdout, stderr } = await server.stop();
  expect(stderr.split('\n').length).toBeGreaterThan(3);
  seen.push(stdout, stderr, ...filesBelow(join(server.folder, 'data')));

  expect(seen.length).toBeGreaterThan(100);
  for (const text of seen) {
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(Buffer.from(TOKEN).toString('base64url'));
  }

  // An expression that names a secret is refused, so that none can get into an event yet.
  const lint = await slipway(['lint', '-'], { stdin: shipyard.replace('{name: t}', task) });
  expect(lint).toMatchObject({ code: 2, stdout: expect.stringContaining('not-supported-yet') });
}, 240_000);

test.each([
  ['a broker that is not there', ['--nats', `nats://plane:${PASSWORD}@127.0.0.1:1`]],
  ['a store that is not there', ['--mongo', `mongodb://plane:${PASSWORD}@127.0.0.1:1/slipway`]],
  ['a broker whose address is none', ['--nats', `http://plane:${PASSWORD}@127.0.0.1`]],
  ['a store whose address is none', ['--mongo', `mongo://plane:${PASSWORD}@127.0.0.1`]],
])(
  '%s is named without its password',
  async (_what, args) => {
    const serve = ['serve', '--listen', '127.0.0.1:0', '--data', join(folder, 'data'), '--log-level', 'trace', ...args];
    const { process: child, ended } = startSlipway(serve, { cwd: folder });
    const limit = setTimeout(() => child.kill('SIGKILL'), 90_000);
    const { code, stdout, stderr }: Ended = await ended;
    clearTimeout(limit);
    expect([2, 3]).toContain(code);
    expect(stdout + stderr).toContain('127.0.0.1');
    expect(stdout + stderr).not.toContain(CANARY);
  },
  120_000,
);

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => readFileSync(join(one.parentPath, one.name), 'latin1'));
}
