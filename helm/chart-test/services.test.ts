import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseTokens, permissions } from '../../control-plane/src/http/token-file.ts';
import { routes } from '../../sdk/contract/src/index.ts';
import { ROOT } from '../../tools/root.ts';
import { CHART, manifests, named, secretData } from './helm.ts';
import { Release } from './release.ts';

/** Every service of the image, and its program here. */
const BUILT_IN = {
  checknumber: 'services/checknumber/src/main.ts',
  evaluate: 'services/evaluate/src/main.ts',
  'photo-authenticity': 'services/photo-authenticity/src/main.ts',
};

let release: Release;
let admin: string;

beforeAll(async () => {
  release = await Release.start({
    nats: { enabled: true },
    services: [
      { name: 'checknumber', connect: 'nats' },
      { name: 'evaluate', connect: 'claim' },
      { name: 'photo-authenticity', connect: 'push' },
    ],
  });
  admin = release.secret('slipway-auth')['admin-token'] ?? '';
});

afterAll(() => release[Symbol.asyncDispose]());

const get = async (path: string, token = admin): Promise<unknown> => (await release.fetch(path, { token })).json();

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: chart}
spec:
  stages:
    - {name: dev, sequences: [{name: look, tasks: [{name: geolookup, timeout: 2m}]}]}
`;

/** Whoever serves a task: those that ask for work, and the types that somebody has pushed to him. */
async function served(): Promise<string[]> {
  const services = (await get('/v1/services')) as { items: { task: string; way?: string; connected: boolean }[] };
  const subscriptions = (await get('/v1/subscriptions')) as { items: { types: string[] }[] };
  const asking = services.items.filter(({ connected }) => connected).map(({ task, way }) => `${task} by ${way}`);
  const pushed = subscriptions.items.flatMap(({ types }) => types.filter((type) => type.endsWith('.triggered')));
  return [...asking, ...pushed.map((type) => `${type.replace('.triggered', '')} by push`)].toSorted();
}

test('each service of the image connects in its way, with its own token, and serves the tasks that the chart lets it answer', async () => {
  for (const [name, main] of Object.entries(BUILT_IN)) await release.startService(name, main);
  await expect
    .poll(served)
    .toEqual([
      ...['author-search by push', 'checknumber by nats', 'evaluate by claim', 'evaluation by claim'],
      ...['extract-metadata by push', 'geolookup by push'],
    ]);
  expect(release.log).not.toMatch(/permission|unauthorized|forbidden/i);
});

test('a push reaches its service, although that has a private address', async () => {
  const shipyard = { token: admin, method: 'PUT', body: SHIPYARD, type: 'application/yaml' };
  expect((await release.fetch('/v1/projects/chart/shipyard', shipyard)).status).toBe(201);
  const data = { project: 'chart', geolookup: { lat: 53.55, lon: 9.99 } };
  const event = { specversion: '1.0', id: 'look-1', source: '/test', type: 'dev.look.triggered', data };
  const sent = await release.fetch('/v1/events', { token: admin, method: 'POST', body: JSON.stringify(event) });
  const { items } = (await sent.json()) as { items: { run: string }[] };
  await expect
    .poll(() => get(`/v1/runs/${items[0]?.run}`))
    .toMatchObject({ state: 'finished', tasks: [{ output: { place: 'Hamburg', country: 'DE' } }] });
});

test('what helm test runs passes, and leaves nothing', async () => {
  const env = { SLIPWAY_SERVER: release.url, SLIPWAY_TOKEN: admin };
  const { code, output } = await release.run(join(CHART, 'files', 'test.mjs'), env);
  expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/finished with pass/) });
  expect(JSON.stringify(await get('/v1/projects'))).not.toContain('helm-test');
});

test('what helm test runs fails without the control plane, and says why', async () => {
  const env = { SLIPWAY_SERVER: release.url, SLIPWAY_TOKEN: 'wrong-token-of-nobody' };
  const { code, output } = await release.run(join(CHART, 'files', 'test.mjs'), env);
  expect(code).toBe(1);
  expect(output).toMatch(/401.*not in the token file/s);
});

test('a token does what its service needs, and no more', async () => {
  const token = (name: string): string => release.secret(`slipway-${name}`).token ?? '';
  const status = async (path: string, name: string): Promise<number> =>
    (await release.fetch(path, { token: token(name) })).status;
  expect(await status('/v1/runs', 'evaluate')).toBe(200);
  expect(await status('/v1/runs', 'photo-authenticity')).toBe(403);
  expect(await status('/v1/subscriptions', 'evaluate')).toBe(403);
  expect(await status('/v1/services', 'checknumber')).toBe(200);
  const claim = { token: token('checknumber'), method: 'POST', body: '{"source":"/x"}' };
  expect((await release.fetch('/v1/tasks/checknumber/claim', claim)).status).toBe(403);
  const metrics = release.secret('slipway-auth')['metrics-token'] ?? '';
  expect((await release.fetch('/metrics', { token: metrics })).status).toBe(200);
  expect((await release.fetch('/v1/runs', { token: metrics })).status).toBe(403);
});

test('the token of evaluate has the permissions of the routes that its source asks, and those of its way', () => {
  const source = join(ROOT, 'services', 'evaluate', 'src');
  const text = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(source, file), 'utf8'))
    .join('\n');
  const asked = new Set([...text.matchAll(/\bclient\.(\w+)\(/g)].map(([, method]) => method));
  expect(asked.size).toBeGreaterThan(5);
  const ids = new Set<string | undefined>([...asked].map((method) => (method === 'trigger' ? 'sendEvents' : method)));
  const needed = routes.filter(({ id }) => ids.has(id)).map(({ permission }) => permission);
  const [, has = ''] = /^service\.evaluate (\S+) /m.exec(release.secret('slipway-auth').tokens ?? '') ?? [];
  expect(has.split(',').toSorted()).toEqual([...new Set(['tasks:claim', 'events:write', ...needed])].toSorted());
});

test('the schema knows every permission', () => {
  const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
  const known: string[] = schema.properties.services.items.properties.permissions.items.enum;
  expect(known.toSorted()).toEqual([...permissions].toSorted());
});

test('the token file holds hashes, and only such', async () => {
  const { tokens = '', ...clear } = release.secret('slipway-auth');
  expect(parseTokens(tokens)).toMatchObject({ ok: true });
  expect(tokens.trimEnd().split('\n')).toHaveLength(5);
  const secrets = [
    ...Object.values(clear),
    ...Object.keys(BUILT_IN).flatMap((name) => Object.values(release.secret(`slipway-${name}`))),
  ];
  for (const secret of secrets) expect(tokens).not.toContain(secret);
});

test('every installation has secrets of its own', async () => {
  const values = { nats: { enabled: true }, services: [{ name: 'checknumber', connect: 'nats' }] };
  const [one, two] = [await manifests(values), await manifests(values)];
  const all = (rendered: typeof one): string[] =>
    ['slipway-auth', 'slipway-nats', 'slipway-checknumber'].flatMap((name) =>
      Object.values(secretData(rendered, name)),
    );
  expect(all(one)).toHaveLength(6);
  expect(new Set([...all(one), ...all(two)]).size).toBe(12);
});

test('permissions of a service come beside those that its way needs', async () => {
  const services = [
    { name: 'checknumber', permissions: ['runs:read', 'events:write'] },
    { name: 'build', image: 'x', connect: 'nats', permissions: ['evaluations:read'] },
  ];
  const { tokens } = secretData(await manifests({ nats: { enabled: true }, services }), 'slipway-auth');
  expect(tokens).toContain('service.checknumber tasks:claim,events:write,runs:read sha256:');
  expect(tokens).toContain('service.build services:read,evaluations:read sha256:');
});

test('a service with a Secret of its own is known by its hash', async () => {
  const tokenSha256 = 'a'.repeat(64);
  const rendered = await manifests({ services: [{ name: 'evaluate', existingSecret: 'mine', tokenSha256 }] });
  expect(secretData(rendered, 'slipway-auth').tokens).toContain(
    `service.evaluate tasks:claim,events:write,evaluations:read,resources:read,projects:read,runs:read,runs:control sha256:${tokenSha256}
`,
  );
  expect(rendered.some(({ metadata }) => metadata.name === 'slipway-evaluate' && metadata.annotations)).toBe(false);
  expect(() => named(rendered, 'Secret', 'slipway-evaluate')).toThrow('there is no Secret');
});
