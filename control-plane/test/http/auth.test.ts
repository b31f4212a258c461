import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routes, sessionSchema } from '@slipway/contract';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkListen, readTokenFile, startHttp } from '../../src/http/index.ts';
import { parseTokens, permissions } from '../../src/http/token-file.ts';
import { type Answer, type AskOptions, field, JSON_TYPE, openDoor, putShipyard, type TestDoor } from './door.ts';

const ROOT = 'root-token-0123456789';
const HASHED = 'hashed-token-0123456789';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** A token for each permission that has this one and no other. */
const only = (permission: string): string => `only-${permission.replace(':', '-')}-0123456789`;
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

let door: TestDoor;
beforeAll(async () => {
  const lines = [...permissions].map(
    (permission) => `${permission.replace(':', '-')} ${permission} ${only(permission)}`,
  );
  const tokens = ['# who may', `root * ${ROOT}`, `hashed runs:read sha256:${sha256(HASHED)}`, '', ...lines];
  door = await openDoor({ tokens: tokens.join('\n') });
  await putShipyard(door, 'shop', bearer(ROOT));
});
afterAll(() => door[Symbol.asyncDispose]());

/** A path of the route whose parameters name nothing, so that whoever passes the check gets another refusal. */
function pathOf(path: string): string {
  return path
    .replace('{command}', 'pause')
    .replace('{task}', 'build')
    .replace(/\{\w+\}/g, 'nothing');
}
const guarded = routes.filter((route) => route.permission !== 'public');
const open = routes.filter((route) => route.permission === 'public');

async function ask(
  route: { method: string; path: string; id: string },
  headers: Record<string, string>,
): Promise<Answer> {
  const options: AskOptions = { headers };
  if (route.id === 'stream') {
    // A stream that opens does not end: a parameter that there is not has it refused right behind the check.
    return door.ask(route.method, `${pathOf(route.path)}?nothing=1`, options);
  }
  return door.ask(route.method, pathOf(route.path), options);
}

describe('every route of the table', () => {
  test.each(guarded)('$id: 401 without a token, and with one that is not known', async (route) => {
    for (const headers of [
      {},
      bearer('not-a-token-0123456789'),
      { authorization: `Basic ${ROOT}` },
      { authorization: 'Bearer' },
    ]) {
      const answer = await ask(route, headers as Record<string, string>);
      expect([answer.status, field(answer.json, 'code')]).toEqual([401, 'unauthorized']);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="slipway"');
      expect(answer.text).not.toContain('0123456789');
    }
  });

  test.each(guarded)('$id: allowed with $permission and with no other permission', async (route) => {
    for (const permission of permissions) {
      const answer = await ask(route, bearer(only(permission)));
      if (permission === route.permission) expect([401, 403]).not.toContain(answer.status);
      else {
        expect([permission, answer.status, field(answer.json, 'code')]).toEqual([permission, 403, 'forbidden']);
        expect(field(answer.json, 'detail')).toContain(route.permission);
      }
    }
  });

  test.each(open)('$id: open to everybody', async (route) => {
    expect([401, 403]).not.toContain((await ask(route, {})).status);
  });

  test('a token with * may do everything, one by its hash what stands behind it', async () => {
    for (const route of guarded) expect([401, 403]).not.toContain((await ask(route, bearer(ROOT))).status);
    expect((await door.ask('GET', '/v1/runs', { headers: bearer(HASHED) })).status).toBe(200);
    expect((await door.ask('GET', '/v1/events', { headers: bearer(HASHED) })).status).toBe(403);
    // The hash is no token.
    expect((await door.ask('GET', '/v1/runs', { headers: bearer(`sha256:${sha256(HASHED)}`) })).status).toBe(401);
  });
});

test.each([
  '/v1//runs',
  '/V1/runs',
  '/v1/runs/',
  '/v1/runs;a=b',
  '/v1/flows',
  '/v1/runs%2f',
  '//v1/runs',
  '/v1/./runs',
])('the path %s tells nothing without a token, and is nothing with one', async (path) => {
  expect((await door.ask('GET', path)).status).toBe(401);
  expect((await door.ask('GET', path, { headers: bearer(ROOT) })).status).toBe(404);
});

test('another method of a known path asks for a token first', async () => {
  expect((await door.ask('PATCH', '/v1/runs')).status).toBe(401);
  expect((await door.ask('PATCH', '/v1/runs', { headers: bearer(ROOT) })).status).toBe(405);
});

test('the body is not read before the token was looked at', async () => {
  const answer = await door.ask('POST', '/v1/events', { headers: JSON_TYPE, body: '{' });
  expect(answer.status).toBe(401);
});

test('no token, and no part of one, is in the log', () => {
  expect(door.log.raw()).not.toContain('0123456789');
});

describe('the session of the web view', () => {
  const login = (token: string, headers: Record<string, string> = {}): Promise<Answer> =>
    door.ask('POST', '/v1/session', { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify({ token }) });
  const cookieOf = (answer: Answer): string => String(answer.headers['set-cookie']).split(';')[0] ?? '';

  test('a token becomes a cookie that scripts and other pages cannot use', async () => {
    const answer = await login(only('runs:read'));
    expect(answer.status).toBe(200);
    expect(sessionSchema.parse(answer.json)).toMatchObject({
      authenticated: true,
      way: 'cookie',
      permissions: ['runs:read'],
    });
    const [cookie] = answer.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; /);
    expect(cookie).not.toContain('Secure');
    expect(cookie).not.toContain(only('runs:read'));
    expect(String((await login(ROOT, { origin: 'https://slipway.example' })).headers['set-cookie'])).toMatch(
      /; Secure$/,
    );
    expect((await door.ask('GET', '/v1/runs', { headers: { cookie: cookieOf(answer) } })).status).toBe(200);
    expect((await door.ask('GET', '/v1/events', { headers: { cookie: cookieOf(answer) } })).status).toBe(403);
  });

  test('an unknown token is 401, without a dialog of the browser', async () => {
    const answer = await login('not-a-token-0123456789');
    expect([answer.status, answer.headers['www-authenticate'], answer.headers['set-cookie']]).toEqual([
      401,
      undefined,
      undefined,
    ]);
  });

  test('with the cookie a change needs the header that no other page can send', async () => {
    const cookie = cookieOf(await login(ROOT));
    const put = (headers: Record<string, string>): Promise<Answer> =>
      door.ask('PUT', '/v1/projects/from-the-web', { headers: { ...JSON_TYPE, cookie, ...headers }, body: '{}' });
    const forged = await put({});
    expect([forged.status, field(forged.json, 'detail')]).toEqual([403, expect.stringContaining('x-slipway-csrf')]);
    expect((await put({ 'x-slipway-csrf': '1' })).status).toBe(201);
    expect((await door.ask('GET', '/v1/projects', { headers: { cookie } })).status).toBe(200);
  });

  test('who am I: nobody, a token, a cookie; and signing out drops the cookie', async () => {
    const who = async (headers: Record<string, string>): Promise<unknown> =>
      sessionSchema.parse((await door.ask('GET', '/v1/session', { headers })).json);
    expect(await who({})).toEqual({ authenticated: false, way: 'none', permissions: [] });
    expect(await who(bearer(ROOT))).toEqual({ authenticated: true, way: 'token', name: 'root', permissions: ['*'] });
    expect(await who({ cookie: cookieOf(await login(ROOT)) })).toMatchObject({ way: 'cookie', name: 'root' });
    const out = await door.ask('DELETE', '/v1/session');
    expect([out.status, String(out.headers['set-cookie'])]).toEqual([
      204,
      expect.stringMatching(/^slipway_session=; .*Max-Age=0/),
    ]);
  });

  test('a command is noted under the name of the token, whatever the body says', async () => {
    const headers = { ...bearer(ROOT), 'content-type': 'application/cloudevents+json' };
    const event = {
      specversion: '1.0',
      id: 'by',
      source: '/t',
      type: 'dev.quick.triggered',
      data: { project: 'shop' },
    };
    const sent = await door.ask('POST', '/v1/events', { headers, body: JSON.stringify(event) });
    const run = String(field(field(field(sent.json, 'items'), 0), 'run'));
    const body = JSON.stringify({ by: 'somebody else', reason: 'a test' });
    await door.ask('POST', `/v1/runs/${run}/pause`, { headers: { ...bearer(ROOT), ...JSON_TYPE }, body });
    const view = await door.ask('GET', `/v1/runs/${run}`, { headers: bearer(ROOT) });
    expect(field(view.json, 'history')).toMatchObject([{ by: 'root', reason: 'a test' }]);
  });
});

describe('without tokens', () => {
  let openOne: TestDoor;
  beforeAll(async () => {
    openOne = await openDoor();
  });
  afterAll(() => openOne[Symbol.asyncDispose]());
  const list = (headers: Record<string, string>): Promise<Answer> => openOne.ask('GET', '/v1/runs', { headers });
  const change = (headers: Record<string, string>): Promise<Answer> =>
    openOne.ask('PUT', '/v1/projects/p', { headers: { ...JSON_TYPE, ...headers }, body: '{}' });

  test('everybody on this machine may do everything', async () => {
    expect((await list({})).status).toBe(200);
    expect((await openOne.ask('GET', '/v1/session')).json).toEqual({
      authenticated: true,
      way: 'open',
      name: 'anonymous',
      permissions: ['*'],
    });
  });

  test.each(['localhost', 'localhost:5173', '127.0.0.1:1', '[::1]:8484', 'LocalHost'])(
    'Host %s is this machine',
    async (host) => {
      expect((await list({ host })).status).toBe(200);
    },
  );

  test.each([
    'evil.example',
    'evil.example:8484',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1',
    '[::2]',
  ])('Host %j is refused with the way out (a name can be bound to 127.0.0.1)', async (host) => {
    const answer = await list({ host });
    expect([answer.status, field(answer.json, 'code')]).toEqual([403, 'forbidden']);
    expect(field(answer.json, 'detail')).toMatch(/token file/);
  });

  test('a page from elsewhere, also from another port of this machine, cannot change anything; its own can', async () => {
    const foreign = ['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'http://localhost:5173'];
    for (const origin of [...foreign, `http://127.0.0.1:${openOne.port + 1}`, `http://localhost:${openOne.port}`]) {
      expect([origin, (await change({ origin })).status]).toEqual([origin, 403]);
      const form = { 'content-type': 'text/plain', origin };
      expect((await openOne.ask('POST', '/v1/events', { headers: form, body: '{}' })).status).toBe(403);
    }
    for (const site of ['cross-site', 'same-site'])
      expect([site, (await change({ 'sec-fetch-site': site })).status]).toEqual([site, 403]);
    const own = { host: `localhost:${openOne.port}`, origin: `http://localhost:${openOne.port}` };
    expect((await change({ ...own, 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    expect((await change({})).status).toBe(200);
  });

  test.each(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'])(
    'a request with %s came through a proxy, and is refused with the way out',
    async (name) => {
      const answer = await list({ host: `127.0.0.1:${openOne.port}`, [name]: 'for=203.0.113.9' });
      expect([answer.status, field(answer.json, 'code')]).toEqual([403, 'forbidden']);
      expect(field(answer.json, 'detail')).toMatch(/through a proxy.*token file/);
    },
  );
});

describe('where a server may listen', () => {
  test.each(['127.0.0.1', '127.8.8.8', 'localhost', '::1', '[::1]'])('%s is fine without a token', (host) => {
    expect(checkListen({ host, port: 0 }, false)).toEqual({ ok: true });
  });
  test.each(['0.0.0.0', '::', '', '10.0.0.1', 'slipway.example', '127.0.0.1.evil.example', '1270.0.0.1'])(
    '%j needs a token, and says so',
    (host) => {
      expect(checkListen({ host, port: 0 }, true)).toEqual({ ok: true });
      expect(checkListen({ host, port: 0 }, false)).toEqual({
        ok: false,
        reason: expect.stringMatching(/--token-file/),
      });
    },
  );
  test('the door itself refuses to open', async () => {
    const opened = startHttp({
      plane: door.plane,
      listen: { host: '0.0.0.0', port: 0 },
      tokens: [],
      log: pino({ level: 'silent' }),
      metrics: new Registry(),
    });
    await expect(opened).rejects.toThrow(/no token is configured/);
  });
});

describe('the token file', () => {
  test('is read line by line: a token alone, or name, permissions and token', () => {
    const read = parseTokens(
      `# comment\n\n  ${ROOT}  \r\nci events:write,runs:read ${HASHED}\nweb * sha256:${sha256('x')}`,
    );
    expect(read).toMatchObject({
      ok: true,
      tokens: [
        { name: 'token-3', permissions: '*' },
        { name: 'ci', permissions: new Set(['events:write', 'runs:read']) },
        { name: 'web', permissions: '*' },
      ],
    });
  });

  test('is refused with every problem by its line, and without showing a token', () => {
    const read = parseTokens(
      [
        'short',
        'ci events:wirte secret-token-0123456789',
        'a b',
        'x * sha256:zz',
        `y * ${ROOT}`,
        `y * ${HASHED}`,
        'ü * 0123456789abcdef',
      ].join('\n'),
    );
    expect(read.ok ? [] : read.problems).toEqual([
      'line 1: a token has at least 16 characters',
      'line 2: "events:wirte" is not a permission: did you mean events:write?',
      'line 3: has 2 fields: write NAME PERMISSIONS TOKEN, or a token alone',
      'line 4: sha256: is followed by 64 hexadecimal digits',
      'line 6: the name y is used before',
      'line 7: a name has 1 to 64 letters, digits and . _ @ -',
    ]);
    expect(parseTokens('# nothing')).toMatchObject({ ok: false, problems: [expect.stringMatching(/no token/)] });
  });

  test('warns when others can read it, and says so when it is not there', () => {
    const dir = mkdtempSync(join(tmpdir(), 'slipway-tokens-'));
    const path = join(dir, 'tokens');
    try {
      writeFileSync(path, ROOT, { mode: 0o644 });
      const warnings: string[] = [];
      expect(readTokenFile(path, (message) => warnings.push(message))).toHaveLength(1);
      expect(warnings).toEqual([expect.stringMatching(/chmod 600/)]);
      chmodSync(path, 0o600);
      readTokenFile(path, (message) => warnings.push(message));
      expect(warnings).toHaveLength(1);
      chmodSync(path, 0o640);
      readTokenFile(path, (message) => warnings.push(message));
      expect(warnings).toHaveLength(2);
      expect(() => readTokenFile(join(dir, 'nothing'), () => undefined)).toThrow(/cannot be read/);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test.runIf(process.getuid?.() === 0)('a file of root that only our group can read is how Kubernetes does it', () => {
    const dir = mkdtempSync(join(tmpdir(), 'slipway-tokens-'));
    const path = join(dir, 'tokens');
    try {
      writeFileSync(path, ROOT, { mode: 0o440 });
      chownSync(path, 65_534, 0);
      const warnings: string[] = [];
      readTokenFile(path, (message) => warnings.push(message));
      expect(warnings).toEqual([]);
      chmodSync(path, 0o444);
      readTokenFile(path, (message) => warnings.push(message));
      expect(warnings).toHaveLength(1);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
