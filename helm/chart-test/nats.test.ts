import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programPath } from '../../tools/test-servers.ts';
import { manifests, named } from './helm.ts';
import { connectAs, DOMAIN, type User } from './nats-users.ts';
import { Release } from './release.ts';

const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: chart}
spec:
  stages:
    - name: dev
      sequences:
        - {name: call, tasks: [{name: checknumber, timeout: 2m}]}
        - {name: wait, tasks: [{name: build}]}
        - {name: wait-too, tasks: [{name: unit-test}]}
`;

let release: Release;
let admin: string;
const connections: NatsConnection[] = [];

beforeAll(async () => {
  release = await Release.start({
    nats: { enabled: true },
    services: [
      { name: 'checknumber', connect: 'nats' },
      { name: 'build', image: 'registry.example.org/build:1', connect: 'nats', tasks: ['build', 'unit-test'] },
    ],
  });
  admin = release.secret('slipway-auth')['admin-token'] ?? '';
  const body = { token: admin, method: 'PUT', body: SHIPYARD, type: 'application/yaml' };
  const put = await release.fetch('/v1/projects/chart/shipyard', body);
  expect(put.status, await put.text()).toBe(201);
});

afterAll(async () => {
  for (const connection of connections) await connection.close();
  await release[Symbol.asyncDispose]();
});

async function as(user: string): Promise<User> {
  const connected = await connectAs(release, user);
  connections.push(connected.nats);
  return connected;
}

/** Whether the server lets this user publish there: it says so asynchronously, before the next pong. */
async function mayPublish(user: string, subject: string): Promise<boolean> {
  const { nats, refused } = await as(user);
  nats.publish(subject, '{}');
  await nats.flush();
  await nats.close();
  return refused.length === 0;
}

async function trigger(sequence: string): Promise<string> {
  const data = { project: 'chart', checknumber: { number: '+49 30 901820' } };
  const event = { specversion: '1.0', id: `${sequence}-1`, source: '/test', type: `dev.${sequence}.triggered`, data };
  const sent = await release.fetch('/v1/events', { token: admin, method: 'POST', body: JSON.stringify(event) });
  const accepted = (await sent.json()) as { items?: { run: string }[] };
  const run = accepted.items?.[0]?.run;
  if (run === undefined) throw new Error(JSON.stringify(accepted));
  return run;
}

test('a service runs a sequence through the rendered server, with the rendered environment', async () => {
  await release.startService('checknumber', 'services/checknumber/src/main.ts');
  const run = await trigger('call');
  await expect
    .poll(async () => (await release.fetch(`/v1/runs/${run}`, { token: admin })).json())
    .toMatchObject({ state: 'finished', result: 'pass', tasks: [{ output: { valid: true } }] });
  const { nats } = await as('checknumber');
  const { consumers } = await jetstreamManager(nats, { checkAPI: false, domain: DOMAIN });
  await expect
    .poll(() => consumers.info('SLIPWAY_OUT', 'checknumber_checknumber_plain'))
    .toMatchObject({ ack_floor: { consumer_seq: 1 }, num_ack_pending: 0 });
  expect(release.log).not.toMatch(/permission/i);
});

test.each([
  ['slipway.chart.build.finished', true],
  ['slipway.any.unit-test.status.changed', true],
  ['sh.keptn.event.build.started', true],
  ['slipway-hello', true],
  ['slipway.chart.checknumber.finished', false],
  ['sh.keptn.event.checknumber.finished', false],
  ['slipway.chart.build.triggered', false],
  ['slipway.chart.dev.call.triggered', false],
  ['sh.keptn.event.dev.call.triggered', false],
  ['slipway.chart.build.invalidated', false],
  ['$JS.API.STREAM.PURGE.SLIPWAY_IN', false],
  ['$JS.API.STREAM.DELETE.SLIPWAY_OUT', false],
  ['$JS.API.STREAM.CREATE.MINE', false],
  ['$JS.API.STREAM.MSG.GET.SLIPWAY_IN', false],
  ['$JS.API.CONSUMER.DELETE.SLIPWAY_IN.slipway-control-plane', false],
  ['$JS.API.CONSUMER.MSG.NEXT.SLIPWAY_IN.slipway-control-plane', false],
  ['$JS.API.CONSUMER.MSG.NEXT.SLIPWAY_OUT.checknumber_checknumber_plain', false],
  ['$JS.API.CONSUMER.CREATE.SLIPWAY_OUT.build_build_plain.slipway.*.checknumber.triggered', false],
  ['$JS.API.CONSUMER.CREATE.SLIPWAY_OUT.build_build_plain', false],
  ['$JS.API.CONSUMER.DURABLE.CREATE.SLIPWAY_OUT.build_build_plain', false],
  ['_INBOX.anybody', false],
  ['_INBOX_checknumber.anything', false],
])('the user of build and unit-test may publish %s: %s', async (subject, expected) => {
  expect(await mayPublish('build', subject)).toBe(expected);
});

test.each(['slipway.*.checknumber.triggered', 'slipway.>', '>', '_INBOX.>', '_INBOX_checknumber.>', '$JS.EVENT.>'])(
  'it cannot listen to %s',
  async (subject) => {
    const { nats, refused } = await as('build');
    nats.subscribe(subject);
    await nats.flush();
    await nats.close();
    expect(refused).toEqual([expect.stringMatching(/permissions violation/i)]);
  },
);

test('it cannot empty a stream, and neither can the control plane', async () => {
  for (const user of ['build', 'control-plane']) {
    for (const api of ['$JS.API', `$JS.${DOMAIN}.API`]) {
      const { nats, refused } = await as(user);
      nats.publish(`${api}.STREAM.PURGE.SLIPWAY_OUT`, '', { reply: `_INBOX_${user}.x` });
      await nats.flush();
      await nats.close();
      expect(refused).toEqual([expect.stringMatching(/permissions violation/i)]);
    }
  }
});

test('an answer of somebody else is not stored, one of its own is', async () => {
  const { nats } = await as('build');
  await jetstreamManager(nats, { checkAPI: false, domain: DOMAIN });
  const event = (task: string): string =>
    JSON.stringify({
      specversion: '1.0',
      id: `x-${task}`,
      source: '/build',
      type: `${task}.finished`,
      causationid: 'r.1',
    });
  expect(
    await jetstream(nats, { timeout: 30_000 }).publish('slipway.chart.build.finished', event('build')),
  ).toMatchObject({ stream: 'SLIPWAY_IN' });
  const hasty = jetstream(nats, { timeout: 1_000 });
  await expect(hasty.publish('slipway.chart.checknumber.finished', event('checknumber'))).rejects.toThrow();
});

test('it cannot let its own consumer publish for it: into a stream, or to the API that empties one', async () => {
  const { nats } = await as('build');
  const { consumers } = await jetstreamManager(nats, { checkAPI: false, domain: DOMAIN });
  const observer = await as('control-plane');
  const { streams } = await jetstreamManager(observer.nats, { checkAPI: false, domain: DOMAIN });
  const count = async (stream: string): Promise<number> => (await streams.info(stream)).state.messages;
  await trigger('wait');
  await expect.poll(() => count('SLIPWAY_OUT')).toBeGreaterThan(0);
  const before = await count('SLIPWAY_IN');
  for (const [task, target] of [
    ['build', 'slipway.chart.checknumber.finished'],
    ['unit-test', '$JS.API.STREAM.PURGE.SLIPWAY_OUT'],
  ] as const) {
    await consumers.add('SLIPWAY_OUT', {
      durable_name: `build_${task}_plain`,
      filter_subject: `slipway.*.${task}.triggered`,
      deliver_policy: DeliverPolicy.All,
      ack_policy: AckPolicy.None,
      deliver_subject: target,
    });
  }
  const sent = await count('SLIPWAY_OUT');
  await trigger('wait-too');
  await expect.poll(() => count('SLIPWAY_OUT')).toBeGreaterThan(sent);
  // The triggers are there for its consumers, and went nowhere.
  for (const task of ['build', 'unit-test']) {
    expect((await consumers.info('SLIPWAY_OUT', `build_${task}_plain`)).delivered.consumer_seq).toBe(0);
  }
  expect(await count('SLIPWAY_IN')).toBe(before);
});

test('it receives the cancellation of its own attempts', async () => {
  const { nats } = await as('build');
  const cancelled: string[] = [];
  nats.subscribe('slipway.*.build.cancelled', {
    callback: (_error, message) => {
      cancelled.push(message.subject);
    },
  });
  await nats.flush();
  const data = { project: 'chart' };
  const event = { specversion: '1.0', id: 'to-be-aborted', source: '/test', type: 'dev.wait.triggered', data };
  const sent = await release.fetch('/v1/events', { token: admin, method: 'POST', body: JSON.stringify(event) });
  const { items } = (await sent.json()) as { items: { run: string }[] };
  const aborted = await release.fetch(`/v1/runs/${items[0]?.run}/abort`, { token: admin, method: 'POST', body: '{}' });
  expect(aborted.status).toBeLessThan(300);
  await expect.poll(() => cancelled).toEqual(['slipway.chart.build.cancelled']);
});

test('nobody gets in without a password', async () => {
  await expect(connect({ servers: release.nats?.url ?? '' })).rejects.toThrow(/authorization/i);
  await expect(connect({ servers: release.nats?.url ?? '', user: 'build', pass: 'x' })).rejects.toThrow(
    /authorization/i,
  );
});

test('in a cluster with IPv6 alone everything listens there', async () => {
  const services = [{ name: 'photo-authenticity', connect: 'push' }];
  const rendered = await manifests({ listenHost: '[::]', nats: { enabled: true }, services });
  const text = JSON.stringify(rendered);
  expect(text).not.toContain('0.0.0.0');
  for (const port of [8484, 8080, 4222, 8222]) expect(text).toContain(`[::]:${port}`);
  const config = named(rendered, 'ConfigMap', 'slipway-nats').data?.['nats.conf'] ?? '';
  const file = join(mkdtempSync(join(tmpdir(), 'slipway-nats-')), 'nats.conf');
  writeFileSync(file, config);
  const env = { PASSWORD_CONTROL_PLANE: 'secret' };
  expect(execFileSync(programPath('nats-server'), ['-t', '--config', file], { env, stdio: 'pipe' })).toBeDefined();
  rmSync(dirname(file), { recursive: true });
});
