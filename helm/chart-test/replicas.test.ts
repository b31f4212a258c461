import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { startMongo, startNats } from '../../tools/test-servers.ts';
import { named } from './helm.ts';
import { Release } from './release.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: replicas}
spec:
  stages:
    - {name: dev, sequences: [{name: call, tasks: [{name: checknumber, timeout: 2m}]}]}
`;

const TOKEN = 'a-token-that-somebody-else-has-made';

/** A Secret of one's own, beside the chart. */
function secret(name: string, data: Record<string, string>): object {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: Object.fromEntries(encoded) };
}

test('two replicas share a MongoDB and an external NATS, whose addresses with their passwords come from Secrets', async () => {
  await using mongo = await startMongo();
  const users = '{ user: plane, password: secret }, { user: checknumber, password: other }';
  await using nats = await startNats({ config: `authorization { users: [${users}] }` });
  const natsUrl = (login: string): string => nats.url.replace('//', `//${login}@`);
  await using release = await Release.start({
    replicas: 2,
    mongo: { url: mongo.url.replace('/?', '/chart?') },
    nats: { enabled: true, url: natsUrl('plane:secret') },
    services: [{ name: 'checknumber', connect: 'nats', existingSecret: 'mine', tokenSha256: hash('sha256', TOKEN) }],
    extraObjects: [secret('mine', { token: TOKEN, 'nats-url': natsUrl('checknumber:other') })],
  });
  expect(named(release.manifests, 'Deployment', 'slipway').spec).toMatchObject({
    replicas: 2,
    strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  });
  const second = await release.startReplica();
  await release.startService('checknumber', 'services/checknumber/src/main.ts');

  const token = release.secret('slipway-auth')['admin-token'] ?? '';
  const shipyard = { token, method: 'PUT', body: SHIPYARD, type: 'application/yaml' };
  expect((await release.fetch('/v1/projects/replicas/shipyard', shipyard)).status).toBe(201);
  const data = { project: 'replicas', checknumber: { number: '+49 30 901820' } };
  const event = { specversion: '1.0', id: 'call-1', source: '/test', type: 'dev.call.triggered', data };
  const ask = (path: string, body?: string): Promise<Response> =>
    fetch(`${second}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    });
  const { items } = (await (await ask('/v1/events', JSON.stringify(event))).json()) as { items: { run: string }[] };
  await expect
    .poll(async () => (await ask(`/v1/runs/${items[0]?.run}`)).json())
    .toMatchObject({ state: 'finished', result: 'pass', tasks: [{ output: { valid: true } }] });
  expect((await release.fetch(`/v1/runs/${items[0]?.run}`, { token })).status).toBe(200);
  expect((await release.fetch('/v1/services', { token: TOKEN })).status).toBe(200);
});
