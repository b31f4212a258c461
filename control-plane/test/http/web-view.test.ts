import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { field, JSON_TYPE, openDoor, type TestDoor } from './door.ts';

let door: TestDoor;
let root: string;
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'slipway-web-'));
  mkdirSync(join(root, 'assets'));
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>Slipway</title>');
  writeFileSync(join(root, 'assets', 'index-D4f9aB_1.js'), 'export {};');
  writeFileSync(join(root, 'icon.svg'), '<svg/>');
  writeFileSync(join(root, '.env'), 'SECRET=1');
  door = await openDoor({ webRoot: root, tokens: 'root-token-0123456789' });
});
afterAll(async () => {
  await door[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

test.each(['/', '/runs/some-run', '/projects/shop?tab=shipyard', '/nothing.at.all'])(
  '%s is the view, which has no data in it',
  async (path) => {
    const answer = await door.ask('GET', path, { headers: HTML });
    expect([answer.status, answer.text]).toEqual([200, '<!doctype html><title>Slipway</title>']);
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-security-policy': expect.stringMatching(/^default-src 'self'; /),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    expect(answer.headers['content-security-policy']).not.toContain('unsafe');
  },
);

test('files with a hash in their name are kept for ever, others are asked for again', async () => {
  const hashed = await door.ask('GET', '/assets/index-D4f9aB_1.js');
  expect([hashed.status, hashed.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
  expect(hashed.headers['content-type']).toMatch(/^text\/javascript/);
  const icon = await door.ask('GET', '/icon.svg');
  expect([icon.status, icon.headers['cache-control']]).toEqual([200, 'no-cache']);
});

test.each(['/v1/nothing', '/V1/runs', '//v1/runs', '/v1'])(
  '%s stays an address of the API, also to a browser',
  async (path) => {
    const answer = await door.ask('GET', path, { headers: HTML });
    expect([answer.status, field(answer.json, 'code')]).toEqual([401, 'unauthorized']);
  },
);

test.each([
  '/../package.json',
  '/%2e%2e/package.json',
  '/..%2fpackage.json',
  '/assets/..%2f..%2fetc/passwd',
  '/.env',
  '/%00',
])('%s leads to nothing outside of the view', async (path) => {
  const answer = await door.ask('GET', path);
  expect([400, 401, 403, 404]).toContain(answer.status);
  expect(answer.text).not.toMatch(/SECRET|"name"|root:/);
});

test('a script that asks for a file that is not there gets no page', async () => {
  expect((await door.ask('GET', '/assets/gone-12345678.js', { headers: { accept: '*/*' } })).status).toBe(401);
  expect((await door.ask('POST', '/', { headers: HTML })).status).toBe(401);
});

test('until the view is built a browser gets a page with the command that builds it; afterwards the view, without a restart', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'slipway-web-'));
  await using fresh = await openDoor({ webRoot: empty });
  const before = await fresh.ask('GET', '/', { headers: HTML });
  expect([before.status, before.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
  expect(before.text).toContain('npm run build:web');
  expect(field((await fresh.ask('GET', '/')).json, 'code')).toBe('not-found');
  writeFileSync(join(empty, 'index.html'), '<!doctype html><title>Slipway</title>');
  expect((await fresh.ask('GET', '/', { headers: HTML })).status).toBe(200);
  rmSync(empty, { recursive: true });
});

test('a file that the build has compressed goes out compressed, to clients that take it, and says what it varies by', async () => {
  const script = '/assets/index-D4f9aB_1.js';
  writeFileSync(join(root, `${script}.br`), brotliCompressSync('export {};'));
  writeFileSync(join(root, `${script}.gz`), gzipSync('export {};'));
  const asked = async (coding: string): Promise<unknown[]> => {
    const { status, headers } = await door.ask('GET', script, { headers: { 'accept-encoding': coding } });
    expect([status, headers['content-type'], headers.vary]).toEqual([
      200,
      expect.stringMatching(/javascript/),
      'accept-encoding',
    ]);
    expect(headers['cache-control']).toContain('immutable');
    return [headers['content-encoding'], headers['content-length']];
  };
  expect(await asked('gzip, deflate, br')).toEqual(['br', String(brotliCompressSync('export {};').length)]);
  expect(await asked('gzip')).toEqual(['gzip', String(gzipSync('export {};').length)]);
  expect(await asked('br;q=0, gzip;q=0')).toEqual([undefined, '10']);
  expect(await asked('identity')).toEqual([undefined, '10']);
});

test('JSON above 1 KB is compressed for clients that take it', async () => {
  const headers = { authorization: 'Bearer root-token-0123456789' };
  const long = '/v1/services';
  for (let task = 0; task < 20; task++)
    await door.ask('POST', `/v1/tasks/task-${task}/claim`, {
      headers: { ...headers, ...JSON_TYPE },
      body: '{"source":"/w"}',
    });
  const plain = await door.ask('GET', long, { headers });
  expect([plain.headers['content-encoding'], plain.headers.vary]).toEqual([undefined, 'accept-encoding']);
  const packed = await fetch(`${door.url}${long}`, { headers });
  expect([packed.headers.get('content-encoding'), await packed.text()]).toEqual(['gzip', plain.text]);
  const short = await fetch(`${door.url}/v1/subscriptions`, { headers });
  expect([short.headers.get('content-encoding'), await short.json()]).toEqual([null, { items: [] }]);
});
