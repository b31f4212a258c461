import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectAs, DOMAIN } from './nats-users.ts';
import { Release } from './release.ts';

/**
 * A broker publishes on its own account: it sends each answer to the reply subject of the request, and asks nobody
 * whether the requester may publish there. Here every request that a user may make names a reply subject that the user may
 * not publish on.
 */
const SHIPYARD = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: chart}
spec:
  stages:
    - name: dev
      sequences:
        - {name: call, tasks: [{name: checknumber, timeout: 2m}]}
        - {name: wait, tasks: [{name: build}]}
`;

interface Request {
  subject: string;
  body: string;
}

const APIS = ['$JS.API', `$JS.${DOMAIN}.API`];

/** What the user may not do, each as a subject on which one message does it. */
const TARGETS = [
  ...APIS.flatMap((api) => [
    `${api}.STREAM.DELETE.SLIPWAY_OUT`,
    `${api}.STREAM.DELETE.SLIPWAY_IN`,
    `${api}.STREAM.PURGE.SLIPWAY_OUT`,
    `${api}.STREAM.PURGE.SLIPWAY_IN`,
    `${api}.CONSUMER.DELETE.SLIPWAY_IN.slipway-control-plane`,
    `${api}.CONSUMER.DELETE.SLIPWAY_OUT.checknumber_checknumber_plain`,
    `${api}.CONSUMER.MSG.NEXT.SLIPWAY_OUT.checknumber_checknumber_plain`,
  ]),
  ...[1, 2, 3].map((at) => `$JS.ACK.SLIPWAY_IN.slipway-control-plane.1.${at}.${at}.0.0`),
];
/** Nobody publishes on these here. The control plane may. */
const SUBJECTS_OF_OTHERS = [
  'slipway.other.checknumber.finished',
  'slipway.other.checknumber.triggered',
  'slipway.other.checknumber.cancelled',
  'slipway.other.dev.call.triggered',
  'sh.keptn.event.checknumber.finished',
  'sh.keptn.event.dev.call.triggered',
];

const PULLS = ['', 'garbage', '{"no_wait":true,"batch":1}', '{"batch":1,"expires":1000000}', '{"batch":100000000}'];

function pulls(consumer: string): Request[] {
  return APIS.flatMap((api) => PULLS.map((body) => ({ subject: `${api}.CONSUMER.MSG.NEXT.${consumer}`, body })));
}

function acks(consumer: string): Request[] {
  const subject = `$JS.ACK.${consumer}.1.1.1.0.0`;
  return ['', '+ACK', '+NXT', '+NXT {"no_wait":true}', '-NAK', '+WPI'].map((body) => ({ subject, body }));
}

const CONSUMER = 'SLIPWAY_OUT.build_build_plain';
const FILTER = 'slipway.*.build.triggered';
const REQUESTS_OF_A_SERVICE: Request[] = [
  ...pulls(CONSUMER),
  ...acks(CONSUMER),
  ...APIS.flatMap((api) => [
    { subject: `${api}.CONSUMER.INFO.${CONSUMER}`, body: '' },
    { subject: `${api}.CONSUMER.CREATE.${CONSUMER}.${FILTER}`, body: 'garbage' },
    {
      subject: `${api}.CONSUMER.CREATE.${CONSUMER}.${FILTER}`,
      body: JSON.stringify({
        stream_name: 'SLIPWAY_OUT',
        config: { durable_name: 'build_build_plain', filter_subject: FILTER, ack_policy: 'explicit' },
      }),
    },
  ]),
  { subject: 'slipway.chart.build.finished', body: '{}' },
  { subject: 'slipway-hello', body: '{}' },
];

const OF_CONTROL_PLANE = 'SLIPWAY_IN.slipway-control-plane';
const REQUESTS_OF_THE_CONTROL_PLANE: Request[] = [
  ...pulls(OF_CONTROL_PLANE),
  ...acks(OF_CONTROL_PLANE),
  ...APIS.flatMap((api) => [
    { subject: `${api}.CONSUMER.INFO.${OF_CONTROL_PLANE}`, body: '' },
    { subject: `${api}.STREAM.INFO.SLIPWAY_IN`, body: '' },
    { subject: `${api}.STREAM.INFO.SLIPWAY_OUT`, body: '' },
    { subject: `${api}.STREAM.CREATE.SLIPWAY_OUT`, body: '' },
    { subject: `${api}.STREAM.UPDATE.SLIPWAY_OUT`, body: '' },
  ]),
];

let release: Release;
let admin: string;

beforeAll(async () => {
  release = await Release.start({
    nats: { enabled: true },
    services: [
      { name: 'checknumber', connect: 'nats' },
      { name: 'build', image: 'registry.example.org/build:1', connect: 'nats' },
    ],
  });
  admin = release.secret('slipway-auth')['admin-token'] ?? '';
  const body = { token: admin, method: 'PUT', body: SHIPYARD, type: 'application/yaml' };
  const put = await release.fetch('/v1/projects/chart/shipyard', body);
  expect(put.status, await put.text()).toBe(201);
  await release.startService('checknumber', 'services/checknumber/src/main.ts');
});

afterAll(async () => {
  await release[Symbol.asyncDispose]();
});

async function trigger(sequence: string, id: string): Promise<string> {
  const data = { project: 'chart', checknumber: { number: '+49 30 901820' } };
  const event = { specversion: '1.0', id, source: '/test', type: `dev.${sequence}.triggered`, data };
  const sent = await release.fetch('/v1/events', { token: admin, method: 'POST', body: JSON.stringify(event) });
  const accepted = (await sent.json()) as { items?: { run: string }[] };
  const run = accepted.items?.[0]?.run;
  if (run === undefined) throw new Error(JSON.stringify(accepted));
  return run;
}

/** One whole run through the service on NATS. */
async function call(id: string): Promise<void> {
  const run = await trigger('call', id);
  await expect
    .poll(async () => (await release.fetch(`/v1/runs/${run}`, { token: admin })).json())
    .toMatchObject({ state: 'finished', result: 'pass', tasks: [{ output: { valid: true } }] });
}

/** The consumer that the service `build` would make, with one event in it, so that a pull brings something. */
async function makeConsumerOfBuild(): Promise<void> {
  await using build = await connectAs(release, 'build');
  const { consumers } = await jetstreamManager(build.nats, { checkAPI: false, domain: DOMAIN });
  await consumers.add('SLIPWAY_OUT', {
    ...{ durable_name: 'build_build_plain', filter_subject: FILTER },
    ...{ ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All },
  });
  for (const id of ['wait-1', 'wait-2', 'wait-3']) await trigger('wait', id);
  await expect.poll(() => consumers.info('SLIPWAY_OUT', 'build_build_plain')).toMatchObject({ num_pending: 3 });
}

interface BrokerState {
  /** Since when streams and consumers exist, and the first message that a stream still holds. */
  lives: Record<string, unknown>;
  /** Messages on the subjects of others. */
  stored: Record<string, number>;
  /** Events of the service checknumber that it has not acknowledged. */
  unacknowledged: number;
}

async function stateOfTheBroker(): Promise<BrokerState> {
  await using controlPlane = await connectAs(release, 'control-plane');
  await using checknumber = await connectAs(release, 'checknumber');
  const { streams, consumers } = await jetstreamManager(controlPlane.nats, { checkAPI: false, domain: DOMAIN });
  const served = await jetstreamManager(checknumber.nats, { checkAPI: false, domain: DOMAIN });
  const lives: Record<string, unknown> = {};
  const stored: Record<string, number> = {};
  for (const name of ['SLIPWAY_IN', 'SLIPWAY_OUT']) {
    const { created, state } = await streams.info(name, { subjects_filter: '>' });
    lives[name] = { created, first: state.first_seq };
    for (const subject of SUBJECTS_OF_OTHERS)
      stored[subject] = (stored[subject] ?? 0) + (state.subjects?.[subject] ?? 0);
  }
  const ofServices = await served.consumers.info('SLIPWAY_OUT', 'checknumber_checknumber_plain');
  lives.controlPlane = (await consumers.info('SLIPWAY_IN', 'slipway-control-plane')).created;
  lives.checknumber = ofServices.created;
  return { lives, stored, unacknowledged: ofServices.num_pending + ofServices.num_ack_pending };
}

async function attack(nats: NatsConnection, requests: Request[], targets: string[]): Promise<void> {
  for (const { subject, body } of requests) {
    for (const reply of targets) nats.publish(subject, body, { reply });
    await nats.flush();
  }
}

test('a service does its work through the rendered server', async () => {
  await call('before');
});

test('no request of a service makes the broker publish where the service may not', async () => {
  await makeConsumerOfBuild();
  const before = await stateOfTheBroker();
  {
    await using build = await connectAs(release, 'build');
    await attack(build.nats, REQUESTS_OF_A_SERVICE, [...TARGETS, ...SUBJECTS_OF_OTHERS]);
  }
  await call('after-service');
  await expect.poll(stateOfTheBroker).toEqual(before);
});

test('no request of the control plane makes the broker remove or empty what the control plane may not', async () => {
  const before = await stateOfTheBroker();
  {
    await using controlPlane = await connectAs(release, 'control-plane');
    await attack(controlPlane.nats, REQUESTS_OF_THE_CONTROL_PLANE, TARGETS);
  }
  await call('after-control-plane');
  await expect.poll(stateOfTheBroker).toEqual(before);
});
